//! `cargo xtask release`: everything that is published, in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::module::{MODULES, PROGRAMS};
use crate::{Subcommand, dist, tools, web, workspace};

mod again;
mod bill;
mod crates;
mod images;
mod installed;
mod kubernetes;
mod packages;
mod publish;

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "release",
    arguments: "--dry-run [--quick] [--check] | --install-tools | --check-tag <tag> | --publish <part>",
    about: "builds everything that is published into dist/release/, or publishes it",
    details: "
  --dry-run            builds, and prints what would publish it
  --quick              leaves out what needs tools that are compiled first or a browser's
                       module: the page, the npm package, bills of materials, licences
  --check              then installs the packages in empty folders, runs what they installed
                       and removes them; without --quick uses the npm package, the crates and
                       the images where no source lies; and builds everything once more
                       elsewhere: the bytes have to be the same
  --install-tools      installs what --dry-run needs, after it has shown the lines
  --check-tag <tag>    fails unless the tag is `v` and the version of Cargo.toml
  --publish <part>     runs the lines that --dry-run prints for this part: crates, npm,
                       images, chart or files. It wants what those programs want, and
                       `repository` in Cargo.toml to be an address on GitHub

dist/release holds the modules, the program for Linux, packages for Debian and RPM, images
and artifacts, the chart, the manifests of Kubernetes with the module in them, the crates,
the npm package, the page, bills of materials, licences, and SHA256SUMS over all of it. The
same sources give the same bytes in every folder, at every time.",
    run,
};

/// The version of all that is released.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The time of everything that is packed: 1 January 1980, in seconds, as `oom-pack` has it.
const TIME: &str = "315532800";

/// What is built.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Extent {
    /// Everything.
    Whole,
    /// What needs no tool that is compiled first: neither the page, the npm package, bills of materials nor
    /// licences.
    Quick,
}

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::{Arg::Long, ValueExt as _};
    let (mut extent, mut is_wanted, mut is_checked) = (Extent::Whole, false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("dry-run") => is_wanted = true,
            Long("quick") => extent = Extent::Quick,
            Long("check") => is_checked = true,
            Long("install-tools") => {
                tools::install(&["release", "whole release"]);
                return Ok(());
            }
            Long("check-tag") => return check_tag(&parser.value()?.string()?),
            Long("publish") => return publish::publish(&parser.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if !is_wanted {
        return Err(Failure::Usage("nothing is said of what to do".to_owned()));
    }
    tools::require("release")?;
    if extent == Extent::Whole {
        tools::require("whole release")?;
    }
    build(extent)?;
    if is_checked {
        return check(extent);
    }
    publish::show();
    Ok(())
}

/// The tag of a release says its version.
fn check_tag(tag: &str) -> Result<(), Failure> {
    if tag == format!("v{VERSION}") {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "the tag is {tag}, and the version in Cargo.toml is {VERSION}"
    )))
}

/// Whether what was built can be installed, and is built the same elsewhere.
///
/// # Errors
///
/// [`Failure::Failed`] where it is not so.
pub fn check(extent: Extent) -> Result<(), Failure> {
    installed::installed(extent)?;
    again::again(extent)
}

/// The folder of everything that is published.
pub fn folder() -> PathBuf {
    dist::folder().join("release")
}

/// Builds into that folder, anew.
///
/// # Errors
///
/// [`Failure::Failed`] from the builds, and where a file cannot be read or written.
pub fn build(extent: Extent) -> Result<(), Failure> {
    let folder = workspace::fresh(folder())?;
    dist::build()?;
    for module in MODULES {
        copy(&dist::path(module), &folder.join(module.file))?;
    }
    for program in PROGRAMS {
        copy(&program.build_within_limit()?, &folder.join(program.file))?;
    }
    let pack = workspace::pack()?;
    packages::build(&folder)?;
    images::build(&pack, &folder)?;
    kubernetes::build(&pack, &folder)?;
    crates::build(&folder)?;
    if extent == Extent::Whole {
        web::build()?;
        let page = web::folder().join("page");
        add_licences(&page)?;
        archive(&pack, &page, "oom-page", &folder)?;
        let package = web::folder().join("package");
        settle(&package)?;
        let mut npm = workspace::command("npm");
        npm.args(["pack", "--ignore-scripts", "--pack-destination"]);
        workspace::run(npm.arg(&folder).current_dir(package))?;
        bill::build(&folder)?;
    }
    sums(&folder)
}

/// Packs a folder as `<title>-<version>.tar.gz`, in which all lies below that name.
fn archive(pack: &Path, what: &Path, title: &str, folder: &Path) -> Result<(), Failure> {
    let name = format!("{title}-{VERSION}");
    let mut pack = workspace::command(pack);
    pack.arg("archive").arg(what).arg(&name);
    workspace::run(pack.arg(folder.join(format!("{name}.tar.gz"))))
}

/// Copies the texts of our own licences into a folder.
fn add_licences(folder: &Path) -> Result<(), Failure> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&workspace::root().join(name), &folder.join(name))?;
    }
    Ok(())
}

/// Times and modes of this machine's are none of a package's.
fn settle(folder: &Path) -> Result<(), Failure> {
    let line = format!("chmod -R u=rwX,go=rX . && find . -exec touch -d @{TIME} {{}} +");
    let mut settle = workspace::command("sh");
    workspace::run(settle.args(["-euc", &line]).current_dir(folder))
}

/// Writes SHA256SUMS over all files.
fn sums(folder: &Path) -> Result<(), Failure> {
    let mut names = Vec::new();
    let failed = |error| Failure::file("read", folder, &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    let path = folder.join("SHA256SUMS");
    let file = fs::File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
    let mut sha256sum = workspace::command("sha256sum");
    workspace::run(sha256sum.args(names).current_dir(folder).stdout(file))?;
    println!("\n{}", read(&path)?);
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}

/// Writes a file, and the folders that it stands in.
fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let content = fs::read(from).map_err(|error| Failure::file("read", from, &error))?;
    write(to, content)
}

/// Copies the files of a folder, its folders' too.
fn copy_all(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::file("read", from, &error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            copy_all(&path, &to.join(name))?;
        } else {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// `repository` of the workspace's manifest: the one place that holds the public address.
fn repository() -> &'static str {
    env!("CARGO_PKG_REPOSITORY")
}
