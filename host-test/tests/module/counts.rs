//! What a record costs, counted: a filter that became slower fails with the row that did.
//!
//! The counts are WebAssembly instructions, which are the same on every machine. They are of one pass over
//! each kind of record in `benches/speed/records.rs`. `cargo xtask bench --store` stores them anew, as does
//! `BLESS=1`.

#[path = "../../benches/speed/fuel.rs"]
mod fuel;
#[path = "../../benches/speed/records.rs"]
#[allow(dead_code, reason = "the rest is for the tables of the benchmark")]
mod records;

use std::collections::BTreeMap;
use std::fs;

use crate::runs::{module, top};
use oom_suite::trial::Trial;
use oom_suite::trials;

/// Counts by function, and of that by kind of record.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// The functions whose counts are kept.
const FUNCTIONS: [&str; 2] = ["oom_annotate", "oom_rewrite"];
/// Instructions more than stored, in thousandths, from which on a row is slower.
const SLOWER: u64 = 1020;
/// The same for a row that became faster, and whose count is to be stored lest it creep back.
const FASTER: u64 = 950;

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        no_record_costs_more_than_it_did,
        a_row_that_differs_is_named
    ]
}

fn no_record_costs_more_than_it_did() {
    let mut counts = Counts::new();
    for function in FUNCTIONS {
        let row = counts.entry(function.to_owned()).or_default();
        for kind in records::kinds() {
            let count = fuel::of_pass(module(), function, &kind);
            let count = count.unwrap_or_else(|error| panic!("{function}, {}: {error}", kind.name));
            row.insert(kind.name.to_owned(), count);
        }
    }
    let file = top().join("host-test/benches/counts.json");
    if std::env::var_os("BLESS").is_some() {
        let text = serde_json::to_string_pretty(&counts).expect("numbers");
        return fs::write(&file, text + "\n").expect("the counts can be written");
    }
    let stored = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let stored: Counts = serde_json::from_slice(&stored).expect("the file holds counts");
    let wrong = differences(&stored, &counts);
    assert!(
        wrong.is_empty(),
        "{}\n`cargo xtask bench --store` stores these counts, `cargo xtask bench` shows the times",
        wrong.join("\n")
    );
}

/// Every row that is not what was stored, as a sentence.
fn differences(stored: &Counts, counts: &Counts) -> Vec<String> {
    let rows = |counts: &Counts| -> BTreeMap<(String, String), u64> {
        let mut rows = BTreeMap::new();
        for (function, kinds) in counts {
            for (kind, count) in kinds {
                rows.insert((function.clone(), kind.clone()), *count);
            }
        }
        rows
    };
    let (mut stored, counts) = (rows(stored), rows(counts));
    let mut wrong = Vec::new();
    for (row, count) in counts {
        let name = format!("{}, {}", row.0, row.1);
        match stored.remove(&row) {
            None => wrong.push(format!(
                "{name}: {count} instructions, and no count is stored"
            )),
            Some(known) if count * 1000 > known * SLOWER => wrong.push(format!(
                "{name} is slower: {count} instructions, {known} are stored"
            )),
            Some(known) if count * 1000 < known * FASTER => wrong.push(format!(
                "{name} is faster: {count} instructions, {known} are stored; store the new count"
            )),
            Some(_) => {}
        }
    }
    let gone = stored.into_keys();
    wrong.extend(
        gone.map(|(function, kind)| format!("{function}, {kind}: is stored, but not counted")),
    );
    wrong
}

fn a_row_that_differs_is_named() {
    let counts = |annotate: u64, rewrite: u64| -> Counts {
        let row = |count| BTreeMap::from([("a kill".to_owned(), count)]);
        BTreeMap::from([
            ("oom_annotate".to_owned(), row(annotate)),
            ("oom_rewrite".to_owned(), row(rewrite)),
        ])
    };
    let stored = counts(1000, 1000);
    assert_eq!(differences(&stored, &counts(1020, 950)), [""; 0]);
    assert_eq!(
        differences(&stored, &counts(1021, 949)),
        [
            "oom_annotate, a kill is slower: 1021 instructions, 1000 are stored",
            "oom_rewrite, a kill is faster: 949 instructions, 1000 are stored; store the new count",
        ]
    );
    let mut less = counts(1000, 1000);
    let row = less.remove("oom_rewrite").expect("it stands above");
    assert_eq!(
        differences(&stored, &less),
        ["oom_rewrite, a kill: is stored, but not counted"]
    );
    less.insert("oom_events".to_owned(), row);
    assert_eq!(differences(&stored, &less).len(), 2);
}
