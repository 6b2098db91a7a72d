//! Loki's push request as JSON.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::added::Added;
use super::super::reader::{Reader, RecordFate};
use super::{Encoding, Entry, OUTPUT, Parts, name, pairs};
use crate::json::{self, Edits, Members};

#[derive(Deserialize)]
struct Push<'a> {
    #[serde(borrow)]
    streams: Vec<Stream<'a>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow)]
    stream: Option<Members<'a>>,
    #[serde(borrow)]
    values: Vec<&'a RawValue>,
}

/// The brackets around an entry: of the request, its streams, one of them, its values, the entry.
pub(in super::super) const ENTRY: &[u8] = b"{[{[[";

const JSON: Encoding = Encoding { parts, write };

/// What is to be changed in a push request; `None` where it is none.
pub(in super::super) fn read(reader: &mut Reader<'_>, body: &[u8]) -> Option<Edits> {
    let push: Push<'_> = serde_json::from_slice(body).ok()?;
    let mut entries = Vec::new();
    let mut streams = Vec::with_capacity(push.streams.len());
    for Stream { stream, values } in &push.streams {
        let output = stream.as_ref().and_then(|labels| labels.get(OUTPUT));
        let labels = stream.iter().flat_map(Members::pairs);
        let stream = name(reader.sender.stream, labels);
        let begin = entries.len();
        entries.extend(values.iter().map(|raw| Entry {
            raw: raw.get().as_bytes(),
            stream,
            output: output.map(|output| output.get().into()),
            time: time(raw),
            fate: RecordFate::Same,
        }));
        streams.push(begin..entries.len());
    }
    super::read(reader, &mut entries, &JSON);
    let mut edits = Edits::default();
    for range in streams {
        let entries = entries.get_mut(range).unwrap_or_default();
        let places: Vec<_> = entries
            .iter()
            .map(|entry| {
                let place = json::place(body, entry.raw);
                (place, entry.fate != RecordFate::Dropped)
            })
            .collect();
        edits.keep(&places);
        for (entry, (place, _)) in entries.iter_mut().zip(places) {
            if let RecordFate::Replaced(text) = std::mem::replace(&mut entry.fate, RecordFate::Same)
            {
                edits.replace(place, text);
            }
        }
    }
    Some(edits)
}

fn time(entry: &RawValue) -> Option<u64> {
    let text = entry.get().strip_prefix('[')?.trim_ascii_start();
    text.strip_prefix('"')?.split_once('"')?.0.parse().ok()
}

fn parts(entry: &[u8]) -> Option<Parts<'_>> {
    let parts: Vec<&RawValue> = serde_json::from_slice(entry).ok()?;
    let (line, metadata) = match parts.as_slice() {
        [_, line] => (line, Vec::new()),
        [_, line, metadata] => (line, Members::read(metadata.get().as_bytes())?.0),
        _ => return None,
    };
    if !json::is_string(line) {
        return None;
    }
    let metadata = metadata.into_iter();
    Some(Parts {
        line: line.get().into(),
        metadata: metadata
            .map(|(key, value)| (key, value.get().into()))
            .collect(),
        original: std::str::from_utf8(entry).ok()?.into(),
    })
}

/// The entry with what was added in its structured metadata.
fn write(added: &Added<'_>) -> Option<Vec<u8>> {
    let parts: Vec<&RawValue> = serde_json::from_str(added.original).ok()?;
    let mut inside = Vec::new();
    for (key, value) in &pairs(added)? {
        if !inside.is_empty() {
            inside.push(b',');
        }
        json::push_string(&mut inside, key);
        inside.push(b':');
        json::push_string(&mut inside, value);
    }
    Some(match parts.get(2) {
        None => json::insert_at_end(added.original, &[b",{", inside.as_slice(), b"}"].concat()),
        Some(metadata) => {
            if !json::is_empty(metadata.get()) {
                inside.insert(0, b',');
            }
            let place = json::place(added.original.as_bytes(), metadata.get().as_bytes());
            let mut edits = Edits::default();
            edits.replace(place, json::insert_at_end(metadata.get(), &inside));
            edits.apply(added.original.as_bytes())?
        }
    })
}
