//! Where the kernel's text stands in a record.

use alloc::vec::Vec;

use super::decoded_key;
use super::json::{self, Value};
use super::unescape;
use crate::text::cursor::Cursor;

/// The object that a text stands in, at the top of a record, and the text's key. The likeliest first: of
/// several the first that tells of a kill is taken. No record is searched through for a text that looks right:
/// many fields hold what a visitor of a web page wrote.
const PLACES: [(&[u8], &[u8]); 24] = [
    (TOP, b"MESSAGE"),
    (TOP, MSG),
    (TOP, b"message"),
    (TOP, b"log"),
    (TOP, b"body"),
    (TOP, b"Body"),
    // CloudWatch, Cloud Logging, Azure, GELF, Loki, Splunk.
    (TOP, b"@message"),
    (TOP, b"textPayload"),
    (TOP, b"SyslogMessage"),
    (TOP, b"short_message"),
    (TOP, b"line"),
    (TOP, b"_raw"),
    (b"jsonPayload", b"MESSAGE"),
    (b"jsonPayload", b"message"),
    // OpenTelemetry: its receiver of the journal makes a map of an entry; OTLP names the type of a value.
    (b"body", b"MESSAGE"),
    (b"body", b"message"),
    (b"body", b"stringValue"),
    (b"Body", b"MESSAGE"),
    (b"Body", b"stringValue"),
    // Datadog, Splunk, Elasticsearch.
    (b"attributes", b"message"),
    (b"content", b"message"),
    (b"result", b"_raw"),
    (b"_source", b"message"),
    (b"_source", b"MESSAGE"),
];

/// Where `dmesg --json` writes it.
const MSG: &[u8] = b"msg";

const TOP: &[u8] = b"";

/// A text, as JSON holds it.
#[derive(Clone, Copy)]
enum Text<'a> {
    String(&'a [u8]),
    /// A journal message that is no UTF-8: an array of its bytes.
    Bytes(&'a [u8]),
}

/// The texts of a record.
#[derive(Default)]
pub(super) struct Texts<'a>([Option<Text<'a>>; PLACES.len()]);

impl<'a> Texts<'a> {
    /// Notes a member of the record. Whether it is a text, and so nothing else.
    pub(super) fn read(&mut self, key: &[u8], value: Value<'a>) -> bool {
        if let Value::Object(inside) = value {
            if PLACES.iter().any(|(parent, _)| *parent == key) {
                json::members_inside(inside, &mut |member| {
                    self.note(key, &decoded_key(member.key), member.value);
                });
            }
            return false;
        }
        self.note(TOP, key, value)
    }

    fn note(&mut self, parent: &[u8], key: &[u8], value: Value<'a>) -> bool {
        let is_place = |place: &(&[u8], &[u8])| place.1 == key && place.0 == parent;
        let at = PLACES.iter().position(is_place);
        let Some(slot) = at.and_then(|at| self.0.get_mut(at)) else {
            return false;
        };
        *slot = match value {
            Value::String(text) => Some(Text::String(text)),
            Value::Array(text) => Some(Text::Bytes(text)),
            _ => None,
        };
        slot.is_some()
    }

    /// Whether one stands where `dmesg --json` writes it.
    pub(super) fn has_msg(&self) -> bool {
        let mut places = PLACES.iter().zip(self.0);
        places.any(|((parent, key), text)| text.is_some() && (*parent, *key) == (TOP, MSG))
    }

    /// Those that may be the kernel's, in the order they are to be tried.
    pub(super) fn decoded(&self) -> impl Iterator<Item = Vec<u8>> + use<'a> {
        self.0.into_iter().flatten().filter_map(|text| match text {
            Text::String(raw) => Some(unescape::decode(raw)),
            Text::Bytes(raw) => byte_array(raw),
        })
    }
}

/// `79,117,116`, each a byte.
fn byte_array(text: &[u8]) -> Option<Vec<u8>> {
    text.split(|byte| *byte == b',')
        .map(|number| {
            let mut cursor = Cursor::new(number);
            cursor.blanks();
            let byte = u8::try_from(cursor.unsigned()?).ok()?;
            cursor.blanks();
            cursor.end().map(|()| byte)
        })
        .collect()
}
