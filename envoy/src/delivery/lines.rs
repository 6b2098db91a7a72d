//! One record to a line. Complete lines go on as they come.

use memchr::{memchr, memchr_iter, memrchr};

use super::Forwarded;
use super::reader::{Reader, RecordFate};

/// A delivery of lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line under way is above the bound, and its beginning has gone on.
    oversized: bool,
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
        let mut out = Vec::new();
        if self.oversized {
            let end = line_end(&data, 0);
            let gone = data.drain(..end.unwrap_or(data.len()));
            out.extend(gone);
            self.oversized = end.is_none();
        }
        let fresh = data.get(seen..).unwrap_or_default();
        let complete = match memrchr(b'\n', fresh) {
            _ if last => data.len(),
            Some(position) => seen.saturating_add(position).saturating_add(1),
            None => 0,
        };
        held.extend(data.drain(complete..));
        let passes = out.is_empty() && reader.passes(&data);
        if passes {
            let unended = usize::from(data.last().is_some_and(|byte| *byte != b'\n'));
            let records = memchr_iter(b'\n', &data).count().saturating_add(unended);
            reader.count_same(records as u64);
            out = data;
        } else {
            for line in data.split_inclusive(|byte| *byte == b'\n') {
                read_line(reader, line, &mut out);
            }
        }
        if held.len() > reader.settings.max_body_bytes {
            out.append(held);
            self.oversized = true;
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

fn read_line(reader: &mut Reader<'_>, line: &[u8], out: &mut Vec<u8>) {
    let (text, end) = ending(line);
    match reader.record(text) {
        RecordFate::Same => out.extend_from_slice(line),
        RecordFate::Dropped => {}
        RecordFate::Replaced(text) => {
            out.extend_from_slice(&text);
            out.extend_from_slice(end);
        }
    }
}
