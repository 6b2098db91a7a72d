//! Every suite in every mode, natively: each is a test of its own, `suites::<name>::<mode>`.
//!
//! To write what leaves today in place of what is expected, and to see the difference:
//! `BLESS=1 cargo test -p oom-filter --test suites`. A name behind it takes one suite.

#[path = "common/keys.rs"]
mod keys;

use std::process::ExitCode;

use keys::FLUENT_BIT as KEYS;
use libtest_mimic::{Arguments, Failed, Trial};
use oom_filter::{Arrival, Filter, Outcome};
use oom_suite::{Identity, Left, Mode, Suite};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let bless = std::env::var_os("BLESS").is_some();
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
        Mode::ALL.map(trial).into()
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What leaves is what the suite says.
fn compare(suite: &Suite, mode: Mode) -> Result<(), Failed> {
    let found = run(suite, mode).values();
    let difference = suite.difference(mode, &Identity::FLUENT_BIT, found);
    difference.map_or(Ok(()), |text| Err(text.into()))
}

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
    let arrival = Arrival {
        tag: b"suite",
        time_us: None,
    };
    let filter_mode = match mode {
        Mode::Annotate => oom_filter::Mode::Annotate,
        Mode::Rewrite => oom_filter::Mode::Rewrite,
        Mode::Events => oom_filter::Mode::Events,
    };
    let mut filter = Filter::new(KEYS);
    let records = suite.records().into_iter().map(|record| {
        if suite.fresh {
            filter = Filter::new(KEYS);
        }
        match filter.process(filter_mode, &record, &arrival) {
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
        std::iter::from_fn(|| filter.release_next()).collect()
    };
    Left { records, released }
}
