//! Whether the same sources give the same bytes: they are built a second time, in another folder, with another
//! home of cargo's, another time zone and language, other modes of files, and later.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Extent, folder, read};
use crate::failure::Failure;
use crate::workspace;

/// The folders of tools below the target folder, which a build does not make itself.
const TOOLS: [&str; 3] = ["npm", "python", "tools"];

/// Builds once more, and compares with what lies in dist/release.
///
/// # Errors
///
/// [`Failure::Failed`] from the build, and where a file differs.
pub(super) fn again(extent: Extent) -> Result<(), Failure> {
    let place = workspace::target().join("again");
    let elsewhere = workspace::fresh(place.join("a folder of another name"))?;
    // A clone, since a crate says of which commit it is; and over it what is not committed yet.
    sh(
        "git clone --quiet . \"$TO\"
         git ls-files -z --deleted | (cd \"$TO\" && xargs -0 -r rm -f)
         git ls-files -z --cached --others --exclude-standard | \
         tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory \"$TO\"",
        &[("TO", &elsewhere)],
    )?;
    let target = place.join("target");
    std::fs::create_dir_all(&target).map_err(|error| Failure::file("make", &target, &error))?;
    for tool in TOOLS {
        let (from, to) = (workspace::target().join(tool), target.join(tool));
        sh("ln -sfn \"$FROM\" \"$TO\"", &[("FROM", &from), ("TO", &to)])?;
    }
    let home = place.join("cargo");
    sh(
        "ln -sfn \"${CARGO_HOME:-$HOME/.cargo}\" \"$TO\"",
        &[("TO", &home)],
    )?;
    let mut build = workspace::command("sh");
    build.args(["-euc", "umask 027; exec cargo \"$@\"", "sh"]);
    build.args(["xtask", "release", "--dry-run"]);
    if extent == Extent::Quick {
        build.arg("--quick");
    }
    build.current_dir(&elsewhere).env("CARGO_HOME", &home);
    build.env("CARGO_TARGET_DIR", &target);
    build.env_remove("CARGO_MANIFEST_DIR");
    build.env("TZ", "Pacific/Chatham").env("LC_ALL", "C");
    workspace::run(&mut build)?;
    let sums = |folder: &Path| read(&folder.join("SHA256SUMS"));
    let (one, other) = (sums(&folder())?, sums(&elsewhere.join("dist/release"))?);
    let differing: Vec<&str> = other
        .lines()
        .filter(|line| !one.lines().any(|known| known == *line))
        .collect();
    if other.is_empty() || !differing.is_empty() {
        return Err(Failure::Failed(format!(
            "built a second time, these have other bytes:\n{}",
            differing.join("\n")
        )));
    }
    println!("{} files have the same bytes", other.lines().count());
    Ok(())
}

fn sh(line: &str, variables: &[(&str, &PathBuf)]) -> Result<(), Failure> {
    let mut shell: Command = workspace::command("sh");
    shell.args(["-euc", line]);
    workspace::run(shell.envs(variables.iter().copied()))
}
