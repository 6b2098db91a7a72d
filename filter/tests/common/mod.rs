//! What the properties share: a filter, and records through it.

mod keys;

use oom_filter::{Filter, Mode, Outcome, RecordContext};

pub use keys::FLUENT_BIT as KEYS;

/// What leaves, in order.
pub fn run(mode: Mode, records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    run_tagged(mode, records.iter().map(|record| (&b"tag"[..], record)))
}

/// The same for records of several tags.
pub fn run_tagged<'a>(
    mode: Mode,
    records: impl Iterator<Item = (&'a [u8], &'a Vec<u8>)>,
) -> Vec<Vec<u8>> {
    let mut filter = Filter::new(KEYS);
    let mut out = Vec::new();
    for (tag, record) in records {
        let context = RecordContext { tag, time_us: None };
        match filter.process(mode, record, &context) {
            Outcome::Unchanged => out.push(record.clone()),
            Outcome::Dropped => {}
            Outcome::Replaced(text) => out.push(text),
        }
    }
    out
}
