//! Protobuf that is read in place: the fields of a message, and splices into it.
//!
//! A message is never decoded as a whole and written again: fields that nobody here knows, their order
//! and their encoding stay. Around what changes, lengths alone do.

use super::reader::RecordFate;

/// One field of a message.
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: Value<'a>,
    /// The number and the kind, as they are written.
    key: &'a [u8],
    /// All of it.
    whole: &'a [u8],
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64,
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    Fixed32,
}

/// Why there is no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoField {
    /// Its bytes are not all there.
    Incomplete,
    /// It is no protobuf.
    Malformed,
}

/// Longest varint.
const LONGEST_VARINT: usize = 10;

fn varint(data: &[u8]) -> Result<(u64, usize), NoField> {
    let mut value = 0_u64;
    let mut shift = 0_u32;
    for (number, byte) in data.iter().take(LONGEST_VARINT).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok((value, number.saturating_add(1)));
        }
        shift = shift.saturating_add(7);
    }
    Err(if data.len() < LONGEST_VARINT {
        NoField::Incomplete
    } else {
        NoField::Malformed
    })
}

/// The field that `data` begins with.
pub(super) fn first_field(data: &[u8]) -> Result<Field<'_>, NoField> {
    let (key, key_length) = varint(data)?;
    let number = key >> 3;
    if number == 0 {
        return Err(NoField::Malformed);
    }
    let rest = data.get(key_length..).unwrap_or_default();
    let (value, length) = match key & 7 {
        0 => {
            let (value, length) = varint(rest)?;
            (Value::Varint(value), length)
        }
        1 => {
            rest.first_chunk::<8>().ok_or(NoField::Incomplete)?;
            (Value::Fixed64, 8)
        }
        2 => {
            let (length, begin) = varint(rest)?;
            let length = usize::try_from(length).map_err(|_| NoField::Malformed)?;
            let end = begin.checked_add(length).ok_or(NoField::Malformed)?;
            let bytes = rest.get(begin..end).ok_or(NoField::Incomplete)?;
            (Value::Bytes(bytes), end)
        }
        5 => {
            rest.first_chunk::<4>().ok_or(NoField::Incomplete)?;
            (Value::Fixed32, 4)
        }
        _ => return Err(NoField::Malformed),
    };
    let end = key_length.saturating_add(length);
    Ok(Field {
        number,
        value,
        key: data.get(..key_length).unwrap_or_default(),
        whole: data.get(..end).unwrap_or_default(),
    })
}

impl Field<'_> {
    /// How many bytes it takes.
    pub(super) fn length(&self) -> usize {
        self.whole.len()
    }
}

/// The fields of a message; none behind one that cannot be read.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let field = first_field(rest).ok()?;
        rest = rest.get(field.length()..)?;
        Some(field)
    })
}

/// Texts, bytes and messages in the fields of that number.
pub(super) fn all(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |field| match field.value {
        Value::Bytes(bytes) if field.number == number => Some(bytes),
        _ => None,
    })
}

/// The one in the last field of that number: of two, readers take the later.
pub(super) fn last(message: &[u8], number: u64) -> Option<&[u8]> {
    all(message, number).last()
}

/// Whether all of it is fields; `below` says the same of what stands in one.
pub(super) fn is_message(message: &[u8], below: &dyn Fn(u64, &[u8]) -> bool) -> bool {
    let mut length = 0_usize;
    fields(message).all(|field| {
        length = length.saturating_add(field.length());
        match field.value {
            Value::Bytes(bytes) => below(field.number, bytes),
            _ => true,
        }
    }) && length == message.len()
}

/// The message with what `fate` makes of each text, bytes and message in it; `None` where nothing changes.
pub(super) fn edit(
    message: &[u8],
    fate: &mut dyn FnMut(u64, &[u8]) -> RecordFate,
) -> Option<Vec<u8>> {
    splice(message, &mut |number, bytes| {
        Splice::Inside(fate(number, bytes))
    })
}

/// What becomes of a field.
pub(super) enum Splice {
    /// This of what stands in it.
    Inside(RecordFate),
    /// These fields stand in its place.
    Fields(Vec<u8>),
}

