//! `cargo xtask kernels`: real kernels kill in an emulator, and the module is held to what they did.

use std::path::PathBuf;
use std::process::Command;

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::FLUENT_BIT;
use crate::work::Work;
use crate::{tools, workspace};

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

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut short = false;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("short") => short = true,
            other => return Err(unexpected(&other)),
        }
    }
    let work = Work::start("booting kernels", "kernels")?;
    let said = prepare(&work)
        .and_then(|()| boot(&work, short))
        .and_then(|()| compare(&work, short));
    work.finish(if said.is_ok() { "done" } else { "failed" });
    println!("\n{}", said?);
    Ok(())
}

/// Makes sure of an emulator, and of kernels to boot in it.
///
/// # Errors
///
/// [`Failure::Missing`] where there is no emulator and none can be installed, or where apt reads no
/// archive of Debian's.
pub fn prepare(work: &Work) -> Result<(), Failure> {
    tools::emulator(work)?;
    let mut apt = Command::new("apt-get");
    let labels = work.output(apt.args(["indextargets", "--format", "$(LABEL)"]))?;
    if labels.lines().any(|label| label == "Debian") {
        return Ok(());
    }
    Err(Failure::Missing(
        "the kernels are Debian's, and this machine's apt reads no archive of Debian's".to_owned(),
    ))
}

/// Boots them: one, or all whose captures are fixtures.
///
/// # Errors
///
/// [`Failure::Failed`] where a kernel cannot be had, or where it and a scenario disagree.
pub fn boot(work: &Work, short: bool) -> Result<(), Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--locked", "--package", "oom-kernels", "--"]);
    if short {
        cargo.arg("--short").arg("--cache").arg(cache());
    }
    work.run(&mut cargo)
}

/// Holds the module to what the booted kernels did, and says how much was compared.
///
/// # Errors
///
/// [`Failure::Failed`] with every field that is wrong.
pub fn compare(work: &Work, short: bool) -> Result<String, Failure> {
    tools::engine(work)?;
    let module = FLUENT_BIT.build(work)?;
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--locked", "--package", "oom-host-test"]);
    cargo.args(["--test", "module", "--", "--nocapture", "our_own_kernels"]);
    cargo.env("OOM_MODULE", module);
    if short {
        cargo.env("OOM_CAPTURES", cache().join("captures"));
    } else {
        // The table in the docs is what this run saw.
        cargo.env("BLESS", "1");
    }
    let said = work.output(&mut cargo)?;
    Ok(said
        .lines()
        .filter(|line| line.contains(" expected, ") || line.contains(" compared, "))
        .collect::<Vec<_>>()
        .join("\n"))
}

fn cache() -> PathBuf {
    workspace::target().join("kernels")
}
