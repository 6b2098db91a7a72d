//! The filter as a Rust library, which the module is compared with.

use oom_filter::{Arrival, Filter, IdentityKeys, Mode, Outcome};
use serde_json::Value;

/// What a new filter makes of records, as a Rust library: of each what leaves, if any does.
pub fn native(mode: Mode, records: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    records
        .iter()
        .map(
            |record| match filter.process(mode, record, &Arrival::default()) {
                Outcome::Unchanged => Some(record.clone()),
                Outcome::Dropped => None,
                Outcome::Replaced(text) => Some(text),
            },
        )
        .collect()
}

/// The `oom` object of a record that has one.
pub fn oom_of(mut record: Value) -> Option<Value> {
    Some(record.get_mut("oom")?.take())
}
