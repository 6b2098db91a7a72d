//! Fuel: how many WebAssembly instructions a record takes. It is exact, the same on every machine, and
//! the same for every engine, for all run the same instructions.

use oom_host_test::{HostError, Instance, Options, engine};

use super::records::Kind;

/// The tag that every record comes with.
pub const TAG: &[u8] = b"kernel";

/// Fuel for one pass of a kind, the host's calls of `malloc` and `free` with it. The pass before it has
/// grown memory to what the kind needs.
///
/// # Errors
///
/// Whatever would lose a record in the host.
pub fn of_pass(wasm: &[u8], function: &str, kind: &Kind) -> Result<u64, HostError> {
    let options = Options {
        fuel: Some(u64::MAX),
        ..Options::default()
    };
    let engine = engine("wasmtime").expect("it is built in");
    let mut instance = engine.load(wasm, &options)?;
    pass(&mut *instance, function, kind)?;
    if kind.changes {
        pass(&mut *instance, function, &kind.at_pass(1))
    } else {
        pass(&mut *instance, function, kind)
    }
}

fn pass(instance: &mut dyn Instance, function: &str, kind: &Kind) -> Result<u64, HostError> {
    for record in &kind.before {
        instance.call(function, TAG, (0, 0), record)?;
    }
    let mut fuel = 0;
    for record in &kind.measured {
        instance.call(function, TAG, (0, 0), record)?;
        fuel += instance.fuel_used().expect("it is counted");
    }
    Ok(fuel)
}
