//! Entries whose text stands apart from what is added to it: a small record stands for each before
//! the filter, and carries the entry along.

use crate::json::{self, Members};
use serde_json::value::RawValue;

/// The member that carries the entry. A report that is released later leaves with it.
const ORIGINAL: &str = "original";
/// The member that holds the text.
const BODY: &str = "body";
/// What the filter adds.
const OOM: &str = "oom";
/// Its names for identity.
pub(super) const IDENTITY: [&str; 5] = [
    "k8s.pod.uid",
    "k8s.pod.name",
    "k8s.namespace.name",
    "k8s.container.name",
    "container.id",
];
/// Members in which the filter would look for a text.
const TEXT_KEYS: [&str; 5] = ["MESSAGE", "msg", "message", "log", BODY];

/// What stands for an entry.
pub(super) struct Envelope {
    /// The record that the filter reads.
    pub(super) record: Vec<u8>,
    /// The entry brings an `oom` along, whoever made it.
    pub(super) has_oom: bool,
}

impl Envelope {
    /// The record of an entry with that text, a JSON string, and with `others` as its members. An `oom` among
    /// them is the filter's to judge.
    pub(super) fn new<'m>(
        original: &[u8],
        text: &str,
        others: impl Iterator<Item = (&'m str, &'m str)>,
    ) -> Self {
        let mut record = Vec::with_capacity(original.len().saturating_mul(2));
        record.extend_from_slice(b"{\"body\":");
        record.extend_from_slice(text.as_bytes());
        let mut has_oom = false;
        for (key, value) in others {
            if TEXT_KEYS.contains(&key) || key == ORIGINAL {
                continue;
            }
            has_oom |= key == OOM;
            record.push(b',');
            json::push_string(&mut record, key);
            record.push(b':');
            record.extend_from_slice(value.as_bytes());
        }
        record.extend_from_slice(b",\"original\":");
        record.extend_from_slice(original);
        record.push(b'}');
        Self { record, has_oom }
    }

    /// The same for a record whose text stands in one of `text_keys`, or where such a key is `a.b`, in the
    /// member `b` of its object `a`; `None` where it stands in none.
    pub(super) fn of_record(
        record: &[u8],
        members: &Members<'_>,
        text_keys: &[String],
    ) -> Option<Self> {
        // Blanks around it would keep what is added from standing in front of its last brace.
        let record = record.trim_ascii();
        text_keys.iter().find_map(|key| {
            if let Some(text) = members.get(key).filter(|value| json::is_string(value)) {
                return Some(Self::new(record, text.get(), members.pairs()));
            }
            let (outer, inner) = key.split_once('.')?;
            let nested = Members::read(members.get(outer)?.get().as_bytes())?;
            let text = nested.get(inner).filter(|value| json::is_string(value))?;
            // What stands beside the text says who wrote it.
            let all = members.pairs().chain(nested.pairs());
            Some(Self::new(record, text.get(), all))
        })
    }
}

/// The `oom` object that an entry brings along in pieces, such as `oom.victim.pid`: so much of it as tells
/// whether a filter of ours made it. `piece` gives the text of one by its names.
pub(super) fn oom_of_pieces(piece: impl Fn(&[&str]) -> Option<String>) -> String {
    let mut members = serde_json::Map::new();
    for name in ["event", "tag", "id", "attribution"] {
        if let Some(text) = piece(&[name]) {
            members.insert(name.to_owned(), text.into());
        }
    }
    let pid = piece(&["victim", "pid"]).and_then(|text| text.parse::<u32>().ok());
    if let Some(pid) = pid {
        members.insert("victim".to_owned(), serde_json::json!({ "pid": pid }));
    }
    serde_json::Value::Object(members).to_string()
}

/// The text of a record with these members: the first of `text_keys` that holds one, or of the filter's
/// own where there are none. Of two members of one name readers take the later.
pub(super) fn text<'a, M: DoubleEndedIterator<Item = (&'a str, &'a str)>>(
    members: impl Fn() -> M,
    text_keys: &[String],
) -> Option<&'a str> {
    let of_key = |key: &str| {
        let (_, value) = members().rev().find(|(name, _)| *name == key)?;
        value.starts_with('"').then_some(value)
    };
    if text_keys.is_empty() {
        TEXT_KEYS.into_iter().find_map(of_key)
    } else {
        text_keys.iter().find_map(|key| of_key(key))
    }
}

/// What the filter made of the record of an entry: of this one, or in the modes that hold lines
/// back of an earlier one.
pub(super) struct Added<'a> {
    /// The text of the entry.
    pub(super) original: &'a str,
    /// What was added: identity, and `oom`.
    pub(super) members: Members<'a>,
    /// The machine that the journal names, a JSON string.
    pub(super) host: Option<&'a str>,
}

impl<'a> Added<'a> {
    pub(super) fn read(record: &'a [u8]) -> Option<Self> {
        let mut members = Members::read(record)?;
        let original = members.get(ORIGINAL)?;
        let host = members
            .get("_HOSTNAME")
            .filter(|host| json::is_string(host));
        // What is added stands behind the entry.
        let behind = members.0.iter().rposition(|(key, _)| key == ORIGINAL)?;
        members.0.drain(..=behind);
        let is_ours = |key: &str| key == OOM || IDENTITY.contains(&key);
        members.0.retain(|(key, _)| is_ours(key));
        Some(Self {
            original: original.get(),
            members,
            host: host.map(RawValue::get),
        })
    }

    /// The `oom` object.
    pub(super) fn oom(&self) -> Option<&'a str> {
        self.members.get(OOM).map(RawValue::get)
    }

    /// The identity of the victim: keys, and values as JSON strings.
    pub(super) fn identity(&self) -> impl Iterator<Item = (&str, &'a str)> {
        let members = self.members.0.iter();
        members
            .filter(|(key, _)| key != OOM)
            .map(|(key, value)| (&**key, value.get()))
    }
}
