//! A log record of OTLP as JSON whose body is a map, as the collector's receiver of the journal makes it.

use alloc::vec::Vec;

use super::json::{self, Value};
use crate::text::cursor::find;

/// A value of one kind, in what OTLP puts around it.
const PLAIN: [&[u8]; 4] = [b"stringValue", b"intValue", b"doubleValue", b"boolValue"];

/// The record with its body as an object: `"body":{"MESSAGE":"..."}` in place of
/// `"body":{"kvlistValue":{"values":[{"key":"MESSAGE","value":{"stringValue":"..."}}]}}`. `None` where its body is
/// no map.
pub(super) fn with_object_body(record: &[u8]) -> Option<Vec<u8>> {
    find(record, b"\"kvlistValue\"")?;
    let mut out = Vec::with_capacity(record.len());
    out.push(b'{');
    let mut is_map = false;
    json::members(record, &mut |member| {
        begin_member(&mut out, member.key);
        let map = match member.value {
            Value::Object(inside) if member.key == b"body" => list(inside),
            _ => None,
        };
        match map {
            Some(list) => {
                is_map = true;
                push_object(&mut out, list);
            }
            None => push(&mut out, member.value),
        }
    })?;
    out.push(b'}');
    is_map.then_some(out)
}

/// The pairs of a map, as OTLP writes a value that is one.
fn list(value: &[u8]) -> Option<&[u8]> {
    let mut list = None;
    json::members_inside(value, &mut |member| {
        if let (b"kvlistValue", Value::Object(map)) = (member.key, member.value) {
            json::members_inside(map, &mut |member| {
                if let (b"values", Value::Array(pairs)) = (member.key, member.value) {
                    list = Some(pairs);
                }
            });
        }
    });
    list
}

fn push_object(out: &mut Vec<u8>, pairs: &[u8]) {
    out.push(b'{');
    json::elements_inside(pairs, &mut |pair| {
        let Value::Object(pair) = pair else {
            return;
        };
        let (mut key, mut value) = (None, None);
        json::members_inside(pair, &mut |member| match (member.key, member.value) {
            (b"key", Value::String(name)) => key = Some(name),
            (b"value", it) => value = Some(it),
            _ => {}
        });
        if let (Some(key), Some(value)) = (key, value) {
            begin_member(out, key);
            push(out, plain(value));
        }
    });
    out.push(b'}');
}

/// What a value is of a kind that JSON has too; any other stays as it is.
fn plain(value: Value<'_>) -> Value<'_> {
    let mut found = value;
    if let Value::Object(inside) = value {
        json::members_inside(inside, &mut |member| {
            if PLAIN.contains(&member.key) {
                found = member.value;
            }
        });
    }
    found
}

fn begin_member(out: &mut Vec<u8>, key: &[u8]) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key);
    out.extend_from_slice(b"\":");
}

fn push(out: &mut Vec<u8>, value: Value<'_>) {
    let (open, inside, close): (&[u8], &[u8], &[u8]) = match value {
        Value::String(inside) => (b"\"", inside, b"\""),
        Value::Array(inside) => (b"[", inside, b"]"),
        Value::Object(inside) => (b"{", inside, b"}"),
        Value::Plain(inside) => (b"", inside, b""),
    };
    out.extend_from_slice(open);
    out.extend_from_slice(inside);
    out.extend_from_slice(close);
}
