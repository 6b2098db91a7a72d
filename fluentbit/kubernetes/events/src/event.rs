//! What is written: pure, from a kill to an Event and its changes.

use std::collections::VecDeque;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::kill::{Kill, Outcome, hash};

/// Who reports, in the words of the field: a qualified name.
const CONTROLLER: &str = "oom-events";
/// What was done to the process or the container.
const ACTION: &str = "Kill";
/// The longest note that the API takes, in bytes.
const NOTE: usize = 1024;
/// Where the newest kills of an Event stand, so that none is counted twice after a restart.
const KEYS: &str = "oom-events/kills";
/// How many of them.
const KEYS_KEPT: usize = 64;
/// Where Events of nodes are: a node has no namespace, and up to 1.20 the API takes this one alone.
const NODES: &str = "kube-system";

/// What does not change of an Event, once it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its namespace.
    pub namespace: String,
    /// Its name: the same for all kills that it is to count.
    pub name: String,
    /// The name that it would have for a single process, where it is of a whole container.
    pub of_process: Option<String>,
    /// Whose it is: writes for the same are not to follow each other too fast.
    pub subject: String,
    /// The sentence of the record.
    pub summary: String,
    regarding: ObjectReference,
    reason: &'static str,
    note: String,
    node: String,
}

/// How much of an Event has been counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Kills.
    pub count: u64,
    /// The keys of the newest of them, the oldest first.
    pub keys: VecDeque<u64>,
}

impl Tally {
    /// Counts more.
    pub fn add(&mut self, keys: impl IntoIterator<Item = u64>) {
        for key in keys {
            self.count = self.count.saturating_add(1);
            self.keys.push_back(key);
            if self.keys.len() > KEYS_KEPT {
                self.keys.pop_front();
            }
        }
    }

    /// What stands in an Event that the API server has given back.
    pub fn read(body: &[u8]) -> Option<Self> {
        let event: Event = serde_json::from_slice(body).ok()?;
        let count = event.series.map_or(1, |series| series.count);
        let keys = event.metadata.annotations.unwrap_or_default();
        let keys = keys.get(KEYS).map(String::as_str).unwrap_or_default();
        let keys = keys
            .split(',')
            .filter_map(|key| u64::from_str_radix(key, 16).ok());
        Some(Self {
            count: count.try_into().unwrap_or(1),
            keys: keys.take(KEYS_KEPT).collect(),
        })
    }

    fn annotation(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| format!("{key:016x}")).collect();
        keys.join(",")
    }

    fn count(&self) -> i32 {
        self.count.try_into().unwrap_or(i32::MAX)
    }
}

