//! Reading bytes from the left, one expectation after the other.

/// Whether all of `text` is printable ASCII, a space included.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    const SPACE: u64 = u64::from_le_bytes([b' '; 8]);
    const ONE: u64 = u64::from_le_bytes([1; 8]);
    let (words, rest) = text.as_chunks();
    // Eight bytes at once: less than a space borrows, 0x7f carries, into the highest bit. What a
    // byte takes from the next is of one that is not plain itself.
    words.iter().all(|word| {
        let word = u64::from_le_bytes(*word);
        (word | word.wrapping_sub(SPACE) | word.wrapping_add(ONE)) & HIGH == 0
    }) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// As the slice's own. Nearly all differ in the first byte, and an interpreter pays for each call.
#[inline]
pub(crate) fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    match (text.first(), prefix.first()) {
        (Some(byte), Some(first)) => byte == first && text.starts_with(prefix),
        (_, first) => first.is_none(),
    }
}

/// Where `needle` first stands in `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // One comparison per byte, in place of one call: an interpreter pays for each.
    let first = needle.first()?;
    let mut start = 0_usize;
    loop {
        let rest = haystack.get(start..)?;
        let position = start.checked_add(rest.iter().position(|byte| byte == first)?)?;
        if haystack.get(position..)?.starts_with(needle) {
            return Some(position);
        }
        start = position.checked_add(1)?;
    }
}

/// Where `needle` last stands in `haystack`.
pub(crate) fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let mut end = haystack.len();
    loop {
        let position = haystack
            .get(..end)?
            .iter()
            .rposition(|byte| byte == first)?;
        if haystack.get(position..)?.starts_with(needle) {
            return Some(position);
        }
        end = position;
    }
}

/// The text before and after the first `needle`.
pub(crate) fn split_once<'a>(haystack: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    split_at(haystack, find(haystack, needle)?, needle.len())
}

/// The same, as a call: for lines that are rare, of which there are many kinds.
#[cfg(feature = "more-programs")]
#[inline(never)]
pub(crate) fn part<'a>(haystack: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    split_once(haystack, needle)
}

/// The text before and after the last `needle`.
pub(crate) fn rsplit_once<'a>(haystack: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    split_at(haystack, rfind(haystack, needle)?, needle.len())
}

/// The text before `position` and the text `length` bytes behind it.
pub(crate) fn split_at(text: &[u8], position: usize, length: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(position)?;
    Some((before, rest.get(length..)?))
}

/// `text` without the spaces and tabs in front of it.
pub(crate) fn trim_start(text: &[u8]) -> &[u8] {
    let blank = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    text.get(blank..).unwrap_or_default()
}

/// `text` without the line ends a carrier left behind it.
pub(crate) fn trim_line_end(mut text: &[u8]) -> &[u8] {
    while let Some((b'\r' | b'\n', rest)) = text.split_last() {
        text = rest;
    }
    text
}

/// `text` without the blanks and line ends that a carrier left behind it.
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] | [rest @ .., 0xc2, 0xa0] => rest,
            _ => return text,
        };
    }
}

/// A whole decimal number, nothing else.
pub(crate) fn unsigned(text: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(text);
    let number = cursor.unsigned()?;
    cursor.end()?;
    Some(number)
}

/// A position in a text that moves right with each expectation met.
///
/// Each method either consumes what it names or leaves the position alone and
/// returns `None`.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// What has not been consumed.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn end(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// Exactly these bytes.
    pub(crate) fn tag(&mut self, tag: &[u8]) -> Option<()> {
        starts_with(self.rest, tag).then_some(())?;
        self.rest = self.rest.get(tag.len()..)?;
        Some(())
    }

    /// Exactly this byte.
    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == byte).then(|| self.rest = rest)
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// The longest run of bytes that `keep` accepts; it may be empty.
    pub(crate) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().take_while(|byte| keep(**byte)).count();
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// As [`Self::take_while`], but at least one byte.
    pub(crate) fn take_some(&mut self, keep: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let taken = self.take_while(keep);
        (!taken.is_empty()).then_some(taken)
    }

    /// Everything up to `end`, which is consumed too.
    pub(crate) fn until(&mut self, end: &[u8]) -> Option<&'a [u8]> {
        let (before, rest) = split_once(self.rest, end)?;
        self.rest = rest;
        Some(before)
    }

    pub(crate) fn blanks(&mut self) {
        self.rest = trim_start(self.rest);
    }

    /// A decimal number that fits 64 bits.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut ahead = *self;
        let digits = ahead.take_some(|byte| byte.is_ascii_digit())?;
        let number = digits.iter().try_fold(0_u64, |number, digit| {
            // As `checked_mul(10)`, for which WebAssembly multiplies 128 bits in a function.
            let tenfold = (number <= u64::MAX / 10).then_some(number.wrapping_mul(10))?;
            tenfold.checked_add(u64::from(digit.wrapping_sub(b'0')))
        })?;
        *self = ahead;
        Some(number)
    }

    /// A decimal number with an optional minus sign.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let mut ahead = *self;
        let negative = ahead.tag(b"-").is_some();
        let number = i64::try_from(ahead.unsigned()?).ok()?;
        *self = ahead;
        Some(if negative {
            number.saturating_neg()
        } else {
            number
        })
    }

    /// A process id as the kernel prints it.
    pub(crate) fn pid(&mut self) -> Option<u32> {
        let mut ahead = *self;
        let pid = u32::try_from(ahead.unsigned()?).ok()?;
        *self = ahead;
        Some(pid)
    }
}
