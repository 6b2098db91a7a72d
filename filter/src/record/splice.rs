//! What is added to a record, and where.

use alloc::vec::Vec;

use super::json::{self, Value};
use super::{OOM_KEY, Record, decoded_key};
use crate::oom::{Names, Oom};

/// How the host's own users name Kubernetes identity.
///
/// ```
/// use oom_filter::IdentityKeys;
///
/// // Fluent Bit's kubernetes filter: {"kubernetes":{"pod_id":"...","docker_id":"..."}}
/// const FLUENT_BIT: IdentityKeys = IdentityKeys {
///     parent: Some("kubernetes"),
///     pod_uid: "pod_id",
///     pod_name: "pod_name",
///     namespace: "namespace_name",
///     container_name: "container_name",
///     container_id: "docker_id",
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityKeys {
    /// The object the other keys stand in; at the top level where absent.
    pub parent: Option<&'static str>,
    /// The pod's UID.
    pub pod_uid: &'static str,
    /// The pod's name.
    pub pod_name: &'static str,
    /// The pod's namespace.
    pub namespace: &'static str,
    /// The container's name in its pod.
    pub container_name: &'static str,
    /// The container's id.
    pub container_id: &'static str,
}

impl IdentityKeys {
    /// The attributes of OpenTelemetry's semantic conventions, at the top level: for hosts that
    /// have no names of their own.
    pub const OPEN_TELEMETRY: Self = Self {
        parent: None,
        pod_uid: "k8s.pod.uid",
        pod_name: "k8s.pod.name",
        namespace: "k8s.namespace.name",
        container_name: "k8s.container.name",
        container_id: "container.id",
    };

    /// The Kubernetes identity that a kill's own paths tell, by these keys; [`Self::parent`] is the
    /// caller's to heed. Of a kill inside another container it is none.
    ///
    /// ```
    /// use oom_filter::{IdentityKeys, KernelLine, Machine, Streams, Told};
    ///
    /// const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
    /// let mut streams: Streams = Streams::new();
    /// let mut read = |text: &str| {
    ///     let line = KernelLine::read(text.as_bytes());
    ///     let Told::Kill(kill) = streams.read(&line, b"", Machine::default()) else { return None };
    ///     let mut identity = IdentityKeys::OPEN_TELEMETRY.of(&kill);
    ///     identity.next().map(|(key, value)| (key, value.to_owned()))
    /// };
    /// let path = format!("/kubepods/pod{UID}");
    /// read(&format!(
    ///     "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
    ///      oom_memcg={path},task_memcg={path},task=java,pid=42,uid=0"
    /// ));
    /// let kill = "Memory cgroup out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB";
    /// assert_eq!(read(kill), Some(("k8s.pod.uid", UID.to_owned())));
    /// ```
    pub fn of<'o>(&self, oom: &'o Oom) -> impl Iterator<Item = (&'static str, &'o str)> {
        Identity::of(oom, None).members(self)
    }
}

/// What is added to a record.
#[derive(Clone, Copy)]
pub(crate) enum Addition<'a> {
    /// This object, and the names that were found for it.
    Oom(&'a Oom, Option<&'a Names>),
    /// An object that is written already, and names nobody.
    Written(&'a [u8]),
}

impl Record<'_> {
    /// The record with an `oom` and the victim's identity added.
    ///
    /// `None` where the object cannot be written as JSON, which no value of ours is.
    pub(crate) fn splice(&self, addition: Addition<'_>, keys: &IdentityKeys) -> Option<Vec<u8>> {
        let written;
        let (oom_json, identity) = match addition {
            Addition::Oom(oom, names) => {
                written = serde_json::to_vec(oom).ok()?;
                (written.as_slice(), Identity::of(oom, names))
            }
            Addition::Written(json) => (json, Identity::default()),
        };
        let mut out = Vec::with_capacity(
            json::copied_length(self.bytes)
                .saturating_add(oom_json.len())
                .saturating_add(256),
        );
        let mut splice = Splice {
            out: &mut out,
            rest: self.bytes,
            base: self.bytes,
        };
        let mut flat = Members::after(self.count == 0);
        if let Some(parent) = keys.parent {
            if identity.pod_uid.is_some() || identity.pod_name.is_some() {
                match member(self.bytes, parent) {
                    None => {
                        let mut inside = Members::after(true);
                        identity.write(keys, |_| None, &mut inside);
                        flat.object(parent, &inside);
                    }
                    Some(Value::Object(inside)) => splice.add_to_object(inside, &identity, keys),
                    // Somebody else's meaning of the key: not ours to change.
                    Some(_) => {}
                }
            }
        } else {
            identity.write(keys, |key| member(self.bytes, key), &mut flat);
        }
        flat.raw(OOM_KEY, oom_json);
        let end = self.bytes.iter().rposition(|byte| *byte == b'}')?;
        splice.copy_to(end);
        splice.out.extend_from_slice(&flat.text);
        splice.copy_to(self.bytes.len());
        Some(out)
    }
}

