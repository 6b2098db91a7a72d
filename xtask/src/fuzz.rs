//! `cargo xtask fuzz`: every fuzz target for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::ValueExt;

use crate::failure::Failure;
use crate::module::FLUENT_BIT;
use crate::{Subcommand, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "fuzz",
    arguments: "[--seconds <n>] [<target>...]",
    about: "feeds hostile input to the parser and to the compiled module",
    details: "
  --seconds <n>  how long each target runs, 30 unless said

The targets are in fuzz/targets; without a name all of them run, two at a time.
What is found grows target/fuzz/corpus and is the beginning of the next run; the seeds
are made of the fixtures and suites. An input that breaks a promise is kept in
target/fuzz/crashes and is a failure. It becomes a file in filter/suites, or a row of a
test's data, with the fix. `cargo fuzz tmin --sanitizer none --target-dir
target/fuzz <target> <file>` makes it smaller.",
    run,
};

/// How long each target runs unless it is said, which is what continuous integration does.
pub const SECONDS: u64 = 20;
/// Seconds after which an input counts as one that never ends.
const PATIENCE: &str = "60";

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut seconds = SECONDS;
    let mut wanted = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("seconds") => seconds = parser.value()?.parse()?,
            lexopt::Arg::Value(name) => wanted.push(name.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    tools::require(COMMAND.name)?;
    all(seconds, &wanted)
}

/// Runs those targets, or all.
///
/// # Errors
///
/// [`Failure::Failed`] from the builds, and for inputs that broke a promise.
pub fn all(seconds: u64, wanted: &[String]) -> Result<(), Failure> {
    let targets = targets(wanted)?;
    let out = out();
    // No sanitizer: nothing here is unsafe, and so the stable compiler does.
    let mut build = workspace::cargo(&["fuzz", "build", "--sanitizer=none", "--fuzz-dir=fuzz"]);
    workspace::run(build.arg("--target-dir").arg(&out))?;
    let names = ["fuzz-worker", "fuzz-seeds", "dictionary"];
    let examples: Vec<&str> = names.iter().flat_map(|name| ["--example", name]).collect();
    workspace::run(&mut workspace::shared_build(&examples))?;
    workspace::run(example("fuzz-seeds").arg(out.join("seeds")))?;
    write_dictionary()?;
    workspace::run(&mut FLUENT_BIT.command("build"))?;
    let mut failed = Vec::new();
    // A target keeps one core busy.
    for pair in targets.chunks(2) {
        eprintln!("{}, for {seconds} s", pair.join(" and "));
        let run = |target: &String| {
            let child = one(target, seconds)?.spawn();
            child.map_err(|error| Failure::Failed(format!("cannot run {target}: {error}")))
        };
        let children: Vec<_> = pair.iter().map(run).collect::<Result<_, _>>()?;
        for (target, mut child) in pair.iter().zip(children) {
            if !child.wait().is_ok_and(|status| status.success()) {
                failed.push(target.as_str());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        let failed = failed.join(", ");
        Err(Failure::Failed(format!(
            "an input broke a promise: {failed}"
        )))
    }
}

/// The targets are formatted and no lint has anything to say of them: they are a workspace of their
/// own.
///
/// # Errors
///
/// [`Failure::Failed`] from rustfmt and clippy.
pub fn lint() -> Result<(), Failure> {
    let own = |arguments: &[&str]| {
        let mut cargo = workspace::cargo(arguments);
        cargo.current_dir(workspace::root().join("fuzz"));
        cargo
    };
    workspace::run(&mut own(&["fmt", "--", "--check"]))?;
    let mut clippy = own(&["clippy", "--locked", "--all-targets", "--target-dir"]);
    workspace::run(clippy.arg(out()).args(["--", "-D", "warnings"]))
}

/// The targets that are wanted: files of fuzz/targets.
fn targets(wanted: &[String]) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = files(&workspace::root().join("fuzz/targets"))?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        let names = names.join(", ");
        return Err(Failure::Usage(format!(
            "there is no target '{unknown}', but {names}"
        )));
    }
    names.retain(|name| wanted.is_empty() || wanted.contains(name));
    Ok(names)
}

/// The command that runs a target.
fn one(target: &str, seconds: u64) -> Result<Command, Failure> {
    let out = out();
    let [corpus, seeds, crashes] =
        ["corpus", "seeds", "crashes"].map(|name| out.join(name).join(target));
    for folder in [&corpus, &crashes] {
        fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
    }
    // Half a report tells as much as a whole one of ten thousand bytes, and the engine is slow.
    let longest = if target == "module" { 4096 } else { 16_384 };
    let mut command = workspace::command(executable(target)?);
    command
        .env("OOM_FUZZ_WORKER", example("fuzz-worker").get_program())
        .env("OOM_MODULE", FLUENT_BIT.path())
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-timeout={PATIENCE}"))
        .arg(format!("-report_slow_units={PATIENCE}"))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-dict={}", dictionary().display()))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .args([&corpus, &seeds]);
    Ok(command)
}

/// The words of carriers and records, and the texts of the kernel's wordings.
fn write_dictionary() -> Result<(), Failure> {
    let own = workspace::root().join("fuzz/words.dict");
    let mut words = fs::read(&own).map_err(|error| Failure::file("read", &own, &error))?;
    let texts = example("dictionary").output();
    let texts = texts.map_err(|error| Failure::Failed(format!("no dictionary: {error}")))?;
    words.extend_from_slice(&texts.stdout);
    let file = dictionary();
    fs::write(&file, words).map_err(|error| Failure::file("write", &file, &error))
}

fn dictionary() -> PathBuf {
    out().join("words.dict")
}

/// An example of the workspace.
fn example(name: &str) -> Command {
    workspace::command(workspace::target().join("debug/examples").join(name))
}

fn out() -> PathBuf {
    workspace::target().join("fuzz")
}

/// A target as it was built, below the name of this machine's own target.
fn executable(target: &str) -> Result<PathBuf, Failure> {
    let folders = files(&out())?;
    let mut programs = folders
        .iter()
        .map(|folder| folder.join("release").join(target));
    programs
        .find(|program| program.is_file())
        .ok_or_else(|| Failure::Failed(format!("the target {target} was not built")))
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
