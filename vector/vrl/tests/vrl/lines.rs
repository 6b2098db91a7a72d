//! Single lines in `oom.vrl` and in a fresh filter: what `oom.vrl` says, the filter says too.

use std::collections::{BTreeMap, BTreeSet};

use oom_filter::kernel::wording_of;
use oom_filter::{Filter, IdentityKeys, KernelLine, Mode, Outcome, RecordContext};
use oom_suite::Suite;
use serde_json::{Value, json};

use crate::{Program, text_of};

/// As Vector's `kubernetes_logs` source names identity.
const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_uid",
    pod_name: "pod_name",
    namespace: "pod_namespace",
    container_name: "container_name",
    container_id: "container_id",
};

/// The wordings of a kill, a constraint or a group that `oom.vrl` reads, by the kernels that print them.
const READ: [&str; 9] = [
    "2.6.18 to 2.6.32",
    "2.6.29 to 4.20 without 3.15 to 3.17, RHEL 8.1",
    "2.6.36 and newer; up to 5.0 without whose limit",
    "4.19 and newer, RHEL 8.1 and newer, cgroup v2",
    "5.0 and newer, RHEL 8.3 and newer",
    "RHEL 5",
    "RHEL 6",
    "RHEL 7.7 to 7.9",
    "about 2.6.33 to 2.6.35",
];

/// How many lines of these wordings `oom.vrl` leaves alone in a suite, and why. Not counted are texts of several
/// lines, other killers than the kernel and names of more than 15 bytes: it reads none of them.
const UNREAD: [(&str, usize, &str); 7] = [
    ("author-readers", 4, "kubectl, stern, docker compose, grep"),
    (
        "blanks-behind",
        4,
        "blanks behind the text, as people paste it",
    ),
    (
        "carriers",
        7,
        "/dev/kmsg, RFC 5424, OpenWrt's log, a container's log, a hypervisor's",
    ),
    ("text-keys", 1, "a journal message as an array of bytes"),
    (
        "text-places",
        11,
        "places of a text that Vector's sources do not write",
    ),
    ("vendors", 1, "a constraint without its nodes"),
    (
        "wall-time",
        5,
        "places of a text that Vector's sources do not write, a container's log, zones",
    ),
];

/// Lines that no suite has.
const MORE: [&str; 6] = [
    "No available memory in cpuset: Killed process 7 (a) vsz:8kB, anon-rss:4kB, file-rss:0kB",
    "No available memory (MPOL_BIND): Killed process 7 (a) vsz:8kB, anon-rss:4kB, file-rss:0kB",
    "Killed process 7, UID -2, (), UID 3, ) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
    "Killed process 7 (more than 15 bytes) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
    "Task in /a killed as a result of limit of /a\nmemory: usage 4kB, limit 4kB, failcnt 1",
    "2024-05-05T10:11:12Z n1 sshd[1]: Killed process 7 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
];

/// The events to read, by the name of their suite or table.
fn inputs() -> BTreeMap<String, Vec<Value>> {
    let mut inputs: BTreeMap<_, _> = Suite::all()
        .into_iter()
        .map(|suite| {
            let records = suite.records();
            (
                suite.name,
                records.iter().filter_map(|record| event(record)).collect(),
            )
        })
        .collect();
    // Each shape of a cgroup path as victim's and limit's, which are its second column.
    let paths = text_of("../filter/tests/data/cgroup_paths.tsv");
    let paths = paths.lines().filter_map(|row| row.split('\t').nth(1));
    let lines = paths.filter(|path| path.starts_with('/')).map(|path| {
        json!({ "message": format!("Task in {path} killed as a result of limit of {path}") })
    });
    inputs.insert("cgroup paths".to_owned(), lines.collect());
    let lines = MORE.map(|line| json!({ "message": line }));
    inputs.insert("more lines".to_owned(), lines.into());
    inputs
}

/// A record as an event of Vector's; `None` for what is no JSON object.
fn event(record: &[u8]) -> Option<Value> {
    let record: Value = serde_json::from_slice(record)
        .ok()
        .filter(Value::is_object)?;
    // /dev/kmsg comes from the journal, or from the program, but never as Fluent Bit has it.
    let record = match record.get("sequence") {
        Some(_) => json!({ "message": record["msg"] }),
        None => record,
    };
    // Numbers above 63 bits and negative zero are others to Vector from the start.
    let value = vrl::value::Value::from(record);
    Some(value.try_into().expect("an event is JSON"))
}

/// One event through a fresh filter.
fn annotate(event: &Value) -> Value {
    let record = event.to_string();
    match Filter::new(KEYS).process(Mode::Annotate, record.as_bytes(), &RecordContext::default()) {
        Outcome::Unchanged => event.clone(),
        Outcome::Dropped => unreachable!("annotate mode drops nothing"),
        Outcome::Replaced(record) => serde_json::from_slice(&record).expect("a record is JSON"),
    }
}

/// Whether the filter found one of the lines that `oom.vrl` reads. The first piece of a constraint line
/// that the kernel split has no word yet. The reaper follows a kill: alone it is none.
fn is_readable(oom: &Value) -> bool {
    let event = oom["event"].as_str().unwrap_or_default();
    let is_reaper = oom["attribution"] == "reaper";
    matches!(event, "kill" | "group") && !is_reaper
        || event == "constraint" && oom.get("constraint").is_some()
}

