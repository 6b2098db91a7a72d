//! `cargo xtask test`: every check there is, one after the other, and what came of each at the end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use crate::failure::Failure;
use crate::module::{ENVOY, MODULES};
use crate::release::{self, Extent};
use crate::{Subcommand, dist, fuzz, kernels, published, tools, web, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "test",
    arguments: "[<step>...]",
    about: "checks everything: format, lints, documentation, modules, tests, licences",
    details: "
The steps are: format, lints, documentation, modules, tests, web, release,
kernels, fuzz, workflows, licences, advisories. Without a name all of them run. A
failed step does not keep the others from running. Steps that run by their names alone:
toolchains, the npm package in Vite, webpack, Next and the others of its README, for it
installs 1.7 GB; features, oom-filter with each of its features and with none; semver,
which compares its API with the last release's, for its tool is compiled first.

What the steps need and the machine lacks is installed: Debian's packages where this is
run as root, everything else below the target folder. The lines that install it are
shown first. A step whose needs are not met is skipped, and so is each test that cannot
do its work here. The end tells what was skipped, and how many steps passed and failed.",
    run,
};

/// A check. It adds the tests that were skipped.
type Check = fn(&mut Vec<String>) -> Result<Outcome, Failure>;

/// What came of a check that found nothing wrong.
enum Outcome {
    Passed,
    /// It could not be done here: why.
    Skipped(String),
}

/// Every step, in order: the modules come before the tests of them. A new one is a row here.
const STEPS: &[(&str, Check)] = &[
    ("format", |_| cargo(&["fmt", "--all", "--", "--check"])),
    ("lints", |_| lints()),
    ("documentation", |_| documentation()),
    ("modules", |_| modules().map(|()| Outcome::Passed)),
    ("tests", tests),
    ("web", page_and_package),
    ("toolchains", toolchains),
    ("release", |_| {
        release::build(Extent::Quick)?;
        release::check(Extent::Quick).map(|()| Outcome::Passed)
    }),
    ("kernels", |_| {
        kernels::compare(true).map(|()| Outcome::Passed)
    }),
    ("fuzz", |_| {
        fuzz::lint()?;
        fuzz::all(fuzz::SECONDS, &[]).map(|()| Outcome::Passed)
    }),
    ("workflows", |_| {
        let mut zizmor = workspace::command("zizmor");
        workspace::run(zizmor.args(["--offline", ".github"])).map(|()| Outcome::Passed)
    }),
    ("licences", |_| {
        deny(&["check", "licenses", "bans", "sources"])
    }),
    ("advisories", |_| advisories()),
    ("features", |_| {
        published::features().map(|()| Outcome::Passed)
    }),
    ("semver", |_| published::semver().map(|()| Outcome::Passed)),
];

/// Steps that run by their names alone.
const BY_NAME: &[&str] = &["toolchains", "features", "semver"];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut wanted = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Value(name) => wanted.push(name.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        let names = names.join(", ");
        return Err(Failure::Usage(format!(
            "there is no step '{unknown}', but {names}"
        )));
    }
    let is_wanted = |name: &str| {
        let is_named = wanted.iter().any(|wanted| wanted == name);
        is_named || (wanted.is_empty() && !BY_NAME.contains(&name))
    };
    let steps = STEPS.iter().filter(|(name, _)| is_wanted(name));
    let names: Vec<&str> = steps.clone().map(|(name, _)| *name).collect();
    tools::install(&names);
    if names.contains(&"lints") {
        workspace::share_with_lints();
    }

    let mut table = Vec::new();
    let mut skips = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in steps {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = match tools::lack(name) {
            Some(lack) => Ok(Outcome::Skipped(lack)),
            None => check(&mut skips),
        };
        let word = match outcome {
            Ok(Outcome::Passed) => {
                passed += 1;
                "passed"
            }
            Ok(Outcome::Skipped(reason)) => {
                skips.push(format!("the step {name}: {reason}"));
                "SKIPPED"
            }
            Err(failure) => {
                eprintln!("xtask: {}", failure.text());
                failed += 1;
                "FAILED"
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        table.push(format!("{name:<14} {word:<8} {seconds:>7.1} s"));
    }
    println!("\n{}\n", table.join("\n"));
    for skip in &skips {
        println!("SKIPPED {skip}");
    }
    // The steps; each runner has told its own count above.
    println!(
        "\n{passed} passed, {failed} failed, {} skipped",
        skips.len()
    );
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::Failed("a step failed".to_owned()))
    }
}

/// No lint has anything to say of the workspace, its tests included, nor of the modules as they are
/// compiled for their hosts.
fn lints() -> Result<Outcome, Failure> {
    // In the place of `cargo clippy`'s check: everything is then compiled once for the lints and for the tests.
    workspace::run(&mut workspace::lints())?;
    for module in MODULES {
        workspace::run(module.command("clippy").args(["--", "-D", "warnings"]))?;
    }
    Ok(Outcome::Passed)
}

