//! Loki's push request: the line is the kernel's text, and what is added becomes structured
//! metadata.

pub(super) mod json;
pub(super) mod protobuf;
pub(super) mod snappy;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::added::{Added, Envelope, IDENTITY, oom_of_pieces, text};
use super::reader::{Reader, RecordFate};
use crate::json::Members;
use crate::settings::Settings;

/// Labels that say how severe a line is: the lines of one report differ in it, and a shipper that
/// makes a label of it divides the report between streams.
const SEVERITY: [&str; 4] = ["level", "severity", "priority", "detected_level"];

/// The label that tells a container's outputs apart: what is in one is not the kernel's.
const OUTPUT: &str = "stream";

/// What an entry of structured metadata begins with that is ours.
const PREFIX: &str = "oom_";

/// An entry among all of a request.
struct Entry<'a> {
    raw: &'a [u8],
    stream: u64,
    /// The label of that name, as JSON: which of a container's outputs it was.
    output: Option<Cow<'a, str>>,
    /// Nanoseconds since 1970.
    time: Option<u64>,
    fate: RecordFate,
}

/// A line and what stands beside it, however they are encoded: all of it as JSON.
struct Parts<'a> {
    line: Cow<'a, str>,
    metadata: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What carries the entry along.
    original: Cow<'a, str>,
}

/// How entries are encoded.
struct Encoding {
    parts: fn(&[u8]) -> Option<Parts<'_>>,
    /// Puts what was added into the entry.
    write: fn(&Added<'_>) -> Option<Vec<u8>>,
}

/// Reads entries, each with what becomes of it.
fn read(reader: &mut Reader<'_>, entries: &mut [Entry<'_>], encoding: &Encoding) {
    let sender = reader.sender;
    // What is one report may be divided between streams, in any order: the time of an entry tells.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    if entries.iter().all(|entry| entry.time.is_some()) {
        order.sort_by_key(|number| entries.get(*number).and_then(|entry| entry.time));
    }
    for number in order {
        if let Some(entry) = entries.get_mut(number) {
            reader.sender.stream = entry.stream;
            let (raw, output) = (entry.raw, entry.output.as_deref());
            let envelope =
                |settings: &Settings| (encoding.parts)(raw)?.envelope(output, &settings.text_keys);
            entry.fate = reader.entry(raw, &envelope, &mut |added| (encoding.write)(added));
        }
    }
    reader.sender = sender;
}

/// Which stream it is: its sender, and its labels but those of severity.
fn name<'m>(sender: u64, labels: impl Iterator<Item = (&'m str, &'m str)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    sender.hash(&mut hasher);
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by_key(|(key, _)| *key);
    for (key, value) in labels {
        if !SEVERITY.iter().any(|name| key.eq_ignore_ascii_case(name)) {
            key.hash(&mut hasher);
            value.hash(&mut hasher);
        }
    }
    hasher.finish()
}

impl Parts<'_> {
    /// The record that stands for the entry.
    fn envelope(&self, output: Option<&str>, text_keys: &[String]) -> Option<Envelope> {
        let metadata = || self.metadata.iter().map(|(key, value)| (&**key, &**value));
        let has_oom = metadata().any(|(key, _)| key.starts_with(PREFIX));
        let oom = has_oom.then(|| {
            oom_of_pieces(|names| {
                let name = format!("{PREFIX}{}", names.join("_"));
                let (_, value) = metadata().find(|(key, _)| *key == name)?;
                serde_json::from_str(value).ok()
            })
        });
        let oom = oom.as_deref().map(|oom| ("oom", oom));
        let output = output.map(|output| (OUTPUT, output));
        let beside = output.into_iter().chain(oom);
        // What names the victim already is not named anew.
        let identity = metadata().filter_map(|(key, value)| {
            let mut names = IDENTITY.into_iter();
            Some((names.find(|name| underscored(name) == key)?, value))
        });
        let original = self.original.as_bytes();
        // A line may be a record itself, as JSON: it says more than its text.
        let decoded: String = serde_json::from_str(&self.line).ok()?;
        let Some(record) = Members::read(decoded.as_bytes()) else {
            return Some(Envelope::new(original, &self.line, identity.chain(beside)));
        };
        let text = text(|| record.pairs(), text_keys)?;
        let others = record.pairs().chain(identity).chain(beside);
        Some(Envelope::new(original, text, others))
    }
}

/// What was added, as pairs of names and texts.
fn pairs(added: &Added<'_>) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (key, value) in added.identity() {
        pairs.push((underscored(key), serde_json::from_str(value).ok()?));
    }
    let oom = serde_json::from_str(added.oom()?).ok()?;
    flatten("oom".to_owned(), oom, &mut pairs);
    Some(pairs)
}

/// OpenTelemetry's names as Loki itself writes them.
fn underscored(name: &str) -> String {
    name.replace('.', "_")
}

/// An object as pairs of strings: `oom_victim_pid`. An array stays JSON.
fn flatten(key: String, value: Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(format!("{key}_{name}"), value, pairs);
            }
        }
        Value::String(text) => pairs.push((key, text)),
        other => pairs.push((key, other.to_string())),
    }
}
