//! The suites: a folder per behaviour, the same for every engine and later for every host.
//!
//! `about.txt` says what the folder shows, `input.<form>` holds lines, `<mode>.ndjson` the records
//! that must leave, keys sorted. `fresh-instance` is there where each record meets a new instance. To
//! write what leaves today in place of what is expected, and then to read the difference:
//! `BLESS=1 cargo test -p oom-host-test --test module suites`.

use std::fs;
use std::path::{Path, PathBuf};

use oom_suite::form::records;

use crate::runs::{MODES, Runner, sorted, top};

/// The ending of an input file, and the form of its lines.
const FORMS: [(&str, &str); 3] = [("log", "text"), ("ndjson", "ndjson"), ("kmsg", "kmsg")];

#[test]
fn every_suite_gives_its_records_in_every_engine() {
    let folders = folders();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for folder in &folders {
        let Suite {
            input,
            fresh_instance,
            ..
        } = Suite::read(folder);
        for (mode, (_, name, _)) in MODES.iter().enumerate() {
            let native = Runner::Native.run(mode, &input, fresh_instance);
            for runner in Runner::all() {
                if runner.run(mode, &input, fresh_instance) != native {
                    wrong.push(format!(
                        "{}: {name} differs in {}",
                        folder.display(),
                        runner.name()
                    ));
                }
            }
            let expected = folder.join(name).with_extension("ndjson");
            let found: String = native.iter().map(|record| sorted(record) + "\n").collect();
            if std::env::var_os("BLESS").is_some() {
                // A run of thousands of lines is compared between engines only.
                if found.len() < 1 << 18 {
                    fs::write(&expected, &found).expect("the suite can be written");
                }
            } else if expected.exists() {
                compared += 1;
                let text = fs::read_to_string(&expected).expect("the expected records");
                wrong.extend(difference(&expected, &text, &found));
            }
        }
    }
    println!(
        "{} suites, {compared} runs of expected records",
        folders.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every suite's folder.
pub fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(top().join("host-test/suites"))
        .expect("the suites are there")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 30, "suites are missing");
    folders
}

/// What a suite hands in.
pub struct Suite {
    /// Its lines.
    pub text: Vec<u8>,
    /// What they are.
    pub form: &'static str,
    /// The records they make.
    pub input: Vec<Vec<u8>>,
    /// Each record meets a new instance.
    pub fresh_instance: bool,
}

impl Suite {
    pub fn read(folder: &Path) -> Self {
        let (file, form) = FORMS
            .iter()
            .map(|(ending, form)| (folder.join("input").with_extension(ending), form))
            .find(|(file, _)| file.exists())
            .unwrap_or_else(|| panic!("{}: no input", folder.display()));
        let text = fs::read(file).expect("the input can be read");
        Self {
            input: records(form, &text).expect("the form is known"),
            text,
            form,
            fresh_instance: folder.join("fresh-instance").exists(),
        }
    }
}

/// The first line that differs.
fn difference(file: &Path, expected: &str, found: &str) -> Option<String> {
    let mut lines = (1..).zip(expected.lines().map(Some).chain(std::iter::repeat(None)));
    let mut found = found.lines().map(Some).chain(std::iter::repeat(None));
    loop {
        let (number, expected) = lines.next()?;
        let found = found.next()?;
        if expected != found {
            return Some(format!(
                "{}:{number}\n  expected {}\n  found    {}",
                file.display(),
                expected.unwrap_or("nothing"),
                found.unwrap_or("nothing"),
            ));
        }
        expected?;
    }
}
