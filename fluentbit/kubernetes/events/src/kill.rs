//! A kill, out of a record as Fluent Bit or Vector hands it over.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One process that was killed, or one container whose processes were all killed together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kill {
    /// The same whenever the same kill is handed over.
    pub key: u64,
    /// The same for all kills of one report of the kernel's.
    pub report: u64,
    /// Whether it is one of a group that is killed together: the group is told once.
    pub is_group: bool,
    /// When, in microseconds since 1970: as the record's `time_us`, else as the host has it. Absent where neither has
    /// one.
    pub time_us: Option<i64>,
    /// Whose limit it was, in the words of the record's `level`. Absent where nothing tells.
    pub level: Option<String>,
    /// What becomes of the container. Absent where the report does not tell.
    pub outcome: Option<Outcome>,
    /// The sentence of the record.
    pub summary: String,
    /// Namespace and name of the pod. Absent where they are not known.
    pub names: Option<Names>,
    /// The pod's UID. Absent where the kill is no pod's.
    pub uid: Option<String>,
    /// The container's name. Absent where it is not known.
    pub container: Option<String>,
    /// The systemd unit, where the kill is no pod's.
    pub unit: Option<String>,
}

/// What names a pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// Its namespace.
    pub namespace: String,
    /// Its own name.
    pub pod: String,
}

/// What becomes of the container, in the words of `container_outcome`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ends.
    Dies,
    /// It goes on.
    Survives,
    /// A word to come.
    #[serde(other)]
    Other,
}

/// Why a record gives no Event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// It is none of the filter's, or tells of no kill.
    NoKill,
    /// Anybody can have made it up.
    Unproven,
}

impl Kill {
    /// Reads a record. `takes_unproven` takes those too that anybody can have made up.
    ///
    /// # Errors
    ///
    /// Why there is no Event for it.
    pub fn read(record: Value, takes_unproven: bool) -> Result<Self, Unfit> {
        let Record {
            oom,
            kubernetes,
            date,
            timestamp,
        } = serde_json::from_value(record).map_err(|_| Unfit::NoKill)?;
        if oom.event != "kill" {
            return Err(Unfit::NoKill);
        }
        // Kills of other programs are made only where the carrier proves who wrote them.
        let by_kernel = oom
            .killer
            .as_deref()
            .is_none_or(|killer| killer == "kernel");
        let is_proven = !by_kernel || oom.origin.as_deref() == Some("kernel");
        if !takes_unproven && (!is_proven || oom.unproven || oom.nested) {
            return Err(Unfit::Unproven);
        }
        let victim = oom.victim.and_then(|victim| victim.pid);
        let key = match victim {
            Some(pid) if !oom.group => hash(&[&oom.id, &pid.to_string()]),
            _ => hash(&[&oom.id]),
        };
        let names = kubernetes.names();
        let own = oom.pod.and_then(|pod| pod.uid);
        let uid = kubernetes.pod_id.or(kubernetes.pod_uid).or(own);
        Ok(Self {
            key,
            report: hash(&[&oom.id]),
            is_group: oom.group,
            time_us: oom.time_us.or_else(|| time(&date, &timestamp)),
            level: oom.level,
            outcome: oom.container_outcome,
            summary: oom.summary,
            container: kubernetes.container_name.filter(|name| is_name(name)),
            names: names.filter(|_| uid.is_some()),
            uid: uid.filter(|uid| is_name(uid)),
            unit: oom.unit,
        })
    }
}

/// A number that stands for texts, the same in every version of this program.
pub fn hash(texts: &[&str]) -> u64 {
    let mut sha = Sha256::new();
    for text in texts {
        sha.update(text);
        // No text has it: "ab" and "c" are not "a" and "bc".
        sha.update([0xff]);
    }
    let digest = sha.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Whether Kubernetes could have given this name to something: it becomes a part of an address.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().next_back()];
    name.len() <= 253
        && ends.iter().all(|end| end.is_some_and(is_letter))
        && name
            .bytes()
            .all(|byte| is_letter(byte) || byte == b'-' || byte == b'.')
}

/// The host's own time of a record, in microseconds since 1970.
fn time(date: &Value, timestamp: &Value) -> Option<i64> {
    let text = timestamp.as_str().or(date.as_str());
    if let Some(time) = text.and_then(|text| text.parse::<Timestamp>().ok()) {
        return Some(time.as_microsecond());
    }
    let seconds = Duration::try_from_secs_f64(date.as_f64()?).ok()?;
    seconds.as_micros().try_into().ok()
}

/// Of a record what is read.
#[derive(Deserialize)]
struct Record {
    oom: Oom,
    #[serde(default)]
    kubernetes: Kubernetes,
    /// Fluent Bit's time: seconds since 1970.
    #[serde(default)]
    date: Value,
    /// Vector's.
    #[serde(default)]
    timestamp: Value,
}

#[derive(Deserialize)]
struct Oom {
    event: String,
    id: String,
    #[serde(default)]
    summary: String,
    killer: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    unproven: bool,
    #[serde(default)]
    nested: bool,
    #[serde(default)]
    group: bool,
    level: Option<String>,
    container_outcome: Option<Outcome>,
    time_us: Option<i64>,
    victim: Option<Victim>,
    pod: Option<Pod>,
    unit: Option<String>,
}

#[derive(Deserialize)]
struct Victim {
    pid: Option<u64>,
}

