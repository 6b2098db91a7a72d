//! Records that shippers and exports make of a line, one JSON object each.

use serde_json::{Value, json};

use super::carrier::{Carrier, clocked, unmarked};
use super::lines::{bare, dmesg, epoch, iso_syslog, level, micros, syslog};
use super::log::Entry;

fn written(record: &Value) -> String {
    record.to_string()
}

/// The fields that the journal has of every kernel entry.
pub fn journal_fields(entry: &Entry) -> Value {
    json!({
        "MESSAGE": entry.text,
        "PRIORITY": entry.priority.to_string(),
        "SYSLOG_FACILITY": "0",
        "SYSLOG_IDENTIFIER": "kernel",
        "_BOOT_ID": "0123456789abcdef0123456789abcdef",
        "_HOSTNAME": "n1",
        "_MACHINE_ID": "0123456789abcdef0123456789abcdee",
        "_SOURCE_MONOTONIC_TIMESTAMP": entry.at_us.to_string(),
        "_TRANSPORT": "kernel",
        "__REALTIME_TIMESTAMP": format!("{}{:06}", epoch(entry), micros(entry)),
    })
}

pub const CARRIERS: &[Carrier] = &[
    clocked("journalctl -o json", |entry| {
        written(&journal_fields(entry))
    }),
    clocked("OpenTelemetry's receiver of the journal", |entry| {
        written(&json!({ "body": journal_fields(entry) }))
    }),
    clocked("the same, under the data model's own names", |entry| {
        written(&json!({ "Timestamp": 1, "Body": journal_fields(entry), "Resource": {} }))
    }),
    clocked("OpenTelemetry, a file", |entry| {
        written(&json!({ "body": { "stringValue": syslog(entry) }, "attributes": [] }))
    }),
    clocked("OpenTelemetry, the collector's JSON", |entry| {
        written(&json!({ "body": syslog(entry), "attributes": { "log.file.name": "kern.log" } }))
    }),
    clocked("Fluent Bit, tail", |entry| {
        written(&json!({ "log": syslog(entry) }))
    }),
    clocked("Fluent Bit, kmsg", |entry| {
        written(&json!({
            "priority": entry.priority,
            "sequence": entry.sequence,
            "sec": entry.at_us / 1_000_000,
            "usec": micros(entry),
            "msg": super::lines::escaped(entry),
        }))
    }),
    clocked("Cloud Logging, textPayload", |entry| {
        written(&json!({
            "insertId": "x",
            "textPayload": dmesg(entry),
            "resource": { "type": "gce_instance", "labels": { "instance_id": "1" } },
        }))
    }),
    clocked("Cloud Logging, the journal", |entry| {
        written(&json!({ "jsonPayload": journal_fields(entry), "logName": "a" }))
    }),
    clocked("Cloud Logging, jsonPayload.message", |entry| {
        let mut payload = journal_fields(entry);
        let text = payload["MESSAGE"].take();
        payload
            .as_object_mut()
            .expect("an object")
            .remove("MESSAGE");
        payload["message"] = text;
        written(&json!({ "jsonPayload": payload, "logName": "a" }))
    }),
    clocked("CloudWatch", |entry| {
        written(&json!({ "@timestamp": "2024-05-05 10:00:00.000", "@message": syslog(entry) }))
    }),
    clocked("CloudWatch, filter-log-events", |entry| {
        written(&json!({ "logStreamName": "n1", "timestamp": 1, "message": syslog(entry) }))
    }),
    clocked("Azure", |entry| {
        written(&json!({
            "TimeGenerated": "2024-05-05T10:00:00Z",
            "Computer": "n1",
            "Facility": "kern",
            "SeverityLevel": level(entry),
            "ProcessName": "kernel",
            "SyslogMessage": dmesg(entry),
        }))
    }),
    clocked("Splunk", |entry| {
        written(&json!({
            "preview": false,
            "result": { "_raw": syslog(entry), "host": "n1", "source": "/var/log/kern.log" },
        }))
    }),
    clocked("Datadog", |entry| {
        written(&json!({
            "id": "x",
            "type": "log",
            "attributes": { "host": "n1", "service": "syslog", "message": dmesg(entry) },
        }))
    }),
    clocked("GELF", |entry| {
        written(&json!({
            "version": "1.1",
            "host": "n1",
            "short_message": dmesg(entry),
            "level": entry.priority,
        }))
    }),
    clocked("Elasticsearch", |entry| {
        written(&json!({
            "_index": "logs",
            "_source": { "message": iso_syslog(entry), "host": { "name": "n1" } },
        }))
    }),
    clocked("Loki, logcli -o jsonl", |entry| {
        written(&json!({
            "labels": { "job": "kernel", "host": "n1" },
            "line": dmesg(entry),
            "timestamp": "2024-05-05T10:00:00Z",
        }))
    }),
    clocked("Loki, Grafana", |entry| {
        written(&json!({ "line": dmesg(entry), "ts": "1" }))
    }),
    unmarked("syslog in fields", |entry| {
        written(&json!({
            "host": "n1",
            "ident": "kernel",
            "pri": entry.priority.to_string(),
            "message": bare(entry),
        }))
    }),
];
