//! What a user of the published crates relies on: each feature builds alone and none does, with the compiler that
//! the manifest names, and nothing that was public has gone.

use std::process::Stdio;

use crate::failure::Failure;
use crate::workspace;

/// What an API is compared with until there is a tag: a revision of this repository. Whoever breaks the API before the
/// first release on purpose moves it, with a line in CHANGELOG.md.
const BASELINE: &str = "6e9b277";

/// The crate that programs of others depend on.
const CRATE: &str = "oom-filter";

/// Every feature alone, none, and all; and the oldest compiler is the one that builds them here.
///
/// # Errors
///
/// [`Failure::Failed`] where one does not build.
pub fn features() -> Result<(), Failure> {
    oldest_compiler()?;
    let manifest = workspace::root().join("filter/Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .map_err(|error| Failure::file("read", &manifest, &error))?;
    let (_, rest) = text.split_once("\n[features]\n").unwrap_or_default();
    let (table, _) = rest.split_once("\n[").unwrap_or((rest, ""));
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let names = rows.filter_map(|line| Some(line.split_once(" = ")?.0));
    let names: Vec<&str> = names.filter(|name| *name != "default").collect();
    if names.is_empty() {
        let manifest = workspace::short(&manifest);
        return Err(Failure::Failed(format!("no features stand in {manifest}")));
    }
    let all = names.join(",");
    for features in ["", &all].into_iter().chain(names) {
        let shown = if features.is_empty() {
            "none"
        } else {
            features
        };
        println!("features: {shown}");
        let mut check = workspace::cargo(&["check", "--locked", "--package", CRATE]);
        check.args(["--no-default-features", "--features", features]);
        workspace::run(check.env("RUSTFLAGS", "-D warnings"))?;
    }
    Ok(())
}

/// Everything here is built by the oldest compiler that is promised: rust-toolchain.toml names it.
fn oldest_compiler() -> Result<(), Failure> {
    let promised = env!("CARGO_PKG_RUST_VERSION");
    let output = workspace::command("rustc").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    if version.starts_with(&format!("rustc {promised}.")) {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "rust-version is {promised}, and what builds here is {}",
        version.trim()
    )))
}

/// Whether what was public at the last release still is, as the version says.
///
/// # Errors
///
/// [`Failure::Failed`] where it is not.
pub fn semver() -> Result<(), Failure> {
    let mut describe = workspace::command("git");
    describe.args(["describe", "--tags", "--abbrev=0", "--match", "v*"]);
    let tag = describe.stderr(Stdio::null()).output();
    let tag = tag.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let tag = tag.unwrap_or_default();
    let baseline = if tag.is_empty() { BASELINE } else { &tag };
    println!("compared with {baseline}");
    let mut checks = workspace::cargo(&["semver-checks", "--package", CRATE]);
    workspace::run(checks.args(["--all-features", "--baseline-rev", baseline]))
}
