//! Every suite, as records and as the lines they came from.

use crate::runs::{FLUENT_BIT, MODES, native, ooms};
use crate::suites::{Suite, folders};

use super::{KEYS, lines, run};

/// The records go in; the same leave as from the library, and `oom` is what the Fluent Bit module
/// gives, whose suites compare it with the library.
#[test]
fn every_suite_gives_its_records() {
    let mut compared = 0;
    for folder in folders() {
        let suite = Suite::read(&folder);
        for (mode, name, _) in MODES {
            let arguments = ["--input", "ndjson", "--mode", name];
            // Where each record meets a new instance, each has a run of its own.
            let batch = if suite.fresh_instance {
                1
            } else {
                suite.input.len().max(1)
            };
            let mut found = Vec::new();
            for records in suite.input.chunks(batch) {
                let input = records.join(&b'\n');
                let ran = run(&arguments, &[], &[&input[..], b"\n"].concat());
                let fluent_bit = native(FLUENT_BIT, mode, records, false);
                let expected = native(KEYS, mode, records, false);
                let left = lines(&ran.out);
                assert!(left == expected, "{} {name}", folder.display());
                assert_eq!(
                    ooms(&left),
                    ooms(&fluent_bit),
                    "{} {name}",
                    folder.display()
                );
                found.extend(left);
            }
            compared += found.len();
        }
    }
    println!("{compared} records compared");
    assert!(compared > 1000, "the suites are not what they were");
}

/// The lines go in, their form named and found out.
#[test]
fn lines_give_what_their_records_give() {
    let mut compared = 0;
    for folder in folders() {
        let suite = Suite::read(&folder);
        // Fluent Bit's kmsg input drops the facility, which tells user space from the kernel.
        if suite.fresh_instance || folder.ends_with("origin") {
            continue;
        }
        for (mode, name, _) in MODES {
            let expected = ooms(&native(KEYS, mode, &suite.input, false));
            for form in [suite.form, "auto"] {
                let ran = run(&["--input", form, "--mode", name], &[], &suite.text);
                let found = ooms(&lines(&ran.out));
                assert_eq!(found, expected, "{} {form} {name}", folder.display());
                compared += found.len();
            }
        }
    }
    assert!(
        compared > 1000,
        "{compared} compared: the suites are not what they were"
    );
}
