//! Records of `/dev/kmsg` (`Documentation/ABI/testing/dev-kmsg`).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::text::cursor::{Cursor, unsigned};
use crate::text::printable::hex_digit;

/// What stands in front of a record's text: `6,1201,99000000,-,caller=T12;`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    /// Level and facility.
    pub(crate) priority: u64,
    pub(crate) sequence: u64,
    /// Microseconds since boot.
    pub(crate) at_us: u64,
    /// `T<tid>` or `C<cpu>`.
    pub(crate) caller: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// Reads a header. Newer kernels may add fields: the first `;` ends them.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut ahead = *cursor;
        let priority = ahead.unsigned()?;
        ahead.tag(b",")?;
        let sequence = ahead.unsigned()?;
        ahead.tag(b",")?;
        let at_us = ahead.unsigned()?;
        ahead.tag(b",")?;
        let caller = ahead
            .until(b";")?
            .split(|byte| *byte == b',')
            .find_map(|field| field.strip_prefix(b"caller="))
            .filter(|caller| is_caller(caller));
        *cursor = ahead;
        Some(Self {
            priority,
            sequence,
            at_us,
            caller,
        })
    }
}

/// Whether a text is the kernel's name of the task, `T12`, or the processor, `C3`, that printed a line.
pub(crate) fn is_caller(text: &[u8]) -> bool {
    /// Of the kernel's numbers, which have 32 bits.
    const MOST_DIGITS: usize = 10;
    matches!(text, [b'T' | b'C', number @ ..] if number.len() <= MOST_DIGITS && unsigned(number).is_some())
}

/// `text` with each `\xNN` that the device wrote turned back into its byte.
///
/// One pass: a decoded backslash is not looked at again (`append_char()` in
/// `kernel/printk/printk.c`, 3.5 and newer).
pub(crate) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    let next = |text: &[u8]| text.iter().position(|byte| *byte == b'\\');
    let Some(mut position) = next(text) else {
        return Cow::Borrowed(text);
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_at_checked(position) {
        decoded.extend_from_slice(before);
        rest = match escape {
            [b'\\', b'x', high, low, after @ ..]
                if let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) =>
            {
                decoded.push(high.wrapping_shl(4) | low);
                after
            }
            [backslash, after @ ..] => {
                decoded.push(*backslash);
                after
            }
            [] => break,
        };
        position = next(rest).unwrap_or(rest.len());
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_exactly_once() {
        assert_eq!(*decode(br"foo\x5cx2dbar"), *br"foo\x2dbar");
        assert_eq!(*decode(br"caf\xc3\xa9 \x0a"), *b"caf\xc3\xa9 \n");
        assert_eq!(*decode(br"\x \xzz \"), *br"\x \xzz \");
    }

    #[test]
    fn a_caller_is_a_task_s_or_a_processor_s_number() {
        for (fields, caller) in [
            ("-,caller=T12", Some("T12")),
            ("-,caller=C4294967295", Some("C4294967295")),
            ("-,caller=T00000000012", None),
            ("-,caller=X1", None),
            ("-,caller=T", None),
            ("-", None),
        ] {
            let record = [b"6,7,8,", fields.as_bytes(), b";a"].concat();
            let header = Header::read(&mut Cursor::new(&record)).expect("a header");
            assert_eq!(header.caller, caller.map(str::as_bytes), "{fields}");
        }
    }
}
