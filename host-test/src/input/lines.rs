//! Bytes into lines of a bounded length.

/// Longest line that is handled as one.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// Most bytes of buffer kept between lines.
const KEPT: usize = 1 << 20;

/// A line, or what fits of it.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Line<'a> {
    /// A whole line, without its newline.
    Whole(&'a [u8]),
    /// A piece of a line above [`MAX_LINE`], its newline included.
    Piece {
        /// The bytes.
        bytes: &'a [u8],
        /// Whether the line begins here.
        first: bool,
    },
}

/// Cuts what it is given at the newlines.
#[derive(Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    /// The line under way is above the limit, and its start is gone.
    oversized: bool,
}

impl Lines {
    /// Takes the next bytes, and gives each line or piece that they complete.
    pub(crate) fn push<E>(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(newline) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(newline + 1);
            bytes = rest;
            if self.oversized {
                self.oversized = false;
                each(Line::Piece {
                    bytes: line,
                    first: false,
                })?;
            } else if self.partial.is_empty() {
                each(Line::Whole(&line[..newline]))?;
            } else if self.partial.len() + newline > MAX_LINE {
                each(Line::Piece {
                    bytes: &self.partial,
                    first: true,
                })?;
                each(Line::Piece {
                    bytes: line,
                    first: false,
                })?;
                self.forget();
            } else {
                self.partial.extend_from_slice(&line[..newline]);
                each(Line::Whole(&self.partial))?;
                self.forget();
            }
        }
        if self.oversized {
            if !bytes.is_empty() {
                each(Line::Piece {
                    bytes,
                    first: false,
                })?;
            }
        } else {
            self.partial.extend_from_slice(bytes);
            if self.partial.len() > MAX_LINE {
                self.oversized = true;
                each(Line::Piece {
                    bytes: &self.partial,
                    first: true,
                })?;
                self.forget();
            }
        }
        Ok(())
    }

    /// Nothing follows: gives the last line where it has no newline.
    pub(crate) fn finish<E>(
        &mut self,
        mut each: impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.oversized = false;
        if self.partial.is_empty() {
            return Ok(());
        }
        each(Line::Whole(&self.partial))?;
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        self.partial.clear();
        self.partial.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Line, Lines, MAX_LINE};

    /// Lines as text, pieces as their lengths.
    fn cut(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut each = |line: Line<'_>| {
            found.push(match line {
                Line::Whole(line) => String::from_utf8(line.to_vec()).unwrap(),
                Line::Piece { bytes, first } => format!("{first} {}", bytes.len()),
            });
            Ok::<(), Infallible>(())
        };
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.push(chunk, &mut each).unwrap();
        }
        lines.finish(&mut each).unwrap();
        found
    }

    #[test]
    fn joins_what_chunks_divide() {
        assert_eq!(cut(&[b"a\nb", b"c", b"\n\nd"]), ["a", "bc", "", "d"]);
        assert_eq!(cut(&[b"", b"\n"]), [""]);
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn gives_up_a_line_above_the_limit() {
        let most = vec![b'x'; MAX_LINE];
        assert_eq!(cut(&[&most, b"\n"])[0].len(), MAX_LINE);
        let begun = format!("true {}", MAX_LINE + 1);
        assert_eq!(
            cut(&[&most, b"y", b"zz", b"z\nnext\n"]),
            [&begun, "false 2", "false 2", "next"]
        );
        let at_limit = format!("true {MAX_LINE}");
        assert_eq!(cut(&[&most, b"yy\nnext"]), [&at_limit, "false 3", "next"]);
    }
}
