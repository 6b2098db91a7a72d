//! Where things are, and how programs are run.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// The top folder of the repository.
pub fn root() -> PathBuf {
    // Set by `cargo run` at the time of the call, so a moved folder does no harm. Without it the
    // program was called by its path, which works from the top folder.
    env::var_os("CARGO_MANIFEST_DIR")
        .and_then(|package| Path::new(&package).parent().map(Path::to_path_buf))
        .or_else(|| env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."))
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A program, to be run in the top folder. Where the PATH lacks it, the one that `cargo xtask test`
/// installed is run.
pub fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root());
    let mut path = env::var_os("PATH").unwrap_or_default();
    for folder in crate::tools::FOLDERS {
        path.push(":");
        path.push(target().join(folder));
    }
    command.env("PATH", path);
    command
}

/// The cargo that runs this program, with these arguments, to be run in the top folder.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments);
    cargo
}

/// What rustc is told so that no path of this machine stands in what it writes: there the sources of crates and
/// of the standard library, which messages of panics name, have one place on every machine.
pub fn without_paths() -> Vec<String> {
    let mut moved = vec![(root(), "/source".to_owned())];
    let home = env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    // A folder for each registry, whose name follows from its address.
    let registries = fs::read_dir(home.join("registry/src"));
    for registry in registries.into_iter().flatten().flatten() {
        moved.push((registry.path(), "/crates".to_owned()));
    }
    let version = rustc(&["-vV"]);
    let commit = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "));
    moved.push((
        sysroot().join("lib/rustlib/src/rust"),
        format!("/rustc/{}", commit.unwrap_or("unknown")),
    ));
    moved
        .into_iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect()
}

/// Where Rust is installed.
pub fn sysroot() -> PathBuf {
    rustc(&["--print", "sysroot"]).trim().into()
}

/// Whether the lints are among what is run.
static LINTS_RUN: AtomicBool = AtomicBool::new(false);

/// From now on [`shared`] and [`shared_build`] go by the build of the lints.
pub fn share_with_lints() {
    LINTS_RUN.store(true, Ordering::Relaxed);
}

/// The build of every target that is the lints, as `cargo test` builds them: members are compiled by Clippy's driver in
/// the place of rustc, and what Clippy has to say is an error. The driver leaves out some of rustc's optimizations, so
/// nothing that is handed out or measured is compiled by it.
pub fn lints() -> Command {
    let mut build = cargo(&[
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
        "--profile",
        "test",
    ]);
    linted(&mut build);
    build
}

/// Has Cargo compile the members as the lints do, where those are run too: everything is then compiled once for both.
pub fn shared(cargo: &mut Command) -> &mut Command {
    if LINTS_RUN.load(Ordering::Relaxed) {
        linted(cargo);
    }
    cargo
}

fn linted(cargo: &mut Command) {
    let driver = sysroot().join("bin/clippy-driver");
    cargo.env("RUSTC_WORKSPACE_WRAPPER", driver);
    let arguments = "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";
    cargo.env("CLIPPY_ARGS", arguments);
}

/// What rustc prints; nothing where it cannot be run.
fn rustc(arguments: &[&str]) -> String {
    let output = command("rustc").args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// Cargo's build of a target of the workspace: of all of it, for with `--package` the dependencies have other features
/// in part, and so most are compiled once more. Where the lints are run it is their build.
pub fn shared_build(target: &[&str]) -> Command {
    if LINTS_RUN.load(Ordering::Relaxed) {
        return lints();
    }
    let mut build = cargo(&["build", "--workspace", "--locked"]);
    build.args(target);
    build
}

/// Runs a program to its end. What it prints goes where this program prints.
///
/// # Errors
///
/// [`Failure::Failed`] where it cannot be run, or fails.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| Failure::Failed(format!("cannot run {}: {error}", line(command))))?;
    if status.success() {
        Ok(())
    } else {
        let line = line(command);
        Err(Failure::Failed(format!("{line} failed: {status}")))
    }
}

/// The command as it would be typed.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = [name].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}

/// A folder with nothing in it: nothing of an older build stays there.
///
/// # Errors
///
/// [`Failure::file`] where it cannot be emptied or made.
pub fn fresh(folder: PathBuf) -> Result<PathBuf, Failure> {
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    Ok(folder)
}

/// Builds the program that packs modules and programs for registries, and says where it is.
///
/// # Errors
///
/// [`Failure::Failed`] from the build.
pub fn pack() -> Result<PathBuf, Failure> {
    run(&mut cargo(&["build", "--locked", "--package=oom-pack"]))?;
    Ok(target().join("debug/oom-pack"))
}

/// The path as a person in the top folder writes it.
pub fn short(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
