//! Kernels that were booted: every kill is found once, and every field is what the scenario did.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use oom_suite::form::records;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

use crate::runs::{MODES, Runner, ooms, sorted, top};
use crate::table::{Column, Table};

/// What the captures that lie beside the project did, by scenario: name, level and number of kills.
const SHARED: [(&str, &str, &str, usize); 10] = [
    ("container-limit", "java", "container", 1),
    ("pod-limit", "Plex Media Serv", "pod", 1),
    ("kubepods-limit", "a,pid=1,uid=99", "kubepods", 1),
    ("cgroupfs-guaranteed", "x) total-vm:1kB", "container", 1),
    ("static-pod", "kube-apiserver", "container", 1),
    ("systemd-unit", "nginx", "cgroup", 1),
    ("children", "main-proc", "container", 1),
    ("oom-group", "grouped", "container", 4),
    ("global", "global-hog", "node", 1),
    ("sysrq", "sysrq-victim", "node", 1),
];

/// A capture as lines, those that user space wrote left out: Fluent Bit's kmsg input drops the
/// facility that tells them.
fn kernel_lines(capture: &[u8]) -> Vec<u8> {
    let mut is_kernel = true;
    let mut kept = Vec::new();
    for line in capture.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") {
            let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            is_kernel = digits == 1 && line[0] < b'8';
        }
        if is_kernel {
            kept.extend_from_slice(line);
        }
    }
    kept
}

/// Runs a capture through everything, checks that all agree, and gives the kills.
fn kills(capture: &[u8]) -> Vec<Value> {
    let text = records("text", capture).expect("a form");
    let kmsg = records("kmsg", &kernel_lines(capture)).expect("a form");
    for input in [&text, &kmsg] {
        for (mode, (_, name, _)) in MODES.iter().enumerate() {
            let native = Runner::Native.run(mode, input, false);
            for runner in Runner::all() {
                let found = runner.run(mode, input, false);
                assert!(found == native, "{name} differs in {}", runner.name());
            }
        }
    }
    let events = |input: &[Vec<u8>]| -> Vec<Value> {
        ooms(&Runner::Native.run(2, input, false))
            .into_iter()
            .filter(|oom| oom["event"] == "kill")
            .collect()
    };
    let (kills, through_kmsg) = (events(&text), events(&kmsg));
    assert_eq!(
        kills.len(),
        through_kmsg.len(),
        "the form of the input matters"
    );
    kills
}

/// Where the captures lie: the fixtures, or those that `OOM_CAPTURES` names.
fn captures() -> (PathBuf, bool) {
    env::var_os("OOM_CAPTURES").map_or_else(
        || (top().join("fixtures/captures"), true),
        |folder| (folder.into(), false),
    )
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        our_own_kernels,
        what_filled_the_memory_is_the_same_everywhere,
        kernels_that_others_booted,
        annotating_twice_or_taking_our_keys_away_gives_the_same
    ]
}

