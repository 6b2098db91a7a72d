//! A distribution's kernel: package, boot image, the modules that the guest loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt::Apt;
use crate::fallible::{At, Fallible};
use crate::options::Options;
use crate::tools::output;

/// The package that always depends on the suite's kernel: the one without drivers for real
/// hardware.
const META: &str = "linux-image-cloud-amd64";

/// An unpacked kernel.
pub struct Kernel {
    /// The suite.
    pub suite: String,
    /// Distribution and upstream version, for file names: `debian-6.1.192`.
    pub name: String,
    /// What `uname -r` says.
    pub release: String,
    /// Name and version of the package.
    pub package: String,
    /// The boot image.
    pub image: PathBuf,
    /// Modules in the order of loading: file name and content.
    pub modules: Vec<(String, Vec<u8>)>,
}

/// Gets the kernel of a suite.
pub fn fetch(options: &Options, suite: &str) -> Fallible<Kernel> {
    let apt = Apt::open(options, suite)?;
    let mut names = apt.dependencies(META)?.into_iter();
    let package = names
        .find(|name| name.starts_with("linux-image-"))
        .ok_or_else(|| format!("`{META}` is empty"))?;
    let version = apt.version(&package)?;
    // In newer suites the image's package is empty too: boot image and modules have packages of
    // their own.
    let parts = apt.dependencies(&package)?.into_iter();
    let parts = parts.filter(|name| {
        ["linux-binary-", "linux-modules-"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    });
    let folder = options
        .cache
        .join("unpacked")
        .join(format!("{package}_{version}"));
    if !folder.is_dir() {
        let partial = folder.with_extension("partial");
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir_all(&partial)?;
        for part in parts.chain([package.clone()]) {
            let file = apt.download(&part, &version, &options.cache.join("packages"))?;
            output(
                Command::new("dpkg-deb")
                    .arg("--extract")
                    .arg(&file)
                    .arg(&partial),
            )?;
        }
        fs::rename(&partial, &folder)?;
    }
    let release = package
        .trim_start_matches("linux-image-")
        .trim_end_matches("-unsigned")
        .to_owned();
    let upstream = version.split(['-', '~', '+']).next().unwrap_or(&version);
    let mut files = Vec::new();
    list(&folder, &mut files);
    let image = |file: &&PathBuf| {
        file.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz"))
    };
    Ok(Kernel {
        suite: suite.to_owned(),
        name: format!("debian-{upstream}"),
        image: files
            .iter()
            .find(image)
            .ok_or_else(|| format!("`{package}` has no boot image"))?
            .clone(),
        modules: modules(&files)?,
        package: format!("{package} {version}"),
        release,
    })
}

/// Modules for the swap device, and the compression that it asks for without depending on it.
const WANTED: [&str; 2] = ["lzo-rle", "zram"];

/// The wanted modules and all that they depend on, in the order of loading, as far as the kernel
/// has them.
fn modules(files: &[PathBuf]) -> Fallible<Vec<(String, Vec<u8>)>> {
    let mut ordered = Vec::new();
    for wanted in WANTED {
        load(files, wanted, &mut ordered)?;
    }
    Ok(ordered)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

/// Depth first: what a module depends on goes before it. A dependency without a file is part of the
/// kernel.
fn load(files: &[PathBuf], wanted: &str, ordered: &mut Vec<(String, Vec<u8>)>) -> Fallible<()> {
    let named =
        |file: &&PathBuf| module_name(file).is_some_and(|name| name == wanted.replace('-', "_"));
    let Some(file) = files.iter().find(named) else {
        return Ok(());
    };
    let name = format!("{wanted}.ko");
    if ordered.iter().any(|(loaded, _)| *loaded == name) {
        return Ok(());
    }
    let content = if file.extension().is_some_and(|extension| extension == "xz") {
        output(
            Command::new("xz")
                .args(["--decompress", "--stdout"])
                .arg(file),
        )?
    } else {
        fs::read(file).at(file.display())?
    };
    for dependency in depends(&content) {
        load(files, &dependency, ordered)?;
    }
    ordered.push((name, content));
    Ok(())
}

/// `zsmalloc` for `…/zsmalloc.ko.xz`.
fn module_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let name = name
        .strip_suffix(".ko.xz")
        .or_else(|| name.strip_suffix(".ko"))?;
    Some(name.replace('-', "_"))
}

/// What a module says it depends on: `depends=a,b` between two NULs.
fn depends(module: &[u8]) -> Vec<String> {
    let text = module
        .split(|byte| *byte == 0)
        .find_map(|text| text.strip_prefix(b"depends="));
    let text = String::from_utf8_lossy(text.unwrap_or_default()).into_owned();
    text.split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::depends;

    #[test]
    fn reads_what_a_module_depends_on() {
        assert_eq!(
            depends(b"\x7fELF\0license=GPL\0depends=zsmalloc,lzo-rle\0"),
            ["zsmalloc", "lzo-rle"]
        );
        assert!(depends(b"\0depends=\0").is_empty());
        assert!(depends(b"no module").is_empty());
    }
}