/// The last member of that name: of two, readers take the later.
fn member<'a>(object: &'a [u8], name: &str) -> Option<Value<'a>> {
    let mut found = None;
    json::members(object, &mut |member| {
        if *decoded_key(member.key) == *name.as_bytes() {
            found = Some(member.value);
        }
    })?;
    found
}

fn is_empty_object(bytes: &[u8]) -> bool {
    let mut count = 0_usize;
    json::members(bytes, &mut |_| count = count.saturating_add(1)).is_some() && count == 0
}

/// The identity of a victim, as it is written into a record.
#[derive(Clone, Copy, Default)]
struct Identity<'a> {
    pod_uid: Option<&'a str>,
    pod_name: Option<&'a str>,
    namespace: Option<&'a str>,
    container_name: Option<&'a str>,
    container_id: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Of a kill inside another container nothing, unless names were found: whoever owns that container
    /// can have made up the rest, and names are found only where this node knows pod and container.
    fn of(oom: &'a Oom, names: Option<&'a Names>) -> Self {
        #[cfg(feature = "unproven")]
        if oom.unproven {
            // Whoever wrote it would choose whose it is.
            return Self::default();
        }
        if oom.nested && names.is_none() {
            return Self::default();
        }
        let names = names.or(oom.names.as_ref());
        Self {
            pod_uid: oom.pod.as_ref().map(|pod| pod.uid.as_str()),
            pod_name: names.map(|names| names.pod.as_str()),
            namespace: names.map(|names| names.namespace.as_str()),
            container_name: names.and_then(|names| names.container.as_deref()),
            container_id: oom.container_id(),
        }
    }

    /// Writes what `present` does not hold. Where it holds another pod's or
    /// another container's, nothing: half of each would name neither.
    fn write<'v>(
        &self,
        keys: &IdentityKeys,
        present: impl Fn(&str) -> Option<Value<'v>>,
        members: &mut Members,
    ) {
        let conflict = self.members(keys).any(|(key, value)| {
            present(key).is_some_and(|other| other != Value::String(value.as_bytes()))
        });
        if conflict {
            return;
        }
        for (key, value) in self.members(keys) {
            if present(key).is_none() {
                members.string(key, value);
            }
        }
    }

    /// What is known, by its key.
    fn members(self, keys: &IdentityKeys) -> impl Iterator<Item = (&'static str, &'a str)> {
        [
            (keys.pod_uid, self.pod_uid),
            (keys.pod_name, self.pod_name),
            (keys.namespace, self.namespace),
            (keys.container_name, self.container_name),
            (keys.container_id, self.container_id),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
    }
}

/// The text of members to be appended to an object.
struct Members {
    text: Vec<u8>,
    first: bool,
}

impl Members {
    fn after(empty: bool) -> Self {
        Self {
            text: Vec::new(),
            first: empty,
        }
    }

    fn raw(&mut self, key: &str, value: &[u8]) {
        if !core::mem::take(&mut self.first) {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        self.text.extend_from_slice(value);
    }

    /// A UID, an id or a name that Kubernetes allows: nothing in it to escape.
    fn string(&mut self, key: &str, value: &str) {
        let quoted = [b"\"", value.as_bytes(), b"\""].concat();
        self.raw(key, &quoted);
    }

    fn object(&mut self, key: &str, members: &Self) {
        let braced = [b"{", members.text.as_slice(), b"}"].concat();
        self.raw(key, &braced);
    }
}

/// Copies a record piece by piece, with insertions between.
struct Splice<'a> {
    out: &'a mut Vec<u8>,
    rest: &'a [u8],
    base: &'a [u8],
}

impl Splice<'_> {
    /// Copies up to `offset` of the whole record.
    fn copy_to(&mut self, offset: usize) {
        let done = self.base.len().saturating_sub(self.rest.len());
        let (piece, rest) = offset
            .checked_sub(done)
            .and_then(|length| self.rest.split_at_checked(length))
            .unwrap_or((self.rest, &[]));
        json::copy(self.out, piece);
        self.rest = rest;
    }

    /// Adds what is missing to an object of the record; `inside` is its text
    /// between the braces.
    fn add_to_object(&mut self, inside: &[u8], identity: &Identity<'_>, keys: &IdentityKeys) {
        let object = [b"{", inside, b"}"].concat();
        let mut members = Members::after(is_empty_object(&object));
        identity.write(keys, |name| member(&object, name), &mut members);
        // `inside` is part of the record: its end is as far from the record's
        // beginning as the addresses say.
        let end = (inside.as_ptr().addr().saturating_add(inside.len()))
            .saturating_sub(self.base.as_ptr().addr());
        self.copy_to(end);
        self.out.extend_from_slice(&members.text);
    }
}