/// The same where fields may become several.
pub(super) fn splice(
    message: &[u8],
    fate: &mut dyn FnMut(u64, &[u8]) -> Splice,
) -> Option<Vec<u8>> {
    let mut out = None;
    let mut done = 0_usize;
    for field in fields(message) {
        let begin = done;
        done = done.saturating_add(field.length());
        let fate = match field.value {
            Value::Bytes(bytes) => fate(field.number, bytes),
            _ => Splice::Inside(RecordFate::Same),
        };
        let is_same = matches!(fate, Splice::Inside(RecordFate::Same));
        if !is_same && out.is_none() {
            out = Some(message.get(..begin).unwrap_or_default().to_vec());
        }
        let Some(out) = &mut out else { continue };
        match fate {
            Splice::Inside(RecordFate::Same) => out.extend_from_slice(field.whole),
            Splice::Inside(RecordFate::Dropped) => {}
            Splice::Inside(RecordFate::Replaced(bytes)) => {
                out.extend_from_slice(field.key);
                push_varint(out, bytes.len() as u64);
                out.extend_from_slice(&bytes);
            }
            Splice::Fields(fields) => out.extend_from_slice(&fields),
        }
    }
    out
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a field with a number in it.
pub(super) fn push_number(out: &mut Vec<u8>, number: u64, value: u64) {
    push_varint(out, number << 3);
    push_varint(out, value);
}

/// Appends a field with a number of 64 bits that has its place in full.
pub(super) fn push_fixed(out: &mut Vec<u8>, number: u64, value: u64) {
    push_varint(out, number << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field with a text or a message in it.
pub(super) fn push_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    push_varint(out, number << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes as a text that JSON can carry: a character for each.
pub(super) fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of such a text.
pub(super) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|sign| u8::try_from(u32::from(sign)).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_all_there_or_not() {
        let mut message = Vec::new();
        push_number(&mut message, 1, 300);
        push_bytes(&mut message, 20, b"text");
        message.extend_from_slice(b"\x19\x01\0\0\0\0\0\0\0\x25\x01\0\0\0");
        let numbers: Vec<u64> = fields(&message).map(|field| field.number).collect();
        assert_eq!(numbers, [1, 20, 3, 4]);
        assert_eq!(last(&message, 20), Some(&b"text"[..]));
        assert!(is_message(&message, &|_, _| true));
        let ends = [3, 10, 19, 24];
        for end in 1..message.len() {
            let is_whole = ends.contains(&end);
            assert_eq!(is_message(&message[..end], &|_, _| true), is_whole, "{end}");
        }
        for (bytes, expected) in [
            (&b"\x08"[..], NoField::Incomplete),
            (b"\x0a\x05abc", NoField::Incomplete),
            (b"\x0b", NoField::Malformed),
            (b"\0\0", NoField::Malformed),
            (&[0xff; 11], NoField::Malformed),
            (
                b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                NoField::Malformed,
            ),
        ] {
            assert_eq!(first_field(bytes).err(), Some(expected), "{bytes:?}");
        }
    }

    #[test]
    fn an_edit_leaves_all_else() {
        // A length in more bytes than it needs, and a field that is not known.
        let message = b"\x0a\x81\0a\x98\x06\x05\x12\x01b\x0a\x01c";
        let kept = edit(message, &mut |_, _| RecordFate::Same);
        assert_eq!(kept, None);
        let changed = edit(message, &mut |number, bytes| match (number, bytes) {
            (1, b"c") => RecordFate::Replaced(b"longer".to_vec()),
            (2, _) => RecordFate::Dropped,
            _ => RecordFate::Same,
        });
        assert_eq!(
            changed.as_deref(),
            Some(&b"\x0a\x81\0a\x98\x06\x05\x0a\x06longer"[..])
        );
    }

    #[test]
    fn bytes_become_a_text_and_bytes_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes_of(&text_of(&bytes)), Some(bytes));
        assert_eq!(bytes_of("\u{100}"), None);
    }
}
