//! The rows that go back, within the memory that there is.

/// What is kept free for everything that is not output.
const SLACK: usize = 4 << 20;
/// Bytes of the number in front of an array, which is written before the number is known. Seven bits each, of which
/// all but the last say that another follows.
const COUNT: usize = 5;

/// Rows as `RowBinary` has them.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
}

/// An array that is being written.
#[derive(Debug)]
pub(crate) struct Array {
    /// Where the number of its elements stands.
    at: usize,
    count: u32,
}

impl Output {
    /// All that was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether so many bytes more find room, with enough left for the work itself.
    pub(crate) fn has_room(&mut self, more: usize) -> bool {
        let free = self.bytes.capacity().saturating_sub(self.bytes.len());
        if more <= free {
            return true;
        }
        let slack = more.saturating_add(SLACK);
        self.bytes.try_reserve(more).is_ok() && Vec::<u8>::new().try_reserve_exact(slack).is_ok()
    }

    /// Begins an array. `None` where there is no room.
    pub(crate) fn begin(&mut self) -> Option<Array> {
        let at = self.bytes.len();
        self.has_room(COUNT).then(|| {
            self.bytes.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0]);
            Array { at, count: 0 }
        })
    }

    /// Adds an element, which `write` writes to the end. Whether there was room: else nothing of it is left.
    pub(crate) fn add(&mut self, array: &mut Array, element: &[u8]) -> bool {
        if !self.has_room(element.len()) {
            return false;
        }
        self.bytes.extend_from_slice(element);
        array.count = array.count.saturating_add(1);
        true
    }

    /// Ends an array.
    pub(crate) fn end(&mut self, array: &Array) {
        let end = array.at.saturating_add(COUNT);
        let Some(place) = self.bytes.get_mut(array.at..end) else {
            return;
        };
        let mut rest = array.count;
        for byte in place {
            *byte |= u8::try_from(rest & 0x7f).unwrap_or_default();
            rest >>= 7;
        }
    }

    /// Adds what is no array. Whether there was room.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        let has_room = self.has_room(bytes.len());
        if has_room {
            self.bytes.extend_from_slice(bytes);
        }
        has_room
    }
}

/// Writes a text as `RowBinary` has it.
pub fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    push_length(out, text.len());
    out.extend_from_slice(text);
}

/// Writes the number in front of a text or an array: seven bits a byte, the lowest first.
pub fn push_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    loop {
        let bits = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        if rest == 0 {
            return out.push(bits);
        }
        out.push(bits | 0x80);
    }
}

/// Writes the columns of one row.
#[derive(Debug, Default)]
pub(crate) struct Row(Vec<u8>);

impl Row {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        push_text(&mut self.0, text);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub(crate) fn number_32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number of 64 bits that may be missing. One of a time has the same bytes.
    pub(crate) fn optional(&mut self, number: Option<u64>) {
        self.0.push(u8::from(number.is_none()));
        if let Some(number) = number {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Output, Row};
    use crate::input::Input;

    #[test]
    fn what_is_written_is_read_again() {
        for count in [0, 1, 127, 128, 20_000] {
            let mut output = Output::default();
            let mut array = output.begin().unwrap();
            for _ in 0..count {
                assert!(output.add(&mut array, b"x"));
            }
            output.end(&array);
            let bytes = output.into_bytes();
            assert_eq!(Input::new(&bytes).length(), Some(count));
        }
        for length in [0, 127, 128, 70_000] {
            let text = vec![b'a'; length];
            let mut row = Row::default();
            row.text(&text);
            assert_eq!(Input::new(row.bytes()).text(), Some(&text[..]));
        }
    }
}
