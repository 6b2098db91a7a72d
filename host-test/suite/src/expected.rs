//! What must leave, derived from what a suite's file says.

use serde_json::{Map, Value, json};

use super::file::{CONFIRMED, DONE, EVICTED, KILL, NOTHING, PRESSURE, event_of};
use super::{Suite, value};

/// What becomes of records that are no kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every record passes, lines of a report with what they say.
    Annotate,
    /// Lines of a report are dropped.
    Rewrite,
    /// Kills alone pass.
    Events,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Annotate, Self::Rewrite, Self::Events];

    /// As users write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Annotate => "annotate",
            Self::Rewrite => "rewrite",
            Self::Events => "events",
        }
    }
}

/// How a host names the identity that goes into a record beside `oom`.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The object the keys stand in; at the top level where absent.
    pub parent: Option<&'static str>,
    /// The pod's UID.
    pub pod_uid: &'static str,
    /// The pod's name.
    pub pod_name: &'static str,
    /// The pod's namespace.
    pub namespace: &'static str,
    /// The container's id.
    pub container_id: &'static str,
}

impl Identity {
    /// As Fluent Bit's own kubernetes filter has it.
    pub const FLUENT_BIT: Self = Self {
        parent: Some("kubernetes"),
        pod_uid: "pod_id",
        pod_name: "pod_name",
        namespace: "namespace_name",
        container_id: "docker_id",
    };
    /// The attributes of OpenTelemetry.
    pub const OPEN_TELEMETRY: Self = Self {
        parent: None,
        pod_uid: "k8s.pod.uid",
        pod_name: "k8s.pod.name",
        namespace: "k8s.namespace.name",
        container_id: "container.id",
    };
}

impl Suite {
    /// The records that must leave: first those that take the place of one that came, then the reports
    /// that are released at the end of the input.
    ///
    /// # Panics
    ///
    /// Where the file does not fit its input.
    pub fn expected(&self, mode: Mode, identity: &Identity) -> Vec<Value> {
        let records = self.records();
        let letters = self.file.letters();
        let ids = self.file.ids_of_records();
        assert!(
            records.len() == letters.len() && records.len() == ids.len(),
            "{}: {} records, {} letters in `lines`, {} in `reports`",
            self.name,
            records.len(),
            letters.len(),
            ids.len()
        );
        let mut out = Vec::new();
        let mut used = 0;
        for ((number, record), (letter, id)) in
            (1..).zip(&records).zip(letters.into_iter().zip(ids))
        {
            let told = self.file.told(number, letter);
            used += usize::from(told.is_some());
            match (letter, mode) {
                (DONE, _) | (NOTHING, Mode::Annotate | Mode::Rewrite) => out.push(value(record)),
                (NOTHING | PRESSURE | CONFIRMED, Mode::Events) => {}
                (KILL | EVICTED, _)
                | (PRESSURE | CONFIRMED, Mode::Rewrite)
                | (_, Mode::Annotate) => {
                    let event = event_of(letter)
                        .unwrap_or_else(|| panic!("{}: no event is {letter:?}", self.name));
                    let id =
                        id.unwrap_or_else(|| panic!("{}: record {number} has no id", self.name));
                    let mut oom = told.map(|told| told.oom.clone()).unwrap_or_default();
                    oom.insert("id".to_owned(), id.into());
                    let reads_as = told.and_then(|told| told.reads_as.as_ref());
                    let record =
                        reads_as.map_or_else(|| value(record), |text| value(text.as_bytes()));
                    out.push(with_oom(record, event, oom, identity));
                }
                _ => out.extend(self.released(Some(number), &records, identity)),
            }
        }
        assert!(
            used == self.file.told_count(),
            "{}: a table has no line of its own",
            self.name
        );
        if mode != Mode::Annotate {
            out.extend(self.released(None, &records, identity));
        }
        out
    }

    /// The `oom` objects among the records that must leave, which are the same for every host. `None`
    /// where not all of them are listed.
    ///
    /// # Panics
    ///
    /// Where the file does not fit its input.
    pub fn ooms(&self, mode: Mode) -> Option<Vec<Value>> {
        if self.file.kills_only && mode == Mode::Annotate {
            return None;
        }
        let records = self.expected(mode, &Identity::OPEN_TELEMETRY).into_iter();
        Some(
            records
                .filter_map(|mut record| Some(record.get_mut("oom")?.take()))
                .collect(),
        )
    }

    /// The reports that are released in the place of that record, or at the end.
    fn released(
        &self,
        place: Option<usize>,
        records: &[Vec<u8>],
        identity: &Identity,
    ) -> Vec<Value> {
        let released = self
            .file
            .truncated
            .iter()
            .filter(|released| released.record == place);
        released
            .map(|released| {
                let record = released
                    .of
                    .map_or_else(|| json!({}), |number| value(&records[number - 1]));
                with_oom(record, &released.event, released.oom.clone(), identity)
            })
            .collect()
    }
}

/// What stands in a suite beside an `oom`: the pod's names, which each host writes elsewhere.
pub(crate) const NAMES: &str = "names";

/// A record with its `oom`, whose `tag` follows from its level, and with the identity that follows from
/// the `oom`, and from the names beside it.
pub(crate) fn with_oom(
    record: Value,
    event: &str,
    mut oom: Map<String, Value>,
    identity: &Identity,
) -> Value {
    let Value::Object(mut record) = record else {
        panic!("no object can be given an `oom`: {record}");
    };
    let names = oom.remove(NAMES).unwrap_or_default();
    let level = oom
        .get("level")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    oom.insert("tag".to_owned(), format!("oom.{level}").into());
    oom.insert("event".to_owned(), event.into());
    let oom = Value::Object(oom);
    add_identity(&mut record, &oom, &names, identity);
    record.insert("oom".to_owned(), oom);
    Value::Object(record)
}

/// The contract's rule, "Kubernetes identity": what a record does not have yet is added. A record that
/// names another pod or another container gets nothing, and neither does one that has something else
/// than an object under the parent's key, or a kill inside another container: no suite has the directories
/// of a node that knows it.
fn add_identity(record: &mut Map<String, Value>, oom: &Value, names: &Value, identity: &Identity) {
    if oom["nested"] == true {
        return;
    }
    let pairs = [
        (identity.pod_uid, oom.pointer("/pod/uid")),
        (identity.pod_name, names.get("pod")),
        (identity.namespace, names.get("namespace")),
        (identity.container_id, oom.pointer("/container/id")),
    ];
    let object = match identity.parent {
        None => record,
        Some(_) if pairs[0].1.or(pairs[1].1).is_none() => return,
        Some(parent) => match record.entry(parent).or_insert_with(|| json!({})) {
            Value::Object(object) => object,
            _ => return,
        },
    };
    let pairs = pairs
        .iter()
        .filter_map(|(key, value)| Some((*key, (*value)?)));
    let is_other = |(key, value)| object.get(key).is_some_and(|other| other != value);
    if pairs.clone().any(is_other) {
        return;
    }
    for (key, value) in pairs {
        object.insert(key.to_owned(), value.clone());
    }
}
