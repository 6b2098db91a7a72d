//! One record to a line. Complete lines go on as they come.

use memchr::{memchr, memchr_iter, memrchr};

use super::Forwarded;
use super::reader::{Reader, RecordFate};
use super::tail::{RestOfLine, Tail, Unended};

/// What stands in front of each record of `application/json-seq`.
pub(super) const RECORD_SEPARATOR: u8 = 0x1e;

/// A delivery of lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// What becomes of the rest of a line that is under way and whose beginning is dealt with.
    rest: RestOfLine,
    tail: Tail,
}

impl Lines {
    /// Reads what is complete of `data`, whose first `seen` bytes hold no line end; the rest is put
    /// into `held`.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        mut data: Vec<u8>,
        seen: usize,
        last: bool,
        held: &mut Vec<u8>,
    ) -> Forwarded {
        let is_new_line = matches!(self.rest, RestOfLine::None);
        let mut out = self.rest.take(&mut data);
        let fresh = data.get(seen..).unwrap_or_default();
        let mut complete = match memrchr(b'\n', fresh) {
            _ if last => data.len(),
            Some(position) => seen.saturating_add(position).saturating_add(1),
            None => 0,
        };
        let mut unended = Unended::Open;
        self.tail.forget(complete);
        if reader.may_end_late && complete < data.len() {
            unended = self.tail.look(data.get(complete..).unwrap_or_default(), 0);
            if unended != Unended::Open {
                complete = data.len();
            }
        }
        held.extend(data.drain(complete..));
        let passes = is_new_line && reader.passes(&data);
        let mut goes_on = true;
        if passes {
            let no_end = usize::from(data.last().is_some_and(|byte| *byte != b'\n'));
            let records = memchr_iter(b'\n', &data).count().saturating_add(no_end);
            reader.count_same(records as u64);
            out = data;
        } else {
            for line in data.split_inclusive(|byte| *byte == b'\n') {
                goes_on = read_line(reader, line, &mut out);
            }
        }
        match unended {
            Unended::Open => {}
            Unended::Object => self.rest = RestOfLine::LineEnd { goes_on },
            Unended::Text => self.rest = RestOfLine::All { goes_on },
        }
        if held.len() > reader.settings.max_body_bytes {
            out.append(held);
            self.rest = RestOfLine::All { goes_on: true };
            reader.tally.too_large = reader.tally.too_large.saturating_add(1);
        }
        Forwarded {
            bytes: out,
            is_as_it_came: passes,
        }
    }
}

/// The place behind the first line end from `start` on.
pub(super) fn line_end(data: &[u8], start: usize) -> Option<usize> {
    let position = memchr(b'\n', data.get(start..)?)?;
    Some(start.saturating_add(position).saturating_add(1))
}

/// A line and what ends it: nothing at the end of a body.
pub(super) fn ending(line: &[u8]) -> (&[u8], &[u8]) {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    line.split_at_checked(text.len()).unwrap_or((line, b""))
}

/// Reads one line; whether it goes on.
fn read_line(reader: &mut Reader<'_>, line: &[u8], out: &mut Vec<u8>) -> bool {
    let (text, end) = ending(line);
    let (sign, text) = match text.split_first() {
        Some((&RECORD_SEPARATOR, text)) => (&[RECORD_SEPARATOR][..], text),
        _ => (&b""[..], text),
    };
    match reader.record(text) {
        RecordFate::Same => out.extend_from_slice(line),
        RecordFate::Dropped => return false,
        RecordFate::Replaced(text) => {
            out.extend_from_slice(sign);
            out.extend_from_slice(&text);
            out.extend_from_slice(end);
        }
    }
    true
}
