//! One record of any bytes: no JSON passes, JSON stays JSON, and a second time changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oom_filter::{Filter, Outcome, RecordContext};
use oom_fuzz::{After, KEYS, MODES, Tagged, is_object, run};

fuzz_target!(|record: &[u8]| {
    for mode in MODES {
        let mut filter = Filter::new(KEYS);
        let tagged = Tagged {
            tag: b"tag",
            record: record.to_vec(),
        };
        if let After::Written(after) = run(&mut filter, mode, &tagged) {
            // The scanner takes what careless hosts write into strings, and nothing else.
            assert!(
                is_object(record) || is_careless(record),
                "no object, yet written"
            );
            // Of such bytes their escapes were written, and so the text is another one now.
            if !is_careless(record) {
                let again = filter.process(mode, &after, &RecordContext::default());
                assert_eq!(again, Outcome::Unchanged, "a second time");
            }
        }
    }
});

/// Whether bytes that JSON does not allow in a string stand in the record.
fn is_careless(record: &[u8]) -> bool {
    std::str::from_utf8(record).is_err() || record.iter().any(|byte| *byte < b' ')
}
