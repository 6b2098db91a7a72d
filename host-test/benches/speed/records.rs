//! The records that are handed in, by kind.
//!
//! All are made from files of the repository: ordinary lines as a node's kernel prints them, a journal's
//! entries of 2 KiB, what a node's kubelet and containerd print, and the first report of a booted kernel.

use std::fs;
use std::path::{Path, PathBuf};

use oom_suite::form::records;
use serde_json::{Value, json};

/// Records of one kind, handed in one after the other.
pub struct Kind {
    /// What they are, for a table.
    pub name: &'static str,
    /// What is handed in first, and not measured.
    pub before: Vec<Vec<u8>>,
    /// What is measured. One pass hands in each once.
    pub measured: Vec<Vec<u8>>,
    /// What becomes of the last measured record in annotate mode.
    pub changes: bool,
    /// Whether a pass is told as one thing, not by record.
    pub is_whole: bool,
}

impl Kind {
    /// Over how many things the cost of a pass is spread.
    pub fn divisor(&self) -> usize {
        if self.is_whole {
            1
        } else {
            self.measured.len()
        }
    }

    /// The same records as a later pass hands them in: kills of another hour, not those that were told.
    pub fn at_pass(&self, pass: u64) -> Self {
        let later =
            |records: &[Vec<u8>]| records.iter().map(|record| later(record, pass)).collect();
        Self {
            name: self.name,
            before: later(&self.before),
            measured: later(&self.measured),
            changes: self.changes,
            is_whole: self.is_whole,
        }
    }

    /// Bytes of the measured records.
    pub fn bytes(&self) -> usize {
        self.measured.iter().map(Vec::len).sum()
    }
}

/// So many whole reports in one second, of containers by turns: the most that a kernel can write at once. A kernel
/// leaves reports out where they are more than ten in five seconds.
pub fn storm(report: &Kind, kills: usize, containers: usize) -> Kind {
    let mut measured = Vec::new();
    for kill in 0..kills {
        let container = format!("{:064x}", kill % containers);
        for (line, record) in report.measured.iter().enumerate() {
            let mut members = match value(record) {
                Value::Object(members) => members,
                other => panic!("a record is an object: {other}"),
            };
            let text = members["msg"].as_str().expect("a text");
            let text = with_container(text, &container);
            members.insert("msg".to_owned(), text.into());
            let number = kill * report.measured.len() + line;
            members.insert("sec".to_owned(), 39_600.into());
            members.insert(
                "usec".to_owned(),
                (number * 1_000_000 / (kills * REPORT_LINES)).into(),
            );
            members.insert("sequence".to_owned(), (1000 + number).into());
            measured.push(Value::Object(members).to_string().into_bytes());
        }
    }
    Kind {
        name: STORM,
        before: Vec::new(),
        measured,
        changes: true,
        is_whole: false,
    }
}

/// A line with another container's id.
fn with_container(text: &str, container: &str) -> String {
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (piece, behind) = match digits(rest) {
            64 => (container, &rest[64..]),
            0 => (&rest[..next.len_utf8()], &rest[next.len_utf8()..]),
            length => rest.split_at(length),
        };
        out += piece;
        rest = behind;
    }
    out
}

/// A record of `/dev/kmsg` so many hours later; any other as it is.
fn later(record: &[u8], hours: u64) -> Vec<u8> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(record) else {
        return record.to_vec();
    };
    let mut add = |key: &str, number: u64| match members.get_mut(key) {
        Some(Value::Number(before)) => {
            let sum = before.as_u64().unwrap_or_default() + number;
            *before = sum.into();
            true
        }
        _ => false,
    };
    if !add("sec", 3600 * hours) || !add("sequence", 1000 * hours) {
        return record.to_vec();
    }
    Value::Object(members).to_string().into_bytes()
}

