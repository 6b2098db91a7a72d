//! Files whose records are no lines.

use serde_json::{Value, json};

use super::carrier::{Carrier, Clock, whole};
use super::lines::{dmesg, epoch, iso_syslog, micros, syslog, time};
use super::log::{Entry, Log};
use super::records::journal_fields;

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("a value is JSON");
    text.push(b'\n');
    text
}

fn entries(log: &Log) -> Vec<Value> {
    log.entries.iter().map(journal_fields).collect()
}

/// `journalctl -o export`: a value with other bytes than printable ones has its length in front.
fn export(log: &Log) -> Vec<u8> {
    let mut file = Vec::new();
    for entry in &log.entries {
        let at = format!("{}{:06}", epoch(entry), micros(entry));
        file.extend_from_slice(
            format!(
                "__CURSOR=s=1;i={}\n__REALTIME_TIMESTAMP={at}\n",
                entry.sequence
            )
            .as_bytes(),
        );
        let fields = journal_fields(entry);
        for (name, value) in fields.as_object().expect("an object") {
            let value = value.as_str().expect("a text");
            file.extend_from_slice(name.as_bytes());
            if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                file.push(b'=');
            } else {
                file.push(b'\n');
                file.extend_from_slice(&(value.len() as u64).to_le_bytes());
            }
            file.extend_from_slice(value.as_bytes());
            file.push(b'\n');
        }
        file.push(b'\n');
    }
    file
}

/// `journalctl -o verbose`
fn verbose(log: &Log) -> Vec<u8> {
    let mut file = String::new();
    for entry in &log.entries {
        let clock = format!("{}.{:06}", time(entry), micros(entry));
        let number = entry.sequence;
        let head = format!("Sun 2024-05-05 {clock} UTC [s=103ea45d;i={number:x};b=0123;m=1]\n");
        file.push_str(&head);
        let fields = journal_fields(entry);
        for (name, value) in fields.as_object().expect("an object") {
            let value = value.as_str().expect("a text");
            file.push_str(&["    ", name, "=", value, "\n"].concat());
        }
    }
    file.into_bytes()
}

/// What `logcli` and Grafana do not write line by line: streams of Loki's interface, the newest line first.
fn loki(log: &Log) -> Vec<u8> {
    let values = log.entries.iter().rev().map(|entry| {
        json!([
            format!("{}{:06}000", epoch(entry), micros(entry)),
            dmesg(entry)
        ])
    });
    let values: Vec<Value> = values.collect();
    let stream = json!({ "stream": { "host": "n1", "job": "kernel" }, "values": values });
    (stream.to_string() + "\n").into_bytes()
}

/// The lines that a carrier writes, the newest first.
fn newest_first(log: &Log, line: fn(&Entry) -> String) -> Vec<u8> {
    let lines = log.entries.iter().rev().map(|entry| line(entry) + "\n");
    lines.collect::<String>().into_bytes()
}

