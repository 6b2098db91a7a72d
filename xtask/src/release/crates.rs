//! The crates, as crates.io takes them.

use std::path::Path;

use super::{VERSION, copy};
use crate::failure::Failure;
use crate::workspace;

/// In the order in which they are published: each after those that it needs.
pub(super) const CRATES: &[&str] = &["oom-filter", "oom-unpack", "oom-vector"];

/// Packs them into `folder`.
pub(super) fn build(folder: &Path) -> Result<(), Failure> {
    let mut package = workspace::cargo(&["package", "--locked", "--no-verify", "--allow-dirty"]);
    for name in CRATES {
        package.args(["--package", name]);
    }
    workspace::run(&mut package)?;
    for name in CRATES {
        let file = format!("{name}-{VERSION}.crate");
        let packed = workspace::target().join("package").join(&file);
        copy(&packed, &folder.join(file))?;
    }
    Ok(())
}
