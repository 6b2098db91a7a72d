//! OTLP as protobuf, as opentelemetry/proto/logs/v1 of its repository has it. Resources go on as they are
//! complete.

use std::cell::OnceCell;

use serde_json::Value as Json;

use super::super::Forwarded;
use super::super::added::{Added, Envelope};
use super::super::protobuf::{
    Field, NoField, Splice, Value, all, bytes_of, edit, fields, first_field, is_message, last,
    push_bytes, push_fixed, push_number, splice, text_of,
};
use super::super::reader::{Reader, RecordFate};
use super::{
    Addition, Attributes, Body, DEEPEST_MAP, Group, Kills, LogRecord, Members, Shell, object,
    stream,
};
use crate::json::push_string;
use crate::settings::Settings;
use crate::tally::UnreadReason;

/// Fields by their numbers: of a request,
const RESOURCE_LOGS: u64 = 1;
/// of the logs of a resource,
const RESOURCE: u64 = 1;
const SCOPE_LOGS: u64 = 2;
/// of a resource,
const RESOURCE_ATTRIBUTES: u64 = 1;
/// of the logs of a scope,
const LOG_RECORDS: u64 = 2;
/// of a log record,
const TIME: u64 = 1;
const SEVERITY: u64 = 2;
const BODY: u64 = 5;
const ATTRIBUTES: u64 = 6;
const EVENT_NAME: u64 = 12;
/// of an attribute,
const KEY: u64 = 1;
const VALUE: u64 = 2;
/// of a value,
const STRING: u64 = 1;
const BOOL: u64 = 2;
const INT: u64 = 3;
const ARRAY: u64 = 5;
const MAP: u64 = 6;
/// and of an array or a map.
const VALUES: u64 = 1;

/// Reads what is complete of `data`; the rest is put into `held`. Where this is no request the rest of it
/// goes on, with the reason.
pub(in super::super) fn read(
    reader: &mut Reader<'_>,
    mut data: Vec<u8>,
    is_end: bool,
    held: &mut Vec<u8>,
) -> (Forwarded, Option<UnreadReason>) {
    let most = reader.settings.max_body_bytes;
    let (mut trouble, mut end) = (None, 0_usize);
    while let Some(rest) = data.get(end..).filter(|rest| !rest.is_empty()) {
        match first_field(rest) {
            // As where it comes in pieces, and too much of it would be held.
            Ok(field) if field.length() > most => {
                trouble = Some(UnreadReason::TooLarge);
                break;
            }
            Ok(field) if is_readable(&field) => end = end.saturating_add(field.length()),
            Err(NoField::Incomplete) if !is_end => break,
            _ => {
                trouble = Some(UnreadReason::Unreadable);
                break;
            }
        }
    }
    let (complete, rest) = data.split_at_checked(end).unwrap_or((&data, b""));
    if rest.len() > most {
        trouble = trouble.or(Some(UnreadReason::TooLarge));
    }
    let changed = if reader.ordinary() == RecordFate::Same && !reader.any_needs_reading(complete) {
        reader.count_same(all(complete, RESOURCE_LOGS).map(records).sum());
        None
    } else {
        splice(complete, &mut |number, resource| match number {
            RESOURCE_LOGS => read_resource(reader, resource),
            _ => Splice::Inside(RecordFate::Same),
        })
    };
    if trouble.is_none() {
        *held = data.split_off(end);
    }
    let forwarded = match changed {
        None => Forwarded::same(data),
        Some(mut changed) => {
            changed.extend_from_slice(data.get(end..).unwrap_or_default());
            Forwarded::changed(changed)
        }
    };
    (forwarded, trouble)
}

fn is_readable(field: &Field<'_>) -> bool {
    match field.value {
        Value::Bytes(resource) if field.number == RESOURCE_LOGS => is_resource(resource),
        _ => true,
    }
}

/// Whether a resource's logs can be read down to the fields of each record.
fn is_resource(resource: &[u8]) -> bool {
    is_message(resource, &|number, scope| {
        number != SCOPE_LOGS
            || is_message(scope, &|number, record| {
                number != LOG_RECORDS || is_message(record, &|_, _| true)
            })
    })
}

/// How many records there are of a resource.
fn records(resource: &[u8]) -> u64 {
    let scopes = all(resource, SCOPE_LOGS);
    let records = scopes.map(|scope| all(scope, LOG_RECORDS).count() as u64);
    records.sum()
}

