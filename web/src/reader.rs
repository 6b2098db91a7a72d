//! Bytes of a log into lines, lines into records, records through the filter.

use std::borrow::Cow;

use oom_filter::kernel::looks_like_kill;
use oom_filter::{Filter, KernelLine, Mode, Outcome, RecordContext};

/// Longest line that is read. A whole report as one value has some 10 KiB.
const MAX_LINE: usize = 1 << 20;

/// Lines that look like a kill and could not be read are kept up to this many, and up to this many bytes of each.
const MOST_UNREAD: usize = 20;
const MOST_OF_UNREAD: usize = 1 << 10;

/// A log under way.
#[derive(Debug)]
pub(crate) struct Reader {
    filter: Filter,
    mode: Mode,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// That line is too long, and its beginning is gone.
    is_too_long: bool,
    lines: u64,
    skipped: u64,
    rows: Vec<u8>,
    unread: String,
    unread_count: usize,
}

impl Reader {
    pub(crate) const fn new(filter: Filter, mode: Mode) -> Self {
        Self {
            filter,
            mode,
            partial: Vec::new(),
            is_too_long: false,
            lines: 0,
            skipped: 0,
            rows: Vec::new(),
            unread: String::new(),
            unread_count: 0,
        }
    }

    /// Rows of the first lines that look like a kill and could not be read.
    pub(crate) fn unread(&self) -> &str {
        &self.unread
    }

    /// How many such lines there are.
    pub(crate) const fn unread_count(&self) -> usize {
        self.unread_count
    }

    pub(crate) const fn lines(&self) -> u64 {
        self.lines
    }

    pub(crate) const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Reads the next bytes: a row for each line they end that is of a report.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(line) if self.partial.is_empty() && !self.is_too_long => self.line(line),
                Some(end) => {
                    self.keep(end);
                    self.end_line();
                }
                None => self.keep(piece),
            }
        }
        self.take_rows()
    }

    /// There is no more: a row for the last line, and for each report that never finished.
    pub(crate) fn finish(&mut self) -> String {
        if !self.partial.is_empty() || self.is_too_long {
            self.end_line();
        }
        if self.mode != Mode::Annotate {
            while let Some(record) = self.filter.next_unfinished() {
                self.row(&record);
            }
        }
        self.take_rows()
    }

    fn take_rows(&mut self) -> String {
        // Checked once for all of them: what is no text is rare.
        String::from_utf8(core::mem::take(&mut self.rows))
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.partial.len().saturating_add(piece.len()) > MAX_LINE {
            self.is_too_long = true;
            self.partial.clear();
        }
        if !self.is_too_long {
            self.partial.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self) {
        let line = core::mem::take(&mut self.partial);
        if core::mem::take(&mut self.is_too_long) {
            self.lines = self.lines.saturating_add(1);
            self.skipped = self.skipped.saturating_add(1);
        } else {
            self.line(&line);
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.lines = self.lines.saturating_add(1);
        if line.len() > MAX_LINE {
            self.skipped = self.skipped.saturating_add(1);
            return;
        }
        // What makes a record worth reading is as plain in its line.
        if !self.filter.needs_reading(line) {
            return;
        }
        let context = RecordContext::default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // No line of a report begins and ends so, whatever names are in it.
        let outcome = if line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}") {
            self.filter.process(self.mode, line, &context)
        } else {
            let text = text_of(line);
            let kernel_line = KernelLine::read(text.as_bytes());
            self.filter
                .process_line(self.mode, &kernel_line, &context, &|| record(&text))
        };
        match outcome {
            Outcome::Replaced(record) => self.row(&record),
            Outcome::Unchanged if looks_like_kill(line) => self.keep_unread(line),
            Outcome::Unchanged | Outcome::Dropped => {}
        }
    }

    fn keep_unread(&mut self, line: &[u8]) {
        self.unread_count = self.unread_count.saturating_add(1);
        if self.unread_count > MOST_UNREAD {
            return;
        }
        let start = line.get(..MOST_OF_UNREAD).unwrap_or(line);
        self.unread.push_str(&self.lines.to_string());
        self.unread.push(' ');
        self.unread.push_str(&String::from_utf8_lossy(start));
        self.unread.push('\n');
    }

    fn row(&mut self, record: &[u8]) {
        self.rows
            .extend_from_slice(self.lines.to_string().as_bytes());
        self.rows.push(b' ');
        self.rows.extend_from_slice(record);
        self.rows.push(b'\n');
    }
}

