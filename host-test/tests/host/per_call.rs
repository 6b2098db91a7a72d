//! What one call costs in each engine, apart from the filter: a measurement, not a test.

use std::time::Instant;

use oom_host_test::{Options, Verdict};

use crate::guests::{FUNCTION, TAG, TIME, each_engine, load};

const CALLS: u32 = 300_000;

#[test]
#[ignore = "a measurement: run it alone, with --release and --nocapture"]
fn identity() {
    let record = format!("{{\"log\":\"{}\"}}", "x".repeat(90));
    each_engine(|engine| {
        let mut instance = load(engine, "identity", &Options::default());
        let start = Instant::now();
        for _ in 0..CALLS {
            let outcome = instance.call(FUNCTION, TAG, TIME, record.as_bytes());
            assert_eq!(outcome, Ok(Verdict::Unchanged));
        }
        let each = start.elapsed() / CALLS;
        println!(
            "{}: {each:?} for a record of {} bytes",
            engine.name(),
            record.len()
        );
    });
}
