//! The npm package.

use std::error::Error;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::commonjs;

/// Files of other folders that are in it as they are: the texts of its licences, and what a record is.
const OTHERS: &[&str] = &[
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "filter/schema/oom.schema.json",
];
/// The entry that has no twin for `require`: who loads it has ES modules alone.
const ALONE: &str = "workerd.js";

/// Writes the package into `folder`: its sources, the module, the module's script and its text, and for `require`
/// a twin of each script and of each file of types.
pub(crate) fn write(module: &Path, sources: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let bound = crate::bindgen(module, |bindgen| {
        // The only failure is a second target.
        let _ = bindgen.bundler(true);
    })?;
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(sources.join("package"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        add(folder, &name, &fs::read_to_string(entry.path())?)?;
    }
    for path in OTHERS {
        let path = sources.join("..").join(path);
        let name = path.file_name().ok_or("a file has a name")?;
        fs::copy(&path, folder.join(name))?;
    }
    add(folder, "oom_bg.js", &bound.script)?;
    let text = STANDARD.encode(&bound.module);
    let script = format!("// The module, in base64.\nexport const MODULE = \"{text}\";\n");
    add(folder, "module.js", &script)?;
    Ok(fs::write(folder.join("oom_bg.wasm"), bound.module)?)
}

/// Writes a file, and its twin where it has one.
fn add(folder: &Path, name: &str, text: &str) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join(name), text)?;
    if let Some(stem) = name.strip_suffix(".d.ts") {
        let text = text.replace(".js\"", ".cjs\"");
        fs::write(folder.join(stem).with_extension("d.cts"), text)?;
    } else if let Some(stem) = name.strip_suffix(".js").filter(|_| name != ALONE) {
        fs::write(folder.join(stem).with_extension("cjs"), commonjs::of(text)?)?;
    }
    Ok(())
}