fn our_own_kernels() {
    let (folder, is_whole) = captures();
    let manifest = fs::read_to_string(folder.join("manifest.jsonl")).expect("the manifest");
    let mut wrong = Vec::new();
    let mut compared = 0;
    let mut table = Table::default();
    for line in manifest.lines() {
        let capture: Value = serde_json::from_str(line).expect("a line of the manifest");
        let file = capture["file"].as_str().expect("a file");
        let bytes = fs::read(folder.join(file)).expect("the capture");
        let found = kills(&bytes);
        let expected = capture["kills"].as_array().expect("kills");
        let scenarios = marks(&bytes).into_iter().map(|(_, name)| name);
        let mut column = Column::new(&capture, scenarios.filter(|name| name != "end"));
        for (scenario, problem) in strangers(&bytes, expected, &found) {
            column.fail(&scenario);
            wrong.push(format!("{file} {scenario}: {problem}"));
        }
        for kill in expected {
            let scenario = kill["scenario"].as_str().expect("a scenario");
            column.count(scenario);
            let Some(record) = record_of(kill, &found) else {
                continue;
            };
            for (field, expected, found) in fields(kill, record) {
                compared += 1;
                if expected != found {
                    column.fail(scenario);
                    wrong.push(format!(
                        "{file} {scenario} {field}: expected {expected}, found {found}"
                    ));
                }
            }
        }
        table.add(column);
    }
    assert!(
        compared > if is_whole { 8000 } else { 1000 },
        "the manifest was cut short"
    );
    if is_whole {
        wrong.extend(table.differs());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `filter/tests/filter/filled` holds the figures to the truth; here every engine must give the same.
fn what_filled_the_memory_is_the_same_everywhere() {
    let folder = top().join("fixtures/captures/filled");
    let manifest = fs::read_to_string(folder.join("manifest.jsonl")).expect("the manifest");
    assert!(manifest.lines().count() > 0, "the manifest is empty");
    for line in manifest.lines() {
        let capture: Value = serde_json::from_str(line).expect("a line of the manifest");
        let file = capture["file"].as_str().expect("a file");
        let found = kills(&fs::read(folder.join(file)).expect("the capture"));
        for kill in capture["kills"].as_array().expect("kills") {
            let record = record_of(kill, &found);
            let memory = record.map(|record| &record["memory"]);
            assert!(memory.is_some_and(Value::is_object), "{file}: {kill}");
        }
    }
}

/// The record of a kill.
fn record_of<'a>(kill: &Value, found: &'a [Value]) -> Option<&'a Value> {
    found.iter().find(|record| {
        record["victim"]["pid"] == kill["pid"] && record["victim"]["comm"] == kill["comm"]
    })
}

/// Kills that were not found, and kills that were not done, with their scenario.
fn strangers(capture: &[u8], expected: &[Value], found: &[Value]) -> Vec<(String, String)> {
    let mut strangers = Vec::new();
    for kill in expected {
        if record_of(kill, found).is_none() {
            let scenario = kill["scenario"].as_str().expect("a scenario");
            strangers.push((scenario.to_owned(), format!("{} is not found", kill["pid"])));
        }
    }
    let mut known = Vec::new();
    for record in found {
        let victim = &record["victim"];
        let is_expected = expected
            .iter()
            .any(|kill| kill["pid"] == victim["pid"] && kill["comm"] == victim["comm"]);
        if !is_expected || known.contains(&victim) {
            let scenario = scenario_of(record, capture);
            strangers.push((scenario, format!("{victim} is one too many")));
        }
        known.push(victim);
    }
    strangers
}

/// The scenario a kill is of, by the kernel's clock.
fn scenario_of(kill: &Value, capture: &[u8]) -> String {
    let at_us = kill["at_us"].as_u64().unwrap_or_default();
    let marks = marks(capture);
    let (_, name) = marks
        .iter()
        .rev()
        .find(|(from, _)| *from <= at_us)
        .expect("every kill stands behind a mark");
    name.clone()
}

/// When each scenario began, and its name; the last is `end`.
fn marks(capture: &[u8]) -> Vec<(u64, String)> {
    String::from_utf8_lossy(capture)
        .lines()
        .filter_map(|line| {
            let (fields, name) = line.split_once(";@@SCENARIO ")?;
            Some((fields.split(',').nth(2)?.parse().ok()?, name.to_owned()))
        })
        .collect()
}

