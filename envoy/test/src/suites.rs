//! The suites that every host shares, as records.

use std::fs;
use std::path::PathBuf;

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use serde_json::{Value, json};

use crate::config::top;

/// A suite: what it holds, and what it must become.
pub struct Suite {
    /// Its name.
    pub name: String,
    folder: PathBuf,
    /// Its records, in their order.
    pub records: Vec<Vec<u8>>,
    /// Each record meets a filter that knows nothing.
    pub fresh_instance: bool,
}

impl Suite {
    /// All there are.
    ///
    /// # Panics
    ///
    /// Where they are not as they should be.
    pub fn all() -> Vec<Self> {
        let folder = top().join("host-test/suites");
        let mut suites: Vec<Self> = fs::read_dir(folder)
            .expect("the suites are there")
            .map(|entry| Self::read(entry.expect("a folder can be read").path()))
            .collect();
        suites.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(suites.len() >= 30, "suites are missing");
        suites
    }

    fn read(folder: PathBuf) -> Self {
        let read = |ending: &str| fs::read(folder.join("input").with_extension(ending)).ok();
        let lines = |text: Vec<u8>, wrap: fn(&[u8]) -> Vec<u8>| -> Vec<Vec<u8>> {
            let text = text.strip_suffix(b"\n").unwrap_or(&text);
            text.split(|byte| *byte == b'\n').map(wrap).collect()
        };
        let records = if let Some(text) = read("log") {
            lines(text, |line| {
                json!({ "log": String::from_utf8_lossy(line) })
                    .to_string()
                    .into_bytes()
            })
        } else if let Some(text) = read("ndjson") {
            lines(text, <[u8]>::to_vec)
        } else {
            let text = read("kmsg").expect("an input");
            // Lines of a record's dictionary begin with a space.
            let text = String::from_utf8_lossy(&text).replace("\n ", "\0 ");
            lines(text.into_bytes(), kmsg)
        };
        Self {
            name: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            fresh_instance: folder.join("fresh-instance").exists(),
            records,
            folder,
        }
    }

    /// The `oom` objects that Fluent Bit's module adds, in their order; none for a suite whose
    /// records are too many to be kept.
    ///
    pub fn expected(&self, mode: Mode) -> Option<Vec<Value>> {
        let name = match mode {
            Mode::Annotate => "annotate.ndjson",
            Mode::Rewrite => "rewrite.ndjson",
            Mode::Events => "events.ndjson",
        };
        let text = fs::read_to_string(self.folder.join(name)).ok()?;
        // Not every record of a suite is JSON.
        let records = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Some(records.filter_map(oom_of).collect())
    }
}

/// A line of `/dev/kmsg` as Fluent Bit's input makes a record of it.
fn kmsg(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let (prefix, message) = text.split_once(';').expect("a line of /dev/kmsg");
    let mut numbers = prefix
        .split(',')
        .map(|number| number.parse::<u64>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let (priority, sequence, uptime) = (next() & 7, next(), next());
    json!({
        "priority": priority,
        "sequence": sequence,
        "sec": uptime / 1_000_000,
        "usec": uptime % 1_000_000,
        "msg": message.replace('\0', "\n"),
    })
    .to_string()
    .into_bytes()
}

/// The `oom` object of a record that has one.
pub fn oom_of(mut record: Value) -> Option<Value> {
    Some(record.get_mut("oom")?.take())
}

/// What a new filter makes of records, as a Rust library: of each what leaves, if any does.
pub fn native(mode: Mode, records: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    records
        .iter()
        .map(
            |record| match filter.process(mode, record, &RecordContext::default()) {
                Outcome::Unchanged => Some(record.clone()),
                Outcome::Dropped => None,
                Outcome::Replaced(text) => Some(text),
            },
        )
        .collect()
}
