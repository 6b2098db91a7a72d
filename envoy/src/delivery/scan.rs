//! Finding the end of a JSON object in a text that comes in pieces.

use memchr::memchr2;

/// How far the held text has been looked at.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Bytes that have been looked at.
    pub(super) seen: usize,
    /// Where the object under way begins.
    pub(super) start: usize,
    /// Its open brackets; 0 where none is under way.
    pub(super) depth: u32,
    in_string: bool,
    is_escaped: bool,
    /// The open brackets, from the first on, as far as they are of interest.
    path: [u8; DEEPEST],
    /// The brackets around what is counted, the last of them its own.
    element: Option<&'static [u8]>,
    /// How many of those there were.
    pub(super) elements: u64,
}

/// One more than the deepest bracket that is of interest.
const DEEPEST: usize = 8;

impl Scan {
    /// One that counts what stands in these brackets.
    pub(super) fn counting(element: &'static [u8]) -> Self {
        Self {
            element: Some(element),
            ..Self::default()
        }
    }

    /// An object begins at the byte that is looked at.
    pub(super) fn begin(&mut self) {
        self.path = [b'{'; DEEPEST];
        self.depth = 1;
        self.start = self.seen;
    }

    /// The first bytes of the held text are held no longer.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.seen = self.seen.saturating_sub(bytes);
        self.start = self.start.saturating_sub(bytes);
    }

    /// Goes on to the end of the object under way, or of the text; whether it found the former.
    pub(super) fn goes_to_end(&mut self, data: &[u8]) -> bool {
        while let Some(rest) = data.get(self.seen..).filter(|rest| !rest.is_empty()) {
            if self.is_escaped {
                self.is_escaped = false;
                self.seen = self.seen.saturating_add(1);
                continue;
            }
            let found = if self.in_string {
                memchr2(b'"', b'\\', rest)
            } else {
                let is_sign = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
                rest.iter().position(is_sign)
            };
            let Some((position, byte)) = found.and_then(|at| Some((at, *rest.get(at)?))) else {
                break;
            };
            self.seen = self.seen.saturating_add(position).saturating_add(1);
            match byte {
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' => self.open(byte == b'['),
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return true;
                    }
                }
            }
        }
        self.seen = data.len();
        false
    }

    fn open(&mut self, is_array: bool) {
        self.depth = self.depth.saturating_add(1);
        let Some(slot) = self.path.get_mut(self.depth as usize) else {
            return;
        };
        *slot = if is_array { b'[' } else { b'{' };
        if let Some(element) = self.element
            && element.len() == self.depth as usize
            && self.path.get(1..=element.len()) == Some(element)
        {
            self.elements = self.elements.saturating_add(1);
        }
    }
}
