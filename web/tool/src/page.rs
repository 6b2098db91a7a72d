//! The page: static files that need nothing besides, from a server or from a disk.
//!
//! A page opened from a disk may load neither a JavaScript module nor a worker nor bytes from beside
//! itself. So its scripts are classic ones, the worker's script is text in `engine.js`, and so is the
//! WebAssembly module, packed. It is the same page on a server: its policy then forbids every
//! connection.

use std::error::Error;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Files of the package that the page shares: their `export` is no word of a classic script.
const SHARED: &[&str] = &["json.js"];
/// Folders that are no files of the page itself: the worker's script in parts, and logs.
const WORKER: &str = "worker";
const EXAMPLES: &str = "examples";

/// Writes the page into `folder`.
pub(crate) fn write(module: &Path, sources: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let page = sources.join("page");
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(&page)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    for name in SHARED {
        let text = fs::read_to_string(sources.join("package").join(name))?;
        fs::write(folder.join(name), text.replace("\nexport ", "\n"))?;
    }
    fs::write(
        folder.join("engine.js"),
        engine(module, &page.join(WORKER))?,
    )?;
    fs::write(folder.join("examples.js"), examples(&page.join(EXAMPLES))?)?;
    Ok(())
}

/// `const ENGINE = {"worker": "...", "module": "..."};`
fn engine(module: &Path, worker: &Path) -> Result<String, Box<dyn Error>> {
    let bound = crate::bindgen(module, |bindgen| {
        // The only failure is a second target.
        let _ = bindgen.no_modules(true);
    })?;
    let mut packed = Vec::new();
    let options = zopfli::Options::default();
    zopfli::compress(options, zopfli::Format::Gzip, &*bound.module, &mut packed)?;
    let mut parts: Vec<_> = fs::read_dir(worker)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    // So that the same files always make the same script.
    parts.sort();
    let mut script = bound.script;
    for part in parts {
        script += &fs::read_to_string(part)?;
    }
    let engine = json!({
        "worker": script,
        "module": STANDARD.encode(packed),
    });
    Ok(constant("ENGINE", &engine))
}

/// `const EXAMPLES = {"name": "the log", ...};`, a file each.
fn examples(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut examples = Map::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        examples.insert(name.into_owned(), fs::read_to_string(&path)?.into());
    }
    Ok(constant("EXAMPLES", &Value::Object(examples)))
}

/// JSON is JavaScript.
fn constant(name: &str, value: &Value) -> String {
    format!("// Made by the build.\n\"use strict\";\nconst {name} = {value};\n")
}
