//! The logs of OTLP over HTTP: a body that is a text or a map is read, and what is added becomes
//! attributes of the log record; of a kill, whose it was stands on a resource of its own.

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

type Attributes = Vec<(String, Value)>;

/// What was added to a log record.
struct Addition {
    /// Whose process it was: attributes of a resource of its own. Nothing where the record stays on the one that it
    /// came on.
    resource: Attributes,
    record: Attributes,
    kill: Option<KillFields>,
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

/// What is told as a whole; other lines of a report stay among their like.
const TOLD: [&str; 4] = ["kill", "evicted", "pressure", "truncated"];
const HOST: &str = "host.name";

impl Addition {
    /// Of a record that `has` attributes, and may have a resource of its own in this shell.
    #[cold]
    fn new<'s>(
        added: &Added<'_>,
        has: &dyn Fn(&str) -> bool,
        shell: &dyn Fn() -> Option<&'s Shell>,
    ) -> Option<Self> {
        let value = |text: &str| serde_json::from_str::<Value>(text).ok();
        let mut identity = Attributes::new();
        for (key, text) in added.identity() {
            identity.push((key.to_owned(), value(text)?));
        }
        let mut oom = Attributes::new();
        flatten("oom".to_owned(), value(added.oom()?)?, &mut oom);
        let get = |name: &str| {
            let found = oom.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let event = get("oom.event");
        let is_told = TOLD.iter().any(|told| event == Some((*told).into()));
        let mut record = Attributes::new();
        let mut kill = None;
        if is_told {
            let pairs = [
                ("container.runtime.name", "oom.container.runtime"),
                ("process.pid", "oom.victim.pid"),
                ("process.real_user.id", "oom.victim.uid"),
            ];
            for (key, ours) in pairs {
                let Some(value) = get(ours).filter(|_| !has(key)) else {
                    continue;
                };
                let is_identity = key.starts_with("container.");
                let attributes = if is_identity {
                    &mut identity
                } else {
                    &mut record
                };
                attributes.push((key.to_owned(), value));
            }
        }
        if event == Some("kill".into()) {
            let time_us = get("oom.time_us").and_then(|time| time.as_u64());
            kill = Some(KillFields {
                event_name: "oom.kill",
                severity: 17,
                time_unix_nano: time_us.and_then(|time| time.checked_mul(1000)),
            });
        }
        let mut resource = Attributes::new();
        if is_told
            && !identity.is_empty()
            && let Some(shell) = shell()
        {
            std::mem::swap(&mut resource, &mut identity);
            // The journal says on which machine its kernel ran.
            if let Some(host) = added.host.filter(|_| !shell.has_host) {
                resource.push((HOST.to_owned(), value(host)?));
            }
        }
        record.splice(0..0, identity);
        record.append(&mut oom);
        Some(Self {
            resource,
            record,
            kill,
        })
    }
}

/// What stands around the log records of a resource, where a kill can have it for its own: it is written once more
/// then, with whose process it was.
struct Shell {
    /// The logs of the resource, without one record.
    text: Vec<u8>,
    has_host: bool,
}

/// Most bytes of a shell: many kills, each with a large one, would fill the memory.
const LARGEST_SHELL: usize = 4 << 10;

impl Shell {
    /// Of a resource with attributes of these names. One that names a pod or a container, as a rule the sender's,
    /// keeps it, and would contradict what is added.
    fn new(text: Vec<u8>, keys: &mut dyn Iterator<Item = &str>) -> Option<Self> {
        let (mut has_host, mut is_free) = (false, true);
        for key in keys {
            has_host |= key == HOST;
            let of_machine = ["k8s.node.", "k8s.cluster."];
            let of_machine = of_machine.iter().any(|start| key.starts_with(start));
            is_free &= of_machine || !(key.starts_with("k8s.") || key.starts_with("container."));
        }
        (is_free && text.len() <= LARGEST_SHELL).then_some(Self { text, has_host })
    }
}

/// Kills that leave the resource that they came on, one behind the other of one scope and one pod together.
#[derive(Default)]
struct Kills(Vec<Group>);

/// Kills of one scope that were one pod's or container's.
struct Group {
    scope: usize,
    /// Attributes of their resource.
    resource: Attributes,
    records: Vec<Vec<u8>>,
}

impl Kills {
    fn push(&mut self, scope: usize, resource: Attributes, record: Vec<u8>) {
        let last = self.0.last_mut();
        let same = last.filter(|group| group.scope == scope && group.resource == resource);
        if let Some(group) = same {
            group.records.push(record);
        } else {
            self.0.push(Group {
                scope,
                resource,
                records: vec![record],
            });
        }
    }
}

/// An object by its pieces, such as `oom.victim.pid`.
#[cold]
fn flatten(key: String, value: Value, attributes: &mut Attributes) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(format!("{key}.{name}"), value, attributes);
            }
        }
        other => attributes.push((key, other)),
    }
}
