//! What the properties share: a filter, and records through it.

mod keys;
pub mod shared;
pub mod taken_away;

use oom_filter::{Filter, Mode, Outcome, RecordContext};
use proptest::prelude::ProptestConfig;

pub use keys::FLUENT_BIT as KEYS;

/// Cases of each property: few for a person who waits, many where `CI` is set, and any number by
/// `PROPTEST_CASES`.
pub fn config() -> ProptestConfig {
    let is_set = |variable| std::env::var_os(variable).is_some();
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: match (is_set("PROPTEST_CASES"), is_set("CI")) {
            (true, _) => default.cases,
            (false, true) => 512,
            (false, false) => 32,
        },
        // A failure is minimised and printed; it becomes a suite, not a file of seeds.
        failure_persistence: None,
        ..default
    }
}

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
        let context = RecordContext {
            tag,
            ..RecordContext::default()
        };
        match filter.process(mode, record, &context) {
            Outcome::Unchanged => out.push(record.clone()),
            Outcome::Dropped => {}
            Outcome::Replaced(text) => out.push(text),
        }
    }
    out
}
