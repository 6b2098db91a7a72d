//! What a module costs before the first record, and what it holds.

use std::error::Error;
use std::time::Instant;

use oom_host_test::{ENGINES, Engine, Options, check, engine};

use crate::fuel::TAG;
use crate::race::Effort;
use crate::records::{Kind, REPORT, named};
use crate::table::{Row, Table};
use crate::wasm::{FILTER, FUNCTION, PEER, Wasm};

/// The rows' name.
const LOAD: &str = "load and first call";
/// Records of a kibibyte that are handed in before memory is looked at.
const RECORDS: usize = 10_000;

/// A row for the load of each module in each engine.
///
/// # Errors
///
/// Where a module does not load.
pub fn rows(table: &mut Table, wasm: &Wasm, effort: Effort) -> Result<(), Box<dyn Error>> {
    // A load takes as long as many records.
    let rounds = effort.rounds / 4;
    for engine in ENGINES {
        let modules = [&wasm.floor, &wasm.filter, &wasm.peer];
        let mut fastest = [(f64::INFINITY, f64::INFINITY); 3];
        for round in 0..rounds {
            for (module, (loaded, checked)) in modules.iter().zip(&mut fastest) {
                let time = load(*engine, module, round)?;
                *loaded = loaded.min(time.0);
                *checked = checked.min(time.1);
            }
        }
        let fastest = fastest.map(|(loaded, checked)| loaded - checked);
        for (what, time) in [(FILTER, fastest[1]), (PEER, fastest[2])] {
            table.push(Row {
                record: LOAD.to_owned(),
                place: engine.name().to_owned(),
                what: what.to_owned(),
                time: Some(time),
                floor: Some(fastest[0]),
                ..Row::default()
            });
        }
    }
    Ok(())
}

/// Nanoseconds from the module's bytes to the first record's end, and how many of them the harness took
/// to check the module, as no host does.
fn load(engine: &dyn Engine, wasm: &[u8], round: usize) -> Result<(f64, f64), Box<dyn Error>> {
    // A custom section with the round's number: the engine is to compile it anew.
    let mut wasm = wasm.to_vec();
    wasm.extend([0, 2, 1, b'a' + u8::try_from(round % 26)?]);
    let options = Options::default();
    let begun = Instant::now();
    let mut instance = engine.load(&wasm, &options)?;
    instance.call(
        FUNCTION,
        TAG,
        (0, 0),
        br#"{"log":"eth0: link becomes ready"}"#,
    )?;
    let loaded = begun.elapsed();
    let begun = Instant::now();
    check::proposals(&wasm, options.proposals).map_err(|problems| problems.join("; "))?;
    Ok((
        loaded.as_secs_f64() * 1e9,
        begun.elapsed().as_secs_f64() * 1e9,
    ))
}

/// Linear memory in bytes in Fluent Bit's engine.
pub struct Memory {
    /// After [`RECORDS`] records of a kibibyte.
    pub after_records: usize,
    /// And a report with its kill.
    pub after_kill: usize,
}

/// Looks at the filter's memory.
///
/// # Errors
///
/// Where a record is lost.
pub fn of_filter(kinds: &[Kind], wasm: &Wasm) -> Result<Memory, Box<dyn Error>> {
    let engine = engine("wamr").ok_or("WAMR is not built in")?;
    let mut instance = engine.load(&wasm.filter, &Options::default())?;
    let frame = r#"{"log":""}"#;
    let record = format!(r#"{{"log":"{}"}}"#, "x".repeat(1024 - frame.len()));
    for _ in 0..RECORDS {
        instance.call(FUNCTION, TAG, (0, 0), record.as_bytes())?;
    }
    let after_records = instance.memory_bytes();
    let report = named(kinds, REPORT);
    for line in &report.measured {
        instance.call(FUNCTION, TAG, (0, 0), line)?;
    }
    Ok(Memory {
        after_records,
        after_kill: instance.memory_bytes(),
    })
}
