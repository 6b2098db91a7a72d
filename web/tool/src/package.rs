//! The npm package.

use std::error::Error;
use std::fs;
use std::path::Path;

/// The texts of its licences, in the top folder.
const LICENCES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Writes the package into `folder`: its sources, the module, and the module's script.
pub(crate) fn write(module: &Path, sources: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let bound = crate::bindgen(module, |bindgen| {
        // The only failure is a second target.
        let _ = bindgen.web(true);
    })?;
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(sources.join("package"))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    for name in LICENCES {
        fs::copy(sources.join("..").join(name), folder.join(name))?;
    }
    fs::write(folder.join("oom.js"), bound.script)?;
    Ok(fs::write(folder.join("oom_bg.wasm"), bound.module)?)
}
