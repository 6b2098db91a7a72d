//! Programs of the machine that the box needs.

use std::path::PathBuf;
use std::process::Command;

use crate::fallible::{At, Fallible};

/// Programs and the Debian or Ubuntu packages that have them.
const NEEDED: [(&str, &str); 5] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("apt-get", "apt"),
    ("apt-cache", "apt"),
    ("dpkg-deb", "dpkg"),
    ("xz", "xz-utils"),
];

/// Says at once everything that is missing.
pub fn check() -> Fallible<()> {
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(program, package)| format!("`{program}` is missing: apt-get install {package}"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\n").into())
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Runs a command and gives its output; its messages go into the error when it fails.
pub fn output(command: &mut Command) -> Fallible<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().at(&name)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("`{name}` failed ({}): {}", output.status, messages.trim()).into())
}
