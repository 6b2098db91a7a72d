//! Loki's push request as protobuf, packed by snappy: pkg/push of its repository. Promtail, Alloy and
//! Loki's own clients send it so.

use std::ops::Range;

use super::super::added::Added;
use super::super::protobuf::{
    Value, all, bytes_of, edit, fields, is_message, last, push_bytes, text_of,
};
use super::super::reader::{Reader, RecordFate};
use super::{Encoding, Entry, OUTPUT, Parts, name, pairs};
use crate::json::push_string;
use crate::tally::UnreadReason;

/// Fields by their numbers: of a request,
const STREAMS: u64 = 1;
/// of a stream,
const LABELS: u64 = 1;
const ENTRIES: u64 = 2;
/// of an entry,
const TIMESTAMP: u64 = 1;
const LINE: u64 = 2;
const METADATA: u64 = 3;
/// of a timestamp,
const SECONDS: u64 = 1;
const NANOSECONDS: u64 = 2;
/// and of a pair in the metadata.
const NAME: u64 = 1;
const TEXT: u64 = 2;

const PROTOBUF: Encoding = Encoding { parts, write };

/// What takes the place of a whole packed request; nothing where it stays.
///
/// # Errors
///
/// Why it is not read.
pub(in super::super) fn read(
    reader: &mut Reader<'_>,
    packed: &[u8],
) -> Result<Option<Vec<u8>>, UnreadReason> {
    let length = snap::raw::decompress_len(packed).map_err(|_| UnreadReason::Unreadable)?;
    if length > reader.settings.max_body_bytes {
        return Err(UnreadReason::TooLarge);
    }
    let request = snap::raw::Decoder::new().decompress_vec(packed);
    let request = request.map_err(|_| UnreadReason::Unreadable)?;
    if !is_request(&request) {
        return Err(UnreadReason::Unreadable);
    }
    let Some(request) = read_request(reader, &request) else {
        return Ok(None);
    };
    let packed = snap::raw::Encoder::new().compress_vec(&request);
    packed.map(Some).map_err(|_| UnreadReason::TooLarge)
}

/// Whether it can be read down to the fields of each entry.
fn is_request(request: &[u8]) -> bool {
    is_message(request, &|number, stream| {
        number != STREAMS
            || is_message(stream, &|number, entry| {
                number != ENTRIES || is_message(entry, &|_, _| true)
            })
    })
}

/// The request with what was found in it; `None` where nothing changes.
fn read_request(reader: &mut Reader<'_>, request: &[u8]) -> Option<Vec<u8>> {
    let streams = || all(request, STREAMS);
    if reader.ordinary() == RecordFate::Same && !reader.any_needs_reading(request) {
        let entries = streams().map(|stream| all(stream, ENTRIES).count() as u64);
        reader.count_same(entries.sum());
        return None;
    }
    let mut entries = Vec::new();
    for stream in streams() {
        let labels = std::str::from_utf8(last(stream, LABELS).unwrap_or_default());
        let labels = labels.map(labels_of).unwrap_or_default();
        let output = labels.iter().rev().find(|(name, _)| *name == OUTPUT);
        let name = name(reader.sender.stream, labels.iter().copied());
        entries.extend(all(stream, ENTRIES).map(|raw| Entry {
            raw,
            stream: name,
            output: output.map(|(_, value)| (*value).into()),
            time: time(raw),
            fate: RecordFate::Same,
        }));
    }
    super::read(reader, &mut entries, &PROTOBUF);
    // In the order in which they were found.
    let mut fates = entries.into_iter().map(|entry| entry.fate);
    edit(request, &mut |number, stream| {
        if number != STREAMS {
            return RecordFate::Same;
        }
        let changed = edit(stream, &mut |number, _| match number {
            ENTRIES => fates.next().unwrap_or(RecordFate::Same),
            _ => RecordFate::Same,
        });
        changed.map_or(RecordFate::Same, RecordFate::Replaced)
    })
}

/// The labels of a stream as they are written, `{host="a", job="b"}`: names, and values in their quotes.
fn labels_of(text: &str) -> Vec<(&str, &str)> {
    let mut labels = Vec::new();
    let mut rest = text.trim_start_matches('{');
    while let Some((name, behind)) = rest.split_once('=') {
        let Some(range) = quoted(behind) else { break };
        let value = behind.get(range.clone()).unwrap_or_default();
        labels.push((name.trim_matches([' ', ',']), value));
        rest = behind.get(range.end..).unwrap_or_default();
    }
    labels
}

/// Where the quoted text is that `text` begins with.
fn quoted(text: &str) -> Option<Range<usize>> {
    let mut is_escaped = false;
    let inside = text.strip_prefix('"')?;
    let end = inside.find(|sign| {
        let is_end = sign == '"' && !is_escaped;
        is_escaped = sign == '\\' && !is_escaped;
        is_end
    })?;
    Some(0..end.saturating_add(2))
}

fn time(entry: &[u8]) -> Option<u64> {
    let timestamp = last(entry, TIMESTAMP)?;
    let number = |wanted: u64| {
        let numbers = fields(timestamp).filter_map(|field| match field.value {
            Value::Varint(value) if field.number == wanted => Some(value),
            _ => None,
        });
        numbers.last().unwrap_or(0)
    };
    let seconds = number(SECONDS).checked_mul(1_000_000_000)?;
    seconds.checked_add(number(NANOSECONDS))
}

fn parts(entry: &[u8]) -> Option<Parts<'_>> {
    let json = |text: &str| {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).ok()
    };
    let utf8 = |message, number| std::str::from_utf8(last(message, number)?).ok();
    let metadata = all(entry, METADATA).filter_map(|pair| {
        let value = json(utf8(pair, TEXT)?)?;
        Some((utf8(pair, NAME)?.into(), value.into()))
    });
    Some(Parts {
        line: json(utf8(entry, LINE)?)?.into(),
        metadata: metadata.collect(),
        original: json(&text_of(entry))?.into(),
    })
}

/// The entry with what was added in its structured metadata.
fn write(added: &Added<'_>) -> Option<Vec<u8>> {
    let original: String = serde_json::from_str(added.original).ok()?;
    let mut entry = bytes_of(&original)?;
    for (name, text) in pairs(added)? {
        let mut pair = Vec::new();
        push_bytes(&mut pair, NAME, name.as_bytes());
        push_bytes(&mut pair, TEXT, text.as_bytes());
        push_bytes(&mut entry, METADATA, &pair);
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_loki_writes_them() {
        for (text, labels) in [
            ("{}", &[][..]),
            (
                r#"{host="a", job="b"}"#,
                &[("host", "\"a\""), ("job", "\"b\"")],
            ),
            (
                r#"{a="x=\"y\", b=\"z\"",stream="stdout"}"#,
                &[("a", r#""x=\"y\", b=\"z\"""#), ("stream", "\"stdout\"")],
            ),
            (r#"{a="\\", b="c"}"#, &[("a", r#""\\""#), ("b", "\"c\"")]),
            (r#"{a="open"#, &[]),
            ("a=b", &[]),
        ] {
            assert_eq!(labels_of(text), labels, "{text}");
        }
    }
}
