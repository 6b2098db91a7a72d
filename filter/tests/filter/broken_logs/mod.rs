//! Logs as they break in the field, by chance and from fixed seeds, held against what is true.
//!
//! A wrong pod is the worst fault that the filter can have; a record that names none is never wrong.
//! How much is told of the first of these logs stands in `data/broken_logs.txt`, so that a rule of attribution that
//! gets bolder or more timid is seen: `BLESS=1 cargo test -p oom-filter --test filter broken_logs` writes it anew.
//!
//! `LOGS=100000 SEED=7 cargo test --release -p oom-filter --test filter broken_logs -- --nocapture` looks at as
//! many as wanted, and prints a table; `SHOW=7` in place of both prints one log.

mod judge;
mod kernel;
mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use crate::common::shared::among_processors;
use judge::{FAULTS, Tally, judge};
use log::{Breakage, log};

/// Logs named of each fault.
const MOST_EXAMPLES: usize = 6;

/// Logs where nothing else is said; many where `CI` is set.
fn count() -> u64 {
    let few = if env::var_os("CI").is_some() {
        5_000
    } else {
        500
    };
    number("LOGS").unwrap_or(few)
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// A row of the table: what was done, to what kind of kernel.
type Row = (&'static str, Breakage);

#[test]
fn no_broken_log_names_the_wrong_pod() {
    if let Some(seed) = number("SHOW") {
        return show(&log(seed));
    }
    let seed = number("SEED").unwrap_or(0);
    let mut rows: BTreeMap<Row, Tally> = BTreeMap::new();
    let mut examples: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    let seeds = (0..count()).map(|number| seed.wrapping_add(number));
    let judged = among_processors(seeds, |seed| {
        let log = log(seed);
        let (tally, faults) = judge(&log);
        let faults = faults.into_iter().map(|(what, _)| what);
        (
            seed,
            (kind(&log), log.breakage),
            tally,
            faults.collect::<Vec<_>>(),
        )
    });
    let mut told: BTreeMap<&str, Tally> = BTreeMap::new();
    for (seed, row, tally, faults) in judged {
        let kind = row.0;
        if seed < STORED {
            told.entry(kind).or_default().add(&tally);
        }
        rows.entry(row).or_default().add(&tally);
        for what in faults {
            examples.entry((kind, what)).or_default().push(seed);
        }
    }
    println!("{}", table(&rows));
    for ((kind, what), seeds) in &examples {
        let some = &seeds[..seeds.len().min(MOST_EXAMPLES)];
        println!("{kind}: {what} is wrong in logs {some:?}");
    }
    if seed == 0 && count() >= STORED {
        held_against_the_stored(&told);
    }
    let total = |is_counted: &dyn Fn(&Row) -> bool| {
        let mut total = Tally::default();
        for (_, tally) in rows.iter().filter(|(row, _)| is_counted(row)) {
            total.add(tally);
        }
        total
    };
    let new = total(&|(kind, _)| *kind == "new");
    for what in ["pod", "container", "limit", "level", "lost"] {
        assert_eq!(new.wrong(what), 0, "{what}, 5.1 and newer");
    }
    let old = total(&|(kind, _)| matches!(*kind, "old" | "old, side by side"));
    for what in ["pod", "limit"] {
        assert_eq!(old.wrong(what), 0, "{what}, up to 5.0 with every line");
    }
    let lossy = total(&|(kind, _)| *kind == "old, lines lost");
    assert!(
        lossy.wrong("pod") <= lossy.named.div_ceil(1000),
        "{} of {} pods are wrong, up to 5.0 with lines lost",
        lossy.wrong("pod"),
        lossy.named
    );
    let whole = total(&|(kind, breakage)| *kind == "new" && *breakage == Breakage::Whole);
    assert_eq!(whole.wrong("twice"), 0);
    // The rest have no report of their own, and stand in no table that is still valid.
    assert!(
        whole.named * 100 >= whole.kills * LEAST_NAMED,
        "{} of {} kills name their pod, where nothing broke",
        whole.named,
        whole.kills
    );
}

/// Of a hundred kills in whole logs of 5.1 and newer, those that name their pod at least: the generator has the
/// kernel suppress one report in five.
const LEAST_NAMED: usize = 65;

/// Logs whose table is stored.
const STORED: u64 = 500;

/// How often each field is told, in logs of each kind.
fn held_against_the_stored(told: &BTreeMap<&str, Tally>) {
    use std::fmt::Write as _;
    let fields: BTreeSet<_> = told.values().flat_map(|tally| tally.told.keys()).collect();
    let mut text = format!("{:<36}", format!("in {STORED} broken logs"));
    for kind in told.keys() {
        write!(text, " {kind:>17}").unwrap();
    }
    text.push('\n');
    for field in fields {
        write!(text, "{field:<36}").unwrap();
        for tally in told.values() {
            let count = tally.told.get(field).copied().unwrap_or_default();
            write!(text, " {count:>17}").unwrap();
        }
        text.push('\n');
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/broken_logs.txt");
    if env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let stored = fs::read_to_string(path).unwrap_or_default();
    let changed: Vec<_> = text
        .lines()
        .filter(|line| !stored.contains(*line))
        .collect();
    assert!(
        stored == text,
        "of broken logs more or less is told than {path} says:\n{}\nBLESS=1 writes it anew",
        changed.join("\n")
    );
}

/// One log, what is true of it, and what is said of it.
fn show(log: &log::Log) {
    println!("{:?} {:?}", log.breakage, log.carrier);
    for record in &log.records {
        println!("{}", String::from_utf8_lossy(record));
    }
    for truth in &log.truths {
        println!("{truth:?}");
    }
    let (_, faults) = judge(log);
    for (what, oom) in faults {
        println!("{what} is wrong: {oom}");
    }
}

fn kind(log: &log::Log) -> &'static str {
    let is_new = |truth: &kernel::Truth| truth.kernel.is_new();
    match (log.truths.iter().all(is_new), log.breakage.loses_lines()) {
        (true, _) => "new",
        (false, false) if log.is_interleaved => "old, side by side",
        (false, false) => "old",
        (false, true) => "old, lines lost",
    }
}

fn table(rows: &BTreeMap<Row, Tally>) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "{:<18} {:<21} {:>7} {:>7} {:>7} {:>7}",
        "kernels", "breakage", "logs", "kills", "records", "named"
    );
    for what in FAULTS {
        write!(text, " {what:>9}").unwrap();
    }
    for ((kind, breakage), tally) in rows {
        let breakage = format!("{breakage:?}");
        write!(
            text,
            "\n{kind:<18} {breakage:<21} {:>7} {:>7} {:>7} {:>7}",
            tally.logs, tally.kills, tally.records, tally.named
        )
        .unwrap();
        for what in FAULTS {
            write!(text, " {:>9}", tally.wrong(what)).unwrap();
        }
    }
    text
}
