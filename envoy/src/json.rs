//! JSON that is read in place: values as the text they stand in, and splices into that text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object in their order, each value as its text.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key.0, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Read).map(Self)
    }
}

impl<'a> Members<'a> {
    /// The members of `text`; `None` unless it is one object.
    // It is large, and called in many places.
    #[inline(never)]
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Each key with the text of its value.
    pub(crate) fn pairs(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        let members = self.0.iter();
        members.map(|(key, value)| (&**key, value.get()))
    }

    /// The last value of that key: of two, readers take the later.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().rev();
        members
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }
}

/// Whether the text is a JSON string.
pub(crate) fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// Appends a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Where `part`, which is borrowed from `whole`, stands in it.
pub(crate) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start.saturating_add(part.len())
}

/// Pieces of a text to be replaced.
#[derive(Default)]
pub(crate) struct Edits(Vec<(Range<usize>, Vec<u8>)>);

impl Edits {
    /// Puts `text` in the place of a range, which overlaps no other.
    pub(crate) fn replace(&mut self, range: Range<usize>, text: Vec<u8>) {
        self.0.push((range, text));
    }

    /// Adds the pieces of `others`, which overlap none of these.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Takes the elements of an array that are not `kept` out of it, with a separator each.
    pub(crate) fn keep(&mut self, elements: &[(Range<usize>, bool)]) {
        let mut has_kept = false;
        for (number, (range, kept)) in elements.iter().enumerate() {
            if *kept {
                has_kept = true;
                continue;
            }
            let end_before = number
                .checked_sub(1)
                .and_then(|before| elements.get(before))
                .map(|(before, _)| before.end);
            let start_behind = elements
                .get(number.saturating_add(1))
                .map(|(behind, _)| behind.start);
            let taken = match (has_kept, end_before, start_behind) {
                // The separator in front goes too.
                (true, Some(end_before), _) => end_before..range.end,
                // Nothing is left in front: the separator behind.
                (_, _, Some(start_behind)) => range.start..start_behind,
                _ => range.clone(),
            };
            self.replace(taken, Vec::new());
        }
    }

    /// The text with every piece replaced; `None` where there is nothing to replace.
    pub(crate) fn apply(mut self, text: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.sort_by_key(|(range, _)| range.start);
        let added: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut out = Vec::with_capacity(text.len().saturating_add(added));
        let mut done = 0;
        for (range, replacement) in &self.0 {
            out.extend_from_slice(text.get(done..range.start).unwrap_or_default());
            out.extend_from_slice(replacement);
            done = range.end;
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
        Some(out)
    }
}

/// `text`, which ends with the closing bracket of an array or object, with `inside` put in front of
/// that bracket.
pub(crate) fn insert_at_end(text: &str, inside: &[u8]) -> Vec<u8> {
    let end = text.len().saturating_sub(1);
    let (before, bracket) = text.split_at_checked(end).unwrap_or((text, ""));
    [before.as_bytes(), inside, bracket.as_bytes()].concat()
}

/// Whether an array or object holds nothing.
pub(crate) fn is_empty(text: &str) -> bool {
    let inside = text.len().checked_sub(1).and_then(|end| text.get(1..end));
    inside.is_none_or(|inside| inside.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_leave_with_one_separator() {
        let text = b"[1 , 2,\n3]";
        let ranges = [1..2, 5..6, 8..9];
        for (kept, expected) in [
            ([true, true, true], None),
            ([false, true, true], Some("[2,\n3]")),
            ([true, false, true], Some("[1,\n3]")),
            ([true, true, false], Some("[1 , 2]")),
            ([false, false, true], Some("[3]")),
            ([true, false, false], Some("[1]")),
            ([false, true, false], Some("[2]")),
            ([false, false, false], Some("[]")),
        ] {
            let mut edits = Edits::default();
            let elements: Vec<_> = ranges.iter().cloned().zip(kept).collect();
            edits.keep(&elements);
            let left = edits
                .apply(text)
                .map(|text| String::from_utf8(text).unwrap());
            assert_eq!(left.as_deref(), expected);
        }
    }

    #[test]
    fn members_keep_their_text() {
        let text = br#"{ "a" : 1.0e5 , "b\u0063":"x\/y","a":[ 1, 2 ] }"#;
        let members = Members::read(text).unwrap();
        assert_eq!(members.get("a").unwrap().get(), "[ 1, 2 ]");
        assert_eq!(members.get("bc").unwrap().get(), r#""x\/y""#);
        assert_eq!(
            place(text, members.get("bc").unwrap().get().as_bytes()),
            26..32
        );
        assert!(Members::read(b"[]").is_none());
    }
}
