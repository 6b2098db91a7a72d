//! `cargo xtask dist`: the modules as they are handed out.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::{MODULES, Module};
use crate::work::Work;
use crate::workspace;

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "dist",
    arguments: "",
    about: "builds the modules into dist/, with their checksums",
    details: "dist/<name>.wasm is what a host loads; dist/SHA256SUMS is for `sha256sum --check`.
A module above its size limit is a failure.",
    run,
};

/// A module that lies in dist/.
struct Built {
    module: &'static Module,
    bytes: u64,
    gzip: Option<usize>,
    sha256: String,
}

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    if let Some(argument) = parser.next()? {
        return Err(unexpected(&argument));
    }
    let work = Work::start("building the modules", "dist")?;
    let built = build(&work);
    work.finish(if built.is_ok() { "done" } else { "failed" });
    let (table, within) = built?;
    println!("\n{table}");
    within
}

/// Where a module lies afterwards.
pub fn path(module: &Module) -> PathBuf {
    folder().join(module.file)
}

/// Builds them all: the table that tells of them, and whether all are within their limits.
///
/// # Errors
///
/// From the builds; in the second part [`Failure::Failed`] for a module that is too large.
pub fn build(work: &Work) -> Result<(String, Result<(), Failure>), Failure> {
    let folder = folder();
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    // Nobody shall take an old one for what this build made.
    let sums = folder.join("SHA256SUMS");
    for path in MODULES.iter().map(path).chain([sums.clone()]) {
        if path.exists() {
            fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        }
    }
    let mut all = Vec::new();
    for module in MODULES {
        let wasm = module.build(work)?;
        all.push(place(module, &wasm)?);
    }
    let mut lines = String::new();
    for Built { module, sha256, .. } in &all {
        let _ = writeln!(lines, "{sha256}  {}", module.file);
    }
    fs::write(&sums, lines).map_err(|error| Failure::file("write", &sums, &error))?;
    Ok((table(&all), limits(&all)))
}

/// The folder of all that is handed out.
pub fn folder() -> PathBuf {
    workspace::root().join("dist")
}

/// Copies a module into its place and measures it.
fn place(module: &'static Module, wasm: &Path) -> Result<Built, Failure> {
    let bytes = fs::read(wasm).map_err(|error| Failure::file("read", wasm, &error))?;
    let path = path(module);
    fs::write(&path, &bytes).map_err(|error| Failure::file("write", &path, &error))?;
    Ok(Built {
        module,
        bytes: bytes.len() as u64,
        gzip: gzip(&path),
        sha256: hex(&Sha256::digest(&bytes)),
    })
}

/// Bytes of the file as gzip packs it, where there is gzip.
fn gzip(path: &Path) -> Option<usize> {
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--no-name", "--stdout"]).arg(path);
    let output = gzip.stdin(Stdio::null()).output().ok()?;
    output.status.success().then_some(output.stdout.len())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn table(all: &[Built]) -> String {
    let mut text = format!(
        "{:<29} {:>9} {:>10} {:>11} {:>11}  sha256",
        "file", "bytes", "size", "gzip", "limit"
    );
    for built in all {
        let gzip = built
            .gzip
            .map_or_else(|| "-".to_owned(), |bytes| kib(bytes as u64));
        let _ = write!(
            text,
            "\n{:<29} {:>9} {:>10} {gzip:>11} {:>11}  {}",
            format!("dist/{}", built.module.file),
            built.bytes,
            kib(built.bytes),
            kib(built.module.limit),
            built.sha256
        );
    }
    text
}

/// Bytes in KiB, to a tenth.
fn kib(bytes: u64) -> String {
    let tenths = bytes * 10 / 1024;
    format!("{}.{} KiB", tenths / 10, tenths % 10)
}

fn limits(all: &[Built]) -> Result<(), Failure> {
    let over: Vec<String> = all
        .iter()
        .filter(|built| built.bytes > built.module.limit)
        .map(|built| {
            format!(
                "{} has {} bytes, {} more than its limit allows",
                built.module.file,
                built.bytes,
                built.bytes - built.module.limit
            )
        })
        .collect();
    if over.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!(
            "{}. The limit stands in the table of xtask/src/module.rs.",
            over.join("; ")
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::{hex, kib};

    #[test]
    fn writes_figures() {
        assert_eq!(kib(163_840), "160.0 KiB");
        assert_eq!(kib(1_100), "1.0 KiB");
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }
}
