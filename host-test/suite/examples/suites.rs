//! Prints every suite as a line of JSON, for tests and commands that do not link this crate.
//!
//! `input` has a character for each byte, U+0000 to U+00FF. `records` are the records of its lines, and
//! `expected` those that must leave in each mode, with OpenTelemetry's names for identity; null where
//! not all of them are listed.

use oom_suite::{Identity, Mode, Suite};
use serde_json::json;

fn main() {
    for suite in Suite::all() {
        let records = suite.records();
        let text = |record: &Vec<u8>| String::from_utf8_lossy(record).into_owned();
        let expected = Mode::ALL.map(|mode| {
            let is_listed = suite.ooms(mode).is_some();
            is_listed.then(|| suite.expected(mode, &Identity::OPEN_TELEMETRY))
        });
        let line = json!({
            "name": suite.name,
            "form": suite.form,
            "fresh": suite.fresh,
            "input": suite.input.iter().copied().map(char::from).collect::<String>(),
            "records": records.iter().map(text).collect::<Vec<_>>(),
            "expected": { "annotate": expected[0], "rewrite": expected[1], "events": expected[2] },
        });
        println!("{line}");
    }
}
