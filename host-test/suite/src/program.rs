//! Programs that tests run: those of hosts, which may not be there, and those of this workspace.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::trial::Skip;

/// A host's program: the one that the variable names, else the one of that name on the PATH.
///
/// # Errors
///
/// Why the test is skipped: there is none, and none is named.
///
/// # Panics
///
/// Where it is there and does not tell its version.
pub fn find(name: &str, variable: &str) -> Result<PathBuf, Skip> {
    let named = env::var_os(variable);
    let program = named.as_ref().map_or_else(|| name.into(), PathBuf::from);
    match Command::new(&program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(program),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Err(Skip::new(
            format!("no {name} on the PATH, and {variable} names none"),
        )),
        other => panic!("{}: {other:?}", program.display()),
    }
}

/// A program of this workspace, built for the machine: Cargo does so by itself for the tests of its own package alone.
/// `beside` is a program that Cargo built for the test that asks.
///
/// # Panics
///
/// Where it cannot be built.
pub fn build(package: &str, beside: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "test",
            "--package",
            package,
        ])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .status();
    assert!(built.is_ok_and(|status| status.success()), "it is built");
    Path::new(beside).with_file_name(package)
}