/// What the scenario knows beside what the record says, field by field.
///
/// The scenario knows more than the kernel printed. A suppressed report leaves its cgroup unknown, or
/// known from an older table as far as the limit; then the rest must be absent.
fn fields(kill: &Value, record: &Value) -> Vec<(String, Value, Value)> {
    let place = |field: &str| match field {
        "comm" | "uid" | "oom_score_adj" => format!("/victim/{field}"),
        "limit" => "/cgroup/limit".to_owned(),
        "victim_cgroup" => "/cgroup/victim".to_owned(),
        "limit_bytes" | "memsw_limit_bytes" | "swap_limit_bytes" => format!("/memory/{field}"),
        other => format!("/{other}"),
    };
    let attribution = record["attribution"].as_str().expect("an attribution");
    let has_table = record.get("task_count").is_some();
    let is_group = record.get("group").is_some() || kill["scenario"] == "oom-group";
    kill.as_object()
        .expect("a kill")
        .iter()
        .filter(|(field, _)| !matches!(field.as_str(), "scenario" | "pid"))
        .filter(|(field, _)| *field != "survivors" || (has_table && !is_group))
        .map(|(field, expected)| {
            let printed = match field.as_str() {
                "limit" | "level" | "pod" | "container" => attribution != "none",
                "victim_cgroup" | "limit_bytes" | "unit" => attribution == "report",
                _ => true,
            };
            let expected = match expected {
                Value::Bool(false) => Value::Null,
                value if printed => value.clone(),
                _ => Value::Null,
            };
            let found = record.pointer(&place(field)).cloned().unwrap_or_default();
            (field.clone(), expected, found)
        })
        .collect()
}

fn kernels_that_others_booted() -> Tested {
    let folder = top().join("../shared/captures");
    if !folder.exists() {
        return Err(Skip::new("there are no captures beside the project"));
    }
    let mut total = 0;
    for file in fs::read_dir(folder).expect("the captures") {
        let file = file.expect("a capture").path();
        let capture = fs::read(&file).expect("the capture");
        total += shared(&file, &capture);
    }
    assert_eq!(total, 9 + 13, "two kernels, one without group kills");
    Ok(())
}

fn shared(file: &Path, capture: &[u8]) -> usize {
    let all = kills(capture);
    let mut found = 0;
    for (scenario, comm, level, count) in SHARED {
        let kills = kills_of(&all, capture, scenario);
        if kills.is_empty() && scenario == "oom-group" {
            continue;
        }
        assert_eq!(kills.len(), count, "{}: {scenario}", file.display());
        assert_eq!(kills[0]["victim"]["comm"], comm, "{scenario}");
        for kill in &kills {
            assert_eq!(kill["level"], level, "{scenario}");
            assert_eq!(kill["attribution"], "report", "{scenario}");
            if level != "node" {
                assert_eq!(kill["memory"]["limit_bytes"], 20 << 20, "{scenario}");
            }
            let is_pod = !matches!(level, "node" | "cgroup");
            assert_eq!(kill.get("pod").is_some(), is_pod, "{scenario}");
        }
        let grouped = kills
            .iter()
            .filter(|kill| kill["group"] == json!(true))
            .count();
        assert_eq!(grouped, count - 1, "{scenario}");
        found += count;
    }
    assert_eq!(
        found,
        all.len(),
        "{}: kills outside every scenario",
        file.display()
    );
    found
}

/// The kills between a scenario's mark and the next, by the kernel's clock.
fn kills_of<'a>(kills: &'a [Value], capture: &[u8], scenario: &str) -> Vec<&'a Value> {
    let marks = marks(capture);
    let Some(position) = marks.iter().position(|(_, name)| *name == scenario) else {
        return Vec::new();
    };
    let (from, to) = (marks[position].0, marks[position + 1].0);
    kills
        .iter()
        .filter(|kill| {
            kill["at_us"]
                .as_u64()
                .is_some_and(|at_us| (from..to).contains(&at_us))
        })
        .collect()
}

fn annotating_twice_or_taking_our_keys_away_gives_the_same() {
    let file = top().join("fixtures/captures/debian-6.1.192-cgroup2.kmsg");
    let input = records("kmsg", &fs::read(file).expect("the capture")).expect("a form");
    let once = Runner::Native.run(0, &input, false);
    assert_eq!(
        Runner::Native.run(0, &once, false),
        once,
        "a second time changes nothing"
    );
    for (before, after) in input.iter().zip(&once) {
        let mut record: Value = serde_json::from_slice(after).expect("a record");
        let object = record.as_object_mut().expect("an object");
        object.remove("oom");
        object.remove("kubernetes");
        assert_eq!(record.to_string(), sorted(before));
    }
}
