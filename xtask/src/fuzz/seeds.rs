//! Where fuzzing begins: what the fixtures and suites hold, in the form each target reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files;
use crate::failure::Failure;
use crate::work::Work;
use crate::workspace;

/// Bytes of the longest seed: longer ones teach little and run long.
const LONGEST: usize = 12 << 10;
/// What ends one scenario of a capture and begins the next.
const MARK: &[u8] = b"@@SCENARIO ";

/// Writes the seeds of every target, each into the folder of its name.
///
/// # Errors
///
/// [`Failure::Failed`] where a fixture cannot be read or a seed cannot be written.
pub(super) fn write(work: &Work, folder: &Path) -> Result<(), Failure> {
    let sequences = sequences(work)?;
    let mut lines = BTreeSet::new();
    let mut texts = Vec::new();
    let mut records = Vec::new();
    for line in sequences.iter().flat_map(|sequence| split(sequence)) {
        let Some((form, rest)) = line.split_first() else {
            continue;
        };
        // One line of each shape: numbers are the fuzzer's own business.
        if !lines.insert(shape(rest)) {
            continue;
        }
        match form {
            b'r' => records.push(rest.to_vec()),
            b'k' => texts.push(after(rest, b';').to_vec()),
            _ => texts.push(rest.to_vec()),
        }
    }
    let paths = paths()?;
    for (target, seeds) in [
        ("kernel_text", &texts),
        ("cgroup_path", &paths),
        ("record_json", &records),
        ("records", &sequences),
        ("module", &sequences),
    ] {
        let folder = folder.join(target);
        fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
        for (number, seed) in seeds.iter().enumerate() {
            let file = folder.join(format!("{number:04}"));
            fs::write(&file, seed).map_err(|error| Failure::file("write", &file, &error))?;
        }
    }
    Ok(())
}

/// Inputs of suites and scenarios of captures, with the letter of its form before each line.
fn sequences(work: &Work) -> Result<Vec<Vec<u8>>, Failure> {
    let root = workspace::root();
    let mut cargo = workspace::cargo();
    cargo.args([
        "run",
        "--quiet",
        "--package",
        "oom-suite",
        "--example",
        "suites",
    ]);
    let suites = work.output(&mut cargo)?;
    let sequences: Option<Vec<Vec<u8>>> = suites.lines().map(sequence).collect();
    let unread = || Failure::Failed("a suite is not told as it should be".to_owned());
    let mut sequences = sequences.ok_or_else(unread)?;
    for file in files(&root.join("fixtures/captures"))? {
        if file.extension().is_some_and(|ending| ending == "kmsg") {
            let capture = read(&file)?;
            let lines: Vec<&[u8]> = split(&capture).collect();
            let scenarios = lines.split(|line| after(line, b';').starts_with(MARK));
            sequences.extend(scenarios.map(|scenario| marked(scenario.iter().copied(), b'k')));
        }
    }
    sequences.retain(|sequence| !sequence.is_empty());
    Ok(sequences)
}

/// A suite's input, of the line that tells of it.
fn sequence(suite: &str) -> Option<Vec<u8>> {
    let suite: Value = serde_json::from_str(suite).ok()?;
    let form = match suite["form"].as_str()? {
        "kmsg" => b'k',
        "ndjson" => b'r',
        _ => b't',
    };
    // A character for each byte.
    let input = suite["input"].as_str()?.chars();
    let input: Vec<u8> = input.filter_map(|byte| u8::try_from(byte).ok()).collect();
    Some(marked(split(&input), form))
}

/// The paths of the parser's own table of them.
fn paths() -> Result<Vec<Vec<u8>>, Failure> {
    let file: PathBuf = workspace::root().join("filter/tests/data/cgroup_paths.tsv");
    let table = read(&file)?;
    let rows = split(&table).filter(|row| !row.starts_with(b"#"));
    Ok(rows
        .filter_map(|row| row.split(|byte| *byte == b'\t').nth(1))
        .map(<[u8]>::to_vec)
        .collect())
}

/// As many of the lines as fit, each behind the letter of its form.
fn marked<'a>(lines: impl Iterator<Item = &'a [u8]>, form: u8) -> Vec<u8> {
    let mut sequence = Vec::new();
    for line in lines {
        if sequence.len() + line.len() > LONGEST {
            break;
        }
        sequence.push(form);
        sequence.extend_from_slice(line);
        sequence.push(b'\n');
    }
    sequence
}

/// A line without what its numbers are.
fn shape(line: &[u8]) -> Vec<u8> {
    let mut shape: Vec<u8> = line
        .iter()
        .map(|byte| {
            if byte.is_ascii_hexdigit() {
                b'0'
            } else {
                *byte
            }
        })
        .collect();
    shape.dedup();
    shape
}

fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

/// What stands behind the first such byte; nothing without one.
fn after(line: &[u8], byte: u8) -> &[u8] {
    let mut parts = line.splitn(2, |other| *other == byte);
    parts.nth(1).unwrap_or_default()
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::file("read", file, &error))
}
