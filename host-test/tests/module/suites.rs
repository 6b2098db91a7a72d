//! Every suite as each module in each engine gives it: what the suite says, and byte for byte what the
//! library gives.

use oom_suite::trial::{Trial, trial};
use oom_suite::{Identity, Mode, Suite, value};

use crate::runs::{Runner, sorted};

/// A test for each suite.
pub fn tests() -> Vec<Trial> {
    let test = |suite: Suite| trial(module_path!(), &suite.name.clone(), move || compare(&suite));
    Suite::all().into_iter().map(test).collect()
}

fn compare(suite: &Suite) {
    let input = suite.records();
    for (index, mode) in Mode::ALL.into_iter().enumerate() {
        let native = Runner::Native.run(index, &input, suite.fresh);
        // The module that looks into directories takes all names from there. No module of Fluent Bit's has room for
        // programs that few machines have.
        let takes_part = |runner: &Runner| {
            let is_of_few = suite.name.starts_with("programs-");
            let is_of_names = suite.name.starts_with("names-");
            (!is_of_names || runner.takes_names_from_the_journal())
                && (!is_of_few || matches!(runner, Runner::Native))
        };
        for runner in Runner::all().chain(Runner::slow()).filter(takes_part) {
            let found = runner.run(index, &input, suite.fresh);
            if let Some(at) =
                (0..found.len().max(native.len())).find(|at| found.get(*at) != native.get(*at))
            {
                let text = |records: &[Vec<u8>]| records.get(at).map(|record| sorted(record));
                panic!(
                    "{}, {}, record {}\n  natively {:?}\n  in {}  {:?}",
                    suite.name,
                    mode.name(),
                    at + 1,
                    text(&native),
                    runner.name(),
                    text(&found)
                );
            }
        }
        let values = native.iter().map(|record| value(record)).collect();
        if let Some(text) = suite.difference(mode, &Identity::FLUENT_BIT, values) {
            panic!("{text}");
        }
    }
}