impl Draft {
    /// What there is to write of a kill on this node.
    pub fn of(kill: &Kill, node: &str) -> Self {
        let Kill {
            names,
            uid,
            container,
            level,
            ..
        } = kill;
        let uid = uid.as_deref().unwrap_or_default();
        // A kill at the node's limit is another matter than one at the pod's own: its note says so.
        let level = level.as_deref().unwrap_or_default();
        let of_container = kill.outcome == Some(Outcome::Dies);
        if let Some(names) = names {
            let container = container.as_deref();
            let name = |reason| {
                let container = container.unwrap_or_default();
                let number = hash(&[node, uid, container, level, reason]);
                // The whole has to stay below 254 bytes. All names are ASCII.
                let pod = names.pod.get(..200).unwrap_or(&names.pod);
                format!("{}.{number:016x}", pod.trim_end_matches(['.', '-']))
            };
            let reason = reason(of_container);
            return Self {
                namespace: names.namespace.clone(),
                name: name(reason),
                of_process: of_container.then(|| name(self::reason(false))),
                subject: uid.to_owned(),
                summary: kill.summary.clone(),
                regarding: ObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Pod".to_owned()),
                    name: Some(names.pod.clone()),
                    namespace: Some(names.namespace.clone()),
                    uid: Some(uid.to_owned()),
                    // A container's name is one in all its pod. The node's folders do not tell whether it is an
                    // init container.
                    field_path: container.map(|name| format!("spec.containers{{{name}}}")),
                    ..ObjectReference::default()
                },
                reason,
                note: note(kill, node),
                node: node.to_owned(),
            };
        }
        let reason = reason(false);
        let unit = kill.unit.as_deref().unwrap_or_default();
        let number = hash(&[node, uid, unit, level, reason]);
        Self {
            namespace: NODES.to_owned(),
            name: format!("{node}.{number:016x}"),
            of_process: None,
            // Of what is no pod's all share one.
            subject: uid.to_owned(),
            summary: kill.summary.clone(),
            regarding: ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Node".to_owned()),
                name: Some(node.to_owned()),
                // As the kubelet has it: `kubectl describe node` looks for both.
                uid: Some(node.to_owned()),
                ..ObjectReference::default()
            },
            reason,
            note: note(kill, node),
            node: node.to_owned(),
        }
    }

    /// The Event, as it is first written. `first_us` and `last_us` are the times of the first and the last of its
    /// kills, in microseconds since 1970.
    pub fn event(&self, tally: &Tally, first_us: i64, last_us: i64) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some(self.namespace.clone()),
                annotations: Some([(KEYS.to_owned(), tally.annotation())].into()),
                ..ObjectMeta::default()
            },
            event_time: Some(time(first_us)),
            type_: Some("Warning".to_owned()),
            action: Some(ACTION.to_owned()),
            reason: Some(self.reason.to_owned()),
            note: Some(self.note.clone()),
            regarding: Some(self.regarding.clone()),
            reporting_controller: Some(CONTROLLER.to_owned()),
            // At most 128 bytes; a node's name may be longer.
            reporting_instance: Some(cut(&self.node, 128).to_owned()),
            series: (tally.count > 1).then(|| EventSeries {
                count: tally.count(),
                last_observed_time: time(last_us),
            }),
            ..Event::default()
        }
    }
}

/// What changes of an Event with more kills: nothing else may.
pub fn change(tally: &Tally, last_us: i64) -> Value {
    json!({
        "metadata": {"annotations": {KEYS: tally.annotation()}},
        "series": {"count": tally.count(), "lastObservedTime": time(last_us)},
    })
}

/// The words that node-problem-detector and Kubernetes have for it.
fn reason(of_container: bool) -> &'static str {
    if of_container {
        "ContainerOOMKilled"
    } else {
        "OOMKilling"
    }
}

/// The sentence of the record, what becomes of the container, and what to do.
fn note(kill: &Kill, node: &str) -> String {
    let mut head = String::new();
    if let Some(container) = kill.container.as_ref().filter(|_| kill.names.is_some()) {
        head = format!("Container {container}: ");
    }
    let outcome = match kill.outcome {
        Some(Outcome::Dies) => " The container ends with it.",
        Some(Outcome::Survives) => " The container goes on without it.",
        Some(Outcome::Other) | None => "",
    };
    let advice = match kill.level.as_deref() {
        Some("node" | "kubepods" | "qos") => {
            format!(
                " It need not be what took the memory. Begin with: kubectl describe node {node}"
            )
        }
        Some("container" | "pod") => " Raise the limit, or find what grows.".to_owned(),
        _ => String::new(),
    };
    let unnamed = match &kill.uid {
        Some(uid) if kill.names.is_none() => {
            format!(" The node no longer knows the names of the pod with UID {uid}.")
        }
        _ => String::new(),
    };
    // Of the first process the kernel's own report does not say it yet.
    let group = if kill.is_group && !kill.summary.contains("memory.oom.group") {
        " Its whole group was killed (memory.oom.group)."
    } else {
        ""
    };
    let tail = [group, outcome, &unnamed, &advice].concat();
    let room = NOTE
        .saturating_sub(head.len())
        .saturating_sub(tail.len())
        .saturating_sub("…".len());
    let sentence = cut(&kill.summary, room);
    let mark = if sentence.len() < kill.summary.len() {
        "…"
    } else {
        ""
    };
    [&head, sentence, mark, &tail].concat()
}

