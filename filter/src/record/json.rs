//! Just enough JSON to find fields in a record and to leave the rest alone.
//!
//! A record is somebody's evidence, so it is never parsed into values and written again: numbers, key order,
//! escapes and duplicate keys stay as they are. The scanner walks the text once, without recursion, and
//! checks all of it.

use alloc::vec::Vec;

use crate::text::cursor::{Cursor, is_plain};
use crate::text::printable::{hex_digit, hex_digits};

/// A member of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// The text between the quotes of the key, escapes not decoded.
    pub(crate) key: &'a [u8],
    pub(crate) value: Value<'a>,
}

/// A value, as its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// The text between the quotes.
    String(&'a [u8]),
    /// The text between the brackets.
    Array(&'a [u8]),
    /// The text between the braces.
    Object(&'a [u8]),
    /// A number, `true`, `false` or `null`.
    Plain(&'a [u8]),
}

/// Hands each top-level member of `text` to `visit`.
///
/// `None` unless `text` is exactly one JSON object and white space. More is
/// accepted inside strings than RFC 8259 allows, since hosts are careless there:
/// bytes that are not UTF-8, and control characters. Depth costs one bit of
/// memory, no stack.
pub(crate) fn members<'a>(text: &'a [u8], visit: &mut dyn FnMut(Member<'a>)) -> Option<()> {
    let mut cursor = Cursor::new(text);
    white_space(&mut cursor);
    object(&mut cursor, visit)?;
    white_space(&mut cursor);
    cursor.end()
}

fn object<'a>(cursor: &mut Cursor<'a>, visit: &mut dyn FnMut(Member<'a>)) -> Option<()> {
    cursor.byte(b'{')?;
    white_space(cursor);
    if cursor.byte(b'}').is_some() {
        return Some(());
    }
    let mut nesting = Nesting::default();
    loop {
        visit(member(cursor, &mut nesting)?);
        white_space(cursor);
        if cursor.byte(b'}').is_some() {
            return Some(());
        }
        cursor.byte(b',')?;
        white_space(cursor);
    }
}

/// Hands each member of an object to `visit`; `inside` is its text between the braces, as
/// [`Value::Object`] has it.
pub(crate) fn members_inside<'a>(inside: &'a [u8], visit: &mut dyn FnMut(Member<'a>)) {
    let mut cursor = Cursor::new(inside);
    let mut nesting = Nesting::default();
    white_space(&mut cursor);
    while let Some(member) = member(&mut cursor, &mut nesting) {
        visit(member);
        white_space(&mut cursor);
        if cursor.byte(b',').is_none() {
            return;
        }
        white_space(&mut cursor);
    }
}

/// Hands each element of an array to `visit`; `inside` is its text between the brackets, as [`Value::Array`] has
/// it.
pub(crate) fn elements_inside<'a>(inside: &'a [u8], visit: &mut dyn FnMut(Value<'a>)) {
    let mut cursor = Cursor::new(inside);
    let mut nesting = Nesting::default();
    white_space(&mut cursor);
    while let Some(element) = value(&mut cursor, &mut nesting) {
        visit(element);
        white_space(&mut cursor);
        if cursor.byte(b',').is_none() {
            return;
        }
        white_space(&mut cursor);
    }
}

fn member<'a>(cursor: &mut Cursor<'a>, nesting: &mut Nesting) -> Option<Member<'a>> {
    let key = string(cursor)?;
    colon(cursor)?;
    let value = value(cursor, nesting)?;
    Some(Member { key, value })
}

fn value<'a>(cursor: &mut Cursor<'a>, nesting: &mut Nesting) -> Option<Value<'a>> {
    let start = cursor.rest();
    match cursor.peek()? {
        b'"' => string(cursor).map(Value::String),
        open @ (b'{' | b'[') => {
            compound(cursor, nesting)?;
            let length = start.len().checked_sub(cursor.rest().len())?;
            let inside = start.get(1..length.checked_sub(1)?)?;
            Some(if open == b'{' {
                Value::Object(inside)
            } else {
                Value::Array(inside)
            })
        }
        _ => plain(cursor).map(Value::Plain),
    }
}

/// The open brackets around a position, one bit each: 1 for an object.
#[derive(Default)]
struct Nesting {
    bits: Vec<u8>,
    depth: usize,
}

impl Nesting {
    fn mask(depth: usize) -> (usize, u8) {
        (
            depth / 8,
            1_u8.wrapping_shl(u32::try_from(depth % 8).unwrap_or(0)),
        )
    }