fn changed(message: Option<Vec<u8>>) -> RecordFate {
    message.map_or(RecordFate::Same, RecordFate::Replaced)
}

/// A resource's logs with what was found in them. Kills of a pod or container stand behind it, on resources of
/// their own; where nothing else is left, in its place.
fn read_resource(reader: &mut Reader<'_>, logs: &[u8]) -> Splice {
    let sender = reader.sender;
    reader.sender.stream = stream(sender.stream, last(logs, RESOURCE));
    let mut kills = Kills::default();
    let home = OnceCell::new();
    let home = || home.get_or_init(|| shell(logs)).as_ref();
    let (mut scopes, mut is_left) = (0_usize, false);
    let edited = edit(logs, &mut |number, scope| {
        if number != SCOPE_LOGS {
            return RecordFate::Same;
        }
        let edited = edit(scope, &mut |number, record| {
            if number != LOG_RECORDS {
                return RecordFate::Same;
            }
            let envelope = |settings: &Settings| envelope(record, &settings.text_keys);
            let mut resource = Attributes::new();
            let mut write = |added: &Added<'_>| write(added, &home, &mut resource);
            match reader.entry(record, &envelope, &mut write) {
                RecordFate::Replaced(record) if !resource.is_empty() => {
                    kills.push(scopes, resource, record);
                    RecordFate::Dropped
                }
                fate => {
                    is_left |= fate != RecordFate::Dropped;
                    fate
                }
            }
        });
        scopes = scopes.saturating_add(1);
        changed(edited)
    });
    reader.sender = sender;
    if kills.0.is_empty() {
        return Splice::Inside(changed(edited));
    }
    let mut fields = Vec::new();
    if is_left {
        push_bytes(
            &mut fields,
            RESOURCE_LOGS,
            &edited.unwrap_or_else(|| logs.to_vec()),
        );
    }
    for (group, shell) in kills.0.iter().zip(std::iter::repeat(home()).flatten()) {
        let own = of_its_own(shell, group);
        push_bytes(&mut fields, RESOURCE_LOGS, &own);
    }
    Splice::Fields(fields)
}

/// What stands around the log records of a resource, where a kill can have it for its own.
#[cold]
fn shell(logs: &[u8]) -> Option<Shell> {
    // Readers put several together.
    if all(logs, RESOURCE).count() > 1 {
        return None;
    }
    let text = edit(logs, &mut |number, scope| match number {
        SCOPE_LOGS => changed(edit(scope, &mut |number, _| match number {
            LOG_RECORDS => RecordFate::Dropped,
            _ => RecordFate::Same,
        })),
        _ => RecordFate::Same,
    });
    let resource = last(logs, RESOURCE).unwrap_or_default();
    let keys = all(resource, RESOURCE_ATTRIBUTES).filter_map(|pair| last(pair, KEY));
    let mut keys = keys.map(|key| std::str::from_utf8(key).unwrap_or_default());
    Shell::new(text?, &mut keys)
}

/// Kills with a resource of their own.
#[cold]
fn of_its_own(shell: &Shell, group: &Group) -> Vec<u8> {
    let mut attributes = Vec::new();
    for (key, value) in &group.resource {
        push_bytes(&mut attributes, RESOURCE_ATTRIBUTES, &pair(key, value));
    }
    let mut out = Vec::new();
    if last(&shell.text, RESOURCE).is_none() {
        push_bytes(&mut out, RESOURCE, &attributes);
    }
    let mut scopes = 0_usize;
    let filled = edit(&shell.text, &mut |number, bytes| match number {
        RESOURCE => RecordFate::Replaced([bytes, &attributes].concat()),
        SCOPE_LOGS => {
            let is_its = scopes == group.scope;
            scopes = scopes.saturating_add(1);
            if !is_its {
                return RecordFate::Dropped;
            }
            let mut scope = bytes.to_vec();
            for record in &group.records {
                push_bytes(&mut scope, LOG_RECORDS, record);
            }
            RecordFate::Replaced(scope)
        }
        _ => RecordFate::Same,
    });
    // The scope has records now, so something changed.
    out.extend(filled.unwrap_or_default());
    out
}