/// The beginning of a text: at most so many bytes, and whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// A time that is none becomes the first one.
fn time(us: i64) -> MicroTime {
    MicroTime(Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kill::tests::{record, with};

    fn draft(record: Value) -> Draft {
        Draft::of(&Kill::read(record, true).unwrap(), "worker-1")
    }

    fn tally(keys: impl IntoIterator<Item = u64>) -> Tally {
        let mut tally = Tally::default();
        tally.add(keys);
        tally
    }

    #[test]
    fn whole() {
        let draft = draft(record());
        let time = 1_795_918_305_395_695;
        let event = serde_json::to_value(draft.event(&tally([1]), time, time)).unwrap();
        let name = draft.name.strip_prefix("hog.").unwrap();
        assert_eq!(name.len(), 16);
        assert_eq!(
            event,
            json!({
                "apiVersion": "events.k8s.io/v1", "kind": "Event",
                "metadata": {
                    "name": draft.name, "namespace": "shop",
                    "annotations": {"oom-events/kills": "0000000000000001"},
                },
                "eventTime": "2026-11-29T02:11:45.395695Z",
                "type": "Warning", "action": "Kill", "reason": "ContainerOOMKilled",
                "note": "Container api: 'tail' (pid 4583) was killed. The container ends with it. \
                         Raise the limit, or find what grows.",
                "regarding": {
                    "apiVersion": "v1", "kind": "Pod", "name": "hog", "namespace": "shop",
                    "uid": "c301aa9c-d87b-464f-a5da-b757996f6ea6",
                    "fieldPath": "spec.containers{api}",
                },
                "reportingController": "oom-events", "reportingInstance": "worker-1",
            })
        );
    }

    #[test]
    fn series() {
        let draft = draft(record());
        let event = draft.event(&tally([7, 8]), 1_000_000, 2_000_000);
        let body = serde_json::to_vec(&event).unwrap();
        assert_eq!(Tally::read(&body), Some(tally([7, 8])));
        let changed = change(&tally(1..=100), 3_000_000);
        assert_eq!(changed["series"]["count"], 100);
        assert_eq!(
            changed["series"]["lastObservedTime"],
            "1970-01-01T00:00:03.000000Z"
        );
        let keys = changed["metadata"]["annotations"][KEYS].as_str().unwrap();
        assert_eq!(keys.split(',').count(), KEYS_KEPT);
        assert!(keys.ends_with("0000000000000064"));
    }

    #[test]
    fn one_event_for_a_container() {
        let name = |place, value: Value| draft(with(record(), place, value)).name;
        let first = draft(record()).name;
        assert_eq!(name("/oom/id", json!("0123456789abcdef")), first);
        assert_eq!(name("/oom/victim", json!({"pid": 1})), first);
        for (place, value) in [
            ("/kubernetes/container_name", "web"),
            ("/kubernetes/pod_id", "d301aa9c-d87b-464f-a5da-b757996f6ea6"),
            ("/oom/container_outcome", "survives"),
            ("/oom/level", "node"),
        ] {
            assert_ne!(name(place, json!(value)), first, "{place}");
        }
    }

    #[test]
    fn on_the_node() {
        let unnamed = json!({"pod_id": "c301aa9c-d87b-464f-a5da-b757996f6ea6"});
        let draft = draft(with(record(), "/kubernetes", unnamed));
        assert_eq!(draft.namespace, "kube-system");
        assert_eq!(draft.regarding.kind.as_deref(), Some("Node"));
        assert!(
            draft
                .note
                .contains("UID c301aa9c-d87b-464f-a5da-b757996f6ea6")
        );
        assert!(!draft.note.contains("Container api"));
        assert_eq!(draft.reason, "OOMKilling");
    }

    #[test]
    fn long_notes() {
        let long = with(record(), "/oom/summary", json!("ä".repeat(2000)));
        let draft = draft(long);
        assert!(draft.note.len() <= NOTE && draft.note.len() > NOTE - 3);
        assert!(draft.note.starts_with("Container api: ä"));
        assert!(
            draft
                .note
                .ends_with("… The container ends with it. Raise the limit, or find what grows.")
        );
    }

    #[test]
    fn long_names() {
        let long = with(record(), "/kubernetes/pod_name", json!("a".repeat(253)));
        assert!(draft(long).name.len() <= 253);
    }
}