/// The texts of an event.
fn texts(event: &Value) -> impl Iterator<Item = &str> {
    let keys = ["MESSAGE", "msg", "message", "log", "body"];
    keys.into_iter().filter_map(|key| event[key].as_str())
}

/// Whether the text of an event is of several lines.
fn has_several_lines(event: &Value) -> bool {
    texts(event).any(|text| text.trim_end().contains('\n'))
}

/// The kernels whose wording the event has, where the wording can be told.
fn kernels_of(event: &Value) -> Option<&'static str> {
    texts(event).find_map(|text| {
        let line = KernelLine::read(text.as_bytes());
        Some(wording_of(&line.text, line.name_bytes)?.kernels)
    })
}

/// Whether the filter read what `oom.vrl` never does.
fn is_beyond(oom: &Value) -> bool {
    let killer = oom["killer"].as_str();
    let comm = oom["victim"]["comm"].as_str();
    killer.is_some_and(|killer| killer != "kernel") || comm.is_some_and(|comm| comm.len() > 15)
}

/// The fields of what was added, by path.
fn fields<'v>(path: &str, value: &'v Value, found: &mut BTreeMap<String, &'v Value>) {
    if let Value::Object(members) = value {
        for (key, value) in members {
            fields(&format!("{path}.{key}"), value, found);
        }
    } else {
        found.insert(path.to_owned(), value);
    }
}

/// Where `oom.vrl` says something else than the filter.
fn differences(filter: &Value, vrl: &Value) -> Vec<String> {
    let (mut theirs, mut ours) = (BTreeMap::new(), BTreeMap::new());
    fields("", filter, &mut theirs);
    fields("", vrl, &mut ours);
    if vrl["oom"]["ambiguous"] == true {
        // The filter can tell more often which reading is right.
        ours.remove(".oom.ambiguous");
    }
    if vrl["oom"]["level"].is_null() {
        // The word for "no level".
        let tag = ours.remove(".oom.tag");
        assert!(
            vrl["oom"].is_null() || tag == Some(&json!("oom.unknown")),
            "{vrl}"
        );
    }
    ours.retain(|path, value| theirs.get(path) != Some(value));
    ours.into_iter()
        .map(|(path, value)| format!("{path}: {value}, in the filter {:?}", theirs.get(&path)))
        .collect()
}

#[test]
fn no_field_differs_from_the_filters() {
    let mut program = Program::compile(&text_of("oom.vrl"));
    let mut wrong = Vec::new();
    // By kind of line: all, those that `oom.vrl` calls ambiguous, and those whose level it knows.
    let mut read: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut wordings = BTreeSet::new();
    for (name, events) in inputs() {
        let mut unread = 0;
        for event in events {
            let (vrl, value) = program.run(&event);
            assert_eq!(vrl, value, "{name}: the program's value is the record");
            if event.get("oom").is_some() {
                assert_eq!(vrl, event, "{name}: it has an `oom` already");
                continue;
            }
            let filter = annotate(&event);
            let mut found = differences(&filter, &vrl);
            if is_readable(&filter["oom"]) {
                let oom = &vrl["oom"];
                let [all, ambiguous, levels] =
                    read.entry(filter["oom"]["event"].to_string()).or_default();
                *all += 1;
                *ambiguous += usize::from(oom["ambiguous"] == true);
                *levels += usize::from(oom["level"].is_string());
                if oom.is_object() {
                    wordings.extend(kernels_of(&event));
                } else if !has_several_lines(&event) && !is_beyond(&filter["oom"]) {
                    let kernels = kernels_of(&event);
                    unread += usize::from(kernels.is_none_or(|it| READ.contains(&it)));
                }
            } else if vrl != event {
                found.push("it is no line to read".to_owned());
            }
            let told = |found| format!("{name}: {found}\n    {event}");
            wrong.extend(found.into_iter().map(told));
        }
        let expected = UNREAD.iter().find(|(suite, ..)| *suite == name);
        if expected.map_or(0, |(_, count, _)| *count) != unread {
            wrong.push(format!("{name}: {unread} lines are not read"));
        }
    }
    println!("lines, ambiguous, with a level: {read:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(wordings, BTreeSet::from(READ), "the wordings that are read");
    let least = [("\"kill\"", 100), ("\"constraint\"", 150), ("\"group\"", 3)];
    for (kind, count) in least {
        assert!(read[kind][0] > count, "{kind}: lines are missing");
    }
}

#[test]
fn the_value_is_the_record() {
    let mut program = Program::compile(&text_of("oom.vrl"));
    for text in ["usb 1-1: new device", "Killed process groups: 2", ""] {
        let ordinary = json!({ "message": text, "n": 1 });
        assert_eq!(program.run(&ordinary), (ordinary.clone(), ordinary));
    }
    let (event, value) = program.run(&json!({
        "message": "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB", "n": 1,
    }));
    assert_eq!(event, value);
    assert_eq!(value["n"], 1);
    assert_eq!(
        value["oom"],
        json!({
            "event": "kill", "tag": "oom.node", "level": "node", "attribution": "none",
            "killer": "kernel", "origin": "unsaid",
            "victim": { "pid": 42, "comm": "a", "total_vm_bytes": 8192, "anon_rss_bytes": 4096 },
        })
    );
}
