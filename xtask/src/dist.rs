//! `cargo xtask dist`: the modules as they are handed out.

use std::fs::{self, File};
use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::{MODULES, Module};
use crate::{Subcommand, switches, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "dist",
    arguments: "",
    about: "builds the modules into dist/, with their checksums",
    details: "dist/<name>.wasm is what a host loads; dist/SHA256SUMS is for `sha256sum --check`.
Fluent Bit's are made smaller by wasm-opt, where Node is there; without, they work all
the same. A module above its size limit is a failure.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [] = switches(parser, [])?;
    build()
}

/// The folder of all that is handed out.
pub fn folder() -> PathBuf {
    workspace::root().join("dist")
}

/// Where a module lies afterwards.
pub fn path(module: &Module) -> PathBuf {
    folder().join(module.file)
}

/// Builds them all, and prints their sizes and checksums.
///
/// # Errors
///
/// [`Failure::Failed`] from the builds, and for modules that are too large.
pub fn build() -> Result<(), Failure> {
    let folder = folder();
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    let mut table = vec![format!("{:<29} {:>9} {:>9}", "file", "bytes", "limit")];
    let mut too_large = Vec::new();
    for module in MODULES {
        let (built, path) = (module.build()?, path(module));
        let bytes =
            fs::copy(&built, &path).map_err(|error| Failure::file("write", &path, &error))?;
        let Module { file, limit, .. } = module;
        let shown = format!("dist/{file}");
        table.push(format!("{shown:<29} {bytes:>9} {limit:>9}"));
        // As it is compiled it may be larger.
        let is_whole = module.optimizer.is_empty() || tools::wasm_opt().is_some();
        if is_whole && bytes > *limit {
            too_large.push(*file);
        }
    }
    let sums = folder.join("SHA256SUMS");
    let file = File::create(&sums).map_err(|error| Failure::file("write", &sums, &error))?;
    let mut sha256sum = workspace::command("sha256sum");
    sha256sum.args(MODULES.iter().map(|module| module.file));
    workspace::run(sha256sum.current_dir(&folder).stdout(file))?;
    let sums = fs::read_to_string(&sums).map_err(|error| Failure::file("read", &sums, &error))?;
    println!("\n{}\n\n{sums}", table.join("\n"));
    if too_large.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{} above the limit. The limits stand in xtask/src/module.rs.",
        too_large.join(", ")
    )))
}
