//! Loki's push request: the line is the kernel's text, and what is added becomes structured
//! metadata.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::added::{Added, Envelope, IDENTITY, oom_of_pieces, text};
use super::reader::{Reader, RecordFate};
use crate::json::{self, Edits, Members};
use crate::settings::Settings;

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
pub(super) const ENTRY: &[u8] = b"{[{[[";

/// Labels that say how severe a line is: the lines of one report differ in it, and a shipper that
/// makes a label of it divides the report between streams.
const SEVERITY: [&str; 4] = ["level", "severity", "priority", "detected_level"];

/// The label that tells a container's outputs apart: what is in one is not the kernel's.
const OUTPUT: &str = "stream";

/// What an entry of structured metadata begins with that is ours.
const PREFIX: &str = "oom_";

/// A line and what stands beside it.
struct Entry<'a> {
    raw: &'a RawValue,
    stream: u64,
    /// The label of that name: which of a container's outputs it was.
    output: Option<&'a RawValue>,
    /// Nanoseconds since 1970.
    time: Option<u64>,
    fate: RecordFate,
}

/// What is to be changed in a push request; `None` where it is none.
pub(super) fn read(reader: &mut Reader<'_>, body: &[u8]) -> Option<Edits> {
    let push: Push<'_> = serde_json::from_slice(body).ok()?;
    let sender = reader.sender;
    let mut entries = Vec::new();
    let mut streams = Vec::with_capacity(push.streams.len());
    for Stream { stream, values } in &push.streams {
        let output = stream.as_ref().and_then(|labels| labels.get(OUTPUT));
        let stream = name(sender.stream, stream.as_ref());
        let begin = entries.len();
        entries.extend(values.iter().map(|raw| Entry {
            raw,
            stream,
            output,
            time: time(raw),
            fate: RecordFate::Same,
        }));
        streams.push(begin..entries.len());
    }
    // What is one report may be divided between streams, in any order: the time of an entry tells.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    if entries.iter().all(|entry| entry.time.is_some()) {
        order.sort_by_key(|number| entries.get(*number).and_then(|entry| entry.time));
    }
    for number in order {
        if let Some(entry) = entries.get_mut(number) {
            reader.sender.stream = entry.stream;
            let (raw, output) = (entry.raw, entry.output);
            let envelope = |settings: &Settings| envelope(raw, output, &settings.text_keys);
            entry.fate = reader.entry(raw.get().as_bytes(), envelope, write);
        }
    }
    reader.sender = sender;
    let mut edits = Edits::default();
    for range in streams {
        let entries = entries.get_mut(range).unwrap_or_default();
        let places: Vec<_> = entries
            .iter()
            .map(|entry| {
                let place = json::place(body, entry.raw.get());
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

/// Which stream it is: its sender, and its labels but those of severity.
fn name(sender: u64, labels: Option<&Members<'_>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    sender.hash(&mut hasher);
    let mut labels: Vec<_> = labels.iter().flat_map(|labels| &labels.0).collect();
    labels.sort_by_key(|(key, _)| key.clone());
    for (key, value) in labels {
        if !SEVERITY.iter().any(|name| key.eq_ignore_ascii_case(name)) {
            key.hash(&mut hasher);
            value.get().hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn time(entry: &RawValue) -> Option<u64> {
    let text = entry.get().strip_prefix('[')?.trim_ascii_start();
    text.strip_prefix('"')?.split_once('"')?.0.parse().ok()
}

fn envelope(entry: &RawValue, output: Option<&RawValue>, text_keys: &[String]) -> Option<Envelope> {
    let parts: Vec<&RawValue> = serde_json::from_str(entry.get()).ok()?;
    let (line, metadata) = match parts.as_slice() {
        [_, line] => (line, None),
        [_, line, metadata] => (line, Some(Members::read(metadata.get().as_bytes())?)),
        _ => return None,
    };
    if !json::is_string(line) {
        return None;
    }
    let metadata = || metadata.iter().flat_map(|metadata| &metadata.0);
    let has_oom = metadata().any(|(key, _)| key.starts_with(PREFIX));
    let oom = has_oom.then(|| {
        oom_of_pieces(|names| {
            let name = format!("{PREFIX}{}", names.join("_"));
            let (_, value) = metadata().find(|(key, _)| *key == name)?;
            serde_json::from_str(value.get()).ok()
        })
    });
    let oom = oom.as_deref().map(|oom| ("oom", oom));
    let beside = output
        .map(|output| (OUTPUT, output.get()))
        .into_iter()
        .chain(oom);
    // What names the victim already is not named anew.
    let identity = metadata().filter_map(|(key, value)| {
        let name = IDENTITY
            .into_iter()
            .find(|name| underscored(name) == *key)?;
        Some((name, value.get()))
    });
    let original = entry.get().as_bytes();
    // A line may be a record itself, as JSON: it says more than its text.
    let decoded: String = serde_json::from_str(line.get()).ok()?;
    let Some(record) = Members::read(decoded.as_bytes()) else {
        return Some(Envelope::new(original, line, identity.chain(beside)));
    };
    let text = text(&record, text_keys)?;
    let members = record.0.iter().map(|(key, value)| (&**key, value.get()));
    let others = members.chain(identity).chain(beside);
    Some(Envelope::new(original, text, others))
}

/// The entry with what was added in its structured metadata.
fn write(added: &Added<'_>) -> Option<Vec<u8>> {
    let parts: Vec<&RawValue> = serde_json::from_str(added.original).ok()?;
    let mut pairs = Vec::new();
    for (key, value) in added.identity() {
        pairs.push((underscored(key), serde_json::from_str(value).ok()?));
    }
    flatten("oom", serde_json::from_str(added.oom()?).ok()?, &mut pairs);
    let mut inside = Vec::new();
    for (key, value) in &pairs {
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
            let place = json::place(added.original.as_bytes(), metadata.get());
            let mut edits = Edits::default();
            edits.replace(place, json::insert_at_end(metadata.get(), &inside));
            edits.apply(added.original.as_bytes())?
        }
    })
}

/// OpenTelemetry's names as Loki itself writes them.
fn underscored(name: &str) -> String {
    name.replace('.', "_")
}

/// An object as pairs of strings: `oom_victim_pid`. An array stays JSON.
fn flatten(key: &str, value: Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&format!("{key}_{name}"), value, pairs);
            }
        }
        Value::String(text) => pairs.push((key.to_owned(), text)),
        other => pairs.push((key.to_owned(), other.to_string())),
    }
}
