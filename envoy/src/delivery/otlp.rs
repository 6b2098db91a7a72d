//! The logs of OTLP over HTTP, as JSON: a body that is a string is read, and what is added becomes
//! attributes of the log record.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::added::{Added, Envelope, oom_of_pieces};
use super::reader::{Reader, RecordFate};
use crate::json::{self, Edits};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logs<'a> {
    #[serde(borrow)]
    resource_logs: Vec<ResourceLogs<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scope_logs: Vec<ScopeLogs<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    log_records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct LogRecord<'a> {
    #[serde(borrow)]
    body: Option<AnyValue<'a>>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyValue<'a> {
    #[serde(borrow)]
    string_value: Option<&'a RawValue>,
    #[serde(borrow)]
    int_value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    key: String,
    #[serde(borrow)]
    value: Option<AnyValue<'a>>,
}

/// The brackets around a log record: of the request, its resources, one of them, its scopes, one of
/// them, its records, the record.
pub(super) const LOG_RECORD: &[u8] = b"{[{[{[{";

/// What is to be changed in an export request; `None` where it is none.
pub(super) fn read(reader: &mut Reader<'_>, body: &[u8]) -> Option<Edits> {
    let logs: Logs<'_> = serde_json::from_slice(body).ok()?;
    let sender = reader.sender;
    let mut edits = Edits::default();
    for ResourceLogs {
        resource,
        scope_logs,
    } in &logs.resource_logs
    {
        // Each resource is a stream of its own.
        let mut hasher = DefaultHasher::new();
        sender.stream.hash(&mut hasher);
        resource.map(RawValue::get).hash(&mut hasher);
        reader.sender.stream = hasher.finish();
        for ScopeLogs { log_records } in scope_logs {
            let mut places = Vec::with_capacity(log_records.len());
            for raw in log_records {
                let place = json::place(body, raw.get());
                let fate = reader.entry(raw.get().as_bytes(), |_| envelope(raw), write);
                places.push((place.clone(), fate != RecordFate::Dropped));
                if let RecordFate::Replaced(text) = fate {
                    edits.replace(place, text);
                }
            }
            edits.keep(&places);
        }
    }
    reader.sender = sender;
    Some(edits)
}

fn attributes<'a>(record: &LogRecord<'a>) -> Option<Vec<Attribute<'a>>> {
    record.attributes.map_or(Some(Vec::new()), |text| {
        serde_json::from_str(text.get()).ok()
    })
}

fn envelope(raw: &RawValue) -> Option<Envelope> {
    let record: LogRecord<'_> = serde_json::from_str(raw.get()).ok()?;
    let attributes = attributes(&record)?;
    let text = record.body?.string_value?;
    if !json::is_string(text) {
        return None;
    }
    let is_oom = |key: &str| key == "oom" || key.starts_with("oom.");
    let has_oom = attributes.iter().any(|attribute| is_oom(&attribute.key));
    let oom = has_oom.then(|| {
        oom_of_pieces(|names| {
            let name = format!("oom.{}", names.join("."));
            let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
            let value = attribute.value.as_ref()?;
            let scalar = value.string_value.or(value.int_value)?.get();
            serde_json::from_str(scalar)
                .ok()
                .or_else(|| Some(scalar.to_owned()))
        })
    });
    let oom = oom.as_deref().map(|oom| ("oom", oom));
    // A receiver of syslog says in attributes who spoke, and on which machine.
    let others = attributes.iter().filter_map(|attribute| {
        let value = attribute
            .value
            .as_ref()
            .filter(|_| !is_oom(&attribute.key))?;
        let scalar = value.string_value.or(value.int_value)?;
        Some((&*attribute.key, scalar.get()))
    });
    let others = others.chain(oom);
    Some(Envelope::new(raw.get().as_bytes(), text, others))
}

/// The log record with what was added among its attributes.
fn write(added: &Added<'_>) -> Option<Vec<u8>> {
    let record: LogRecord<'_> = serde_json::from_str(added.original).ok()?;
    let mut inside = Vec::new();
    for (key, value) in added.identity() {
        let text: String = serde_json::from_str(value).ok()?;
        attribute(key, &Value::String(text), &mut inside);
    }
    flatten(
        "oom",
        &serde_json::from_str(added.oom()?).ok()?,
        &mut inside,
    );
    Some(match record.attributes {
        None => {
            let member = [b",\"attributes\":[", inside.as_slice(), b"]"].concat();
            json::insert_at_end(added.original, &member)
        }
        Some(attributes) => {
            if !json::is_empty(attributes.get()) {
                inside.insert(0, b',');
            }
            let place = json::place(added.original.as_bytes(), attributes.get());
            let mut edits = Edits::default();
            edits.replace(place, json::insert_at_end(attributes.get(), &inside));
            edits.apply(added.original.as_bytes())?
        }
    })
}

/// An object as attributes: `oom.victim.pid`.
fn flatten(key: &str, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(&format!("{key}.{name}"), value, out);
            }
        }
        other => attribute(key, other, out),
    }
}

fn attribute(key: &str, value: &Value, out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(b"{\"key\":");
    json::push_string(out, key);
    out.extend_from_slice(b",\"value\":");
    any_value(value, out);
    out.push(b'}');
}

/// A value as OTLP writes one.
fn any_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            out.extend_from_slice(b"{\"stringValue\":");
            json::push_string(out, text);
            out.push(b'}');
        }
        Value::Bool(value) => {
            out.extend_from_slice(format!("{{\"boolValue\":{value}}}").as_bytes());
        }
        // 64 bits do not fit a number of every reader: they are written as text.
        Value::Number(number) => {
            out.extend_from_slice(format!("{{\"intValue\":\"{number}\"}}").as_bytes());
        }
        Value::Array(elements) => {
            out.extend_from_slice(b"{\"arrayValue\":{\"values\":[");
            for (number, element) in elements.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                any_value(element, out);
            }
            out.extend_from_slice(b"]}}");
        }
        Value::Object(members) => {
            out.extend_from_slice(b"{\"kvlistValue\":{\"values\":[");
            let mut inside = Vec::new();
            for (key, value) in members {
                attribute(key, value, &mut inside);
            }
            out.extend_from_slice(&inside);
            out.extend_from_slice(b"]}}");
        }
        Value::Null => out.extend_from_slice(b"{}"),
    }
}
