//! Where the kernel's text stands in a record.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::decoded_key;
use super::field::Table;
use super::json::{self, Value};
use super::unescape;
use crate::text::cursor::Cursor;

/// The places of a text: its key, with that of the object at the top of the record that holds it in front. The
/// likeliest first: of several the first that tells of a kill is taken. No record is searched through for a
/// text that looks right: many fields hold what a visitor of a web page wrote.
const PLACES: Table<()> = Table::new(&[
    (b"MESSAGE", ()),
    (MSG, ()),
    (b"message", ()),
    (b"log", ()),
    (b"body", ()),
    (b"Body", ()),
    // CloudWatch, Cloud Logging, Azure, GELF, Loki, Splunk.
    (b"@message", ()),
    (b"textPayload", ()),
    (b"SyslogMessage", ()),
    (b"short_message", ()),
    (b"line", ()),
    (b"_raw", ()),
    (b"jsonPayload.MESSAGE", ()),
    (b"jsonPayload.message", ()),
    // OpenTelemetry: its receiver of the journal makes a map of an entry; OTLP names the type of a value.
    (b"body.MESSAGE", ()),
    (b"body.message", ()),
    (b"body.stringValue", ()),
    (b"Body.MESSAGE", ()),
    (b"Body.stringValue", ()),
    // Datadog, Splunk, Elasticsearch.
    (b"attributes.message", ()),
    (b"content.message", ()),
    (b"result._raw", ()),
    (b"_source.message", ()),
    (b"_source.MESSAGE", ()),
]);

/// Where `dmesg --json` writes it.
const MSG: &[u8] = b"msg";

/// A text, as JSON holds it.
#[derive(Clone, Copy)]
enum Text<'a> {
    String(&'a [u8]),
    /// A journal message that is no UTF-8: an array of its bytes.
    Bytes(&'a [u8]),
}

/// The texts of a record and the rows of their places, in the order of the rows. A record has one as a rule, and is
/// moved about: so there is no slot for each place.
#[derive(Default)]
pub(super) struct Texts<'a>(Vec<(usize, Text<'a>)>);

impl<'a> Texts<'a> {
    /// Notes a member of the record. Whether it is a text, and so nothing else.
    pub(super) fn read(&mut self, key: &[u8], value: Value<'a>) -> bool {
        let Value::Object(inside) = value else {
            return self.note(key, value);
        };
        let holds_text = |place: &[u8]| {
            let rest = place.strip_prefix(key);
            rest.is_some_and(|rest| rest.starts_with(b"."))
        };
        if PLACES.names().any(holds_text) {
            json::members_inside(inside, &mut |member| {
                let place = [key, b".", &decoded_key(member.key)].concat();
                self.note(&place, member.value);
            });
        }
        false
    }

    fn note(&mut self, place: &[u8], value: Value<'a>) -> bool {
        let Some(row) = PLACES.row(place) else {
            return false;
        };
        let text = match value {
            Value::String(text) => Some(Text::String(text)),
            Value::Array(text) => Some(Text::Bytes(text)),
            _ => None,
        };
        // Of two members of one name the later counts.
        self.0.retain(|(known, _)| *known != row);
        let Some(text) = text else {
            return false;
        };
        let at = self.0.partition_point(|(known, _)| *known < row);
        self.0.insert(at, (row, text));
        true
    }

    /// Whether one stands where `dmesg --json` writes it.
    pub(super) fn has_msg(&self) -> bool {
        let row = PLACES.row(MSG);
        self.0.iter().any(|(known, _)| Some(*known) == row)
    }

    /// Those that may be the kernel's, in the order they are to be tried.
    pub(super) fn decoded(&self) -> impl Iterator<Item = Cow<'a, [u8]>> {
        self.0.iter().filter_map(|(_, text)| match *text {
            Text::String(raw) => Some(unescape::decode(raw)),
            Text::Bytes(raw) => byte_array(raw).map(Cow::Owned),
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
