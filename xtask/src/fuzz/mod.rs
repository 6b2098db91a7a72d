//! `cargo xtask fuzz`: every fuzz target for a while.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, unexpected};
use crate::module::{FLUENT_BIT, built};
use crate::work::{Work, seconds};
use crate::{Subcommand, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "fuzz",
    arguments: "[--seconds <n>] [<target>...]",
    about: "feeds hostile input to the parser and to the compiled module",
    details: "
  --seconds <n>  how long each target runs, 30 unless said

The targets are in fuzz/targets; without a name all of them run, one after the other.
cargo-fuzz is installed into the target folder where there is none. What is found grows
target/fuzz/corpus and is the beginning of the next run; the seeds are made of the
fixtures and suites. An input that breaks a promise is kept in target/fuzz/crashes and
is a failure. It becomes a file in filter/suites, or a row of a test's data, with
the fix.",
    run,
};

/// The program, and the version that is installed where there is none.
const PROGRAM: (&str, &str) = ("cargo-fuzz", "0.13.2");
/// How long each target runs unless it is said, which is what continuous integration does.
pub const SECONDS: u64 = 30;
/// Bytes of the longest input of a target: a report has about ten thousand, but half of one is as
/// telling, and the engine is slow.
const LONGEST: fn(&str) -> usize = |target| if target == "module" { 4096 } else { 16_384 };
/// Seconds after which an input counts as one that never ends.
const PATIENCE: &str = "60";
/// What libFuzzer's last count stands behind.
const EXECUTIONS: &str = "stat::number_of_executed_units:";

/// How a target came out.
struct Ran {
    target: String,
    executions: u64,
    time: Duration,
    /// The inputs that broke a promise.
    crashes: Vec<PathBuf>,
}

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut limit = SECONDS;
    let mut wanted = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("seconds") => {
                use lexopt::ValueExt;
                limit = parser.value()?.parse()?;
            }
            lexopt::Arg::Value(name) => wanted.push(name.to_string_lossy().into_owned()),
            other => return Err(unexpected(&other)),
        }
    }
    let work = Work::start("fuzzing", "fuzz")?;
    let ran = all(&work, limit, &wanted);
    work.finish(if ran.is_ok() { "done" } else { "failed" });
    let (table, within) = ran?;
    println!("\n{table}");
    within
}

/// Runs those targets, or all: the table that tells of them, and whether all held.
///
/// # Errors
///
/// From the builds; in the second part [`Failure::Failed`] for inputs that broke a promise.
pub fn all(
    work: &Work,
    seconds: u64,
    wanted: &[String],
) -> Result<(String, Result<(), Failure>), Failure> {
    let targets = targets(wanted)?;
    let fuzz = program(work)?;
    let out = out();
    // No sanitizer: nothing here is unsafe, and so the stable compiler does.
    let mut build = Command::new(fuzz);
    build.args(["build", "--sanitizer", "none", "--fuzz-dir", "fuzz"]);
    build.arg("--target-dir").arg(&out);
    work.run(build.current_dir(workspace::root()))?;
    seeds::write(work, &out.join("seeds"))?;
    let worker = worker(work)?;
    let module = FLUENT_BIT.build(work)?;
    let mut all = Vec::new();
    for target in targets {
        let program = executable(&out, &target)?;
        let mut command = Command::new(program);
        command
            .env("OOM_FUZZ_WORKER", &worker)
            .env("OOM_MODULE", &module);
        all.push(one(work, &out, &target, command, seconds)?);
    }
    Ok((table(&all), verdict(&all)))
}

/// The targets that are wanted: files of fuzz/targets.
fn targets(wanted: &[String]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = files(&folder().join("targets"))?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        let names = names.join(", ");
        return Err(Failure::Usage(format!(
            "there is no target '{unknown}', but {names}"
        )));
    }
    names.retain(|name| wanted.is_empty() || wanted.contains(name));
    Ok(names)
}

/// Builds the program that runs the module for the target `module`.
fn worker(work: &Work) -> Result<PathBuf, Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", "oom-host-test", "--locked"]);
    cargo.args(["--example", "fuzz-worker"]);
    built(work, &mut cargo, "")
}