// Names that others look rows up by.
pub const ORDINARY_KMSG: &str = "ordinary kernel line, kmsg";
pub const ORDINARY_JOURNAL: &str = "ordinary kernel line, journal";
pub const ORDINARY_TAIL: &str = "ordinary kernel line, tail";
pub const JOURNAL_2K: &str = "journal record of 2 KiB";
pub const KUBELET: &str = "kubelet line";
pub const KUBELET_NAMES: &str = "kubelet line that names a container";
pub const CONTAINERD: &str = "containerd line";
pub const CONTAINERD_NAMES: &str = "containerd line that names a container";
pub const STARTED: &str = "unit that started";
pub const INSIDE: &str = "line inside a report";
pub const KILL: &str = "kill line";
pub const REPORT: &str = "whole report, 96 lines";
pub const STORM: &str = "line of 1,000 reports in a second";

/// The lines a report has, counted.
const REPORT_LINES: usize = 96;

/// Every kind. A new one is a row here.
pub fn kinds() -> Vec<Kind> {
    let kernel = kmsg(&read("host-test/benches/records/kernel.kmsg"));
    let report = kmsg(&first_report(&read(
        "fixtures/captures/debian-6.12.117-cgroup2.kmsg",
    )));
    assert_eq!(
        report.len(),
        REPORT_LINES,
        "the report that the names tell of"
    );
    let journal_2k = read("host-test/benches/records/journal.ndjson");
    let (kill, lines) = report.split_last().expect("a report has lines");
    let (invoked, inside) = lines.split_first().expect("a report has lines");
    let each = |shape: fn(&Value) -> Value| -> Vec<Vec<u8>> {
        let values = kernel.iter().map(|record| value(record));
        values
            .map(|value| shape(&value).to_string().into_bytes())
            .collect()
    };
    let passing = |name, measured| Kind {
        name,
        before: Vec::new(),
        measured,
        changes: false,
        is_whole: false,
    };
    vec![
        passing(ORDINARY_KMSG, kernel.clone()),
        passing(ORDINARY_JOURNAL, each(as_journal)),
        passing(ORDINARY_TAIL, each(as_tail)),
        passing(
            JOURNAL_2K,
            journal_2k
                .lines()
                .map(|line| line.as_bytes().to_vec())
                .collect(),
        ),
        passing(KUBELET, of_unit("kubelet", false)),
        passing(KUBELET_NAMES, of_unit("kubelet", true)),
        passing(CONTAINERD, of_unit("containerd", false)),
        passing(CONTAINERD_NAMES, of_unit("containerd", true)),
        passing(STARTED, vec![record_of_unit("init.scope", SYSTEMDS_LINE)]),
        Kind {
            name: INSIDE,
            before: vec![invoked.clone()],
            measured: inside.to_vec(),
            changes: true,
            is_whole: false,
        },
        Kind {
            name: KILL,
            before: lines.to_vec(),
            measured: vec![kill.clone()],
            changes: true,
            is_whole: false,
        },
        Kind {
            name: REPORT,
            before: Vec::new(),
            measured: report.clone(),
            changes: true,
            is_whole: true,
        },
    ]
}

/// The kind of that name.
pub fn named<'a>(kinds: &'a [Kind], name: &str) -> &'a Kind {
    let mut kinds = kinds.iter();
    kinds
        .find(|kind| kind.name == name)
        .expect("a name of these rows")
}

/// The repository's top.
pub fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package lies in the repository")
        .to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a unit wrote: lines that a kubelet 1.20 and a containerd 1.6 printed on a real node, in the fields that the
/// journal would have put around them. Those that name a container, or all others.
fn of_unit(unit: &str, names: bool) -> Vec<Vec<u8>> {
    const WORDS: [&str; 3] = [
        "SyncLoop (PLEG)",
        "returns sandbox id",
        "returns container id",
    ];
    let units = read("host-test/benches/records/units.ndjson");
    let is_of_unit = |line: &&str| {
        let is_naming = WORDS.iter().any(|word| line.contains(word));
        // It tells of a kill: that is no ordinary line.
        let is_witness = line.contains("TaskOOM");
        line.contains(&format!("\"_COMM\":\"{unit}\"")) && is_naming == names && !is_witness
    };
    let lines = units.lines().filter(is_of_unit);
    lines.map(|line| line.as_bytes().to_vec()).collect()
}

