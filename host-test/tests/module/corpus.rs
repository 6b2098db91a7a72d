//! Real logs that people posted, where they lie beside the project.

use std::fs;

use oom_suite::form::records;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

use crate::runs::{MODES, Runner, ooms, top};

/// What a manifest says that no filter of single lines in order can give, and why.
const EXCUSED: [(&str, &str, &str); 8] = [
    (
        "020-bpf-psi-constraint.log",
        "limit_kb",
        "9007199254740988 kB means unlimited, which the contract leaves out",
    ),
    (
        "058-openshift-besteffort-kubepods.log",
        "oom_memcg",
        REVERSED,
    ),
    (
        "058-openshift-besteffort-kubepods.log",
        "task_memcg",
        REVERSED,
    ),
    ("058-openshift-besteffort-kubepods.log", "pod_uid", REVERSED),
    ("058-openshift-besteffort-kubepods.log", "qos", REVERSED),
    (
        "058-openshift-besteffort-kubepods.log",
        "container_id",
        REVERSED,
    ),
    ("058-openshift-besteffort-kubepods.log", "runtime", REVERSED),
    ("058-openshift-besteffort-kubepods.log", "level", REVERSED),
];
const REVERSED: &str =
    "the document shows the constraint behind its kill, where no kernel prints it";

/// Logs that the filter does not read as their manifest says, and what it lacks for them. One that it reads
/// rightly is a failure: its row is to go.
const NOT_READ_YET: [(&str, &str); 2] = [
    (
        "b048-runc-init-child-empty-constraint.log",
        "its beginning was cut off: whose table it is nothing tells",
    ),
    (
        "c008-log-viewer-newest-first.log",
        "lines with the newest first, which hosts of single records cannot turn round",
    ),
];

#[derive(Default)]
struct Tally {
    kills_expected: usize,
    kills_found: usize,
    fields_compared: usize,
    negatives: usize,
    mistaken: usize,
    wrong: Vec<String>,
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![logs_that_people_posted]
}

fn logs_that_people_posted() -> Tested {
    let mut tally = Tally::default();
    for folder in ["articles", "corpus"] {
        let folder = top().join("../shared").join(folder);
        let Ok(manifest) = fs::read_to_string(folder.join("manifest.jsonl")) else {
            return Err(Skip::new("there is no corpus beside the project"));
        };
        for line in manifest.lines() {
            let entry: Value = serde_json::from_str(line).expect("a line of the manifest");
            let file = entry["file"].as_str().expect("a file");
            let log = fs::read(folder.join(file)).expect("the log");
            let mut of_file = Tally::default();
            check(&entry, &log, &mut of_file);
            tally.add(file, of_file);
        }
    }
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert_eq!(tally.kills_found, tally.kills_expected);
    assert_eq!(tally.mistaken, 0);
    assert!(
        tally.fields_compared > 600 && tally.negatives > 60,
        "the corpus was cut short"
    );
    Ok(())
}

impl Tally {
    /// Adds what came of one log.
    fn add(&mut self, file: &str, mut of_file: Self) {
        if NOT_READ_YET.iter().any(|(known, _)| *known == file) {
            let is_right = of_file.wrong.is_empty() && of_file.mistaken == 0;
            of_file.wrong.clear();
            if is_right {
                of_file
                    .wrong
                    .push(format!("{file} is read rightly now: take its row away"));
            }
            of_file.mistaken = 0;
            of_file.kills_found = of_file.kills_expected;
        }
        self.kills_expected += of_file.kills_expected;
        self.kills_found += of_file.kills_found;
        self.fields_compared += of_file.fields_compared;
        self.negatives += of_file.negatives;
        self.mistaken += of_file.mistaken;
        if of_file.mistaken > 0 {
            of_file.wrong.push(format!("{file}: mistaken for a kill"));
        }
        self.wrong.append(&mut of_file.wrong);
    }
}