pub const CARRIERS: &[Carrier] = &[
    whole("dmesg --reverse", Clock::Kernels, |log| {
        newest_first(log, dmesg)
    }),
    whole("a syslog turned round", Clock::Kernels, |log| {
        newest_first(log, syslog)
    }),
    whole(
        "Elasticsearch's records, the newest first",
        Clock::Kernels,
        |log| {
            newest_first(log, |entry| {
                json!({ "_source": { "message": iso_syslog(entry) } }).to_string()
            })
        },
    ),
    whole("journalctl -o export", Clock::Kernels, export),
    whole("journalctl -o verbose", Clock::Kernels, verbose),
    whole("journalctl -o json-pretty", Clock::Kernels, |log| {
        entries(log).iter().flat_map(pretty).collect()
    }),
    whole("journalctl -o json-seq", Clock::Kernels, |log| {
        let lines = entries(log)
            .into_iter()
            .map(|entry| format!("\x1e{entry}\n"));
        lines.collect::<String>().into_bytes()
    }),
    whole("a list of journal entries", Clock::Kernels, |log| {
        pretty(&Value::Array(entries(log)))
    }),
    whole("a list on one line", Clock::Kernels, |log| {
        (Value::Array(entries(log)).to_string() + "\n").into_bytes()
    }),
    whole("dmesg --json", Clock::NoneNorPrefix, |log| {
        let records = log
            .entries
            .iter()
            .map(|entry| json!({ "pri": entry.priority, "time": 12.5, "msg": entry.text }));
        let records: Vec<Value> = records.collect();
        pretty(&json!({ "dmesg": records }))
    }),
    whole("Elasticsearch's answer", Clock::Kernels, |log| {
        let hits = log.entries.iter().map(|entry| {
            json!({ "_index": "x", "_source": { "host": { "name": "n1" }, "message": syslog(entry) } })
        });
        let hits: Vec<Value> = hits.collect();
        let answer = json!({ "hits": { "hits": hits, "total": { "value": 3 } }, "took": 3 });
        [answer.to_string().into_bytes(), b"\n".to_vec()].concat()
    }),
    whole("Elasticsearch's answer, pretty", Clock::Kernels, |log| {
        let hits = log
            .entries
            .iter()
            .map(|entry| json!({ "_index": "x", "_source": { "message": syslog(entry) } }));
        let hits: Vec<Value> = hits.collect();
        pretty(
            &json!({ "took": 3, "timed_out": false, "hits": { "total": { "value": 3 }, "hits": hits } }),
        )
    }),
    whole("aws logs filter-log-events", Clock::Kernels, |log| {
        let events = log.entries.iter().map(|entry| {
            json!({ "logStreamName": "n1", "timestamp": 1, "message": syslog(entry), "eventId": "1" })
        });
        let events: Vec<Value> = events.collect();
        pretty(&json!({ "events": events, "searchedLogStreams": [] }))
    }),
    whole("gcloud logging read --format=json", Clock::Kernels, |log| {
        let records = entries(log)
            .into_iter()
            .map(|fields| json!({ "insertId": "x", "jsonPayload": fields, "severity": "ERROR" }));
        pretty(&Value::Array(records.collect()))
    }),
    whole("Datadog's answer", Clock::Kernels, |log| {
        let records = log.entries.iter().map(|entry| {
            json!({ "id": "x", "type": "log", "attributes": { "host": "n1", "message": dmesg(entry) } })
        });
        let records: Vec<Value> = records.collect();
        pretty(&json!({ "data": records, "meta": { "elapsed": 1 } }))
    }),
    whole("OTLP as JSON", Clock::Kernels, |log| {
        let records = log
            .entries
            .iter()
            .map(|entry| json!({ "timeUnixNano": "1", "body": { "stringValue": dmesg(entry) } }));
        let records: Vec<Value> = records.collect();
        let line = json!({ "resourceLogs": [{
            "resource": { "attributes": [] },
            "scopeLogs": [{ "scope": {}, "logRecords": records }],
        }] });
        (line.to_string() + "\n").into_bytes()
    }),
    whole("OTLP of the journal's receiver, maps", Clock::Kernels, maps),
    whole("the same, pretty", Clock::Kernels, |log| {
        let value: Value = serde_json::from_slice(&maps(log)).expect("JSON");
        pretty(&value)
    }),
    whole("Ansible, a list of lines", Clock::Kernels, |log| {
        pretty(&Value::Array(
            log.entries
                .iter()
                .map(|entry| json!(dmesg(entry)))
                .collect(),
        ))
    }),
    whole("Loki's streams", Clock::Kernels, loki),
];

/// As the collector's exporters write what its receiver of the journal made: a map for each entry.
fn maps(log: &Log) -> Vec<u8> {
    let records = entries(log).into_iter().map(|entry| {
        let fields = entry.as_object().expect("an entry is an object").iter();
        let pairs =
            fields.map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }));
        let pairs: Vec<Value> = pairs.collect();
        json!({ "timeUnixNano": "1", "body": { "kvlistValue": { "values": pairs } } })
    });
    let records: Vec<Value> = records.collect();
    let line = json!({ "resourceLogs": [{
        "resource": {},
        "scopeLogs": [{ "scope": {}, "logRecords": records }],
    }] });
    (line.to_string() + "\n").into_bytes()
}
