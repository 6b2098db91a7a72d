//! `cargo xtask soak`: very many records through one instance.

use lexopt::ValueExt;

use crate::failure::Failure;
use crate::module::FLUENT_BIT;
use crate::{Subcommand, tools, workspace};

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

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut records = RECORDS;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("records") => records = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    tools::require(COMMAND.name)?;
    let mut soak = workspace::cargo(&["run", "--package", "oom-host-test", "--locked"]);
    soak.args(["--example", "soak", "--", &records.to_string()]);
    workspace::run(soak.env("OOM_MODULE", FLUENT_BIT.build()?))
}
