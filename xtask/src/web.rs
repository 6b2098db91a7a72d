//! `cargo xtask web`: the page and the npm package.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use lexopt::ValueExt;

use crate::failure::Failure;
use crate::module::Module;
use crate::{Subcommand, dist, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "web",
    arguments: "[--serve] [--port <number>]",
    about: "builds the page and the npm package into dist/web/",
    details: "
  --serve          serves the page on this machine alone, until Ctrl-C
  --port <number>  at this port; without it 8080

dist/web/page is all there is to the page: open its index.html, or put the folder
on any file server. dist/web/package is what `npm pack` packs.",
    run,
};

/// The module before wasm-bindgen has written its JavaScript side.
pub const MODULE: Module = Module {
    file: "oom-web.wasm",
    package: "oom-web",
    built: "oom_web.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32-unknown-unknown",
    profile: "module",
    flags: &[],
    optimizer: &[],
    limit: 380 << 10,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut serve = false;
    let mut port = 8080_u16;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("serve") => serve = true,
            lexopt::Arg::Long("port") => port = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    build()?;
    let page = folder().join("page");
    println!(
        "the page     {}",
        workspace::short(&page.join("index.html"))
    );
    println!(
        "the package  {}",
        workspace::short(&folder().join("package"))
    );
    if !serve {
        return Ok(());
    }
    let mut server = Command::new(tool());
    workspace::run(server.arg("serve").arg(page).arg(port.to_string()))
}

/// The page's folder and the package's lie in here.
pub fn folder() -> PathBuf {
    dist::folder().join("web")
}

/// What makes the rest of the module, and serves a folder: `serve <folder> <port>`.
fn tool() -> PathBuf {
    workspace::target().join("debug/oom-web-tool")
}

/// Builds both, anew.
///
/// # Errors
///
/// [`Failure::Failed`] from the builds, for a module that is too large, and where a file cannot be
/// written.
pub fn build() -> Result<(), Failure> {
    let module = MODULE.build_within_limit()?;
    workspace::run(&mut workspace::shared_build(&["--bin", "oom-web-tool"]))?;
    let folder = workspace::fresh(folder())?;
    for part in ["package", "page"] {
        let mut tool = workspace::command(tool());
        tool.arg(part).arg(&module).arg("web");
        workspace::run(tool.arg(folder.join(part)))?;
    }
    Ok(())
}

/// Installs what the scripts of `web/tests` import.
///
/// # Errors
///
/// [`Failure::Failed`] from npm.
pub fn install_for_tests() -> Result<(), Failure> {
    let mut npm = workspace::command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    // What it has to say stands on the other stream; this one may have tables.
    workspace::run(npm.current_dir(tests()).stdout(Stdio::null()))
}

/// Node in the folder of those scripts, told where the page and the package are.
pub fn node() -> Command {
    let mut node = workspace::command("node");
    node.env("OOM_WEB", folder());
    node.env("OOM_WEB_TOOL", tool());
    node.env("OOM_TARGET", workspace::target());
    node.current_dir(tests());
    node
}

fn tests() -> PathBuf {
    workspace::root().join("web/tests")
}