/// Members whose documentation nobody reads. To write it, Cargo would compile their many dependencies once more, with
/// the features that they have without tests.
const WITHOUT_DOCUMENTATION: [&str; 5] = [
    "oom-envoy-test",
    "oom-events",
    "oom-fluentbit-test",
    "oom-host-test",
    "oom-vrl-test",
];

/// The documentation has no broken link.
fn documentation() -> Result<Outcome, Failure> {
    let mut doc = workspace::cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    for package in WITHOUT_DOCUMENTATION {
        doc.args(["--exclude", package]);
    }
    workspace::run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

/// The modules in dist/, after the one for tests alone: Cargo keeps one of the two.
fn modules() -> Result<(), Failure> {
    static BUILT: OnceLock<()> = OnceLock::new();
    if BUILT.get().is_none() {
        workspace::run(ENVOY.command("build").args(["--features", "trap"]))?;
        let path = trap();
        fs::copy(ENVOY.path(), &path).map_err(|error| Failure::file("write", &path, &error))?;
        dist::build()?;
        BUILT.get_or_init(|| ());
    }
    Ok(())
}

/// Envoy's module, built so that a body can make it trap.
fn trap() -> PathBuf {
    workspace::target().join("oom-envoy-trap.wasm")
}

/// Every test of every package, against the modules in dist/.
fn tests(skips: &mut Vec<String>) -> Result<Outcome, Failure> {
    modules()?;
    let mut tests = workspace::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    tests.env("OOM_ENVOY_TRAP", trap());
    observed(workspace::shared(&mut tests), skips)
}

/// The page in a browser, and the npm package in Node.
fn page_and_package(skips: &mut Vec<String>) -> Result<Outcome, Failure> {
    web::build()?;
    web::install_for_tests()?;
    web_tests(&["package.test.mjs", "page.test.mjs"], skips)
}

/// The npm package in every toolchain that is to be had from npm.
fn toolchains(skips: &mut Vec<String>) -> Result<Outcome, Failure> {
    web::build()?;
    if let Err(failure) = web::install_for_tests() {
        let reason = format!("npm's registry is not to be had: {}", failure.text());
        return Ok(Outcome::Skipped(reason));
    }
    web_tests(&["toolchains.test.mjs"], skips)
}

/// Runs these files of `web/tests`.
fn web_tests(files: &[&str], skips: &mut Vec<String>) -> Result<Outcome, Failure> {
    let mut node = web::node();
    node.args(["--test", "--test-reporter=tap"]).args(files);
    observed(&mut node, skips)
}

/// Runs tests and shows what they print. The tests that the runner names as skipped are added to the
/// others: libtest, and what is like it, prints `test name ... ignored, reason`, and Node `ok 1 - name
/// # SKIP reason`.
fn observed(tests: &mut Command, skips: &mut Vec<String>) -> Result<Outcome, Failure> {
    let failed = |error| Failure::Failed(format!("cannot run the tests: {error}"));
    let mut child = tests.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let stdout = child.stdout.take().map(BufReader::new);
    for line in stdout.into_iter().flat_map(BufRead::lines) {
        let line = line.map_err(failed)?;
        println!("{line}");
        if line.contains(" ... ignored") || line.contains(" # SKIP") {
            skips.push(line.trim().to_owned());
        }
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        Ok(Outcome::Passed)
    } else {
        Err(Failure::Failed(format!("tests failed: {status}")))
    }
}

/// No dependency is known to be faulty or abandoned.
fn advisories() -> Result<Outcome, Failure> {
    // Apart from the check, to tell a machine without access from a faulty dependency.
    let mut fetch = workspace::command("timeout");
    fetch.args(["120", "cargo", "deny", "fetch", "db"]);
    if let Err(failure) = workspace::run(&mut fetch) {
        let reason = format!("the advisories cannot be fetched: {}", failure.text());
        return Ok(Outcome::Skipped(reason));
    }
    deny(&["check", "--disable-fetch", "advisories"])
}

/// What cargo-deny asks of both workspaces stands in deny.toml.
fn deny(check: &[&str]) -> Result<Outcome, Failure> {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let mut deny = workspace::cargo(&["deny", "--all-features", "--locked"]);
        deny.args(["--manifest-path", manifest]).args(check);
        workspace::run(&mut deny)?;
    }
    Ok(Outcome::Passed)
}

fn cargo(arguments: &[&str]) -> Result<Outcome, Failure> {
    workspace::run(&mut workspace::cargo(arguments))?;
    Ok(Outcome::Passed)
}
