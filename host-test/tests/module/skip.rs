//! A test that cannot run here says so. Every test binary that can skip takes this file in by its path.

use std::fs::OpenOptions;
use std::io::Write;

/// Says loudly that `test` is skipped, and why. Where `OOM_SKIPS` names a file, as the test command
/// has it, the line goes there too and is counted.
///
/// # Panics
///
/// Where that file cannot be written.
pub fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}\n");
    eprint!("{line}");
    if let Some(file) = std::env::var_os("OOM_SKIPS") {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("OOM_SKIPS names a file that can be written");
    }
}
