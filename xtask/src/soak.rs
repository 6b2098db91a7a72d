//! `cargo xtask soak`: very many records through one instance.

use std::process::Command;

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::{FLUENT_BIT, built};
use crate::work::Work;
use crate::{tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "soak",
    arguments: "[--records <n>]",
    about: "runs very many records through one instance of the module, and shows its memory",
    details: "
  --records <n>  how many, ten million unless said; a kill in every thousand

Exit code 1: a record was lost, a kill was told wrong, or memory grew.",
    run,
};

/// How many records unless it is said.
const RECORDS: u64 = 10_000_000;

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    use lexopt::ValueExt;
    let mut records = RECORDS;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("records") => records = parser.value()?.parse()?,
            other => return Err(unexpected(&other)),
        }
    }
    let work = Work::start("building what runs them", "soak")?;
    let programs = build(&work);
    work.finish(if programs.is_ok() { "done" } else { "failed" });
    let mut soak = programs?;
    soak.arg(records.to_string());
    // Its figures are for whoever waits for them.
    match soak.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::Told),
        Err(error) => Err(Failure::Failed(format!("cannot run the records: {error}"))),
    }
}

/// The module and the program that runs records through it.
fn build(work: &Work) -> Result<Command, Failure> {
    tools::engine(work)?;
    let module = FLUENT_BIT.build(work)?;
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", "oom-host-test", "--locked"]);
    let program = built(work, cargo.args(["--example", "soak"]), "")?;
    let mut soak = Command::new(program);
    soak.env("OOM_MODULE", module);
    Ok(soak)
}
