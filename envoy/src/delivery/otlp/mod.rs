//! The logs of OTLP over HTTP: a body that is a text or a map is read, and what is added becomes
//! attributes of the log record.

pub(super) mod json;
pub(super) mod protobuf;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::added::{Added, Envelope, oom_of_pieces, text};
use crate::json::push_string;

/// Maps in each other that are looked into.
const DEEPEST_MAP: u8 = 4;

/// Names, and values as JSON.
type Members<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A log record, however it is encoded.
struct LogRecord<'a> {
    body: Body<'a>,
    attributes: Members<'a>,
}

enum Body<'a> {
    /// A text, as JSON.
    Text(Cow<'a, str>),
    /// A record, as a receiver of the journal makes one, and Fluent Bit.
    Map(Members<'a>),
}

impl LogRecord<'_> {
    /// The record that stands for it, with `original` as what carries it along.
    fn envelope(&self, original: &[u8], text_keys: &[String]) -> Option<Envelope> {
        let is_oom = |key: &str| key == "oom" || key.starts_with("oom.");
        let has_oom = self.attributes.iter().any(|(key, _)| is_oom(key));
        let oom = has_oom.then(|| {
            oom_of_pieces(|names| {
                let name = format!("oom.{}", names.join("."));
                let (_, value) = self.attributes.iter().find(|(key, _)| *key == name)?;
                serde_json::from_str(value)
                    .ok()
                    .or_else(|| Some(value.clone().into_owned()))
            })
        });
        let oom = oom.as_deref().map(|oom| ("oom", oom));
        // A receiver of syslog says in attributes who spoke, and on which machine.
        let others = pairs(&self.attributes).filter(|(key, _)| !is_oom(key));
        let others = others.chain(oom);
        Some(match &self.body {
            Body::Text(text) => Envelope::new(original, text, others),
            Body::Map(members) => {
                let text = text(|| pairs(members), text_keys)?;
                Envelope::new(original, text, pairs(members).chain(others))
            }
        })
    }
}

fn pairs<'m>(members: &'m Members<'_>) -> impl DoubleEndedIterator<Item = (&'m str, &'m str)> {
    members.iter().map(|(key, value)| (&**key, &**value))
}

/// Members as one object.
fn object(members: &Members<'_>) -> String {
    let mut out = Vec::new();
    for (key, value) in members {
        out.push(if out.is_empty() { b'{' } else { b',' });
        push_string(&mut out, key);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    if out.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

/// Which stream a resource of a sender is: each is one of its own.
fn stream(sender: u64, resource: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    sender.hash(&mut hasher);
    resource.hash(&mut hasher);
    hasher.finish()
}

/// What the fields of a log record say of a kill, where they say nothing yet.
struct KillFields {
    /// OpenTelemetry's name of the event.
    event_name: &'static str,
    /// ERROR.
    severity: u8,
    /// When the kernel killed, where that is known.
    time_unix_nano: Option<u64>,
}

/// The fields of a kill. A log record of anything else has none.
fn kill_fields(attributes: &[(String, Value)]) -> Option<KillFields> {
    let get = |name: &str| attributes.iter().find(|(key, _)| key == name);
    get("oom.event").filter(|(_, event)| event == "kill")?;
    let time_us = get("oom.time_us").and_then(|(_, time)| time.as_u64());
    Some(KillFields {
        event_name: "oom.kill",
        severity: 17,
        time_unix_nano: time_us.and_then(|time| time.checked_mul(1000)),
    })
}

/// What was added, as attributes: identity, and the `oom` object by its pieces, such as `oom.victim.pid`.
fn attributes(added: &Added<'_>) -> Option<Vec<(String, Value)>> {
    let mut attributes = Vec::new();
    for (key, value) in added.identity() {
        attributes.push((key.to_owned(), serde_json::from_str(value).ok()?));
    }
    let oom = serde_json::from_str(added.oom()?).ok()?;
    flatten("oom".to_owned(), oom, &mut attributes);
    Some(attributes)
}

fn flatten(key: String, value: Value, attributes: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(format!("{key}.{name}"), value, attributes);
            }
        }
        other => attributes.push((key, other)),
    }
}