fn check(entry: &Value, log: &[u8], tally: &mut Tally) {
    let file = entry["file"].as_str().expect("a file");
    let input = records("text", log).expect("a form");
    for mode in 0..MODES.len() {
        let native = Runner::Native.run(mode, &input, false);
        for runner in Runner::all() {
            assert!(
                runner.run(mode, &input, false) == native,
                "{file} in {}",
                runner.name()
            );
        }
    }
    let annotated = ooms(&Runner::Native.run(0, &input, false));
    let released = ooms(&Runner::Native.run(2, &input, false));
    let of = |ooms: &[Value], event: &str| -> Vec<Value> {
        ooms.iter()
            .filter(|oom| oom["event"] == event)
            .cloned()
            .collect()
    };
    let kills = of(&annotated, "kill");
    if entry
        .get("mangled")
        .is_some_and(|mangled| !mangled.is_null())
    {
        // No shipper would deliver it so: it need not be understood, and did not trap.
        return;
    }
    if entry["kind"] == "negative" {
        tally.negatives += 1;
        let is_mistaken = !kills.is_empty() || !of(&released, "kill").is_empty();
        tally.mistaken += usize::from(is_mistaken);
        return;
    }
    // Where the kill line is missing: the release of the report that broke off, else the line itself.
    let candidates: Vec<Value> = [
        kills.clone(),
        of(&released, "kill"),
        of(&released, "truncated"),
        of(&annotated, "constraint"),
    ]
    .concat();
    let mut expected_kills = 0;
    for expect in entry["expect"].as_array().expect("expectations") {
        expected_kills += 1;
        tally.kills_expected += 1;
        let pid = &expect["victim_pid"];
        let found = candidates
            .iter()
            .find(|oom| pid.is_null() || oom["victim"]["pid"] == *pid);
        let Some(oom) = found else {
            tally.wrong.push(format!("{file}: no kill of {pid}"));
            continue;
        };
        tally.kills_found += 1;
        compare(file, expect, oom, tally);
    }
    if kills.len() > expected_kills {
        tally.wrong.push(format!(
            "{file}: {} kills too many",
            kills.len() - expected_kills
        ));
    }
}

fn compare(file: &str, expect: &Value, oom: &Value, tally: &mut Tally) {
    for (field, expected) in expect.as_object().expect("an expectation") {
        if expected.is_null() || matches!(field.as_str(), "victim_pid" | "from_table") {
            continue;
        }
        let found = found(field, oom);
        let expected = match (field.as_str(), expected) {
            ("constraint", Value::String(word)) => {
                json!(word.trim_start_matches("CONSTRAINT_").to_lowercase())
            }
            // Ours is absent there.
            ("level", Value::String(level)) if level == "unknown" => Value::Null,
            _ => expected.clone(),
        };
        tally.fields_compared += 1;
        if found == expected {
            continue;
        }
        let mut excused = EXCUSED.iter();
        if !excused.any(|row| (row.0, row.1) == (file, field)) {
            tally.wrong.push(format!(
                "{file} {field}: expected {expected}, found {found}"
            ));
        }
    }
}

/// Our field for one of the manifest's.
fn found(field: &str, oom: &Value) -> Value {
    let at = |pointer: &str| oom.pointer(pointer).cloned().unwrap_or_default();
    let kibibytes = |pointer: &str| match at(pointer).as_u64() {
        Some(bytes) => json!(bytes / 1024),
        None => Value::Null,
    };
    match field {
        "victim_comm" => at("/victim/comm"),
        "victim_uid" => at("/victim/uid"),
        "constraint" => at("/constraint"),
        "oom_memcg" => at("/cgroup/limit"),
        "task_memcg" => at("/cgroup/victim"),
        "pod_uid" => at("/pod/uid"),
        "qos" => at("/pod/qos"),
        "container_id" => at("/container/id"),
        "runtime" => at("/container/runtime"),
        "level" => at("/level"),
        "total_vm_kb" | "vm_kb" => kibibytes("/victim/total_vm_bytes"),
        "anon_rss_kb" => kibibytes("/victim/anon_rss_bytes"),
        "file_rss_kb" => kibibytes("/victim/file_rss_bytes"),
        "shmem_rss_kb" => kibibytes("/victim/shmem_rss_bytes"),
        "oom_score_adj" => at("/victim/oom_score_adj"),
        "usage_kb" => kibibytes("/memory/usage_bytes"),
        "limit_kb" => kibibytes("/memory/limit_bytes"),
        "score" => at("/victim/score"),
        "at_us" => at("/at_us"),
        "trigger_comm" => at("/trigger/comm"),
        "group_kill" => at("/group"),
        other => panic!("the manifest has a new field: {other}"),
    }
}
