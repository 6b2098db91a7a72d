//! Bytes that are no text: decoded where the carrier escaped them, made
//! printable where they leave.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use crate::bytes::is_plain;

/// How a carrier treats bytes that are not printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fidelity {
    /// The bytes are the kernel's own: `/dev/kmsg` once decoded. A process name
    /// is at most 15 of them.
    Exact,
    /// Unknown: the carrier may have written one byte as `\xNN`, as `#NNN`, as
    /// U+FFFD or as one of U+E080 to U+E0FF (Fluent Bit's JSON), so a process name
    /// may look longer than 15 bytes.
    Unknown,
}

/// Most bytes of a process name: `TASK_COMM_LEN` less its NUL.
const COMM_BYTES: usize = 15;

impl Fidelity {
    /// Whether `name` can be a process name of at most 15 bytes.
    pub(crate) fn fits_comm(self, name: &[u8]) -> bool {
        name.len() <= COMM_BYTES
            || (self == Self::Unknown
                // No escape is longer than four bytes for one.
                && name.len() <= COMM_BYTES.saturating_mul(4)
                && shortest_form(name) <= COMM_BYTES)
    }
}

/// How many bytes `name` was before a carrier wrote some of them as escapes.
fn shortest_form(name: &[u8]) -> usize {
    let mut rest = name;
    let mut count = 0_usize;
    while let Some((first, tail)) = rest.split_first() {
        count = count.saturating_add(1);
        rest = match (first, tail) {
            (b'\\', [b'x', high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            (
                b'#',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    after @ ..,
                ],
            ) if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit() => after,
            (0xef, [0xbf, 0xbd, after @ ..]) | (0xee, [0x82 | 0x83, 0x80..=0xbf, after @ ..]) => {
                after
            }
            _ => tail,
        };
    }
    count
}

/// `text` with each `\xNN` that `/dev/kmsg` wrote turned back into its byte.
///
/// One pass: a decoded backslash is not looked at again (kernel, `append_char`
/// in `kernel/printk/printk.c`, 3.5 and newer).
pub(crate) fn decode_kmsg(text: &[u8]) -> Cow<'_, [u8]> {
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

pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// `bytes` as text: what is not valid UTF-8, and control characters, as `\xNN`.
///
/// ```
/// assert_eq!(oom_filter::printable(b"caf\xc3\xa9 \xff\n"), "café \\xff\\x0a");
/// ```
pub fn printable(bytes: &[u8]) -> String {
    if is_plain(bytes)
        && let Ok(plain) = core::str::from_utf8(bytes)
    {
        return plain.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let mut utf8 = [0; 4];
                push_escaped(&mut text, character.encode_utf8(&mut utf8).as_bytes());
            } else {
                text.push(character);
            }
        }
        push_escaped(&mut text, chunk.invalid());
    }
    text
}

/// Adds each byte as the text `\xNN`.
pub(crate) fn push_escaped(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push_str("\\x");
        push_hex(text, &[*byte]);
    }
}

/// Adds each byte as two hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.extend(hex_digits(*byte).map(char::from));
    }
}

/// A byte as two hexadecimal digits.
pub(crate) fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |value: u8| match value {
        0..=9 => value.saturating_add(b'0'),
        _ => value.saturating_add(b'a' - 10),
    };
    [digit(byte >> 4), digit(byte & 0xf)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmsg_escapes_are_decoded_exactly_once() {
        assert_eq!(*decode_kmsg(br"foo\x5cx2dbar"), *br"foo\x2dbar");
        assert_eq!(*decode_kmsg(br"caf\xc3\xa9 \x0a"), *b"caf\xc3\xa9 \n");
        assert_eq!(*decode_kmsg(br"\x \xzz \"), *br"\x \xzz \");
    }

    #[test]
    fn an_escaped_name_may_look_longer_than_it_was() {
        assert!(Fidelity::Unknown.fits_comm(br"\x0a\x0a\x0a\x0a\x0a"));
        assert!(!Fidelity::Exact.fits_comm(br"\x0a\x0a\x0a\x0a\x0a"));
        assert!(!Fidelity::Unknown.fits_comm(b"sixteen letters!"));
        assert!(Fidelity::Unknown.fits_comm("\u{e0ff}".repeat(15).as_bytes()));
        assert!(!Fidelity::Unknown.fits_comm("\u{e0ff}".repeat(16).as_bytes()));
        assert!(
            Fidelity::Unknown
                .fits_comm("\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}".as_bytes())
        );
    }

    #[test]
    fn what_is_printed_is_one_line() {
        assert_eq!(printable("a\u{7f}\u{85}b".as_bytes()), "a\\x7f\\xc2\\x85b");
    }
}
