//! OTLP as JSON.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::added::{Added, Envelope};
use super::super::reader::{Reader, RecordFate};
use super::{
    Addition, Attributes, Body, DEEPEST_MAP, Group, Kills, LogRecord, Members, Shell, object,
    stream,
};
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
    // Each resource's logs as their text, read where a kill leaves one.
    let texts = OnceCell::new();
    let text_of = |number: usize| {
        let texts = texts.get_or_init(|| {
            let request = json::Members::read(body)?;
            elements(request.get("resourceLogs")?)
        });
        texts.as_ref()?.get(number).map(|text| text.get())
    };
    for (number, logs) in logs.resource_logs.iter().enumerate() {
        let name = logs.resource.map(RawValue::get);
        reader.sender.stream = stream(sender.stream, name);
        let home = OnceCell::new();
        let home = || home.get_or_init(|| shell(text_of(number)?)).as_ref();
        let mut kills = Kills::default();
        let mut inside = Edits::default();
        let mut is_left = false;
        for (scope, ScopeLogs { log_records }) in logs.scope_logs.iter().enumerate() {
            let mut places = Vec::with_capacity(log_records.len());
            for raw in log_records {
                let place = json::place(body, raw.get().as_bytes());
                let envelope = |settings: &Settings| envelope(raw, &settings.text_keys);
                let mut resource = Attributes::new();
                let mut write = |added: &Added<'_>| write(added, &home, &mut resource);
                let fate = match reader.entry(raw.get().as_bytes(), &envelope, &mut write) {
                    RecordFate::Replaced(record) if !resource.is_empty() => {
                        kills.push(scope, resource, record);
                        RecordFate::Dropped
                    }
                    fate => fate,
                };
                let is_kept = fate != RecordFate::Dropped;
                is_left |= is_kept;
                places.push((place.clone(), is_kept));
                if let RecordFate::Replaced(text) = fate {
                    inside.replace(place, text);
                }
            }
            inside.keep(&places);
        }
        if kills.0.is_empty() {
            edits.append(inside);
            continue;
        }
        let place = json::place(body, text_of(number)?.as_bytes());
        let shell = home()?;
        let own = kills.0.iter().map(|group| of_its_own(shell, group));
        let own = own.collect::<Option<Vec<_>>>()?.join(&b","[..]);
        if is_left {
            edits.append(inside);
            edits.replace(place.end..place.end, [b",", &*own].concat());
        } else {
            edits.replace(place, own);
        }
    }
    reader.sender = sender;
    Some(edits)
}

/// What stands around the log records of a resource, where a kill can have it for its own.
#[cold]
fn shell(text: &str) -> Option<Shell> {
    let logs = json::Members::read(text.as_bytes())?;
    let mut edits = Edits::default();
    for scope in elements(logs.get("scopeLogs")?)? {
        let scope = json::Members::read(scope.get().as_bytes())?;
        let Some(records) = scope.get("logRecords") else {
            continue;
        };
        let records = elements(records)?;
        let records = records.iter().map(|record| record.get().as_bytes());
        let none = records.map(|record| (json::place(text.as_bytes(), record), false));
        edits.keep(&none.collect::<Vec<_>>());
    }
    let resource = logs.get("resource").map_or("null", RawValue::get);
    with_attributes(resource, b"")?;
    let mut list: Vec<Attribute<'_>> = Vec::new();
    if resource != "null"
        && let Some(attributes) = json::Members::read(resource.as_bytes())?.get("attributes")
        && attributes.get() != "null"
    {
        list = serde_json::from_str(attributes.get()).ok()?;
    }
    let mut keys = list.iter().map(|attribute| &*attribute.key);
    Shell::new(edits.apply(text.as_bytes())?, &mut keys)
}

/// The elements of an array.
#[cold]
fn elements(array: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array.get()).ok()
}