/// Lines of `/dev/kmsg` as Fluent Bit's kmsg input makes records of them.
fn kmsg(lines: &str) -> Vec<Vec<u8>> {
    records("kmsg", lines.as_bytes()).expect("there is such a form")
}

/// The first report of a capture, from its first line to its kill.
fn first_report(capture: &str) -> String {
    let lines = capture.lines();
    let from_start = lines.skip_while(|line| !line.contains(" invoked oom-killer: "));
    let mut report = String::new();
    for line in from_start {
        report += line;
        report += "\n";
        if line.contains("Killed process ") {
            break;
        }
    }
    report
}

fn value(record: &[u8]) -> Value {
    serde_json::from_slice(record).expect("the harness makes JSON")
}

/// The kernel's text, without the device's annotations, and its clock in microseconds.
fn text(record: &Value) -> (&str, u64) {
    let text = record["msg"].as_str().expect("a text");
    let clock = |name| record[name].as_u64().expect("a number");
    let line = text.lines().next().unwrap_or_default();
    (line, clock("sec") * 1_000_000 + clock("usec"))
}

/// A record of Fluent Bit's kmsg input as its systemd input has the same line.
fn as_journal(record: &Value) -> Value {
    let (message, at_us) = text(record);
    json!({
        "_TRANSPORT": "kernel",
        "SYSLOG_FACILITY": "0",
        "SYSLOG_IDENTIFIER": "kernel",
        "_BOOT_ID": "83f19fdb7ba64df4b74449bb26cc7e1a",
        "_MACHINE_ID": "4c1f0b6a5d4e4a2f9b1e7d7f2a30c9d1",
        "_HOSTNAME": "node-17.eu-west-1.compute.internal",
        "_RUNTIME_SCOPE": "system",
        "PRIORITY": record["priority"].to_string(),
        "_SOURCE_MONOTONIC_TIMESTAMP": at_us.to_string(),
        "MESSAGE": message,
    })
}

/// Lines of which a node's journal has megabytes.
const SYSTEMDS_LINE: &str = "Started libcontainer container 82d037df98acb953a319e50419b1da7079d9ba9159c6d25e58b79db8d86e4e2c.";

/// A program's line as Fluent Bit's systemd input has it.
fn record_of_unit(unit: &str, message: &str) -> Vec<u8> {
    let (program, _) = unit.split_once('.').expect("a unit has a kind");
    let entry = json!({
        "_TRANSPORT": "stdout",
        "SYSLOG_FACILITY": "3",
        "SYSLOG_IDENTIFIER": program,
        "_BOOT_ID": "83f19fdb7ba64df4b74449bb26cc7e1a",
        "_MACHINE_ID": "4c1f0b6a5d4e4a2f9b1e7d7f2a30c9d1",
        "_HOSTNAME": "node-17.eu-west-1.compute.internal",
        "_RUNTIME_SCOPE": "system",
        "_UID": "0",
        "_GID": "0",
        "_CAP_EFFECTIVE": "1ffffffffff",
        "_SYSTEMD_SLICE": "system.slice",
        "_SYSTEMD_UNIT": unit,
        "_SYSTEMD_CGROUP": format!("/system.slice/{unit}"),
        "_COMM": program,
        "_EXE": format!("/usr/bin/{program}"),
        "_PID": "4052",
        "PRIORITY": "6",
        "MESSAGE": message,
    });
    entry.to_string().into_bytes()
}

/// The same as a syslog daemon wrote it and the tail input reads it.
fn as_tail(record: &Value) -> Value {
    json!({ "log": syslog(record) })
}

fn syslog(record: &Value) -> String {
    let (message, at_us) = text(record);
    let (seconds, microseconds) = (at_us / 1_000_000, at_us % 1_000_000);
    format!("Nov 21 08:16:01 node-17 kernel: [{seconds:5}.{microseconds:06}] {message}")
}
