//! A sequence of records of two streams, through all three modes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oom_filter::{Filter, Mode};
use oom_fuzz::{After, KEYS, is_record, records, run};
use serde_json::Value;

/// A kill without how many were before it: not every mode tells one whose line is missing.
fn uncounted(mut kill: Value) -> Value {
    if let Some(members) = kill.as_object_mut() {
        members.remove("repeats");
    }
    kill
}

fuzz_target!(|data: &[u8]| {
    let records = records(data);
    let through = |mode| {
        let mut filter = Filter::new(KEYS);
        let out: Vec<After> = records
            .iter()
            .map(|record| run(&mut filter, mode, record))
            .collect();
        while let Some(released) = filter.next_unfinished() {
            is_record(&released, false);
        }
        out
    };
    let annotated = through(Mode::Annotate);
    let rewritten = through(Mode::Rewrite);
    let events = through(Mode::Events);

    // A kill is the same in every mode, and stands in the same record. In the place of a dropped line a
    // kill may leave whose line is missing, or that had no room in its own record; a line that comes after
    // its kill was told so tells none.
    for ((annotated, rewritten), event) in annotated.iter().zip(&rewritten).zip(&events) {
        let Some(kill) = annotated.kill() else {
            continue;
        };
        for other in [rewritten, event] {
            if let Some(other) = other.kill()
                && other["attribution"] != "constraint"
                && other["id"] == kill["id"]
            {
                assert_eq!(uncounted(other), uncounted(kill.clone()));
            }
        }
    }
});
