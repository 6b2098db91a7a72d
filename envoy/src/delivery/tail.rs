//! The line at the end of what came so far, while its line end is still missing.

use super::lines::RECORD_SEPARATOR;
use super::scan::Scan;

/// Blanks in front of a record that are looked through. More than these are no beginning of one.
const MOST_BLANKS: usize = 64;

/// What is known of a line whose end is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unended {
    /// It may become a record.
    Open,
    /// It is a whole JSON object: a record, whatever ends the line.
    Object,
    /// It is no JSON object, and will be none.
    Text,
}

/// Looks at such a line, and goes on where it was when more of the line comes.
#[derive(Debug, Default)]
pub(super) struct Tail(Scan);

impl Tail {
    /// Looks at the line that begins at `start` and goes on to the end of `data`.
    pub(super) fn look(&mut self, data: &[u8], start: usize) -> Unended {
        let line = data.get(start..).unwrap_or_default();
        let mut blanks = line.iter().take(MOST_BLANKS);
        let is_in_front = |byte: &u8| byte.is_ascii_whitespace() || *byte == RECORD_SEPARATOR;
        let begin = match blanks.position(|byte| !is_in_front(byte)) {
            Some(position) => start.saturating_add(position),
            None if line.len() < MOST_BLANKS => return Unended::Open,
            None => return Unended::Text,
        };
        if data.get(begin) != Some(&b'{') {
            return Unended::Text;
        }
        let scan = &mut self.0;
        if scan.depth == 0 || scan.start != begin {
            *scan = Scan::default();
            scan.seen = begin;
            scan.begin();
            scan.seen = begin.saturating_add(1);
        }
        if !scan.goes_to_end(data) {
            return Unended::Open;
        }
        let behind = data.get(scan.seen..).unwrap_or_default();
        let is_whole = behind.iter().all(u8::is_ascii_whitespace);
        *scan = Scan::default();
        if is_whole {
            Unended::Object
        } else {
            Unended::Text
        }
    }

    /// The first bytes are held no longer.
    pub(super) fn forget(&mut self, bytes: usize) {
        if self.0.start < bytes {
            self.0 = Scan::default();
        } else {
            self.0.forget(bytes);
        }
    }
}

/// What becomes of the rest of a line whose beginning has been dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum RestOfLine {
    /// No line is under way.
    #[default]
    None,
    /// All of it goes on, or is taken out.
    All { goes_on: bool },
    /// The record was complete: what ends its line goes on with it, or is taken out with it.
    LineEnd { goes_on: bool },
}

impl RestOfLine {
    /// Takes what belongs to that rest from the beginning of `data`, and gives what goes on of it.
    pub(super) fn take(&mut self, data: &mut Vec<u8>) -> Vec<u8> {
        let line_end = data.iter().position(|byte| *byte == b'\n');
        let end = line_end.map_or(data.len(), |position| position.saturating_add(1));
        let (length, goes_on) = match *self {
            Self::None => return Vec::new(),
            Self::All { goes_on } => (end, goes_on),
            Self::LineEnd { goes_on } => {
                let text = data.iter().position(|byte| !byte.is_ascii_whitespace());
                (text.map_or(end, |text| text.min(end)), goes_on)
            }
        };
        let is_over = length < data.len() || line_end.is_some();
        let taken: Vec<u8> = data.drain(..length).collect();
        if is_over {
            *self = Self::None;
        }
        if goes_on { taken } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_its_end_is_known_at_every_byte() {
        for (text, expected) in [
            ("", Unended::Open),
            ("  ", Unended::Open),
            (" {\"a\":\"}\"", Unended::Open),
            (" {\"a\":\"}\"}", Unended::Object),
            ("{\"a\":{}} \r", Unended::Object),
            ("\u{1e}{\"a\":{}}", Unended::Object),
            ("{} x", Unended::Text),
            ("text", Unended::Text),
            ("[{}]", Unended::Text),
        ] {
            assert_eq!(Tail::default().look(text.as_bytes(), 0), expected, "{text}");
            let mut tail = Tail::default();
            let front = [b"before\n", text.as_bytes()].concat();
            let looks = (7..=front.len()).map(|end| tail.look(&front[..end], 7));
            let found = looks.into_iter().find(|found| *found != Unended::Open);
            if expected == Unended::Open {
                assert_eq!(found, None, "{text}");
            } else {
                assert!(found.is_some(), "{text}");
            }
        }
        let blanks = " ".repeat(MOST_BLANKS);
        assert_eq!(Tail::default().look(blanks.as_bytes(), 0), Unended::Text);
    }

    #[test]
    fn a_rest_ends_where_its_line_does() {
        let all = |goes_on| RestOfLine::All { goes_on };
        let line_end = |goes_on| RestOfLine::LineEnd { goes_on };
        for (rest, data, taken, left, is_over) in [
            (RestOfLine::None, "a\nb", "", "a\nb", true),
            (all(true), "a\nb", "a\n", "b", true),
            (all(false), "a\nb", "", "b", true),
            (all(true), "ab", "ab", "", false),
            (line_end(true), " \r\nb", " \r\n", "b", true),
            (line_end(false), "\n\nb", "", "\nb", true),
            (line_end(true), " b\n", " ", "b\n", true),
            (line_end(true), " ", " ", "", false),
        ] {
            let (mut rest, mut data) = (rest, data.as_bytes().to_vec());
            assert_eq!(rest.take(&mut data), taken.as_bytes());
            assert_eq!(data, left.as_bytes());
            assert_eq!(matches!(rest, RestOfLine::None), is_over, "{left}");
        }
    }
}
