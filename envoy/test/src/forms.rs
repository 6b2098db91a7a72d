//! The forms in which deliveries carry records.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::protobuf;

/// A form of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One record to a line.
    Ndjson,
    /// Elasticsearch's `_bulk`.
    Bulk,
    /// One array.
    JsonArray,
    /// One record behind the other.
    JsonStream,
    /// Loki's push request.
    Loki,
    /// OTLP's logs.
    Otlp,
    /// The same as protobuf.
    OtlpProtobuf,
    /// The same as protobuf, each text as the `MESSAGE` of a map, as a receiver of the journal has it.
    OtlpMaps,
    /// Loki's push request as protobuf.
    LokiProtobuf,
}

/// A line of a form that carries texts apart from what is added to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it comes from.
    pub host: String,
    /// The text.
    pub text: String,
    /// What was added: the form's own names, each with its value; of OTLP's resource too.
    pub added: BTreeMap<String, Value>,
    /// It stands on a resource of its own, behind the records that it came with.
    pub is_apart: bool,
}

/// Those that stand among their like, and those that stand apart.
pub fn apart(entries: impl IntoIterator<Item = Entry>) -> (Vec<Entry>, Vec<Entry>) {
    entries.into_iter().partition(|entry| !entry.is_apart)
}

impl Form {
    /// Those that carry whole records.
    pub const OF_RECORDS: [Self; 4] = [Self::Ndjson, Self::Bulk, Self::JsonArray, Self::JsonStream];
    /// Those that carry texts.
    pub const OF_TEXTS: [Self; 5] = [
        Self::Loki,
        Self::Otlp,
        Self::OtlpProtobuf,
        Self::OtlpMaps,
        Self::LokiProtobuf,
    ];
    /// Every form.
    pub const ALL: [Self; 9] = [
        Self::Ndjson,
        Self::Bulk,
        Self::JsonArray,
        Self::JsonStream,
        Self::Loki,
        Self::Otlp,
        Self::OtlpProtobuf,
        Self::OtlpMaps,
        Self::LokiProtobuf,
    ];

