//! What the targets share: how bytes become records, and what every output must be.

use oom_filter::{Filter, Mode, Outcome, RecordContext};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[path = "../../filter/tests/common/keys.rs"]
mod keys;
#[path = "../../filter/tests/common/taken_away.rs"]
pub mod taken_away;

pub use keys::FLUENT_BIT as KEYS;

/// Every mode.
pub const MODES: [Mode; 3] = [Mode::Annotate, Mode::Rewrite, Mode::Events];

/// A record, and the tag it came by.
#[derive(Debug)]
pub struct Tagged {
    /// The stream.
    pub tag: &'static [u8],
    /// The record's bytes.
    pub record: Vec<u8>,
}

/// Lines as records, the form and the stream of each by its first byte:
///
/// - `r`, `R`: the rest of the line is the record
/// - `k`, `K`: a line of `/dev/kmsg`, as Fluent Bit's kmsg input shapes it
/// - `t`, `T` and any other: the text of a record, as Fluent Bit's tail input shapes it
///
/// A capital is the second stream's.
pub fn records(data: &[u8]) -> Vec<Tagged> {
    data.split(|byte| *byte == b'\n')
        .filter_map(<[u8]>::split_first)
        .map(|(form, rest)| Tagged {
            tag: if form.is_ascii_uppercase() {
                b"other"
            } else {
                b"one"
            },
            record: match form.to_ascii_lowercase() {
                b'r' => rest.to_vec(),
                b'k' => kmsg(rest),
                _ => log(rest),
            },
        })
        .collect()
}

/// A line of text in a record.
pub fn log(text: &[u8]) -> Vec<u8> {
    json!({ "log": String::from_utf8_lossy(text) })
        .to_string()
        .into_bytes()
}

/// `pri,seq,usec,flags;text`; numbers that are missing or none are 0.
fn kmsg(line: &[u8]) -> Vec<u8> {
    let line = String::from_utf8_lossy(line);
    let (fields, text) = line.split_once(';').unwrap_or(("", &line));
    let mut numbers = fields
        .split(',')
        .map(|field| field.parse::<u64>().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    let (priority, sequence, at_us) = (next() & 7, next(), next());
    json!({
        "priority": priority,
        "sequence": sequence,
        "sec": at_us / 1_000_000,
        "usec": at_us % 1_000_000,
        "msg": text,
    })
    .to_string()
    .into_bytes()
}

/// What became of a record.
#[derive(Debug, Eq, PartialEq)]
pub enum After {
    /// Its own bytes leave.
    Same,
    /// Nothing leaves.
    Nothing,
    /// These bytes leave in its place.
    Written(Vec<u8>),
}

impl After {
    /// The kill that was written into the record.
    pub fn kill(&self) -> Option<Value> {
        let Self::Written(text) = self else {
            return None;
        };
        taken_away::oom(text).filter(|oom| oom["event"] == "kill")
    }

    /// The bytes that leave, `record` being those that came.
    pub fn bytes<'a>(&'a self, record: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Same => Some(record),
            Self::Nothing => None,
            Self::Written(text) => Some(text),
        }
    }
}

/// Runs one record, holds what leaves to what was promised of it, and gives it.
pub fn run(filter: &mut Filter, mode: Mode, tagged: &Tagged) -> After {
    let Tagged { tag, record } = tagged;
    let arrival = RecordContext {
        tag,
        ..RecordContext::default()
    };
    match filter.process(mode, record, &arrival) {
        Outcome::Unchanged => After::Same,
        Outcome::Dropped => {
            assert_ne!(mode, Mode::Annotate, "lost");
            After::Nothing
        }
        Outcome::Replaced(text) => {
            is_record(&text, is_one_line(record));
            if mode == Mode::Annotate && is_object(record) && has_no_control(record) {
                assert!(
                    taken_away::only_ours_was_added(record, &text, &KEYS),
                    "more than our keys differs"
                );
            }
            After::Written(text)
        }
    }
}

/// A record that was written: one JSON object with an `oom` of ours, in one line where it came in one.
pub fn is_record(text: &[u8], in_one_line: bool) {
    assert!(!in_one_line || is_one_line(text), "more than one line");
    assert!(is_object(text), "not one JSON object");
    assert!(taken_away::oom(text).is_some(), "written for nothing");
}

/// Whether the text is one JSON object, as serde_json sees it: half of a surrogate pair is an escape
/// like any other, and no depth is too much.
pub fn is_object(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| {
        serde_json::from_str::<IgnoredAny>(text).is_ok() && text.trim_start().starts_with('{')
    })
}

fn is_one_line(record: &[u8]) -> bool {
    !record.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether no control character stands in the record, where careless hosts leave them in strings.
fn has_no_control(record: &[u8]) -> bool {
    !record.iter().any(u8::is_ascii_control)
}