    fn push(&mut self, object: bool) {
        let (byte, mask) = Self::mask(self.depth);
        if byte == self.bits.len() {
            self.bits.push(0);
        }
        if let Some(bits) = self.bits.get_mut(byte) {
            *bits = if object { *bits | mask } else { *bits & !mask };
        }
        self.depth = self.depth.saturating_add(1);
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn in_object(&self) -> Option<bool> {
        let (byte, mask) = Self::mask(self.depth.checked_sub(1)?);
        Some(self.bits.get(byte)? & mask != 0)
    }
}

/// Walks over one array or object, however deep.
fn compound(cursor: &mut Cursor<'_>, nesting: &mut Nesting) -> Option<()> {
    let outer = nesting.depth;
    loop {
        // At the beginning of a value.
        match cursor.peek()? {
            open @ (b'{' | b'[') => {
                let object = open == b'{';
                cursor.byte(open)?;
                nesting.push(object);
                white_space(cursor);
                if cursor.byte(if object { b'}' } else { b']' }).is_some() {
                    nesting.pop();
                } else {
                    if object {
                        key(cursor)?;
                    }
                    continue;
                }
            }
            b'"' => drop(string(cursor)?),
            _ => drop(plain(cursor)?),
        }
        // Behind a value.
        loop {
            if nesting.depth == outer {
                return Some(());
            }
            white_space(cursor);
            let object = nesting.in_object()?;
            if cursor.byte(b',').is_some() {
                white_space(cursor);
                if object {
                    key(cursor)?;
                }
                break;
            }
            cursor.byte(if object { b'}' } else { b']' })?;
            nesting.pop();
        }
    }
}

fn key(cursor: &mut Cursor<'_>) -> Option<()> {
    string(cursor)?;
    colon(cursor)
}

fn colon(cursor: &mut Cursor<'_>) -> Option<()> {
    white_space(cursor);
    cursor.byte(b':')?;
    white_space(cursor);
    Some(())
}

fn white_space(cursor: &mut Cursor<'_>) {
    if cursor.peek().is_some_and(|byte| byte <= b' ') {
        cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }
}

/// The text between the quotes.
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    cursor.byte(b'\"')?;
    let start = cursor.rest();
    loop {
        cursor.take(plain_length(cursor.rest()))?;
        if cursor.peek()? == b'"' {
            let text = start.get(..start.len().checked_sub(cursor.rest().len())?);
            cursor.byte(b'\"')?;
            return text;
        }
        cursor.byte(b'\\')?;
        let kind = cursor.peek()?;
        cursor.byte(kind)?;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => {
                code_unit(cursor.rest())?;
                cursor.tag(cursor.rest().get(..4)?)?;
            }
            _ => return None,
        }
    }
}

/// How many bytes of a string stand in front of the next quote or backslash. Most of a record is looked at by this,
/// so eight bytes at once.
fn plain_length(text: &[u8]) -> usize {
    const ONE: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    // The highest bit of each byte that is zero, and perhaps of what stands behind one.
    let zeros = |word: u64| word.wrapping_sub(ONE) & !word;
    let (words, _) = text.as_chunks();
    let is_plain = |word: &&[u8; 8]| {
        let word = u64::from_le_bytes(**word);
        (zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES)) & HIGH == 0
    };
    let whole = words.iter().take_while(is_plain).count().saturating_mul(8);
    let rest = text.get(whole..).unwrap_or_default();
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\');
    whole.saturating_add(rest.iter().take_while(is_plain).count())
}

/// A number or a literal.
fn plain<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let text = cursor
        .take_some(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))?;
    (matches!(text, b"true" | b"false" | b"null") || is_number(text)).then_some(text)
}

fn is_number(text: &[u8]) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit();
    let mut cursor = Cursor::new(text);
    let _ = cursor.byte(b'-');
    let mut number = || {
        if cursor.byte(b'0').is_none() {
            cursor.take_some(digit)?;
        }
        if cursor.byte(b'.').is_some() {
            cursor.take_some(digit)?;
        }
        if cursor.byte(b'e').or_else(|| cursor.byte(b'E')).is_some() {
            let _ = cursor.byte(b'+').or_else(|| cursor.byte(b'-'));
            cursor.take_some(digit)?;
        }
        cursor.end()
    };
    number().is_some()
}

