//! Each line of the suites by itself, in `oom.vrl` and in a fresh filter.

use std::collections::BTreeMap;

use oom_filter::{Arrival, Filter, IdentityKeys, Mode, Outcome};
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

/// How many kill, constraint and group lines of a suite `oom.vrl` leaves alone, and why.
const UNREAD: [(&str, usize, &str); 2] = [
    ("text-keys", 1, "a journal message as an array of bytes"),
    ("whole-report", 4, "a text of several lines"),
];

/// A record as an event of Vector's; `None` for what is no JSON object.
fn event(record: &[u8]) -> Option<Value> {
    let record: Value = serde_json::from_slice(record).ok().filter(Value::is_object)?;
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
    match Filter::new(KEYS).process(Mode::Annotate, record.as_bytes(), &Arrival::default()) {
        Outcome::Unchanged => event.clone(),
        Outcome::Dropped => unreachable!("annotate mode drops nothing"),
        Outcome::Replaced(record) => serde_json::from_slice(&record).expect("a record is JSON"),
    }
}

/// Whether the filter found one of the lines that `oom.vrl` reads. The first piece of a constraint line
/// that the kernel split has no word yet.
fn is_readable(oom: &Value) -> bool {
    let event = oom["event"].as_str().unwrap_or_default();
    matches!(event, "kill" | "group") || event == "constraint" && oom.get("constraint").is_some()
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
        assert!(vrl["oom"].is_null() || tag == Some(&json!("oom.unknown")), "{vrl}");
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
    let mut read = BTreeMap::new();
    for suite in Suite::all() {
        let mut unread = 0;
        for event in suite.records().iter().filter_map(|record| event(record)) {
            let filter = annotate(&event);
            let (vrl, value) = program.run(&event);
            assert_eq!(vrl, value, "{}: the program's value is the record", suite.name);
            if event.get("oom").is_some() {
                assert_eq!(vrl, event, "{}: it has an `oom` already", suite.name);
                continue;
            }
            let mut found = differences(&filter, &vrl);
            if is_readable(&filter["oom"]) {
                let kind = filter["oom"]["event"].to_string();
                let counts: &mut (usize, usize) = read.entry(kind).or_default();
                if vrl["oom"].is_null() {
                    unread += 1;
                    println!("{}: unread: {event}", suite.name);
                }
                counts.0 += 1;
                counts.1 += usize::from(vrl["oom"]["ambiguous"] == true);
            } else if vrl != event {
                found.push("it is no line to read".to_owned());
            }
            wrong.extend(found.iter().map(|found| format!("{}: {found}\n    {event}", suite.name)));
        }
        let expected = UNREAD.iter().find(|(name, ..)| *name == suite.name);
        if expected.map_or(0, |(_, count, _)| *count) != unread {
            wrong.push(format!("{}: {unread} lines are not read", suite.name));
        }
    }
    println!("lines, and how many of them are ambiguous: {read:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read["\"kill\""].0 > 100 && read["\"constraint\""].0 > 70 && read["\"group\""].0 > 3);
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
            "victim": { "pid": 42, "comm": "a", "total_vm_bytes": 8192, "anon_rss_bytes": 4096 },
        })
    );
}
