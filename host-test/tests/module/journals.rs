//! Journals of booted machines: the kernel, systemd-oomd and earlyoom killed there, systemd, containerd and a
//! kubelet saw it. Each kill is told once, and who saw it tells of that kill.

use std::fs;

use oom_suite::form::records;
use oom_suite::trial::Trial;
use oom_suite::trials;
use serde_json::Value;

use crate::runs::{MODES, Runner, ooms, top};

/// `SD_MESSAGE_UNIT_OUT_OF_MEMORY` and `SD_MESSAGE_UNIT_OOMD_KILL`.
const WITNESSES: [&str; 2] = [
    "fe6faa94e7774663a0da52717891d8ef",
    "d989611b15e44c9dbf31e3c81256e4ed",
];

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![each_kill_is_told_once_and_its_witnesses_tell_of_it]
}

fn each_kill_is_told_once_and_its_witnesses_tell_of_it() {
    let folder = top().join("fixtures/captures/journal");
    let manifest = fs::read_to_string(folder.join("manifest.jsonl")).expect("the manifest");
    let mut compared = 0;
    for line in manifest.lines() {
        let capture: Value = serde_json::from_str(line).expect("a line of the manifest");
        let file = capture["file"].as_str().expect("a file");
        let journal = fs::read(folder.join(file)).expect("the journal");
        let input = records("ndjson", &journal).expect("a form");
        for (mode, (_, name, _)) in MODES.iter().enumerate() {
            let native = Runner::Native.run(mode, &input, false);
            for runner in Runner::all().filter(|runner| runner.takes_names_from_the_journal()) {
                let found = runner.run(mode, &input, false);
                assert!(
                    found == native,
                    "{file}: {name} differs in {}",
                    runner.name()
                );
            }
        }
        let kills = capture["kills"].as_array().expect("kills");
        told_once(file, &input, kills);
        compared += kills.len() + witnesses_agree(file, &input);
    }
    assert!(compared > 20, "the manifest was cut short");
}

/// In events mode a record leaves for each kill, with what is known of it, and no other one.
fn told_once(file: &str, input: &[Vec<u8>], kills: &[Value]) {
    let told = Runner::Native.run(2, input, false);
    let mut told: Vec<Value> = told
        .iter()
        .map(|record| serde_json::from_slice(record).expect("a record"))
        .filter(|record: &Value| record["oom"]["event"] != "pressure")
        .collect();
    for kill in kills {
        let scenario = &kill["scenario"];
        let is_it = |record: &Value| {
            fields(kill).all(|(place, expected)| record.pointer(place) == Some(expected))
        };
        let at = told.iter().position(is_it);
        let at = at.unwrap_or_else(|| panic!("{file}: {scenario} is not among {told:#?}"));
        told.remove(at);
    }
    assert!(told.is_empty(), "{file}: too many: {told:#?}");
}

/// What the scenario knows, and where the record has it.
fn fields(kill: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let of_kernel = kill["killer"] == "kernel";
    let places = [
        ("killer", "/oom/killer"),
        // systemd-oomd kills a whole cgroup, and names no process.
        ("pid", "/oom/victim/pid"),
        ("cgroup", "/oom/cgroup/victim"),
        ("pod", "/oom/pod/uid"),
        ("container", "/oom/container/id"),
        ("namespace", "/kubernetes/namespace_name"),
        ("pod_name", "/kubernetes/pod_name"),
        ("container_name", "/kubernetes/container_name"),
    ];
    let is_printed = move |field: &str| match field {
        "pid" => kill["killer"] != "systemd-oomd",
        // earlyoom names a process alone.
        "cgroup" => of_kernel || kill["killer"] == "systemd-oomd",
        _ => true,
    };
    places
        .into_iter()
        .filter(move |(field, _)| is_printed(field))
        .filter_map(|(field, place)| Some((place, kill.get(field)?)))
}

/// In annotate mode a line of systemd or containerd that tells of a kill has that kill's id. Gives how many have.
fn witnesses_agree(file: &str, input: &[Vec<u8>]) -> usize {
    let annotated = Runner::Native.run(0, input, false);
    let kills: Vec<Value> = ooms(&annotated)
        .into_iter()
        .filter(|oom| oom["event"] == "kill")
        .collect();
    let mut witnesses = 0;
    for record in &annotated {
        let record: Value = serde_json::from_slice(record).expect("a record");
        let text = |field: &str| record[field].as_str().unwrap_or_default();
        let is_systemds = text("_PID") == "1" && WITNESSES.contains(&text("MESSAGE_ID"));
        // A slice has no process of its own, and often says it minutes later.
        let of_unit = is_systemds && text("UNIT").rsplit('.').next() != Some("slice");
        let of_container = text("_SYSTEMD_UNIT") == "containerd.service"
            && text("MESSAGE").contains("\"TaskOOM event ");
        if !of_unit && !of_container {
            continue;
        }
        let seen = if of_unit {
            text("UNIT")
        } else {
            text("MESSAGE")
        };
        assert_eq!(record["oom"]["event"], "confirmed", "{file}: {seen}");
        let kill = kills.iter().find(|kill| kill["id"] == record["oom"]["id"]);
        let kill = kill.unwrap_or_else(|| panic!("{file}: {seen} has nobody's id"));
        let path = kill["cgroup"]["victim"].as_str().unwrap_or_default();
        let is_its = if of_unit {
            path.split('/').any(|component| component == seen)
        } else {
            kill["container"]["id"]
                .as_str()
                .is_some_and(|id| seen.contains(id))
        };
        assert!(is_its, "{file}: {seen} has the id of {path}");
        witnesses += 1;
    }
    witnesses
}
