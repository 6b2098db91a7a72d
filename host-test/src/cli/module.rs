//! Where the module is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The environment variable that names the module.
const VARIABLE: &str = "OOM_MODULE";

/// Where the module is built, from the workspace's root.
const BUILT: [&str; 2] = [
    "dist/oom-fluentbit.wasm",
    "target/wasm32v1-none/module/oom_fluentbit.wasm",
];

/// Reads the module: the one named, else the environment's, else the one built here. An error is a
/// sentence.
pub(super) fn read(named: Option<&Path>) -> Result<Vec<u8>, String> {
    let path = named
        .map(Path::to_path_buf)
        .or_else(|| {
            env::var_os(VARIABLE)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        })
        .or_else(|| BUILT.iter().map(PathBuf::from).find(|path| path.exists()))
        .ok_or_else(|| {
            format!(
                "no module: neither {} nor {} is here. Build it with `cargo xtask dist`, or name \
                 one with --module or {VARIABLE}",
                BUILT[0], BUILT[1]
            )
        })?;
    fs::read(&path).map_err(|error| format!("cannot read the module {}: {error}", path.display()))
}
