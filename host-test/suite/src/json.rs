//! Is this text exactly one JSON object?

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// What a text is, as far as a host cares.
#[derive(Debug, Eq, PartialEq)]
pub enum Kind {
    /// One object.
    Object,
    /// One value, but no object.
    Other,
    /// One value and then another.
    Several,
    /// Not JSON: why.
    Invalid(String),
}

/// Reads the whole text. `IgnoredAny` is skipped without recursion, so no depth of nesting is too
/// much; it also skips over bytes that are not UTF-8, which is why they are looked for first.
pub fn kind(text: &[u8]) -> Kind {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => return Kind::Invalid(error.to_string()),
    };
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match values.next() {
        None => return Kind::Invalid("no value".to_owned()),
        Some(Err(error)) => return Kind::Invalid(error.to_string()),
        Some(Ok(IgnoredAny)) => {}
    }
    match values.next() {
        None if text.trim_start().starts_with('{') => Kind::Object,
        None => Kind::Other,
        Some(Ok(IgnoredAny)) => Kind::Several,
        Some(Err(error)) => Kind::Invalid(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, kind};

    #[test]
    fn tells_an_object_from_everything_else() {
        assert_eq!(kind(b" {\"a\":[1,2.5e3,null]} \n"), Kind::Object);
        assert_eq!(kind(b"[]"), Kind::Other);
        assert_eq!(kind(b"\"{}\""), Kind::Other);
        assert_eq!(kind(b"{}{}"), Kind::Several);
        assert_eq!(kind(b"{} 1"), Kind::Several);
        for text in [
            &b""[..],
            b" ",
            b"{",
            b"{}x",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"\xff\":1}",
        ] {
            assert!(
                matches!(kind(text), Kind::Invalid(_)),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn no_depth_is_too_much() {
        let depth = 1_000_000;
        let nested = format!(
            "{}{}",
            "{\"a\":".repeat(depth),
            "0".to_owned() + &"}".repeat(depth)
        );
        assert_eq!(kind(nested.as_bytes()), Kind::Object);
    }
}