/// A line as text. The library's own way for what may be none looks at each byte.
fn text_of(line: &[u8]) -> Cow<'_, str> {
    core::str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed)
}

/// The record of a line, as log shippers write it.
fn record(log: &str) -> Vec<u8> {
    // A string can always be written.
    let log = serde_json::to_string(log).unwrap_or_default();
    format!("{{\"log\":{log}}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, Reader};
    use oom_filter::{Filter, IdentityKeys, Mode};

    const KILL: &str =
        "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";

    fn reader(mode: Mode) -> Reader {
        Reader::new(Filter::new(IdentityKeys::OPEN_TELEMETRY), mode)
    }

    #[test]
    fn joins_what_chunks_divide() {
        let log = format!("one\r\n{KILL}\r\nthree\n{{\"log\":\"{KILL}\"}}\n{{'a'}} {KILL}");
        let mut whole = reader(Mode::Annotate);
        let expected = whole.push(log.as_bytes()) + &whole.finish();
        let starts: Vec<_> = expected
            .lines()
            .map(|row| row.split_once(",\"oom\"").unwrap().0.to_owned())
            .collect();
        assert_eq!(
            starts,
            [
                format!("2 {{\"log\":\"{KILL}\""),
                format!("4 {{\"log\":\"{KILL}\""),
            ]
        );
        for size in 1..log.len() {
            let mut cut = reader(Mode::Annotate);
            let mut rows = String::new();
            for chunk in log.as_bytes().chunks(size) {
                rows += &cut.push(chunk);
            }
            rows += &cut.finish();
            assert_eq!(rows, expected, "in pieces of {size}");
            assert_eq!(cut.lines(), 5);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_counted() {
        let too_long = "x".repeat(MAX_LINE + 1);
        for chunk in [100_000, usize::MAX] {
            let mut reader = reader(Mode::Annotate);
            let log = format!("{too_long}\n{KILL}\n{too_long}");
            let mut rows = String::new();
            for chunk in log.as_bytes().chunks(chunk) {
                rows += &reader.push(chunk);
            }
            rows += &reader.finish();
            assert!(
                rows.starts_with("2 {") && rows.lines().count() == 1,
                "{rows}"
            );
            assert_eq!((reader.lines(), reader.skipped()), (3, 2));
        }
    }

    #[test]
    fn what_looks_like_a_kill_and_cannot_be_read_is_kept() {
        let mut reader = reader(Mode::Annotate);
        let log = format!("usb 1-1: new\n{KILL}\nmy note: Killed process 42 again\n");
        reader.push(log.as_bytes());
        assert_eq!(reader.unread(), "3 my note: Killed process 42 again\n");
        for _ in 0..100 {
            reader.push(b"noted: oom-kill:constraint=X somewhere\n");
        }
        assert_eq!(reader.unread().lines().count(), super::MOST_UNREAD);
        assert_eq!(reader.unread_count(), 101);
    }

    #[test]
    fn what_never_finished_is_released_at_the_end() {
        let header =
            "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
        let mut events = reader(Mode::Events);
        assert_eq!(events.push(header.as_bytes()), "");
        assert!(events.finish().contains("\"event\":\"truncated\""));
        let mut annotate = reader(Mode::Annotate);
        annotate.push(header.as_bytes());
        assert!(annotate.finish().contains("\"event\":\"invoked\""));
    }
}
