//! The log of a real kernel, and the kills that the program finds in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The program that ships.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_oom-vector");

/// Records of `/dev/kmsg`.
pub fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/demo.kmsg")
}

/// One record of it.
pub struct Line<'a> {
    /// Facility and level.
    pub priority: u64,
    /// Since the boot.
    pub at_us: u64,
    /// As the kernel escapes it.
    pub text: &'a str,
}

impl Line<'_> {
    /// `[   12.345678]`, as the kernel prints it.
    pub fn clock(&self) -> String {
        let (seconds, micros) = (self.at_us / 1_000_000, self.at_us % 1_000_000);
        format!("[{seconds:5}.{micros:06}]")
    }
}

/// Every record of `log`, without the lines of their dictionaries.
pub fn lines(log: &str) -> impl Iterator<Item = Line<'_>> {
    log.lines().filter_map(|line| {
        let (head, text) = line.split_once(';')?;
        let mut fields = head.split(',');
        let priority = fields.next()?.parse().ok()?;
        let at_us = fields.nth(1)?.parse().ok()?;
        Some(Line {
            priority,
            at_us,
            text,
        })
    })
}

/// A kill, without what a carrier gives it or keeps from it.
#[derive(Debug, PartialEq)]
pub struct Kill {
    victim: Value,
    pod: Value,
    container: Value,
    level: Value,
    memory: Value,
}

/// The kills of an output, in its order.
pub fn kills(out: &[u8]) -> Vec<Kill> {
    let lines = out.split(|byte| *byte == b'\n');
    let records = lines.filter(|line| !line.is_empty()).map(|line| {
        serde_json::from_slice::<Value>(line)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
    });
    let ooms = records.map(|record| record["oom"].clone());
    ooms.map(|oom| Kill {
        victim: oom["victim"].clone(),
        pod: oom["pod"].clone(),
        container: oom["container"].clone(),
        level: oom["level"].clone(),
        memory: oom["memory"].clone(),
    })
    .collect()
}

/// What the program finds in the capture.
pub fn expected() -> Vec<Kill> {
    let output = Command::new(PROGRAM)
        .args(["--mode", "events"])
        .arg(file())
        .output()
        .expect("it runs");
    let expected = kills(&output.stdout);
    assert!(expected.len() > 5, "the capture has kills");
    expected
}

/// The text of the capture.
pub fn text() -> String {
    fs::read_to_string(file()).expect("the capture")
}
