//! Speed, memory and size, as one page of tables: `cargo xtask bench` builds what this measures and
//! names it in the environment.

mod costs;
mod fuel;
mod growth;
mod memory;
mod race;
mod records;
mod runners;
mod size;
mod table;
mod wasm;

use std::error::Error;
use std::fs;

use race::Effort;
use runners::{fluent_bit, modules, native};
use table::Table;
use wasm::Wasm;

fn main() -> Result<(), Box<dyn Error>> {
    let mut effort = Effort::FULL;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            // Cargo says so to every benchmark.
            lexopt::Arg::Long("bench") => {}
            lexopt::Arg::Long("quick") => effort = Effort::QUICK,
            other => return Err(other.unexpected().into()),
        }
    }
    let wasm = Wasm::read()?;
    let kinds = records::kinds();
    let mut rows = Table::default();
    say("the modules in their engines");
    modules::rows(&mut rows, &kinds, &wasm, effort)?;
    say("native code");
    native::rows(&mut rows, &kinds, effort);
    say("Fluent Bit");
    fluent_bit::rows(&mut rows, &kinds, &wasm, effort)?;
    say("load, memory and size");
    memory::rows(&mut rows, &wasm, effort)?;
    let memory = memory::of_filter(&kinds, &wasm)?;
    let size = size::table(&wasm.filter, &wasm.named)?;
    say("what grows");
    let growth = growth::table(&wasm.filter)?;
    let costs = costs::table(&rows, &kinds, &memory, wasm.filter.len());
    println!(
        "{costs}\n{}\n\n{rows}\nWhat a record costs when there is more around it:\n\n{growth}\n\
         What the {} bytes of the module are:\n\n{size}",
        preface(effort),
        table::thousands(wasm.filter.len() as u64),
    );
    Ok(())
}

/// What the reader of the table has to know.
fn preface(effort: Effort) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(": ")?.1.to_owned())
    });
    format!(
        "Time and WebAssembly instructions for one record, and beside them the floor: the same calls where \
         nothing is done with the record. The fastest of {} turns each, on {}.",
        effort.rounds,
        processor.as_deref().unwrap_or("an unknown processor"),
    )
}

/// Progress, for whoever waits.
fn say(what: &str) {
    eprintln!("measuring {what} ...");
}
