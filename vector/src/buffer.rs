//! Bytes that were read, as lines of a bounded length.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

/// Longest line that is handled as one, in bytes.
pub const LONGEST: usize = 1 << 20;
/// Room for one read at least. `/dev/kmsg` gives a record whole or not at all, so it must hold the
/// longest: 8 KiB.
const READ: usize = 64 << 10;

/// What is complete of the bytes that were read.
pub enum Part<'a> {
    /// Whole lines, each with its line end.
    Lines(&'a [u8]),
    /// A piece of a line above [`LONGEST`]; the last one has the line end.
    Piece(&'a [u8]),
}

/// One buffer, read into and cut at the line ends.
pub struct Buffer {
    bytes: Vec<u8>,
    /// How many of them are filled.
    filled: usize,
    /// The line under way is above the limit, and its beginning is gone.
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

    /// Reads once, and gives how many bytes came.
    pub fn read(&mut self, input: &mut dyn Read) -> io::Result<usize> {
        input.read(self.bytes.get_mut(self.filled..).unwrap_or_default())
    }

    /// Takes so many bytes as filled, hands over what they complete, and forgets it. Gives whether
    /// the input had more to give than there was room for.
    pub fn take(&mut self, length: usize, mut each: impl FnMut(Part<'_>)) -> bool {
        self.filled = self.filled.saturating_add(length).min(self.bytes.len());
        let is_full = self.filled == self.bytes.len();
        let mut rest = self.bytes.get(..self.filled).unwrap_or_default();
        if self.oversized
            && let Some(end) = memchr(b'\n', rest)
        {
            let (piece, after) = split_after(rest, end);
            each(Part::Piece(piece));
            rest = after;
            self.oversized = false;
        }
        if !self.oversized
            && let Some(end) = memrchr(b'\n', rest)
        {
            let (lines, after) = split_after(rest, end);
            each(Part::Lines(lines));
            rest = after;
        }
        if self.oversized || rest.len() > LONGEST {
            let (piece, after) = rest.split_at(whole_characters(rest));
            each(Part::Piece(piece));
            rest = after;
            self.oversized = true;
        }
        let kept = rest.len();
        let start = self.filled.saturating_sub(kept);
        self.bytes.copy_within(start..self.filled, 0);
        self.filled = kept;
        is_full
    }

    /// Nothing follows: hands over the last line where it has no line end.
    pub fn finish(&mut self, each: impl FnOnce(Part<'_>)) {
        let rest = self.bytes.get(..self.filled).unwrap_or_default();
        if !rest.is_empty() {
            each(if self.oversized {
                Part::Piece(rest)
            } else {
                Part::Lines(rest)
            });
        }
        self.filled = 0;
    }
}

fn split_after(bytes: &[u8], end: usize) -> (&[u8], &[u8]) {
    bytes
        .split_at_checked(end.saturating_add(1))
        .unwrap_or((bytes, &[]))
}

/// The length without a UTF-8 sequence that the end cuts.
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

    /// Lines as text, pieces as their lengths.
    fn cut(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |part: Part<'_>| {
            found.push(match part {
                Part::Lines(lines) => String::from_utf8(lines.to_vec()).unwrap(),
                Part::Piece(piece) => piece.len().to_string(),
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
        let first = (LONGEST + 1).to_string();
        assert_eq!(
            cut(&[&most, b"y", b"zz", b"z\nnext\nlast"]),
            [&first, "2", "2", "next\n", "last"]
        );
        assert_eq!(cut(&[&most, b"y", b"zz"]), [&first, "2"]);
    }

    #[test]
    fn cuts_no_character() {
        let mut line = vec![b'x'; LONGEST];
        line.extend_from_slice("\u{20ac}".as_bytes());
        let (begun, rest) = line.split_at(LONGEST + 2);
        let begun_length = LONGEST.to_string();
        assert_eq!(cut(&[begun, rest, b"\n"]), [&begun_length, "3", "1"]);
    }
}