    /// As the module counts it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Bulk => "bulk",
            Self::JsonArray => "json_array",
            Self::JsonStream => "json_stream",
            Self::Loki | Self::LokiProtobuf => "loki",
            Self::Otlp | Self::OtlpProtobuf | Self::OtlpMaps => "otlp",
        }
    }

    /// Its content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Bulk => "application/x-ndjson",
            Self::OtlpProtobuf | Self::OtlpMaps | Self::LokiProtobuf => "application/x-protobuf",
            _ => "application/json",
        }
    }

    /// A path for it that belongs to one sender alone.
    pub fn path(self, sender: &str) -> String {
        match self {
            Self::Bulk => format!("/{sender}/_bulk"),
            Self::OtlpProtobuf => format!("/{sender}/v1/logs"),
            Self::OtlpMaps => format!("/{sender}/maps/v1/logs"),
            Self::LokiProtobuf => format!("/{sender}/loki/api/v1/push"),
            _ => format!("/{sender}/{}", self.name()),
        }
    }

    /// The records that it can carry: what is no object spoils all behind it where no line end
    /// divides them.
    pub fn fitting(self, records: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let is_object = |record: &&Vec<u8>| {
            let text = String::from_utf8_lossy(record);
            let text = text.replace(|c: char| c.is_ascii_control(), " ");
            serde_json::from_str::<Map<_, _>>(&text).is_ok()
        };
        match self {
            Self::JsonArray | Self::JsonStream => {
                records.iter().filter(is_object).cloned().collect()
            }
            // An empty line is no record.
            _ => {
                let records = records.iter().filter(|record| !record.is_empty());
                records.cloned().collect()
            }
        }
    }

    /// A body of these records; for the forms of texts, of their texts.
    pub fn body(self, records: &[Vec<u8>]) -> Vec<u8> {
        let join = |separator: &[u8]| records.join(separator);
        match self {
            Self::Ndjson => records
                .iter()
                .flat_map(|record| [record, &b"\n"[..]].concat())
                .collect(),
            Self::Bulk => records
                .iter()
                .flat_map(|record| [b"{\"create\":{}}\n", &record[..], b"\n"].concat())
                .collect(),
            Self::JsonArray => [&b"["[..], &join(b",\n "), b"]"].concat(),
            Self::JsonStream => join(b""),
            _ => {
                let records = records.iter();
                let entries: Vec<Entry> = records.filter_map(|record| entry(record)).collect();
                self.body_of_texts(&entries)
            }
        }
    }

    /// A body of these texts.
    ///
    /// # Panics
    ///
    /// For a form of whole records.
    pub fn body_of_texts(self, entries: &[Entry]) -> Vec<u8> {
        let mut hosts: Vec<&str> = entries.iter().map(|entry| &*entry.host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let of = |host: &str| -> Vec<(usize, &Entry)> {
            let entries = (1_usize..).zip(entries);
            entries.filter(|(_, entry)| entry.host == host).collect()
        };
        match self {
            Self::Loki => {
                let stream = |host: &&str| {
                    let value = |(n, entry): (usize, &Entry)| {
                        json!([format!("17000000000{n:08}"), entry.text])
                    };
                    let values: Vec<Value> = of(host).into_iter().map(value).collect();
                    json!({ "stream": { "host": host, "job": "kernel" }, "values": values })
                };
                let streams: Vec<Value> = hosts.iter().map(stream).collect();
                json!({ "streams": streams }).to_string().into_bytes()
            }
            Self::Otlp => {
                let resource = |host: &&str| {
                    let record = |(n, entry): (usize, &Entry)| {
                        json!({
                            "timeUnixNano": format!("17000000000{n:08}"),
                            "body": { "stringValue": entry.text },
                        })
                    };
                    let records: Vec<Value> = of(host).into_iter().map(record).collect();
                    let name = json!({ "key": "host.name", "value": { "stringValue": host } });
                    json!({
                        "resource": { "attributes": [name] },
                        "scopeLogs": [{ "scope": { "name": "s" }, "logRecords": records }],
                    })
                };
                let resources: Vec<Value> = hosts.iter().map(resource).collect();
                json!({ "resourceLogs": resources })
                    .to_string()
                    .into_bytes()
            }
            Self::OtlpProtobuf | Self::OtlpMaps | Self::LokiProtobuf => {
                let value = |entry: &Entry| match self {
                    Self::OtlpMaps => json!({ "MESSAGE": entry.text, "PRIORITY": 6 }),
                    _ => entry.text.clone().into(),
                };
                let hosts: Vec<_> = hosts
                    .iter()
                    .map(|host| {
                        let entries = of(host).into_iter();
                        (*host, entries.map(|(n, entry)| (n, value(entry))).collect())
                    })
                    .collect();
                match self {
                    Self::LokiProtobuf => protobuf::loki(&hosts),
                    _ => protobuf::otlp(&hosts),
                }
            }
            _ => panic!("{self:?} carries records"),
        }
    }

    /// The texts of a body, with what was added to them.
    ///
    /// # Panics
    ///
    /// Where the body is not of this form.
    pub fn texts(self, body: &[u8]) -> Vec<Entry> {
        match self {
            Self::OtlpProtobuf | Self::OtlpMaps => return protobuf::otlp_texts(body),
            Self::LokiProtobuf => return protobuf::loki_texts(body),
            _ => {}
        }
        let body: Value = serde_json::from_slice(body).expect("the body is JSON");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let mut entries = Vec::new();
        if self == Self::Loki {
            for stream in list(&body["streams"]) {
                entries.extend(list(&stream["values"]).iter().map(|value| {
                    Entry {
                        host: text(&stream["stream"]["host"]),
                        text: text(&value[1]),
                        added: value[2]
                            .as_object()
                            .cloned()
                            .unwrap_or_default()
                            .into_iter()
                            .collect(),
                        is_apart: false,
                    }
                }));
            }
            return entries;
        }
        for resource in list(&body["resourceLogs"]) {
            let mut names = attributes(&resource["resource"]["attributes"]);
            let host = names.remove("host.name").expect("its host");
            for scope in list(&resource["scopeLogs"]) {
                entries.extend(list(&scope["logRecords"]).iter().map(|record| {
                    let mut added = attributes(&record["attributes"]);
                    added.extend(names.clone());
                    Entry {
                        host: text(&host),
                        text: text(&record["body"]["stringValue"]),
                        added,
                        is_apart: !names.is_empty(),
                    }
                }));
            }
        }
        entries
    }
}

