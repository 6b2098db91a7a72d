//! Bytes as text that can be printed.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::text::cursor::is_plain;

/// The value of a hexadecimal digit.
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
        for digit in hex_digits(*byte) {
            text.push(char::from(digit));
        }
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
    fn what_is_printed_is_one_line() {
        assert_eq!(printable("a\u{7f}\u{85}b".as_bytes()), "a\\x7f\\xc2\\x85b");
    }
}
