//! `cargo xtask web`: the page and the npm package.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::{Module, built};
use crate::work::Work;
use crate::workspace;

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
const MODULE: Module = Module {
    file: "oom-web.wasm",
    package: "oom-web",
    with: "",
    target: "wasm32-unknown-unknown",
    profile: "module",
    features: "",
    limit: 192 << 10,
};

/// What makes the rest of the module.
const TOOL: &str = "oom-web-tool";

/// What was built.
pub struct Built {
    /// The page's folder and the package's lie in here.
    pub folder: PathBuf,
    /// Serves a folder: `serve <folder> <port>`.
    pub tool: PathBuf,
}

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let mut serve = false;
    let mut port = 8080_u16;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("serve") => serve = true,
            lexopt::Arg::Long("port") => {
                port = lexopt::ValueExt::parse(&parser.value()?)?;
            }
            other => return Err(unexpected(&other)),
        }
    }
    let work = Work::start("building the page and the package", "web")?;
    let built = build(&work);
    work.finish(if built.is_ok() { "done" } else { "failed" });
    let Built { folder, tool } = built?;
    let page = folder.join("page");
    println!(
        "the page     {}",
        workspace::short(&page.join("index.html"))
    );
    println!("the package  {}", workspace::short(&folder.join("package")));
    if !serve {
        return Ok(());
    }
    let mut server = Command::new(tool);
    server.arg("serve").arg(&page).arg(port.to_string());
    match server.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::Told),
        Err(error) => Err(Failure::Failed(format!("cannot serve the page: {error}"))),
    }
}

/// Builds both, anew.
///
/// # Errors
///
/// As [`Module::build`], and where a file cannot be written.
pub fn build(work: &Work) -> Result<Built, Failure> {
    let module = MODULE.build(work)?;
    let size = fs::metadata(&module).map_or(0, |file| file.len());
    if size > MODULE.limit {
        return Err(Failure::Failed(format!(
            "{} has {size} bytes, {} more than its limit allows. The limit stands in \
             xtask/src/web.rs.",
            MODULE.file,
            size - MODULE.limit
        )));
    }
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", TOOL, "--locked"]);
    let tool = built(work, &mut cargo, "")?;
    let folder = workspace::root().join("dist/web");
    // Nothing of an older build shall stay.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    }
    let sources = workspace::root().join("web");
    for part in ["package", "page"] {
        let mut tool = Command::new(&tool);
        tool.arg(part).arg(&module).arg(&sources);
        work.run(tool.arg(folder.join(part)))?;
    }
    Ok(Built { folder, tool })
}