/// A resource with more attributes; `None` for what is none.
#[cold]
fn with_attributes(resource: &str, inside: &[u8]) -> Option<Vec<u8>> {
    let list = [b"[", inside, b"]"].concat();
    let member = [b"\"attributes\":", &*list].concat();
    if resource == "null" {
        return Some([b"{", &*member, b"}"].concat());
    }
    let Some(attributes) = json::Members::read(resource.as_bytes())?.get("attributes") else {
        let comma = if json::is_empty(resource) { "" } else { "," };
        let member = [comma.as_bytes(), &member].concat();
        return Some(json::insert_at_end(resource, &member));
    };
    let list = match attributes.get() {
        "null" => list,
        text if text.starts_with('[') => {
            let comma = if json::is_empty(text) { "" } else { "," };
            json::insert_at_end(text, &[comma.as_bytes(), inside].concat())
        }
        _ => return None,
    };
    let mut edits = Edits::default();
    let place = json::place(resource.as_bytes(), attributes.get().as_bytes());
    edits.replace(place, list);
    edits.apply(resource.as_bytes())
}

/// Kills with a resource of their own.
#[cold]
fn of_its_own(shell: &Shell, group: &Group) -> Option<Vec<u8>> {
    let text = &*shell.text;
    let mut attributes = Vec::new();
    for (key, value) in &group.resource {
        attribute(key, value, &mut attributes);
    }
    let mut edits = Edits::default();
    let place = |part: &RawValue| json::place(text, part.get().as_bytes());
    let logs = json::Members::read(text)?;
    if let Some(resource) = logs.get("resource") {
        let more = with_attributes(resource.get(), &attributes)?;
        edits.replace(place(resource), more);
    } else {
        let end = text.len().checked_sub(1)?;
        let resource = with_attributes("null", &attributes)?;
        edits.replace(end..end, [b",\"resource\":", &*resource].concat());
    }
    let scopes = elements(logs.get("scopeLogs")?)?;
    let scope = json::Members::read(scopes.get(group.scope)?.get().as_bytes())?;
    let records = scope.get("logRecords")?;
    let filled = json::insert_at_end(records.get(), &group.records.join(&b","[..]));
    edits.replace(place(records), filled);
    let its = |(number, scope): (usize, &&RawValue)| (place(scope), number == group.scope);
    edits.keep(&scopes.iter().enumerate().map(its).collect::<Vec<_>>());
    edits.apply(text)
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

/// The log record with what was added among its attributes, but what belongs on a resource of its own.
#[cold]
fn write<'s>(
    added: &Added<'_>,
    shell: &dyn Fn() -> Option<&'s Shell>,
    resource: &mut Attributes,
) -> Option<Vec<u8>> {
    let record: Written<'_> = serde_json::from_str(added.original).ok()?;
    let list: Vec<Attribute<'_>> = match record.attributes {
        Some(text) => serde_json::from_str(text.get()).ok()?,
        None => Vec::new(),
    };
    let has = |key: &str| list.iter().any(|attribute| attribute.key == key);
    let addition = Addition::new(added, &has, shell)?;
    let mut inside = Vec::new();
    for (key, value) in &addition.record {
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
    if let Some(kill) = addition.kill {
        let mut name = Vec::new();
        json::push_string(&mut name, kill.event_name);
        let severity = kill.severity.to_string().into_bytes();
        let time = kill
            .time_unix_nano
            .map(|time| format!("\"{time}\"").into_bytes());
        let fields = [
            ("eventName", Some(name)),
            ("severityNumber", Some(severity)),
            ("timeUnixNano", time),
        ];
        let members = json::Members::read(added.original.as_bytes())?;
        for (key, value) in fields {
            let Some(value) = value else { continue };
            match members.get(key).map(RawValue::get) {
                None => {
                    behind.extend_from_slice(format!(",\"{key}\":").as_bytes());
                    behind.extend(value);
                }
                // Written, but as what is not set.
                Some(unset @ ("0" | "\"0\"" | "\"\"" | "null")) => {
                    let place = json::place(added.original.as_bytes(), unset.as_bytes());
                    edits.replace(place, value);
                }
                Some(_) => {}
            }
        }
    }
    // In front of the last brace.
    let end = added.original.len().checked_sub(1)?;
    edits.replace(end..end, behind);
    *resource = addition.resource;
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
