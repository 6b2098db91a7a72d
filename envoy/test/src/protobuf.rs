//! The forms of delivery that are protobuf, by a library that knows nothing of the module.
//!
//! The messages are those of opentelemetry/proto/logs/v1 and of Loki's pkg/push, as far as tests use them.

use std::collections::BTreeMap;

use prost::Message;
use serde_json::{Map, Value};

use crate::Entry;

#[derive(Clone, PartialEq, Message)]
struct ExportLogsServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
    #[prost(string, tag = "3")]
    schema_url: String,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(fixed32, tag = "8")]
    flags: u32,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 5, 6")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(message, tag = "5")]
    Array(Values),
    #[prost(message, tag = "6")]
    Map(KeyValues),
}

#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValues {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<Stream>,
}

#[derive(Clone, PartialEq, Message)]
struct Stream {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<PushEntry>,
    #[prost(uint64, tag = "3")]
    hash: u64,
}

#[derive(Clone, PartialEq, Message)]
struct PushEntry {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    structured_metadata: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

fn pair(key: &str, kind: Kind) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { kind: Some(kind) }),
    }
}

/// A value of JSON as OTLP has it.
fn any_value(value: &Value) -> AnyValue {
    let kind = match value {
        Value::String(text) => Kind::String(text.clone()),
        Value::Bool(value) => Kind::Bool(*value),
        Value::Number(number) => Kind::Int(number.as_i64().expect("a number of 64 bits")),
        Value::Array(values) => Kind::Array(Values {
            values: values.iter().map(any_value).collect(),
        }),
        Value::Object(members) => Kind::Map(KeyValues {
            values: members
                .iter()
                .map(|(key, value)| KeyValue {
                    key: key.clone(),
                    value: Some(any_value(value)),
                })
                .collect(),
        }),
        Value::Null => return AnyValue { kind: None },
    };
    AnyValue { kind: Some(kind) }
}

/// A body of OTLP whose log records have these values for bodies, by host.
pub(crate) fn otlp(hosts: &[(&str, Vec<(usize, Value)>)]) -> Vec<u8> {
    let resource_logs = hosts.iter().map(|(host, records)| ResourceLogs {
        resource: Some(Resource {
            attributes: vec![pair("host.name", Kind::String((*host).to_owned()))],
        }),
        scope_logs: vec![ScopeLogs {
            log_records: records
                .iter()
                .map(|(number, body)| LogRecord {
                    time_unix_nano: 1_700_000_000_000_000_000 + *number as u64,
                    severity_number: 9,
                    body: Some(any_value(body)),
                    attributes: vec![pair("n", Kind::Int(1))],
                    flags: 1,
                    trace_id: (0..16).collect(),
                })
                .collect(),
        }],
        schema_url: "https://opentelemetry.io/schemas/1.0.0".to_owned(),
    });
    let resource_logs = resource_logs.collect();
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn members(pairs: Vec<KeyValue>) -> BTreeMap<String, Value> {
    let members = pairs.into_iter().map(|pair| {
        let value = pair.value.and_then(|value| value.kind);
        (pair.key, json(value.expect("a value of a known kind")))
    });
    members.collect()
}

fn json(kind: Kind) -> Value {
    match kind {
        Kind::String(text) => text.into(),
        Kind::Bool(value) => value.into(),
        Kind::Int(number) => number.into(),
        Kind::Array(array) => {
            let values = array.values.into_iter();
            values.filter_map(|value| value.kind).map(json).collect()
        }
        Kind::Map(map) => {
            let members: Map<String, Value> = members(map.values).into_iter().collect();
            members.into()
        }
    }
}

/// The texts of a body of OTLP, with what was added to them.
pub(crate) fn otlp_texts(body: &[u8]) -> Vec<Entry> {
    let request = ExportLogsServiceRequest::decode(body).expect("the body is OTLP");
    let mut entries = Vec::new();
    for resource in request.resource_logs {
        let mut names = members(resource.resource.unwrap_or_default().attributes);
        let host = names.remove("host.name").unwrap_or_default();
        // Clients name themselves.
        names.retain(|key, _| key.starts_with("k8s.") || key.starts_with("container."));
        let host = host.as_str().unwrap_or_default().to_owned();
        let records = resource.scope_logs.into_iter();
        entries.extend(records.flat_map(|scope| scope.log_records).map(|record| {
            let body = record.body.and_then(|body| body.kind).expect("a body");
            let mut added = members(record.attributes);
            added.remove("n");
            added.extend(names.clone());
            Entry {
                host: host.clone(),
                is_apart: !names.is_empty(),
                text: match json(body) {
                    Value::String(text) => text,
                    map => {
                        let text = map.get("MESSAGE").or(map.get("log"));
                        text.and_then(Value::as_str).expect("a text").to_owned()
                    }
                },
                added,
            }
        }));
    }
    entries
}

/// A push request of these lines by host, packed as Loki wants it.
pub(crate) fn loki(hosts: &[(&str, Vec<(usize, Value)>)]) -> Vec<u8> {
    let streams = hosts.iter().map(|(host, lines)| Stream {
        labels: format!("{{host={}, job=\"kernel\"}}", Value::from(*host)),
        entries: lines
            .iter()
            .map(|(number, line)| PushEntry {
                timestamp: Some(Timestamp {
                    seconds: 1_700_000_000,
                    nanos: i32::try_from(*number).expect("a small number"),
                }),
                line: line.as_str().expect("a text").to_owned(),
                structured_metadata: vec![Pair {
                    name: "n".to_owned(),
                    value: number.to_string(),
                }],
            })
            .collect(),
        hash: 7,
    });
    let streams = streams.collect();
    let request = PushRequest { streams }.encode_to_vec();
    let packed = snap::raw::Encoder::new().compress_vec(&request);
    packed.expect("a small body")
}

/// The lines of a push request, with what was added to them.
pub(crate) fn loki_texts(body: &[u8]) -> Vec<Entry> {
    if body.is_empty() {
        return Vec::new();
    }
    let body = snap::raw::Decoder::new().decompress_vec(body);
    let request = PushRequest::decode(&*body.expect("snappy")).expect("a push request");
    let mut entries = Vec::new();
    for stream in request.streams {
        // Of the requests made here; a real sender has neither.
        let is_ours = stream.labels.contains("job=");
        assert!(!is_ours || stream.hash == 7, "what was there stays");
        let labels = stream.labels.strip_prefix("{host=").expect("a label");
        let mut host = serde_json::Deserializer::from_str(labels).into_iter::<String>();
        let host = host.next().expect("a host").expect("a text");
        entries.extend(stream.entries.into_iter().map(|entry| {
            let pairs = entry.structured_metadata.into_iter();
            let mut added: BTreeMap<String, Value> = pairs
                .map(|pair| (pair.name, Value::String(pair.value)))
                .collect();
            let number = added.remove("n");
            assert!(number.is_some() || !is_ours, "what was there stays");
            Entry {
                host: host.clone(),
                text: entry.line,
                added,
                is_apart: false,
            }
        }));
    }
    entries
}
