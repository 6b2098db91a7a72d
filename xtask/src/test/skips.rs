//! The tests that note that they could not do their work here.
//!
//! A passing test's output is not shown, so such a test appends a line `SKIPPED <name>: <reason>` to
//! the file that [`VARIABLE`] names. Several lines of one name are one skip.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::workspace;

/// The environment variable with the file's path.
pub(super) const VARIABLE: &str = "OOM_SKIPS";

/// An empty file for the notes.
pub(super) fn file() -> Result<PathBuf, Failure> {
    let path = workspace::target().join("xtask/skips");
    fs::write(&path, "").map_err(|error| Failure::file("write", &path, &error))?;
    Ok(path)
}

/// Name and reason of each skip in the notes.
pub(super) fn read(notes: &str) -> BTreeMap<String, String> {
    notes
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let line = line.strip_prefix("SKIPPED ").unwrap_or(line);
            let (name, reason) = line.split_once(": ").unwrap_or((line, "no reason given"));
            (name.trim().to_owned(), reason.trim().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_what_tests_note() {
        let skips = read("SKIPPED a: no qemu: none\n\nSKIPPED b\nSKIPPED a: no qemu: none\nc: x\n");
        let skips: Vec<_> = skips
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        assert_eq!(
            skips,
            [("a", "no qemu: none"), ("b", "no reason given"), ("c", "x")]
        );
    }
}
