//! Every suite in every mode, natively: each is a test of its own, `suites::<name>::<mode>`.
//!
//! To write what leaves today in place of what is expected, and to see the difference:
//! `BLESS=1 cargo test -p oom-filter --test suites`. A name behind it takes one suite. The page and the
//! suite that follow from the kernel's wordings are written too.

#[path = "common/keys.rs"]
mod keys;
#[path = "common/wordings.rs"]
mod wordings;

use std::process::ExitCode;

use keys::FLUENT_BIT as KEYS;
use libtest_mimic::{Arguments, Failed, Trial};
use oom_filter::lines::{LineFormat, Record, Records};
use oom_filter::{Filter, Outcome, RecordContext};
use oom_suite::{Identity, Left, Mode, Suite};
use serde_json::{Map, Value};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        wordings::write();
        // What was written has no expectations yet, and another suite may be the only one that is asked for.
        write(&Suite::named(wordings::SUITE));
    }
    let suites: &'static [Suite] = Suite::all().leak();
    let trials = suites.iter().flat_map(|suite| {
        if bless {
            let name = format!("suites::{}::bless", suite.name);
            return vec![Trial::test(name, || {
                write(suite);
                Ok(())
            })];
        }
        let trial = |mode: Mode| {
            let name = format!("suites::{}::{}", suite.name, mode.name());
            Trial::test(name, move || compare(suite, mode))
        };
        let mut trials: Vec<_> = Mode::ALL.map(trial).into();
        let name = format!("suites::{}::once more", suite.name);
        trials.push(Trial::test(name, || compare_again(suite)));
        if suite.form == "text" && !suite.fresh {
            let name = format!("suites::{}::as lines", suite.name);
            trials.push(Trial::test(name, || compare_lines(suite)));
        }
        if is_journal(suite) {
            let name = format!("suites::{}::keys in another order", suite.name);
            trials.push(Trial::test(name, || compare_shuffled(suite)));
        }
        trials
    });
    let derived = [
        Trial::test("wordings::the page is true", || {
            Ok(wordings::page_is_true()?)
        }),
        Trial::test("wordings::the suite is whole", || {
            Ok(wordings::suite_is_whole()?)
        }),
    ];
    let trials = trials.chain(derived);
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What leaves is what the suite says.
fn compare(suite: &Suite, mode: Mode) -> Result<(), Failed> {
    let found = run(suite, mode).values();
    let difference = suite.difference(mode, &Identity::FLUENT_BIT, found);
    difference.map_or(Ok(()), |text| Err(text.into()))
}

/// Whether its records are journal entries, whose keys `journalctl` prints in any order.
fn is_journal(suite: &Suite) -> bool {
    suite.form == "ndjson" && suite.input.windows(12).any(|key| key == b"\"_TRANSPORT\"")
}