fn envelope(record: &[u8], text_keys: &[String]) -> Option<Envelope> {
    let body = last(record, BODY)?;
    let body = match last(body, MAP) {
        Some(map) => Body::Map(members(all(map, VALUES), DEEPEST_MAP)),
        None => Body::Text(string(last(body, STRING)?)?.into()),
    };
    let attributes = members(all(record, ATTRIBUTES), DEEPEST_MAP);
    let mut original = Vec::new();
    push_string(&mut original, &text_of(record));
    LogRecord { body, attributes }.envelope(&original, text_keys)
}

/// A text as JSON. One that is not UTF-8 is none.
fn string(text: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    push_string(&mut out, std::str::from_utf8(text).ok()?);
    String::from_utf8(out).ok()
}

/// Key and value pairs as members, as far as something is read of their values.
fn members<'a>(pairs: impl Iterator<Item = &'a [u8]>, depth: u8) -> Members<'a> {
    let members = pairs.filter_map(|pair| {
        let key = std::str::from_utf8(last(pair, KEY)?).ok()?;
        let value = scalar_or_map(last(pair, VALUE)?, depth)?;
        Some((key.into(), value.into()))
    });
    members.collect()
}

/// A value as JSON; `None` for lists, bytes and fractions, of which nothing is read.
fn scalar_or_map(value: &[u8], depth: u8) -> Option<String> {
    let field = fields(value).last()?;
    match (field.number, field.value) {
        (STRING, Value::Bytes(text)) => string(text),
        (BOOL, Value::Varint(value)) => Some((value != 0).to_string()),
        (INT, Value::Varint(value)) => Some(value.cast_signed().to_string()),
        (MAP, Value::Bytes(map)) => {
            let members = members(all(map, VALUES), depth.checked_sub(1)?);
            Some(object(&members))
        }
        _ => None,
    }
}

/// The log record with what was added among its attributes, but what belongs on a resource of its own.
#[cold]
fn write<'s>(
    added: &Added<'_>,
    shell: &dyn Fn() -> Option<&'s Shell>,
    resource: &mut Attributes,
) -> Option<Vec<u8>> {
    let original: String = serde_json::from_str(added.original).ok()?;
    let bytes = &*bytes_of(&original)?;
    let mut record = bytes.to_vec();
    let has = |key: &str| {
        let mut attributes = all(bytes, ATTRIBUTES);
        attributes.any(|pair| last(pair, KEY) == Some(key.as_bytes()))
    };
    let addition = Addition::new(added, &has, shell)?;
    for (key, value) in &addition.record {
        push_bytes(&mut record, ATTRIBUTES, &pair(key, value));
    }
    if let Some(kill) = addition.kill {
        let is_set = |value: Value<'_>| !matches!(value, Value::Varint(0) | Value::Bytes(b""));
        let has = |number| fields(bytes).any(|field| field.number == number && is_set(field.value));
        if !has(EVENT_NAME) {
            push_bytes(&mut record, EVENT_NAME, kill.event_name.as_bytes());
        }
        if !has(SEVERITY) {
            push_number(&mut record, SEVERITY, kill.severity.into());
        }
        if let (false, Some(time)) = (has(TIME), kill.time_unix_nano) {
            push_fixed(&mut record, TIME, time);
        }
    }
    *resource = addition.resource;
    Some(record)
}

fn pair(key: &str, value: &Json) -> Vec<u8> {
    let mut pair = Vec::new();
    push_bytes(&mut pair, KEY, key.as_bytes());
    push_bytes(&mut pair, VALUE, &any_value(value));
    pair
}

/// A value as OTLP writes one.
fn any_value(value: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Json::String(text) => push_bytes(&mut out, STRING, text.as_bytes()),
        Json::Bool(value) => push_number(&mut out, BOOL, u64::from(*value)),
        Json::Number(number) => {
            let signed = number.as_i64().map(i64::cast_unsigned);
            if let Some(number) = signed.or_else(|| number.as_u64()) {
                push_number(&mut out, INT, number);
            }
        }
        Json::Array(elements) => {
            let mut values = Vec::new();
            for element in elements {
                push_bytes(&mut values, VALUES, &any_value(element));
            }
            push_bytes(&mut out, ARRAY, &values);
        }
        Json::Object(members) => {
            let mut values = Vec::new();
            for (key, value) in members {
                push_bytes(&mut values, VALUES, &pair(key, value));
            }
            push_bytes(&mut out, MAP, &values);
        }
        Json::Null => {}
    }
    out
}
