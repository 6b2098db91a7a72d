//! `schema/oom.schema.json` says what every record has, and the types and the reference of fields say what it says.
//!
//! Both are made from it: `BLESS=1 cargo test -p oom-filter --test filter schema`.

mod reference;
mod source;
mod types;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::KEYS as FLUENT_BIT;
use jsonschema::Validator;
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use oom_suite::{Suite, form};
use serde_json::{Value, json};
use source::Schema;

/// As Vector names identity: at the top level of its sources, here in the same object.
const VECTOR: IdentityKeys = IdentityKeys {
    pod_uid: "pod_uid",
    namespace: "pod_namespace",
    container_id: "container_id",
    ..FLUENT_BIT
};
const KEY_STYLES: [IdentityKeys; 3] = [FLUENT_BIT, VECTOR, IdentityKeys::OPEN_TELEMETRY];
const ALL: [Mode; 3] = [Mode::Annotate, Mode::Rewrite, Mode::Events];

fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of)
}

fn text() -> String {
    fs::read_to_string(path("filter/schema/oom.schema.json")).expect("the schema is there")
}

/// As it is published: fields that are not in it may come.
fn published() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(&text()).expect("JSON")).expect("a schema")
}

/// The same, but no object may have a field that is not in it.
fn closed() -> Validator {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.values_mut().for_each(close);
                if members.get("type") == Some(&json!("object")) {
                    members.insert("additionalProperties".to_owned(), false.into());
                }
            }
            Value::Array(members) => members.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema = serde_json::from_str(&text()).expect("JSON");
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

/// The `oom` of every record that the filter makes of these in the modes, and in every key style in the first of
/// them; equal ones once.
fn ooms(records: &[Vec<u8>], fresh: bool, modes: &[Mode]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut known = HashSet::new();
    let styles = KEY_STYLES.iter().flat_map(|keys| {
        let is_first = *keys == KEY_STYLES[0];
        let modes = if is_first { modes } else { &modes[..1] };
        modes.iter().map(move |mode| (*mode, *keys))
    });
    for (mode, keys) in styles {
        let mut filter = Filter::new(keys);
        let mut made = |record: &[u8]| {
            // It stands at the end, before identity: most lines of a report have the same.
            let text = String::from_utf8_lossy(record);
            let place = text.rfind("\"oom\":{").expect("a record has it");
            if known.insert(text[place..].to_owned()) {
                let mut record: Value = serde_json::from_str(&text).expect("a record is JSON");
                found.push(record["oom"].take());
            }
        };
        for record in records {
            if fresh {
                filter = Filter::new(keys);
            }
            let context = RecordContext {
                tag: b"schema",
                ..RecordContext::default()
            };
            if let Outcome::Replaced(record) = filter.process(mode, record, &context) {
                made(&record);
            }
        }
        while let Some(record) = filter.next_unfinished() {
            made(&record);
        }
    }
    found
}

/// Fields that no suite has: those of the contract that are to come, the one that needs a host's clock, and
/// those that only the captures' kernels print.
const UNSEEN: [&str; 8] = [
    "Oom.unproven",
    "Oom.replayed",
    "Memory.kmem_limit_bytes",
    "Memory.kernel_bytes",
    "Memory.percpu_bytes",
    "Memory.vmalloc_bytes",
    "Memory.sock_bytes",
    "Allocation.nodemask",
];

/// The fields that these records have, with their objects' names.
fn fields_of(value: &Value, part: &str, schema: &Schema, seen: &mut HashSet<String>) {
    for (field, value) in value.as_object().into_iter().flatten() {
        seen.insert(format!("{part}.{field}"));
        let of = schema.definitions.get(part).unwrap_or(schema);
        let Some(of) = of.properties.get(field) else {
            continue;
        };
        let part = of.items.as_deref().unwrap_or(of).name();
        let inside = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in inside {
            fields_of(value, part.unwrap_or_default(), schema, seen);
        }
    }
}

/// What the schema has against it.
fn complaints(schema: &Validator, oom: &Value) -> Vec<String> {
    let complaint =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    schema.iter_errors(oom).map(complaint).collect()
}

fn hold(schema: &Validator, name: &str, ooms: &[Value]) {
    for oom in ooms {
        let complaints = complaints(schema, oom);
        assert!(
            complaints.is_empty(),
            "{name}: {}\n{oom:#}",
            complaints.join("\n")
        );
    }
}

