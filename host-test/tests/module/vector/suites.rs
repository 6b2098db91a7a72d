//! Every suite, as records and as the lines they came from.

use crate::runs::{FLUENT_BIT, MODES, native, ooms};
use oom_suite::Suite;
use oom_suite::trial::Trial;
use oom_suite::trials;

use super::{KEYS, lines, run};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        every_suite_gives_its_records,
        lines_give_what_their_records_give
    ]
}

/// The records go in; the same leave as from the library, and `oom` is what the Fluent Bit module
/// gives, whose suites compare it with the library.
fn every_suite_gives_its_records() {
    let mut compared = 0;
    for suite in Suite::all() {
        let input = suite.records();
        for (mode, name, _) in MODES {
            let arguments = ["--input", "ndjson", "--mode", name];
            // Where each record meets a new instance, each has a run of its own.
            let batch = if suite.fresh { 1 } else { input.len().max(1) };
            let mut found = Vec::new();
            for records in input.chunks(batch) {
                let lines_in = records.join(&b'\n');
                let ran = run(&arguments, &[], &[&lines_in[..], b"\n"].concat());
                let fluent_bit = native(FLUENT_BIT, mode, records, false);
                let expected = native(KEYS, mode, records, false);
                let left = lines(&ran.out);
                assert!(left == expected, "{} {name}", suite.name);
                assert_eq!(ooms(&left), ooms(&fluent_bit), "{} {name}", suite.name);
                found.extend(left);
            }
            compared += found.len();
        }
    }
    assert!(compared > 1000, "the suites are not what they were");
}

/// The lines go in, their form named and found out.
fn lines_give_what_their_records_give() {
    let mut compared = 0;
    for suite in Suite::all() {
        let input = suite.records();
        // Fluent Bit's kmsg input drops the facility, which tells user space from the kernel.
        if suite.fresh || suite.name == "origin" {
            continue;
        }
        for (mode, name, _) in MODES {
            let expected = ooms(&native(KEYS, mode, &input, false));
            for form in [&*suite.form, "auto"] {
                let ran = run(&["--input", form, "--mode", name], &[], &suite.input);
                let found = ooms(&lines(&ran.out));
                assert_eq!(found, expected, "{} {form} {name}", suite.name);
                compared += found.len();
            }
        }
    }
    assert!(
        compared > 1000,
        "{compared} compared: the suites are not what they were"
    );
}
