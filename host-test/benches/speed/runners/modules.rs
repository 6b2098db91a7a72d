//! The modules in their engines.

use std::error::Error;

use oom_host_test::{ENGINES, Engine, Options, Verdict};

use crate::fuel::{self, TAG};
use crate::race::{Effort, Runner, race};
use crate::records::Kind;
use crate::table::{Row, Table};
use crate::wasm::{FILTER, FUNCTION, PEER, Wasm};

/// Every engine with the filter, the floor and the plain filter, for each kind of record.
///
/// # Errors
///
/// Where a module loses a record or makes of it what it should not.
pub fn rows(
    table: &mut Table,
    kinds: &[Kind],
    wasm: &Wasm,
    effort: Effort,
) -> Result<(), Box<dyn Error>> {
    let modules = [&wasm.floor, &wasm.filter, &wasm.peer];
    for kind in kinds {
        let mut fuels = Vec::new();
        for module in modules {
            fuels.push(fuel::of_pass(module, FUNCTION, kind)?);
        }
        for engine in ENGINES {
            check(*engine, kind, &wasm.filter)?;
            let mut runners = Vec::new();
            for module in modules {
                runners.push(runner(*engine, module)?);
            }
            let times = race(kind, &mut runners, effort);
            for (index, what) in [(1, FILTER), (2, PEER)] {
                table.push(Row {
                    time: Some(times[index]),
                    floor: Some(times[0]),
                    fuel: Some(fuels[index]),
                    floor_fuel: Some(fuels[0]),
                    ..Row::new(kind, engine.name(), what)
                });
            }
        }
    }
    Ok(())
}

fn runner<'a>(engine: &dyn Engine, wasm: &[u8]) -> Result<Runner<'a>, Box<dyn Error>> {
    let mut instance = engine.load(wasm, &Options::default())?;
    Ok(Box::new(move |record| {
        let verdict = instance.call(FUNCTION, TAG, (0, 0), record);
        verdict.expect("it was called like that before");
    }))
}

/// Makes sure that what is measured is the work, and not its failure.
fn check(engine: &dyn Engine, kind: &Kind, wasm: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut instance = engine.load(wasm, &Options::default())?;
    let mut last = Verdict::Unchanged;
    for record in kind.before.iter().chain(&kind.measured) {
        last = instance.call(FUNCTION, TAG, (0, 0), record)?;
    }
    match last {
        Verdict::Unchanged if !kind.changes => Ok(()),
        Verdict::Replaced(_) if kind.changes => Ok(()),
        other => Err(format!("{}: {other:?}", kind.name).into()),
    }
}