#[test]
fn every_suite_has_it() {
    let schema = closed();
    let source: Schema = serde_json::from_str(&text()).expect("it has what is known here alone");
    let mut seen = HashSet::new();
    let mut held = 0;
    for suite in Suite::all() {
        let ooms = ooms(&suite.records(), suite.fresh, &ALL);
        hold(&schema, &suite.name, &ooms);
        held += ooms.len();
        for oom in &ooms {
            fields_of(oom, "Oom", &source, &mut seen);
        }
    }
    assert!(held > 5_000, "{held} records are too few");
    // A field that no record has may be a slip of the pen.
    let definitions = source.definitions.iter();
    let definitions = definitions.map(|(name, part)| (name.as_str(), part));
    let parts = definitions.chain([("Oom", &source)]);
    let fields = parts.flat_map(|(name, part)| {
        let fields = part.properties.keys();
        fields.map(move |field| format!("{name}.{field}"))
    });
    let unseen: Vec<_> = fields.filter(|field| !seen.contains(field)).collect();
    let unknown = |field: &&String| !UNSEEN.contains(&field.as_str());
    let unknown: Vec<_> = unseen.iter().filter(unknown).collect();
    assert!(unknown.is_empty(), "no suite has {unknown:?}");
    let seen = UNSEEN
        .iter()
        .filter(|field| !unseen.iter().any(|other| other == *field));
    let seen: Vec<_> = seen.collect();
    assert!(seen.is_empty(), "a suite has {seen:?} now");
}

#[test]
fn every_capture_has_it() {
    let schema = closed();
    let mut held = 0;
    for folder in ["fixtures/captures", "fixtures/captures/filled"] {
        let files = fs::read_dir(path(folder)).expect("the captures");
        let files = files.map(|file| file.expect("a capture").path());
        for file in files.filter(|file| file.extension().is_some_and(|ending| ending == "kmsg")) {
            let capture = fs::read(&file).expect("a capture");
            let records = form::records("text", &capture).expect("a form");
            let ooms = ooms(&records, false, &[Mode::Annotate]);
            hold(&schema, &file.display().to_string(), &ooms);
            held += ooms.len();
        }
    }
    assert!(held > 5_000, "{held} records are too few");
}

/// A kill with all that a kill can have, for the tests of what is refused.
fn whole_kill() -> Value {
    let suite = Suite::named("container-limit");
    let ooms = ooms(&suite.records(), suite.fresh, &ALL);
    let kill = ooms.into_iter().find(|oom| oom["event"] == "kill");
    kill.expect("the suite has a kill")
}

/// Every value of a kill, wherever it stands, put into another type.
#[test]
fn a_wrong_type_is_refused() {
    let schema = published();
    let kill = whole_kill();
    assert!(schema.is_valid(&kill));
    let mut places = Vec::new();
    collect(&kill, String::new(), &mut places);
    assert!(places.len() > 40, "{places:?}");
    for place in places {
        for wrong in [
            Value::Null,
            json!("-"),
            json!(-0.5),
            json!({}),
            json!([]),
            json!(false),
        ] {
            let mut record = kill.clone();
            let value = record.pointer_mut(&place).expect("it was found there");
            let is_same = std::mem::discriminant(value) == std::mem::discriminant(&wrong);
            // Of a number and of a bool the wrong ones are of the same type.
            if is_same && !matches!(wrong, Value::Number(_) | Value::Bool(_)) {
                continue;
            }
            *value = wrong.clone();
            // An object that need not have a field may have none.
            if wrong != json!({}) || kill.pointer(&place).is_some_and(|value| !value.is_object()) {
                assert!(!schema.is_valid(&record), "{place} may be {wrong}");
            }
        }
    }
}

/// The places of all values in it, but its own.
fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(members) => (0..)
            .zip(members)
            .map(|(at, value): (u32, _)| (at.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in members {
        collect(value, format!("{place}/{key}"), places);
    }
    if !place.is_empty() {
        places.push(place);
    }
}

#[test]
fn what_must_be_there_is_missed() {
    let schema = published();
    let whole = whole_kill();
    for field in ["event", "tag", "id", "killer", "summary"] {
        let mut kill = whole.clone();
        kill.as_object_mut().expect("an object").remove(field);
        assert!(!schema.is_valid(&kill), "without {field}");
    }
    let mut kill = whole;
    kill["victim"]
        .as_object_mut()
        .expect("an object")
        .remove("pid");
    assert!(!schema.is_valid(&kill));
}

#[test]
fn a_newer_version_may_have_more_fields() {
    let mut kill = whole_kill();
    kill["to_come"] = json!({ "a": 1 });
    assert!(published().is_valid(&kill));
    assert!(!closed().is_valid(&kill));
}

#[test]
fn types_and_reference_say_what_it_says() {
    let schema: Schema = serde_json::from_str(&text()).expect("it has what is known here alone");
    for (file, made) in [
        ("web/package/record.d.ts", types::of(&schema)),
        ("docs/fields.md", reference::of(&schema)),
    ] {
        let file = path(file);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, &made).expect("it can be written");
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == made,
            "{} is not what the schema says: BLESS=1 cargo test -p oom-filter --test filter schema",
            file.display()
        );
    }
}
