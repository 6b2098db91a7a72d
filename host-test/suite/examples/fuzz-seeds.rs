//! Where fuzzing begins: `fuzz-seeds <folder>` writes what the fixtures and suites hold, in the form that
//! each target reads.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

use oom_suite::Suite;
use oom_suite::form::lines as split;

/// Bytes of the longest seed: longer ones teach little and run long.
const LONGEST: usize = 12 << 10;
/// What ends one scenario of a capture and begins the next.
const MARK: &[u8] = b"@@SCENARIO ";

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).expect("the folder is named");
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let captures = top.join("fixtures/captures");
    let sequences = sequences(&captures, &|_| true)?;
    // Fluent Bit's module has no room for programs that few machines have, and is compared with what has it all.
    let of_module = self::sequences(&captures, &|suite| !suite.name.starts_with("programs-"))?;
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
    let paths = paths(&top.join("filter/tests/data/cgroup_paths.tsv"))?;
    // Which function, how many rows, and the lines without their letters.
    let blocks: Vec<Vec<u8>> = (0_u8..=255)
        .cycle()
        .zip(&sequences)
        .map(|(number, sequence)| {
            let lines = split(sequence).map(|line| line.get(1..).unwrap_or_default());
            [
                &[number % 4, 2],
                lines.collect::<Vec<_>>().join(&b'\n').as_slice(),
            ]
            .concat()
        })
        .collect();
    for (target, seeds) in [
        ("clickhouse", &blocks),
        ("kernel_text", &texts),
        ("cgroup_path", &paths),
        ("record_json", &records),
        ("records", &sequences),
        ("module", &of_module),
    ] {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("{number:04}")), seed)?;
        }
    }
    Ok(())
}

/// Inputs of suites and scenarios of captures, with the letter of its form before each line.
fn sequences(captures: &Path, is_wanted: &dyn Fn(&Suite) -> bool) -> io::Result<Vec<Vec<u8>>> {
    let mut sequences: Vec<Vec<u8>> = Suite::all()
        .iter()
        .filter(|suite| is_wanted(suite))
        .map(|suite| {
            let form = match suite.form.as_str() {
                "kmsg" => b'k',
                "ndjson" => b'r',
                _ => b't',
            };
            marked(suite.lines(), form)
        })
        .collect();
    for entry in fs::read_dir(captures)? {
        let file = entry?.path();
        if file.extension().is_some_and(|ending| ending == "kmsg") {
            let capture = fs::read(&file)?;
            let lines: Vec<&[u8]> = split(&capture).collect();
            let scenarios = lines.split(|line| after(line, b';').starts_with(MARK));
            sequences.extend(scenarios.map(|scenario| marked(scenario.iter().copied(), b'k')));
        }
    }
    sequences.retain(|sequence| !sequence.is_empty());
    Ok(sequences)
}

/// The paths of the parser's own table of them.
fn paths(table: &Path) -> io::Result<Vec<Vec<u8>>> {
    let table = fs::read(table)?;
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

/// What stands behind the first such byte; nothing without one.
fn after(line: &[u8], byte: u8) -> &[u8] {
    let mut parts = line.splitn(2, |other| *other == byte);
    parts.nth(1).unwrap_or_default()
}
