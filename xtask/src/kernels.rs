//! `cargo xtask kernels`: real kernels kill in an emulator, and the module is held to what they did.

use std::process::Command;

use crate::failure::Failure;
use crate::module::FLUENT_BIT;
use crate::{Subcommand, switches, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "kernels",
    arguments: "[--short] [--filled]",
    about: "boots Debian's kernels, lets them kill, and compares every field",
    details: "
  --short   one kernel, and nothing in the repository changes
  --filled  only the scenarios that fill memory with one kind of it; the table is docs/filled.md

Without it, the captures in fixtures/captures and the table in docs/kernels.md are
written anew. Needs an emulator and a Debian archive that apt reads; host-test/kernels
has the rest.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [short, filled] = switches(parser, ["short", "filled"])?;
    tools::require(COMMAND.name)?;
    if filled {
        compare_filled(short)
    } else {
        compare(short)
    }
}

/// Boots one kernel, or all whose captures are fixtures, and holds the module to what they did.
///
/// # Errors
///
/// [`Failure::Failed`] where a kernel cannot be had, where it and a scenario disagree, and for a field
/// that is wrong.
pub fn compare(short: bool) -> Result<(), Failure> {
    let mut compare = workspace::cargo(&["test", "--locked", "--workspace"]);
    compare.args(["--test", "module", "--", "--nocapture", "our_own_kernels"]);
    compare.env("OOM_MODULE", FLUENT_BIT.build()?);
    boot_and(compare, short, &[])
}

/// The same with the scenarios that fill memory with one kind of it, and the library.
fn compare_filled(short: bool) -> Result<(), Failure> {
    let mut compare = workspace::cargo(&["test", "--locked", "--package", "oom-filter"]);
    compare.args(["--test", "filter", "filled"]);
    boot_and(compare, short, &["--filled"])
}

/// Boots, and runs the test that reads what came of it.
fn boot_and(mut compare: Command, short: bool, arguments: &[&str]) -> Result<(), Failure> {
    let cache = workspace::target().join("kernels");
    workspace::run(&mut workspace::shared_build(&["--bin", "oom-kernels"]))?;
    let mut boot = workspace::command(workspace::target().join("debug/oom-kernels"));
    boot.args(arguments);
    if short {
        boot.arg("--short").arg("--cache").arg(&cache);
        compare.env("OOM_CAPTURES", cache.join("captures"));
    } else {
        // The table in the docs is what this run saw.
        compare.env("BLESS", "1");
    }
    workspace::run(&mut boot)?;
    workspace::run(workspace::shared(&mut compare))
}
