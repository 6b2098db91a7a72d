//! Finding the end of a JSON object in a text that comes in pieces.

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
            let (signs, length) = if let Some(block) = rest.first_chunk() {
                (StructuralBits::of(block), BLOCK)
            } else {
                let mut block = [0; BLOCK];
                for (place, byte) in block.iter_mut().zip(rest) {
                    *place = *byte;
                }
                (StructuralBits::of(&block), rest.len())
            };
            let mut brackets = signs.brackets & !self.strings(signs, length);
            while brackets != 0 {
                let bit = brackets.trailing_zeros() as usize;
                brackets &= brackets.wrapping_sub(1);
                if let Some(byte @ (b'{' | b'[')) = rest.get(bit) {
                    self.open(*byte == b'[');
                    continue;
                }
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    // What was found behind it is looked at anew.
                    (self.in_string, self.is_escaped) = (false, false);
                    self.seen = self.seen.saturating_add(bit).saturating_add(1);
                    return true;
                }
            }
            self.seen = self.seen.saturating_add(length);
        }
        false
    }

    /// The bytes of a block that stand in strings, without the quotes that end them.
    fn strings(&mut self, signs: StructuralBits, length: usize) -> u64 {
        let StructuralBits {
            mut quotes,
            mut backslashes,
            ..
        } = signs;
        if std::mem::take(&mut self.is_escaped) {
            quotes &= !1;
            backslashes &= !1;
        }
        while backslashes != 0 {
            let bit = backslashes.trailing_zeros();
            let behind = 2_u64.wrapping_shl(bit);
            quotes &= !behind;
            backslashes &= backslashes.wrapping_sub(1) & !behind;
            self.is_escaped = (bit as usize).saturating_add(1) == length;
        }
        // Each bit becomes whether there is an odd number of quotes up to its place.
        let mut strings = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            strings ^= strings.wrapping_shl(shift);
        }
        if self.in_string {
            strings = !strings;
        }
        self.in_string = strings.leading_ones() > 0;
        strings
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

/// Bytes that are looked at together.
const BLOCK: usize = u64::BITS as usize;

/// Where the bytes of a block stand that can mean something to its structure, the first by the
/// lowest bit.
#[derive(Clone, Copy)]
struct StructuralBits {
    quotes: u64,
    backslashes: u64,
    brackets: u64,
}

impl StructuralBits {
    #[cfg(target_feature = "simd128")]
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Self {
        use core::arch::wasm32::{i8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128, v128_or};
        let half = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let is = |bytes, sign: u8| u8x16_eq(bytes, u8x16_splat(sign));
        let bits = |found: v128| u64::from(i8x16_bitmask(found));
        let mut signs = Self::NONE;
        for bytes in block.as_chunks::<16>().0.iter().rev() {
            let [low, high] = bytes.as_chunks::<8>().0 else {
                continue;
            };
            let bytes = u64x2(half(low), half(high));
            // In ASCII this one bit is what makes `[` and `]` to `{` and `}`.
            let braced = v128_or(bytes, u8x16_splat(0x20));
            let brackets = v128_or(is(braced, b'{'), is(braced, b'}'));
            signs.quotes = signs.quotes << 16 | bits(is(bytes, b'"'));
            signs.backslashes = signs.backslashes << 16 | bits(is(bytes, b'\\'));
            signs.brackets = signs.brackets << 16 | bits(brackets);
        }
        signs
    }

    /// The same where there are no vectors, as in tests.
    #[cfg(not(target_feature = "simd128"))]
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut signs = Self::NONE;
        for byte in block.iter().rev() {
            signs.quotes = signs.quotes << 1 | u64::from(*byte == b'"');
            signs.backslashes = signs.backslashes << 1 | u64::from(*byte == b'\\');
            let is_bracket = matches!(byte, b'{' | b'}' | b'[' | b']');
            signs.brackets = signs.brackets << 1 | u64::from(is_bracket);
        }
        signs
    }

    const NONE: Self = Self {
        quotes: 0,
        backslashes: 0,
        brackets: 0,
    };
}