/// The keys of each record, moved round by a number of its own, change nothing.
fn compare_shuffled(suite: &Suite) -> Result<(), Failed> {
    let shuffled = (0..).zip(suite.records()).map(|(number, record)| {
        let Ok(members) = serde_json::from_slice::<Map<String, Value>>(&record) else {
            return record;
        };
        let mut members: Vec<_> = members.into_iter().collect();
        let count = members.len().max(1);
        members.rotate_left(number % count);
        let members = members
            .into_iter()
            .map(|(key, value)| format!("{}:{value}", Value::from(key)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
    });
    let found = run_records(suite, shuffled.collect(), Mode::Annotate).values();
    let difference = suite.difference(Mode::Annotate, &Identity::FLUENT_BIT, found);
    difference.map_or(Ok(()), |text| Err(text.into()))
}

/// Lines that stand in no record tell what records of them do.
fn compare_lines(suite: &Suite) -> Result<(), Failed> {
    let context = RecordContext {
        tag: b"suite",
        ..RecordContext::default()
    };
    for (mode, filter_mode) in Mode::ALL.into_iter().zip(FILTER_MODES) {
        let mut filter = Filter::new(KEYS);
        let mut left = Vec::new();
        let mut records = Records::new(LineFormat::Text);
        let mut each = |record: Record<'_>| {
            let Record::Plain(line) = record else {
                panic!("a line of text is a plain one");
            };
            let object = || line.object();
            let outcome = filter.process_line(filter_mode, &line.kernel_line(), &context, &object);
            if let Outcome::Replaced(record) = outcome {
                left.push(record);
            }
        };
        for line in suite.lines() {
            records.line(line, &mut each);
        }
        records.settle(&mut each);
        if mode != Mode::Annotate {
            left.extend(std::iter::from_fn(|| filter.next_unfinished()));
        }
        let ooms = |records: Vec<Value>| -> Vec<Value> {
            let ooms = records.into_iter().map(|mut record| record["oom"].take());
            ooms.filter(|oom| !oom.is_null()).collect()
        };
        let found = left.iter().map(|record| serde_json::from_slice(record));
        let found = ooms(found.collect::<Result<_, _>>()?);
        let expected = ooms(run(suite, mode).values());
        if found != expected {
            return Err(format!("{}: {found:#?}, of records {expected:#?}", mode.name()).into());
        }
    }
    Ok(())
}

/// What was added is known again by any filter of ours, whatever its mode. A line that is no kill and tells nothing by
/// itself is not looked at.
fn compare_again(suite: &Suite) -> Result<(), Failed> {
    let inputs = suite.records();
    for first in Mode::ALL {
        let Left { records, released } = run(suite, first);
        let added = inputs.iter().zip(&records).filter_map(|(before, after)| {
            let after = after.as_ref()?;
            (before != after).then_some(after)
        });
        for record in added.chain(&released) {
            is_known_again(first, record)?;
        }
    }
    Ok(())
}

fn is_known_again(first: Mode, record: &[u8]) -> Result<(), Failed> {
    let after: Value = serde_json::from_slice(record)?;
    let event = after["oom"]["event"].as_str();
    let is_of_events = matches!(
        event,
        Some("kill" | "evicted" | "pressure" | "truncated" | "no_victim" | "panic")
    );
    // The first record of a report may have had no room for it: one without any text proves nothing.
    let is_bare = after.as_object().is_some_and(|members| members.len() == 1);
    if is_bare || !is_of_events && !Filter::new(KEYS).needs_reading(record) {
        return Ok(());
    }
    for mode in FILTER_MODES {
        let outcome = Filter::new(KEYS).process(mode, record, &RecordContext::default());
        if outcome != Outcome::Unchanged {
            let first = first.name();
            return Err(format!("{first}, then {mode:?}: {outcome:?} of {after}").into());
        }
    }
    Ok(())
}

const FILTER_MODES: [oom_filter::Mode; 3] = [
    oom_filter::Mode::Annotate,
    oom_filter::Mode::Rewrite,
    oom_filter::Mode::Events,
];

/// Makes the suite say what leaves.
fn write(suite: &Suite) {
    for mode in Mode::ALL.into_iter().filter(|_| suite.is_complete()) {
        let found = run(suite, mode).values();
        if let Some(text) = suite.difference(mode, &Identity::FLUENT_BIT, found) {
            eprintln!("{text}");
        }
    }
    suite.bless(&Identity::FLUENT_BIT, |mode| run(suite, mode));
}

/// The suite's records through a filter, or each through one of its own.
fn run(suite: &Suite, mode: Mode) -> Left {
    run_records(suite, suite.records(), mode)
}

fn run_records(suite: &Suite, records: Vec<Vec<u8>>, mode: Mode) -> Left {
    let context = RecordContext {
        tag: b"suite",
        ..RecordContext::default()
    };
    let filter_mode = match mode {
        Mode::Annotate => oom_filter::Mode::Annotate,
        Mode::Rewrite => oom_filter::Mode::Rewrite,
        Mode::Events => oom_filter::Mode::Events,
    };
    let mut filter = Filter::new(KEYS);
    let records = records.into_iter().map(|record| {
        if suite.fresh {
            filter = Filter::new(KEYS);
        }
        match filter.process(filter_mode, &record, &context) {
            Outcome::Unchanged => Some(record),
            Outcome::Dropped => None,
            Outcome::Replaced(text) => Some(text),
        }
    });
    let records = records.collect();
    // In annotate mode every line has passed already.
    let released = if mode == Mode::Annotate || suite.fresh {
        Vec::new()
    } else {
        std::iter::from_fn(|| filter.next_unfinished()).collect()
    };
    Left { records, released }
}
