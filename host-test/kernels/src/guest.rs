//! Builds the guest program so that it runs with nothing around it.

use std::path::Path;
use std::process::Command;

use crate::fallible::{At, Fallible};
use crate::tools::output;

/// Targets that give a static program, the better one first: it is smaller.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"];

/// Builds it and gives its bytes.
pub fn build(cache: &Path) -> Fallible<Vec<u8>> {
    // Fails where rustup does not manage the toolchain; then the target may be there all the same.
    let _ = Command::new("rustup")
        .args(["target", "add", TARGETS[0]])
        .output();
    let mut errors = Vec::new();
    for target in TARGETS {
        match build_for(target, &cache.join("guest")) {
            Ok(program) => return Ok(program),
            Err(error) => errors.push(format!("{target}: {error}")),
        }
    }
    Err(format!("the guest program cannot be built\n{}", errors.join("\n")).into())
}

fn build_for(target: &str, folder: &Path) -> Fallible<Vec<u8>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    output(
        Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--release",
                "--bin",
                "oom-guest",
                "--target",
                target,
                "--target-dir",
            ])
            .arg(folder)
            .arg("--manifest-path")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .env(
                "RUSTFLAGS",
                "-C target-feature=+crt-static -C strip=symbols",
            ),
    )?;
    let program = folder.join(target).join("release/oom-guest");
    std::fs::read(&program).at(program.display())
}
