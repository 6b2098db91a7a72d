//! The steps that cargo-deny does. What it asks of the dependencies stands in deny.toml.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::Outcome;
use crate::failure::Failure;
use crate::work::Work;
use crate::{tools, workspace};

/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";
/// How long the advisories may take to arrive.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every dependency has a licence, and comes from a place, that we accept.
pub(super) fn licences(work: &Work) -> Result<Outcome, Failure> {
    let program = match program(work) {
        Ok(program) => program,
        Err(failure) => return Ok(not_installed(&failure)),
    };
    let mut deny = deny(&program);
    work.run(deny.args(["check", "licenses", "bans", "sources"]))?;
    Ok(Outcome::Passed)
}

/// No dependency is known to be faulty or abandoned.
pub(super) fn advisories(work: &Work) -> Result<Outcome, Failure> {
    let program = match program(work) {
        Ok(program) => program,
        Err(failure) => return Ok(not_installed(&failure)),
    };
    // Apart from the check, to tell a machine without access from a faulty dependency.
    let mut fetch = deny(&program);
    if let Err(failure) = work.run_within(fetch.args(["fetch", "db"]), PATIENCE) {
        return Ok(Outcome::Skipped(format!(
            "the database of advisories cannot be fetched: {}",
            last_line(&failure)
        )));
    }
    work.run(deny(&program).args(["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

/// Where cargo-deny is; it is installed into the target folder where there is none.
fn program(work: &Work) -> Result<PathBuf, Failure> {
    let usual = PathBuf::from("cargo-deny");
    if tools::runs(usual.clone().into()) {
        return Ok(usual);
    }
    let tools = workspace::target().join("tools");
    let installed = tools.join("bin/cargo-deny");
    if tools::runs(installed.clone().into()) {
        return Ok(installed);
    }
    let mut cargo = workspace::cargo();
    cargo.args(["install", "--locked", "--version", VERSION]);
    work.run(cargo.arg("cargo-deny").arg("--root").arg(&tools))?;
    Ok(installed)
}

fn deny(program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.args(["--color", "never", "--all-features", "--locked"]);
    command.current_dir(workspace::root());
    command
}

fn not_installed(failure: &Failure) -> Outcome {
    let reason = last_line(failure);
    Outcome::Skipped(format!("cargo-deny cannot be installed: {reason}"))
}

/// The last thing that was said: the cause, in most programs.
fn last_line(failure: &Failure) -> &str {
    let mut lines = failure.text().lines();
    lines.next_back().unwrap_or_default().trim()
}
