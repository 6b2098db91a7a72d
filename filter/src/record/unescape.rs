//! The bytes a JSON string stands for.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::json::code_unit;

/// Decodes the text between the quotes of a JSON string that was checked.
///
/// A surrogate without its partner becomes U+FFFD, as it stands for no
/// character; bytes that are not UTF-8 stay as they are.
pub(crate) fn decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') {
        return Cow::Borrowed(raw);
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(position) = rest.iter().position(|byte| *byte == b'\\') {
        let (plain, escape) = rest.split_at_checked(position).unwrap_or((rest, &[]));
        decoded.extend_from_slice(plain);
        let Some(([_, kind], after)) = escape.split_first_chunk::<2>() else {
            return Cow::Owned(decoded);
        };
        rest = match kind {
            b'u' => unicode(&mut decoded, after),
            kind => {
                decoded.push(match kind {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
                after
            }
        };
    }
    decoded.extend_from_slice(rest);
    Cow::Owned(decoded)
}

/// Decodes what follows `\u`, with the second half of a surrogate pair where
/// there is one, and returns the text behind it.
fn unicode<'a>(decoded: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
    let (first, after) = text.split_at_checked(4).unwrap_or((text, &[]));
    let first = code_unit(first).unwrap_or(0xfffd);
    let pair = after
        .strip_prefix(b"\\u")
        .and_then(|low| low.split_at_checked(4))
        .and_then(|(low, rest)| Some((code_unit(low)?, rest)));
    let (units, length) = match pair {
        Some((low, _)) => ([first, low], 2),
        None => ([first, 0], 1),
    };
    let mut characters = char::decode_utf16(units.into_iter().take(length));
    let character = characters.next();
    let mut utf8 = [0; 4];
    let valid = match character {
        Some(Ok(character)) => character,
        _ => char::REPLACEMENT_CHARACTER,
    };
    decoded.extend_from_slice(valid.encode_utf8(&mut utf8).as_bytes());
    match pair {
        // Both halves went into one character.
        Some((_, rest)) if matches!(character, Some(Ok(_))) && characters.next().is_none() => rest,
        _ => after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_becomes_its_character() {
        for (raw, expected) in [
            (r"plain", "plain"),
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\b\f\n\r\t", "\u{8}\u{c}\n\r\t"),
            (r"\u00e9\u20ac", "é€"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"x\ud83d", "x\u{fffd}"),
            (r"\u0000", "\0"),
        ] {
            assert_eq!(*decode(raw.as_bytes()), *expected.as_bytes(), "{raw}");
        }
        assert_eq!(*decode(b"\xff\\n\xfe"), *b"\xff\n\xfe");
    }
}