#[derive(Deserialize)]
struct Pod {
    uid: Option<String>,
}

/// As Fluent Bit and Vector name it.
#[derive(Default, Deserialize)]
struct Kubernetes {
    pod_id: Option<String>,
    pod_uid: Option<String>,
    pod_name: Option<String>,
    namespace_name: Option<String>,
    pod_namespace: Option<String>,
    container_name: Option<String>,
}

impl Kubernetes {
    fn names(&self) -> Option<Names> {
        let namespace = self.namespace_name.as_ref().or(self.pod_namespace.as_ref());
        // A namespace has no dot.
        let namespace = namespace.filter(|name| is_name(name) && !name.contains('.'))?;
        let pod = self.pod_name.as_ref().filter(|name| is_name(name))?;
        Some(Names {
            namespace: namespace.clone(),
            pod: pod.clone(),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    /// A kill as the overlay `journal` hands it over.
    pub fn record() -> Value {
        json!({
            "date": 1_795_918_305.4,
            "MESSAGE": "Memory cgroup out of memory: Killed process 4583 (tail) ...",
            "kubernetes": {
                "pod_id": "c301aa9c-d87b-464f-a5da-b757996f6ea6", "pod_name": "hog",
                "namespace_name": "shop", "container_name": "api",
            },
            "oom": {
                "event": "kill", "tag": "oom.pod", "killer": "kernel", "level": "pod",
                "constraint": "memcg", "id": "396b585188918140", "origin": "kernel",
                "summary": "'tail' (pid 4583) was killed.", "attribution": "report",
                "victim": {"pid": 4583, "comm": "tail"}, "container_outcome": "dies",
                "time_us": 1_795_918_305_395_695_i64,
            },
            "node": "worker-1",
        })
    }

    /// It, with another value at a place.
    pub fn with(mut record: Value, place: &str, value: Value) -> Value {
        let (parent, name) = place.rsplit_once('/').unwrap();
        record.pointer_mut(parent).unwrap()[name] = value;
        record
    }

    #[test]
    fn both_hosts_names() {
        let ours = Kill::read(record(), false).unwrap();
        assert_eq!(ours.names.as_ref().unwrap().pod, "hog");
        let vector = json!({
            "pod_uid": "c301aa9c-d87b-464f-a5da-b757996f6ea6", "pod_name": "hog",
            "pod_namespace": "shop", "container_name": "api",
        });
        let vector = with(record(), "/kubernetes", vector);
        assert_eq!(Kill::read(vector, false).unwrap(), ours);
    }

    #[test]
    fn forged() {
        for (place, value) in [
            ("/oom/origin", json!("unsaid")),
            ("/oom/origin", Value::Null),
            ("/oom/unproven", json!(true)),
            ("/oom/nested", json!(true)),
        ] {
            let record = with(record(), place, value);
            let refused = Kill::read(record.clone(), false);
            assert_eq!(refused, Err(Unfit::Unproven), "{place}");
            assert!(Kill::read(record, true).is_ok(), "{place}");
        }
        // A program that kills has no such field: it is told where the carrier proves it, or not at all.
        let by_program = with(record(), "/oom/killer", json!("systemd-oomd"));
        let by_program = with(by_program, "/oom/origin", Value::Null);
        assert!(Kill::read(by_program, false).is_ok());
    }

    #[test]
    fn no_kills() {
        for value in [
            json!(null),
            json!([]),
            json!({"MESSAGE": "x"}),
            json!({"oom": "x"}),
            with(record(), "/oom/event", json!("truncated")),
            with(record(), "/oom/id", json!(7)),
            with(record(), "/kubernetes", json!("x")),
        ] {
            assert_eq!(Kill::read(value, true), Err(Unfit::NoKill));
        }
    }

    #[test]
    fn names_that_are_none() {
        for (place, value) in [
            ("/kubernetes/namespace_name", "../../secrets"),
            ("/kubernetes/namespace_name", "a.b"),
            ("/kubernetes/pod_name", "a/b"),
            ("/kubernetes/pod_name", ""),
            ("/kubernetes/pod_name", "-"),
        ] {
            let kill = Kill::read(with(record(), place, json!(value)), false).unwrap();
            assert_eq!(kill.names, None, "{value}");
            assert!(kill.uid.is_some());
        }
        let kill = with(record(), "/kubernetes/container_name", json!("a}"));
        assert_eq!(Kill::read(kill, false).unwrap().container, None);
    }

    #[test]
    fn times() {
        let time = |record| Kill::read(record, false).unwrap().time_us;
        assert_eq!(time(record()), Some(1_795_918_305_395_695));
        let untimed = with(record(), "/oom/time_us", Value::Null);
        assert_eq!(time(untimed.clone()), Some(1_795_918_305_400_000));
        let none = with(untimed.clone(), "/date", json!(-1));
        assert_eq!(time(none), None);
        let vector = with(untimed, "/timestamp", json!("2026-11-29T02:11:45.395695Z"));
        assert_eq!(time(vector), Some(1_795_918_305_395_695));
    }

    #[test]
    fn keys() {
        let key = |record| Kill::read(record, false).unwrap().key;
        let other = with(record(), "/oom/victim/pid", json!(4584));
        assert_ne!(key(other.clone()), key(record()));
        // Of a group that is killed together every process has the one key.
        let group = |record| with(record, "/oom/group", json!(true));
        assert_eq!(key(group(other)), key(group(record())));
    }
}