/// Where cargo-fuzz is; it, and what it builds with, is installed where there is none.
///
/// # Errors
///
/// [`Failure::Missing`] or [`Failure::Failed`] where something cannot be installed.
pub fn program(work: &Work) -> Result<PathBuf, Failure> {
    tools::fuzzer(work)?;
    tools::cargo_program(work, PROGRAM.0, PROGRAM.1)
}

/// The targets are formatted and no lint has anything to say of them: they are a workspace of their
/// own.
///
/// # Errors
///
/// [`Failure::Failed`] with what rustfmt or clippy says.
pub fn lint(work: &Work) -> Result<(), Failure> {
    let own = |arguments: &[&str]| {
        let mut cargo = workspace::cargo();
        cargo.args(arguments).current_dir(folder());
        cargo
    };
    work.run(&mut own(&["fmt", "--", "--check"]))?;
    let mut clippy = own(&["clippy", "--locked", "--all-targets", "--target-dir"]);
    work.run(clippy.arg(out()).args(["--", "-D", "warnings"]))
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}

fn out() -> PathBuf {
    workspace::target().join("fuzz")
}

/// A target as it was built, below the name of this machine's own target.
fn executable(out: &Path, target: &str) -> Result<PathBuf, Failure> {
    let folders = files(out)?;
    let mut programs = folders
        .iter()
        .map(|folder| folder.join("release").join(target));
    programs
        .find(|program| program.is_file())
        .ok_or_else(|| Failure::Failed(format!("the target {target} was not built")))
}

fn one(
    work: &Work,
    out: &Path,
    target: &str,
    mut command: Command,
    seconds: u64,
) -> Result<Ran, Failure> {
    let [corpus, seeds, crashes] =
        ["corpus", "seeds", "crashes"].map(|name| out.join(name).join(target));
    for folder in [&corpus, &crashes] {
        fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
    }
    let known = files(&crashes)?;
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", LONGEST(target)))
        .arg(format!("-timeout={PATIENCE}"))
        .arg(format!("-report_slow_units={PATIENCE}"))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-dict={}", words().display()))
        .args(["-print_final_stats=1", "-verbosity=1"])
        .args([&corpus, &seeds])
        .current_dir(workspace::root());
    let before = (work.log().len(), work.elapsed());
    let result = work.run(&mut command);
    let log = work.log();
    let said = log.get(before.0..).unwrap_or_default();
    let mut crashes = files(&crashes)?;
    crashes.retain(|file| !known.contains(file));
    match result {
        // It broke down without an input to blame.
        Err(failure) if crashes.is_empty() => Err(failure),
        _ => Ok(Ran {
            target: target.to_owned(),
            executions: executions(said),
            time: work.elapsed().saturating_sub(before.1),
            crashes,
        }),
    }
}

/// Words of the kernel's that libFuzzer puts into inputs.
fn words() -> PathBuf {
    folder().join("words.dict")
}

/// How many inputs a target ran.
fn executions(said: &str) -> u64 {
    said.lines()
        .rev()
        .find_map(|line| line.strip_prefix(EXECUTIONS)?.trim().parse().ok())
        .unwrap_or_default()
}

fn table(all: &[Ran]) -> String {
    let mut lines = vec![format!(
        "{:<14} {:>12} {:>10} {:>8}",
        "target", "executions", "time", "crashes"
    )];
    lines.extend(all.iter().map(|ran| {
        let Ran {
            target, executions, ..
        } = ran;
        let (time, crashes) = (seconds(ran.time), ran.crashes.len());
        format!("{target:<14} {executions:>12} {time:>10} {crashes:>8}")
    }));
    lines.join("\n")
}

fn verdict(all: &[Ran]) -> Result<(), Failure> {
    let crashes: Vec<String> = all
        .iter()
        .flat_map(|ran| &ran.crashes)
        .map(|file| workspace::short(file))
        .collect();
    if crashes.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "an input broke a promise: {}\nThe log says which. `cargo fuzz tmin --sanitizer none \
         --target-dir target/fuzz <target> <file>` makes it smaller.",
        crashes.join(", ")
    )))
}

/// What lies in a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::executions;

    #[test]
    fn reads_the_count() {
        let said = "#2 INITED\nDone 7 runs\nstat::number_of_executed_units: 7\nstat::x: 1\n";
        assert_eq!(executions(said), 7);
        assert_eq!(executions(""), 0);
    }
}
