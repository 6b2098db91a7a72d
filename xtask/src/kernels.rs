//! `cargo xtask kernels`: real kernels kill in an emulator, and the module is held to what they did.

use crate::failure::Failure;
use crate::module::FLUENT_BIT;
use crate::{Subcommand, switches, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "kernels",
    arguments: "[--short]",
    about: "boots Debian's kernels, lets them kill, and compares every field",
    details: "
  --short  one kernel, and nothing in the repository changes

Without it, the captures in fixtures/captures and the table in docs/kernels.md are
written anew. Needs an emulator and a Debian archive that apt reads; host-test/kernels
has the rest.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [short] = switches(parser, ["short"])?;
    tools::require(COMMAND.name)?;
    compare(short)
}

/// Boots one kernel, or all whose captures are fixtures, and holds the module to what they did.
///
/// # Errors
///
/// [`Failure::Failed`] where a kernel cannot be had, where it and a scenario disagree, and for a field
/// that is wrong.
pub fn compare(short: bool) -> Result<(), Failure> {
    let cache = workspace::target().join("kernels");
    workspace::run(&mut workspace::shared_build(&["--bin", "oom-kernels"]))?;
    let mut boot = workspace::command(workspace::target().join("debug/oom-kernels"));
    let mut compare = workspace::cargo(&["test", "--locked", "--workspace"]);
    compare.args(["--test", "module", "--", "--nocapture", "our_own_kernels"]);
    compare.env("OOM_MODULE", FLUENT_BIT.build()?);
    if short {
        boot.arg("--short").arg("--cache").arg(&cache);
        compare.env("OOM_CAPTURES", cache.join("captures"));
    } else {
        // The table in the docs is what this run saw.
        compare.env("BLESS", "1");
    }
    workspace::run(&mut boot)?;
    workspace::run(&mut compare)
}
