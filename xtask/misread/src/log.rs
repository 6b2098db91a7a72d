//! A log as records, each with the number of its first line.

use std::collections::VecDeque;
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use oom_filter::lines::{self, LineFormat, Record, Records};
use oom_unpack::Unpacked;

/// Most bytes that are read: the whole log is kept, since its newest line may stand first.
const MOST: u64 = 256 << 20;
/// A longer line is passed by every host without being read.
const LONGEST_LINE: usize = 1 << 20;

/// A record of the log.
pub struct Entry<'a> {
    /// The number of its first line, from 1.
    pub number: usize,
    /// What the line is, or several are.
    pub record: Record<'a>,
}

/// A log, read whole.
pub struct Log {
    text: Vec<u8>,
    /// The number of each line of the text in the file.
    numbers: Vec<usize>,
    /// The file has its newest line first; the text has not.
    pub is_turned: bool,
}

impl Log {
    /// Reads a file, or standard input for `-`. gzip and zstd are unpacked.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn open(path: &Path, format: LineFormat) -> Result<Self, String> {
        let name = path.display();
        let input: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(path).map_err(|error| format!("cannot open {name}: {error}"))?)
        };
        let mut text = Vec::new();
        Unpacked::new(input)
            .and_then(|input| input.take(MOST + 1).read_to_end(&mut text))
            .map_err(|error| format!("cannot read {name}: {error}"))?;
        if text.len() as u64 > MOST {
            return Err(format!("{name} is longer than {} MiB", MOST >> 20));
        }
        Ok(Self::new(text, format))
    }

    fn new(text: Vec<u8>, format: LineFormat) -> Self {
        let is_turned = format != LineFormat::Kmsg && lines::is_newest_first(&text) == Some(true);
        let numbers = 1..=lines_of(&text).count();
        if !is_turned {
            return Self {
                numbers: numbers.collect(),
                text,
                is_turned,
            };
        }
        // The numbers are turned as the lines are: with their blanks in front.
        let mut written = String::new();
        for (number, line) in numbers.zip(lines_of(&text)) {
            let is_further = matches!(line.first(), Some(b' ' | b'\t'));
            let _ = writeln!(written, "{}{number}", if is_further { " " } else { "" });
        }
        let turned = String::from_utf8(lines::reversed(written.as_bytes())).unwrap_or_default();
        Self {
            numbers: (turned.lines())
                .filter_map(|number| number.trim().parse().ok())
                .collect(),
            text: lines::reversed(&text),
            is_turned,
        }
    }

    /// How many lines it has.
    pub fn line_count(&self) -> usize {
        self.numbers.len()
    }

    /// Its records, the oldest first, and how many lines were too long for any host.
    pub fn entries(&self, format: LineFormat) -> (Vec<Entry<'_>>, usize) {
        let mut records = Records::new(format);
        let mut entries = Vec::new();
        let mut waiting = VecDeque::new();
        let mut too_long = 0;
        for (number, line) in self.numbers.iter().zip(lines_of(&self.text)) {
            if line.len() > LONGEST_LINE {
                too_long += 1;
                continue;
            }
            waiting.push_back((*number, line));
            records.line(line, &mut |record| {
                entries.push(entry(record, &mut waiting, *number));
            });
        }
        let last = self.numbers.last().copied().unwrap_or(1);
        records.end(&mut |record| entries.push(entry(record, &mut waiting, last)));
        (entries, too_long)
    }
}

/// A record that was made of the first of the lines that wait, or of several.
fn entry<'a>(
    record: Record<'a>,
    waiting: &mut VecDeque<(usize, &'a [u8])>,
    newest: usize,
) -> Entry<'a> {
    let is_closing = |line: &[u8]| (line.trim_ascii().iter()).all(|byte| b"]},".contains(byte));
    let number = match &record {
        Record::Plain(plain) => {
            let count = plain.bytes().split(|byte| *byte == b'\n').count();
            let first = waiting.front().map(|(number, _)| *number);
            waiting.drain(..count.min(waiting.len()));
            first
        }
        Record::Malformed(_) => waiting.pop_front().map(|(number, _)| number),
        Record::Object(_) => {
            while (waiting.len() > 1) && waiting.front().is_some_and(|(_, line)| is_closing(line)) {
                waiting.pop_front();
            }
            let first = waiting.front().map(|(number, _)| *number);
            // The newest line may be the first of the next.
            let is_next = waiting.back().is_some_and(|(_, line)| {
                waiting.len() > 1 && !line.is_empty() && !is_closing(line)
            });
            let keep = usize::from(is_next);
            waiting.drain(..waiting.len() - keep);
            first
        }
    };
    Entry {
        number: number.unwrap_or(newest),
        record,
    }
}

/// The lines of a text, without their ends.
fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<usize> {
        let log = Log::new(text.as_bytes().to_vec(), LineFormat::Auto);
        let (entries, _) = log.entries(LineFormat::Auto);
        entries.iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn a_record_has_the_number_of_its_first_line() {
        assert_eq!(numbers("a\n\nb\n"), [1, 2, 3]);
        assert_eq!(numbers("6,1,2,-;a\n X=1\n6,2,3,-;b\nc"), [1, 3, 4]);
        assert_eq!(numbers("{\"a\":1}\n{\"a\":2}"), [1, 2]);
        assert_eq!(numbers("{\n \"a\": 1\n}\n{\n \"a\": 1\n}\n"), [1, 4]);
        assert_eq!(
            numbers("__CURSOR=a\nMESSAGE=x\n\n__CURSOR=b\nMESSAGE=y\n\n"),
            [1, 4]
        );
        assert_eq!(
            numbers("[4.000000] d\n[3.000000] c\n more\n[2.000000] b\n[1.000000] a\n"),
            [5, 4, 2, 3, 1]
        );
    }
}
