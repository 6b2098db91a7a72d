//! Cuts the bytes of reads into lines of bounded length.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

/// The longest line that is handled whole, in bytes.
pub const LONGEST: usize = 1 << 20;
/// Room for at least one read. `/dev/kmsg` gives only whole records, so this must be at least the
/// longest record: 8 KiB.
const READ: usize = 64 << 10;

/// What is complete among the bytes that were read.
pub enum Part<'a> {
    /// Whole lines, each with its line end. The last line of an input may lack it.
    Lines(&'a [u8]),
    /// A piece of a line longer than [`LONGEST`], without its line end.
    Piece {
        /// At least one byte.
        bytes: &'a [u8],
        /// Whether the line ends here.
        is_last: bool,
    },
}

/// A buffer that reads fill and that is cut at line ends.
pub struct Buffer {
    bytes: Vec<u8>,
    /// How many of the bytes are filled.
    filled: usize,
    /// The current line is longer than [`LONGEST`] and its beginning was handed over.
    oversized: bool,
}

impl Buffer {
    pub fn new() -> Self {
        Self {
            bytes: vec![0; LONGEST.saturating_add(READ)],
            filled: 0,
            oversized: false,
        }
    }

    /// Reads once. Returns how many bytes came.
    pub fn read(&mut self, input: &mut dyn Read) -> io::Result<usize> {
        input.read(self.bytes.get_mut(self.filled..).unwrap_or_default())
    }

    /// Takes the `length` bytes of the last read, and hands over and removes what they complete.
    /// Returns whether the read filled the buffer, so that the input may hold more.
    pub fn take(&mut self, length: usize, mut each: impl FnMut(Part<'_>)) -> bool {
        // The bytes held from before have no line end.
        let held = self.filled;
        self.filled = held.saturating_add(length).min(self.bytes.len());
        let is_full = self.filled == self.bytes.len();
        let all = self.bytes.get(..self.filled).unwrap_or_default();
        let new = all.get(held..).unwrap_or_default();
        let mut rest = all;
        if let (Some(first), Some(last)) = (memchr(b'\n', new), memrchr(b'\n', new)) {
            let (first, last) = (held.saturating_add(first), held.saturating_add(last));
            let (mut lines, after) = split_after(all, last);
            if self.oversized || first > LONGEST {
                let (line, others) = split_after(lines, first);
                let bytes = line.strip_suffix(b"\n").unwrap_or(line);
                each(Part::Piece {
                    bytes,
                    is_last: true,
                });
                lines = others;
            }
            if !lines.is_empty() {
                each(Part::Lines(lines));
            }
            self.oversized = false;
            rest = after;
        }
        if rest.len() > LONGEST {
            let cut = whole_characters(rest.get(..LONGEST).unwrap_or_default());
            let (bytes, after) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
            each(Part::Piece {
                bytes,
                is_last: false,
            });
            self.oversized = true;
            rest = after;
        }
        let kept = rest.len();
        let start = self.filled.saturating_sub(kept);
        if start > 0 {
            self.bytes.copy_within(start..self.filled, 0);
        }
        self.filled = kept;
        is_full
    }

    /// The input has ended: hands over the last line, which has no line end.
    pub fn finish(&mut self, each: impl FnOnce(Part<'_>)) {
        let bytes = self.bytes.get(..self.filled).unwrap_or_default();
        if self.oversized {
            each(Part::Piece {
                bytes,
                is_last: true,
            });
        } else if !bytes.is_empty() {
            each(Part::Lines(bytes));
        }
        self.filled = 0;
    }
}

fn split_after(bytes: &[u8], end: usize) -> (&[u8], &[u8]) {
    bytes
        .split_at_checked(end.saturating_add(1))
        .unwrap_or((bytes, &[]))
}

/// The length without a UTF-8 sequence that is cut off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let mut tail = bytes.iter().rev().take(3).zip(1_usize..);
    let cut = tail.find_map(|(byte, length)| {
        let sequence = match byte {
            0x80..=0xbf => return None,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        Some(if sequence > length { length } else { 0 })
    });
    bytes.len().saturating_sub(cut.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Buffer, LONGEST, Part};

    /// Gives lines as text and pieces as their lengths, with a dot behind the last piece.
    fn cut(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |part: Part<'_>| {
            found.push(match part {
                Part::Lines(lines) => String::from_utf8(lines.to_vec()).unwrap(),
                Part::Piece { bytes, is_last } => {
                    let end = if is_last { "." } else { "" };
                    format!("{}{end}", bytes.len())
                }
            });
        };
        let mut buffer = Buffer::new();
        for mut chunk in chunks.iter().copied() {
            while !chunk.is_empty() {
                let length = buffer.read(&mut chunk).unwrap();
                buffer.take(length, &mut each);
            }
        }
        buffer.finish(&mut each);
        found
    }

    #[test]
    fn joins_what_reads_divide() {
        assert_eq!(cut(&[b"a\nb", b"c", b"\n\nd"]), ["a\n", "bc\n\n", "d"]);
        assert_eq!(cut(&[b"\n"]), ["\n"]);
        assert!(cut(&[b""]).is_empty());
    }

    #[test]
    fn cuts_a_line_above_the_limit() {
        let most = vec![b'x'; LONGEST];
        assert_eq!(cut(&[&most, b"\nnext\n"])[0].len(), LONGEST + 6);
        let first = LONGEST.to_string();
        assert_eq!(
            cut(&[&most, b"y", b"zz", b"z\nnext\nlast"]),
            [&first, "4.", "next\n", "last"]
        );
        assert_eq!(cut(&[&most, b"y", b"z"]), [&first, "2."]);
        assert_eq!(cut(&[&most, b"y", &most, b"\n"]), [&first, &first, "1."]);
        // The same line in a single read.
        let whole = [&most[..], b"y\n"].concat();
        assert_eq!(cut(&[&whole]), [format!("{}.", LONGEST + 1)]);
    }

    #[test]
    fn cuts_no_character() {
        let mut line = vec![b'x'; LONGEST - 1];
        line.extend_from_slice("\u{20ac}".as_bytes());
        let (begun, rest) = line.split_at(LONGEST + 1);
        let begun_length = (LONGEST - 1).to_string();
        assert_eq!(cut(&[begun, rest, b"\n"]), [&begun_length, "3."]);
    }
}