/// The text of a record, and where it comes from.
pub(crate) fn entry(record: &[u8]) -> Option<Entry> {
    let record: Value = serde_json::from_slice(record).ok()?;
    let keys = ["MESSAGE", "msg", "message", "log", "body"];
    let text = keys.iter().find_map(|key| record[key].as_str())?;
    let hosts = ["_HOSTNAME", "_BOOT_ID", "hostname", "host"];
    let host: String = hosts
        .iter()
        .filter_map(|key| record[key].as_str())
        .collect();
    Some(Entry {
        host,
        text: text.to_owned(),
        added: BTreeMap::new(),
        is_apart: false,
    })
}

/// What becomes in a form of a record of the filter's, which came from `host` with that text.
///
/// # Panics
///
/// For a form of whole records, and for what is no record.
pub fn told(form: Form, host: &str, record: &Value) -> Entry {
    let mut entry = Entry {
        host: host.to_owned(),
        text: record["body"].as_str().expect("a text").to_owned(),
        added: BTreeMap::new(),
        is_apart: false,
    };
    let Some(oom) = record.get("oom") else {
        return entry;
    };
    let added = &mut entry.added;
    let (separator, strings) = match form {
        Form::Loki | Form::LokiProtobuf => ("_", true),
        Form::Otlp | Form::OtlpProtobuf | Form::OtlpMaps => (".", false),
        _ => panic!("{form:?} carries records"),
    };
    for key in ["k8s.pod.uid", "container.id"] {
        if let Some(value) = record.get(key) {
            added.insert(key.replace('.', separator), value.clone());
        }
    }
    let events = ["kill", "evicted", "pressure", "truncated"].map(Value::from);
    if !strings && events.contains(&oom["event"]) {
        for (key, pointer) in [
            ("container.runtime.name", "/container/runtime"),
            ("process.pid", "/victim/pid"),
            ("process.real_user.id", "/victim/uid"),
        ] {
            if let Some(value) = oom.pointer(pointer) {
                added.insert(key.to_owned(), value.clone());
            }
        }
        let is_of_pod = |key: &String| key.starts_with("k8s.") || key.starts_with("container.");
        entry.is_apart = added.keys().any(is_of_pod);
    }
    flatten("oom", oom, separator, strings, added);
    entry
}

fn flatten(
    key: &str,
    value: &Value,
    separator: &str,
    strings: bool,
    into: &mut BTreeMap<String, Value>,
) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(
                    &format!("{key}{separator}{name}"),
                    value,
                    separator,
                    strings,
                    into,
                );
            }
        }
        Value::String(_) => drop(into.insert(key.to_owned(), value.clone())),
        _ if strings => drop(into.insert(key.to_owned(), value.to_string().into())),
        _ => drop(into.insert(key.to_owned(), value.clone())),
    }
}

fn attributes(list: &Value) -> BTreeMap<String, Value> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|attribute| {
            let key = attribute["key"].as_str().expect("a key").to_owned();
            (key, any_value(&attribute["value"]))
        })
        .collect()
}

fn any_value(value: &Value) -> Value {
    if let Some(number) = value["intValue"].as_str() {
        return number.parse::<i64>().expect("a number").into();
    }
    if let Some(values) = value["arrayValue"]["values"].as_array() {
        return values.iter().map(any_value).collect();
    }
    if value.get("kvlistValue").is_some() {
        let members: Map<String, Value> = attributes(&value["kvlistValue"]["values"])
            .into_iter()
            .collect();
        return Value::Object(members);
    }
    let scalars = ["stringValue", "boolValue"];
    let value = scalars.iter().find_map(|kind| value.get(kind));
    value.expect("a value of a known kind").clone()
}
