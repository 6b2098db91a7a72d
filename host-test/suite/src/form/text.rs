//! Plain lines, wrapped as Fluent Bit's `tail` does: `{"log":"..."}`.

use super::{Content, Form, Item, Record, push_string};

/// The form.
pub(super) struct Text;

impl Form for Text {
    fn line(&mut self, number: u64, line: &[u8]) -> Option<Item> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut json = Vec::with_capacity(line.len() + 16);
        json.extend_from_slice(b"{\"log\":");
        push_string(&mut json, line);
        json.push(b'}');
        let content = Content::Record(Record {
            json,
            uptime_us: None,
        });
        Some(Item {
            line: number,
            content,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Form, Text};

    fn wrap(line: &[u8]) -> String {
        match Text.line(1, line).unwrap().content {
            Content::Record(record) => String::from_utf8(record.json).unwrap(),
            Content::Foreign(line) => panic!("{line:?}"),
        }
    }

    #[test]
    fn wraps_what_a_line_may_hold() {
        assert_eq!(
            wrap(b"a \"quoted\" \\ line"),
            r#"{"log":"a \"quoted\" \\ line"}"#
        );
        assert_eq!(wrap(b"dos\r"), r#"{"log":"dos"}"#);
        assert_eq!(wrap(b""), r#"{"log":""}"#);
        assert_eq!(wrap(b"\0\x1b"), r#"{"log":"\u0000\u001b"}"#);
        assert_eq!(
            wrap(b"caf\xc3\xa9 \xff."),
            "{\"log\":\"caf\u{e9} \u{fffd}.\"}"
        );
    }
}