/// Whether `text` is exactly one JSON object and white space.
pub(crate) fn is_object(text: &[u8]) -> bool {
    members(text, &mut |_| {}).is_some()
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
pub(super) fn code_unit(digits: &[u8]) -> Option<u16> {
    let digits: &[u8; 4] = digits.first_chunk()?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        Some(unit.wrapping_shl(4) | u16::from(hex_digit(*digit)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn keys(text: &str) -> Option<Vec<String>> {
        let mut keys = Vec::new();
        members(text.as_bytes(), &mut |member| {
            keys.push(String::from_utf8_lossy(member.key).into_owned());
        })?;
        Some(keys)
    }

    /// Brackets are kept eight to a byte: each of more than two bytes closes its own kind.
    #[test]
    fn brackets_close_what_they_opened_at_any_depth() {
        let kinds = |depth: usize| (0..depth).map(|at| at % 3 == 0);
        let count = |text: String| keys(&text).map(|keys| keys.len());
        for depth in [1, 7, 8, 9, 16, 17, 30] {
            let opened: String = kinds(depth)
                .map(|is_object| if is_object { "{\"a\":" } else { "[" })
                .collect();
            let closed: String = kinds(depth)
                .map(|is_object| if is_object { '}' } else { ']' })
                .rev()
                .collect();
            assert_eq!(count(format!("{opened}1{closed}")), Some(1), "{depth}");
            for wrong in 0..depth {
                let mut closed = closed.clone().into_bytes();
                closed[wrong] = if closed[wrong] == b'}' { b']' } else { b'}' };
                let closed = String::from_utf8(closed).unwrap();
                assert_eq!(count(format!("{opened}1{closed}")), None, "{depth} {wrong}");
            }
        }
    }

    #[test]
    fn objects_are_told_from_everything_else() {
        for (text, expected) in [
            ("{}", Some(0)),
            (" {\n} ", Some(0)),
            (r#"{"a":1}"#, Some(1)),
            (
                r#"{"a":[{"b":[]},{},[[]]],"c":{"d":{"e":null}},"a":-0.5e+3}"#,
                Some(3),
            ),
            (r#"{"a" : "x\"}{" , "b":true}"#, Some(2)),
            ("", None),
            ("[]", None),
            ("1", None),
            ("{}{}", None),
            (r#"{"a":1,}"#, None),
            (r#"{"a":01}"#, None),
            (r#"{"a":+1}"#, None),
            (r#"{"a":1.}"#, None),
            (r#"{"a":[1,]}"#, None),
            (r#"{"a":[1}"#, None),
            (r#"{"a":{"b":1]}"#, None),
            (r#"{"a":"\x"}"#, None),
            (r#"{"a":"\u12"}"#, None),
            (r#"{"a":"#, None),
            (r#"{"a":"b"#, None),
            (r"{a:1}", None),
            (r#"{"a":nul}"#, None),
        ] {
            assert_eq!(keys(text).map(|keys| keys.len()), expected, "{text}");
            // What serde_json accepts, the scanner accepts, and the reverse.
            let library: Result<serde_json::Map<_, _>, _> = serde_json::from_str(text);
            assert_eq!(library.is_ok(), expected.is_some(), "{text}");
        }
    }

    #[test]
    fn an_object_inside_is_read_as_one_by_itself() {
        let mut keys = Vec::new();
        members_inside(br#" "a":{"b":[1]} , "c\"":"}" "#, &mut |member| {
            keys.push(member.key);
        });
        assert_eq!(keys, [&b"a"[..], br#"c\""#]);
        members_inside(b" ", &mut |_| panic!());
    }

    #[test]
    fn a_quote_that_is_escaped_ends_no_string() {
        let mut copied = Vec::new();
        copy(&mut copied, b"{\"a\":\"\\\" \x01\",\t\"b\":\"\xff\"}");
        let expected = b"{\"a\":\"\\\" \\\\x01\",\t\"b\":\"\\\\xff\"}";
        assert_eq!(copied, expected);
    }

    #[test]
    fn depth_costs_no_stack() {
        let depth = 1_000_000;
        let mut text = String::from(r#"{"a":"#);
        text.extend((0..depth).map(|_| '['));
        text.extend((0..depth).map(|_| ']'));
        text.push('}');
        assert_eq!(keys(&text).map(|keys| keys.len()), Some(1));
    }

    #[test]
    fn a_copy_is_no_longer_than_was_said() {
        let texts: [&[u8]; 4] = [
            b"{}",
            b"{\"a\":\"\xff\xfe\"}",
            b"{\"a\":\"\x01\"}",
            "é".as_bytes(),
        ];
        for text in texts {
            let mut out = Vec::new();
            copy(&mut out, text);
            assert!(out.len() <= copied_length(text), "{text:?}");
        }
    }
}
