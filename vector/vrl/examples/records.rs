//! What a record of a file costs in VRL: nanoseconds, of the fastest run. `cargo xtask bench` calls it.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use oom_vrl_test::Program;
use vrl::value::Value;

/// Runs; the fastest counts.
const RUNS: usize = 20;
/// Records of a run, at least.
const RECORDS: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oom.vrl");
    let mut program = Program::compile(&fs::read_to_string(program)?)?;
    let mut events = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        events.push(Value::from(serde_json::from_str::<serde_json::Value>(
            line,
        )?));
    }
    let events: Vec<Value> = events
        .iter()
        .cycle()
        .take(events.len().max(RECORDS))
        .cloned()
        .collect();
    let mut fastest = f64::INFINITY;
    for _ in 0..RUNS {
        // Vector hands an event over; the copies are no work of the program's.
        let mut copies = events.clone();
        let begun = Instant::now();
        for event in &mut copies {
            // An event that is none of its business ends it early.
            let _ = black_box(program.run(event));
        }
        fastest = fastest.min(begun.elapsed().as_secs_f64());
    }
    println!(
        "{}",
        fastest * 1e9 / f64::from(u32::try_from(events.len())?)
    );
    Ok(())
}
