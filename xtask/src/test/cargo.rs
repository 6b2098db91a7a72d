//! The steps that cargo itself does.

use std::fs;

use super::Outcome;
use super::counts::Counts;
use super::skips;
use super::{envoy, kubernetes};
use crate::failure::Failure;
use crate::module::{FLUENT_BIT, MODULES};
use crate::work::Work;
use crate::{dist, workspace};

/// The environment variable that tells the tests which module to test.
const MODULE: &str = "OOM_MODULE";

/// The format is rustfmt's. The files that have another are listed; `cargo fmt --all` mends them.
pub(super) fn format(work: &Work) -> Result<Outcome, Failure> {
    cargo(
        work,
        &["fmt", "--all", "--", "--check", "--files-with-diff"],
    )
}

/// No lint has anything to say of the workspace, its tests included.
pub(super) fn lints(work: &Work) -> Result<Outcome, Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked"];
    cargo(work, &[&arguments[..], &["--", "-D", "warnings"]].concat())
}

/// Nor of the modules as they are compiled for their hosts.
pub(super) fn module_lints(work: &Work) -> Result<Outcome, Failure> {
    for module in MODULES {
        let arguments = [
            "clippy",
            "--package",
            module.package,
            "--locked",
            "--features",
        ];
        let target = [
            module.with,
            "--target",
            module.target,
            "--",
            "-D",
            "warnings",
        ];
        cargo(work, &[&arguments[..], &target].concat())?;
    }
    Ok(Outcome::Passed)
}

/// The documentation has no broken link.
pub(super) fn documentation(work: &Work) -> Result<Outcome, Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["doc", "--workspace", "--no-deps", "--locked"]);
    work.run(cargo.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

/// Every test of every package, against the module in dist/.
pub(super) fn tests(work: &Work) -> Result<Outcome, Failure> {
    let notes = skips::file()?;
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    cargo.env(MODULE, dist::path(&FLUENT_BIT));
    cargo.envs(envoy::variables(work)?);
    cargo.envs(kubernetes::variables(work));
    cargo.env(skips::VARIABLE, &notes);
    let result = work.run(&mut cargo);

    let mut counts = Counts::of_tests(&work.log());
    let text = fs::read(&notes).map_err(|error| Failure::file("read", &notes, &error))?;
    counts.note(skips::read(&String::from_utf8_lossy(&text)));
    if result.is_err() && counts.failed == 0 {
        // It did not compile, or a test took its whole process along.
        counts.failed = 1;
    }
    if result.is_ok() && counts.passed == 0 {
        return Err(Failure::Failed("not a single test was run".to_owned()));
    }
    counts.trouble = result.err();
    Ok(Outcome::Tests(counts))
}

fn cargo(work: &Work, arguments: &[&str]) -> Result<Outcome, Failure> {
    work.run(workspace::cargo().args(arguments))?;
    Ok(Outcome::Passed)
}
