//! The steps that cargo-deny does. What it asks of the dependencies stands in deny.toml.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::Outcome;
use crate::failure::Failure;
use crate::work::Work;
use crate::{tools, workspace};

/// The program.
const PROGRAM: &str = "cargo-deny";
/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";
/// The workspaces, each with a lock of its own.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];
/// How long the advisories may take to arrive.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every dependency has a licence, and comes from a place, that we accept.
pub(super) fn licences(work: &Work) -> Result<Outcome, Failure> {
    let program = match tools::cargo_program(work, PROGRAM, VERSION) {
        Ok(program) => program,
        Err(failure) => return Ok(not_installed(&failure)),
    };
    for manifest in MANIFESTS {
        let mut deny = deny(&program, manifest);
        work.run(deny.args(["check", "licenses", "bans", "sources"]))?;
    }
    Ok(Outcome::Passed)
}

/// No dependency is known to be faulty or abandoned.
pub(super) fn advisories(work: &Work) -> Result<Outcome, Failure> {
    let program = match tools::cargo_program(work, PROGRAM, VERSION) {
        Ok(program) => program,
        Err(failure) => return Ok(not_installed(&failure)),
    };
    // Apart from the check, to tell a machine without access from a faulty dependency.
    let mut fetch = deny(&program, MANIFESTS[0]);
    if let Err(failure) = work.run_within(fetch.args(["fetch", "db"]), PATIENCE) {
        return Ok(Outcome::Skipped(format!(
            "the database of advisories cannot be fetched: {}",
            failure.reason()
        )));
    }
    for manifest in MANIFESTS {
        let mut deny = deny(&program, manifest);
        work.run(deny.args(["check", "--disable-fetch", "advisories"]))?;
    }
    Ok(Outcome::Passed)
}

fn deny(program: &PathBuf, manifest: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--color", "never", "--all-features", "--locked"]);
    command.args(["--manifest-path", manifest]);
    command.current_dir(workspace::root());
    command
}

fn not_installed(failure: &Failure) -> Outcome {
    let reason = failure.reason();
    Outcome::Skipped(format!("cargo-deny cannot be installed: {reason}"))
}
