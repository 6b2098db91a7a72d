//! What is linked into what is handed out: bills of materials, by cargo-cyclonedx, and the licences, by
//! cargo-about.

use std::fs;
use std::path::{Path, PathBuf};

use super::{TIME, copy, read, write};
use crate::failure::Failure;
use crate::module::{MODULES, Module, PROGRAMS};
use crate::{web, workspace};

/// What cargo-cyclonedx writes beside each manifest.
const BILL: &str = "oom-bill";

/// Builds them into `folder`.
pub(super) fn build(folder: &Path) -> Result<(), Failure> {
    let members = members()?;
    let mut licences = Vec::new();
    let staged = workspace::fresh(workspace::target().join("staged/licences"))?;
    let rules = staged.join("about.toml");
    write(&rules, accepted()?)?;
    let mut packages: Vec<&str> = Vec::new();
    for module in MODULES.iter().chain(PROGRAMS).chain([&web::MODULE]) {
        let manifest = manifest(&members, module)?;
        let name = module.file.trim_end_matches(".wasm");
        write(
            &folder.join(format!("{name}.cdx.json")),
            bill(module, &manifest)?,
        )?;
        if packages.contains(&module.package) {
            continue;
        }
        packages.push(module.package);
        let text = staged.join(name);
        let mut about = workspace::cargo(&["about", "generate", "--locked", "--fail"]);
        about.arg("--manifest-path").arg(manifest);
        about.arg("--config").arg(&rules).arg("--output-file");
        workspace::run(about.arg(&text).arg("xtask/licences.hbs"))?;
        licences.push(format!("WHAT {} IS MADE OF\n", module.package));
        licences.push(read(&text)?);
    }
    for member in members {
        // The same tool writes one for every member that it meets.
        let _ = fs::remove_file(member.join(BILL).with_extension("json"));
    }
    write(&folder.join("LICENCES.txt"), licences.concat())?;
    // What Rust itself links in: its library, musl, WASI's C library.
    let library = "share/doc/rust/COPYRIGHT-library.html";
    copy(
        &workspace::sysroot().join(library),
        &folder.join("LICENCES-rust-library.html"),
    )
}

/// A module's bill, without this machine's paths.
fn bill(module: &Module, manifest: &Path) -> Result<String, Failure> {
    let mut bill = workspace::cargo(&["cyclonedx", "--format", "json", "--spec-version", "1.5"]);
    bill.args(["--target", module.target, "--override-filename", BILL]);
    bill.args(["--features", module.with]);
    bill.arg("--manifest-path").arg(manifest);
    workspace::run(bill.env("SOURCE_DATE_EPOCH", TIME))?;
    let path = manifest.with_file_name(BILL).with_extension("json");
    let bill = read(&path)?.replace(&address()?, "file:///source");
    Ok(bill.replace(&workspace::root().display().to_string(), "/source"))
}

/// The top folder's address, in which cargo writes some characters in another way than they stand in its path.
fn address() -> Result<String, Failure> {
    let mut pkgid = workspace::cargo(&["pkgid", "--locked", "--package", "xtask"]);
    let output = pkgid.output().map_err(|error| {
        let text = format!("cannot run cargo pkgid: {error}");
        Failure::Failed(text)
    })?;
    let id = String::from_utf8_lossy(&output.stdout);
    let folder = id.split_once("/xtask#").map(|(folder, _)| folder);
    let address = folder.and_then(|folder| folder.strip_prefix("path+"));
    address.map(str::to_owned).ok_or_else(|| {
        let text = format!("cargo says of xtask where it is not: {id}");
        Failure::Failed(text)
    })
}

/// The licences that deny.toml allows, for cargo-about.
fn accepted() -> Result<String, Failure> {
    let rules = read(&workspace::root().join("deny.toml"))?;
    let (_, rest) = rules.split_once("\nallow = [").unwrap_or_default();
    let (allowed, _) = rest.split_once(']').unwrap_or_default();
    Ok(format!(
        "accepted = [{allowed}]\nignore-dev-dependencies = true\nignore-build-dependencies = true\n"
    ))
}

/// The folders of the workspace's packages.
fn members() -> Result<Vec<PathBuf>, Failure> {
    let manifest = read(&workspace::root().join("Cargo.toml"))?;
    let (_, rest) = manifest.split_once("\nmembers = [").unwrap_or_default();
    let (members, _) = rest.split_once(']').unwrap_or_default();
    let members = members.split('"').skip(1).step_by(2);
    Ok(members
        .map(|member| workspace::root().join(member))
        .collect())
}

/// The manifest of the package that a module is built from.
fn manifest(members: &[PathBuf], module: &Module) -> Result<PathBuf, Failure> {
    let name = format!("name = \"{}\"\n", module.package);
    for member in members {
        let manifest = member.join("Cargo.toml");
        if read(&manifest)?.contains(&name) {
            return Ok(manifest);
        }
    }
    let package = module.package;
    Err(Failure::Failed(format!("no package is named {package}")))
}
