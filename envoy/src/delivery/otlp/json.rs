//! OTLP as JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::added::{Added, Envelope};
use super::super::reader::{Reader, RecordFate};
use super::{Body, DEEPEST_MAP, LogRecord, Members, attributes, kill_fields, object, stream};
use crate::json::{self, Edits};
use crate::settings::Settings;

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
struct Written<'a> {
    #[serde(borrow)]
    body: Option<AnyValue<'a>>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventName")]
    event_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "severityNumber")]
    severity_number: Option<&'a RawValue>,
    #[serde(borrow, rename = "timeUnixNano")]
    time_unix_nano: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct AnyValue<'a> {
    #[serde(borrow, rename = "stringValue")]
    text: Option<&'a RawValue>,
    #[serde(borrow, rename = "intValue")]
    number: Option<&'a RawValue>,
    #[serde(borrow, rename = "boolValue")]
    truth: Option<&'a RawValue>,
    /// Not read at once: maps may stand in each other.
    #[serde(borrow, rename = "kvlistValue")]
    map: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct KeyValues<'a> {
    #[serde(borrow, default)]
    values: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<AnyValue<'a>>,
}

/// The brackets around a log record: of the request, its resources, one of them, its scopes, one of
/// them, its records, the record.
pub(in super::super) const LOG_RECORD: &[u8] = b"{[{[{[{";

/// What is to be changed in an export request; `None` where it is none.
pub(in super::super) fn read(reader: &mut Reader<'_>, body: &[u8]) -> Option<Edits> {
    let logs: Logs<'_> = serde_json::from_slice(body).ok()?;
    let sender = reader.sender;
    let mut edits = Edits::default();
    for ResourceLogs {
        resource,
        scope_logs,
    } in &logs.resource_logs
    {
        reader.sender.stream = stream(sender.stream, resource.map(RawValue::get));
        for ScopeLogs { log_records } in scope_logs {
            let mut places = Vec::with_capacity(log_records.len());
            for raw in log_records {
                let place = json::place(body, raw.get().as_bytes());
                let envelope = |settings: &Settings| envelope(raw, &settings.text_keys);
                let fate = reader.entry(raw.get().as_bytes(), envelope, write);
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

fn envelope(raw: &RawValue, text_keys: &[String]) -> Option<Envelope> {
    let record: Written<'_> = serde_json::from_str(raw.get()).ok()?;
    let list: Vec<Attribute<'_>> = match record.attributes {
        Some(text) => serde_json::from_str(text.get()).ok()?,
        None => Vec::new(),
    };
    let body = record.body?;
    let body = match (body.text, body.map) {
        (Some(text), _) if json::is_string(text) => Body::Text(text.get().into()),
        (None, Some(map)) => Body::Map(members_of(map, DEEPEST_MAP)?),
        _ => return None,
    };
    let record = LogRecord {
        body,
        attributes: members(list, DEEPEST_MAP),
    };
    record.envelope(raw.get().as_bytes(), text_keys)
}

/// Attributes as members, as far as something is read of their values.
fn members(list: Vec<Attribute<'_>>, depth: u8) -> Members<'_> {
    let members = list.into_iter().filter_map(|attribute| {
        let value = scalar_or_map(&attribute.value?, depth)?;
        Some((attribute.key, value))
    });
    members.collect()
}

fn members_of(map: &RawValue, depth: u8) -> Option<Members<'_>> {
    let map: KeyValues<'_> = serde_json::from_str(map.get()).ok()?;
    Some(members(map.values, depth))
}

/// A value as JSON; `None` for lists, bytes and fractions, of which nothing is read.
fn scalar_or_map<'a>(value: &AnyValue<'a>, depth: u8) -> Option<Cow<'a, str>> {
    if let Some(text) = value.text.or(value.truth) {
        return Some(text.get().into());
    }
    if let Some(number) = value.number {
        // Numbers of 64 bits are written as texts.
        return Some(number.get().trim_matches('"').into());
    }
    let members = members_of(value.map?, depth.checked_sub(1)?)?;
    Some(object(&members).into())
}

/// The log record with what was added among its attributes.
fn write(added: &Added<'_>) -> Option<Vec<u8>> {
    let record: Written<'_> = serde_json::from_str(added.original).ok()?;
    let attributes = attributes(added)?;
    let mut inside = Vec::new();
    for (key, value) in &attributes {
        attribute(key, value, &mut inside);
    }
    let mut behind = Vec::new();
    let mut edits = Edits::default();
    if let Some(attributes) = record.attributes {
        if !json::is_empty(attributes.get()) {
            inside.insert(0, b',');
        }
        let place = json::place(added.original.as_bytes(), attributes.get().as_bytes());
        edits.replace(place, json::insert_at_end(attributes.get(), &inside));
    } else {
        behind.extend([b",\"attributes\":[", inside.as_slice(), b"]"].concat());
    }
    if let Some(kill) = kill_fields(&attributes) {
        if record.event_name.is_none() {
            behind.extend_from_slice(b",\"eventName\":");
            json::push_string(&mut behind, kill.event_name);
        }
        if record.severity_number.is_none() {
            behind.extend_from_slice(format!(",\"severityNumber\":{}", kill.severity).as_bytes());
        }
        if let (None, Some(time)) = (record.time_unix_nano, kill.time_unix_nano) {
            behind.extend_from_slice(format!(",\"timeUnixNano\":\"{time}\"").as_bytes());
        }
    }
    // In front of the last brace.
    let end = added.original.len().checked_sub(1)?;
    edits.replace(end..end, behind);
    edits.apply(added.original.as_bytes())
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
