//! Just enough JSON to find fields in a record and to leave the rest alone.
//!
//! A record is somebody's evidence, so it is never parsed into values and
//! written again: numbers, key order, escapes and duplicate keys stay as they
//! are. The scanner walks the text once, without recursion, and checks all of it.

mod object;
mod string;

pub(crate) use object::{Member, Value, members};
pub(crate) use string::decode;

use alloc::vec::Vec;

use crate::bytes::is_plain;
use crate::escape::{hex_digit, hex_digits};

/// Whether `text` is exactly one JSON object and white space.
pub(crate) fn is_object(text: &[u8]) -> bool {
    members(text, |_| {}).is_some()
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // A string is JSON always.
    if let Ok(string) = serde_json::to_vec(text) {
        out.extend_from_slice(&string);
    }
}

/// How many bytes [`copy`] appends at most.
pub(crate) fn copied_length(text: &[u8]) -> usize {
    // `\\xNN`, where one byte stood.
    const LONGER: usize = 4;
    if is_plain(text) {
        return text.len();
    }
    text.iter()
        .filter(|byte| !matches!(byte, b' '..=b'~'))
        .fold(text.len(), |length, _| length.saturating_add(LONGER))
}

/// Appends `text` to `out` with what is not valid in JSON text written as the
/// characters `\xNN`: bytes that are not UTF-8, and control characters that a
/// careless host left inside a string.
///
/// `text` is JSON that [`members`] accepted, so both can only stand in strings,
/// or be white space between tokens, which is kept.
pub(crate) fn copy(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        out.extend_from_slice(text);
        return;
    }
    let mut in_string = false;
    let mut escaped = false;
    for chunk in text.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            if in_string && byte < 0x20 {
                push_hex(out, byte);
                continue;
            }
            out.push(byte);
            match byte {
                b'"' if !escaped => in_string = !in_string,
                b'\\' if in_string && !escaped => {
                    escaped = true;
                    continue;
                }
                _ => {}
            }
            escaped = false;
        }
        for byte in chunk.invalid() {
            push_hex(out, *byte);
        }
    }
}

fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"\\\\x");
    out.extend_from_slice(&hex_digits(byte));
}

/// The code unit of `\uNNNN`, from its four digits.
fn code_unit(digits: &[u8]) -> Option<u16> {
    let digits: &[u8; 4] = digits.first_chunk()?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        Some(unit.wrapping_shl(4) | u16::from(hex_digit(*digit)?))
    })
}
