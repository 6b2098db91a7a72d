//! The columns of a kill, out of its record. Their names and types stand in `sql/functions.sql`, in this order.

use oom_filter::cgroup::Identity;
use oom_filter::printable;
use serde_json::{Value, json};

use crate::kills::Entry;
use crate::output::Row;

/// What is no kill, but says what could not be done.
const UNREAD: &str = "unread";

/// How those who log name the pod of what they log: the UID, and what goes with it.
const PODS: [[&str; 5]; 4] = [
    // OpenTelemetry, in attributes.
    [
        "/k8s.pod.uid",
        "/k8s.namespace.name",
        "/k8s.pod.name",
        "/container.id",
        "/k8s.container.name",
    ],
    // Fluent Bit.
    [
        "/kubernetes/pod_id",
        "/kubernetes/namespace_name",
        "/kubernetes/pod_name",
        "/kubernetes/docker_id",
        "/kubernetes/container_name",
    ],
    // Vector.
    [
        "/kubernetes/pod_uid",
        "/kubernetes/pod_namespace",
        "/kubernetes/pod_name",
        "/kubernetes/container_id",
        "/kubernetes/container_name",
    ],
    // Fluent Bit's record, whose members its output wrote with dots.
    [
        "/kubernetes.pod_id",
        "/kubernetes.namespace_name",
        "/kubernetes.pod_name",
        "/kubernetes.docker_id",
        "/kubernetes.container_name",
    ],
];

/// How a record names its machine, the likeliest first.
const HOSTS: [&str; 6] = [
    "/hostname",
    "/_HOSTNAME",
    "/host",
    "/host/name",
    "/host.name",
    "/k8s.node.name",
];

/// Writes a record as a row. `entry` is the line that the table held, `host` what stood in the line itself.
pub(crate) fn write(row: &mut Row, record: &[u8], entry: Option<&Entry<'_>>, host: Option<&[u8]>) {
    let Ok(whole) = serde_json::from_slice::<Value>(record) else {
        let reason =
            "the record of a kill cannot be read as JSON: its members are too deep in each other";
        return unread(row, reason, record);
    };
    let oom = whole.get("oom").unwrap_or(&Value::Null);
    let text = |pointer: &str| text_at(oom, pointer);
    // What is released later has the line's place, and not its time.
    let is_here = matches!(text("/event"), "kill" | "evicted" | "pressure")
        && text("/attribution") != "constraint";
    let time_of_line = entry.filter(|_| is_here).and_then(Entry::known_time_us);
    let host = match entry.map(|entry| entry.host).or(host) {
        Some(host) if !host.is_empty() => printable(host),
        _ => HOSTS
            .iter()
            .find_map(|place| whole.pointer(place).and_then(Value::as_str))
            .unwrap_or_default()
            .to_owned(),
    };
    let names = names(&whole, text("/pod/uid"), text("/container/id"));
    columns(row, oom, time_of_line, &host, names, record);
}

/// The row that says what could not be done.
pub(crate) fn note(row: &mut Row, reason: &str) {
    unread(row, reason, b"");
}

/// The row of a line that says nothing of an OOM kill.
pub(crate) fn nothing(row: &mut Row) {
    columns(row, &Value::Null, None, "", [""; 3], b"");
}

fn unread(row: &mut Row, reason: &str, record: &[u8]) {
    let oom = json!({ "event": UNREAD, "reason": reason });
    columns(row, &oom, None, "", [""; 3], record);
}

/// Writes every column, in their order. `names` are those of namespace, pod and container.
fn columns(
    row: &mut Row,
    oom: &Value,
    time_of_line: Option<u64>,
    host: &str,
    [namespace, pod, container]: [&str; 3],
    record: &[u8],
) {
    let text = |pointer: &str| text_at(oom, pointer);
    let number = |pointer: &str| oom.pointer(pointer).and_then(Value::as_u64);
    let resident = [
        "/victim/anon_rss_bytes",
        "/victim/file_rss_bytes",
        "/victim/shmem_rss_bytes",
    ]
    .into_iter()
    .filter_map(number)
    .reduce(u64::saturating_add);
    let cgroup = match text("/cgroup/victim") {
        "" => text("/cgroup/limit"),
        victim => victim,
    };
    row.text(text("/event").as_bytes());
    row.optional(number("/time_us").or(time_of_line));
    row.text(host.as_bytes());
    row.text(text("/killer").as_bytes());
    row.text(text("/level").as_bytes());
    for name in [namespace, pod] {
        row.text(name.as_bytes());
    }
    row.text(text("/pod/uid").as_bytes());
    row.text(container.as_bytes());
    row.text(text("/container/id").as_bytes());
    row.text(text("/unit").as_bytes());
    row.text(text("/workload/system").as_bytes());
    row.text(text("/workload/id").as_bytes());
    row.text(cgroup.as_bytes());
    row.text(text("/victim/comm").as_bytes());
    let pid = number("/victim/pid").and_then(|pid| u32::try_from(pid).ok());
    row.number_32(pid.unwrap_or_default());
    row.optional(resident);
    row.optional(number("/memory/limit_bytes"));
    row.optional(number("/memory/usage_bytes"));
    row.text(text("/memory/mostly").as_bytes());
    row.text(text("/container_outcome").as_bytes());
    row.text(text("/attribution").as_bytes());
    row.text(text("/origin").as_bytes());
    let nested = oom.get("nested").and_then(Value::as_bool);
    row.flag(nested.unwrap_or_default());
    row.optional(number("/at_us"));
    row.text(text("/id").as_bytes());
    row.text(text("/reason").as_bytes());
    row.text(text("/summary").as_bytes());
    row.text(record);
}

/// The text at a place, empty where there is none.
fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// Namespace, pod and container, where whoever logged the line named the very pod, and the very container, that the
/// kill is of. A collector writes its own pod beside the lines of the whole node.
fn names<'a>(record: &'a Value, pod_uid: &str, container_id: &str) -> [&'a str; 3] {
    let text = |place: &str| record.pointer(place).and_then(Value::as_str);
    let known = PODS.iter().find(|[uid, namespace, ..]| {
        !pod_uid.is_empty() && text(uid) == Some(pod_uid) && text(namespace).is_some()
    });
    let Some([_, namespace, pod, id, container]) = known else {
        return [""; 3];
    };
    let is_container = !container_id.is_empty() && text(id) == Some(container_id);
    [
        text(namespace).unwrap_or_default(),
        text(pod).unwrap_or_default(),
        text(container).filter(|_| is_container).unwrap_or_default(),
    ]
}

/// Writes what a cgroup path tells.
pub(crate) fn cgroup(row: &mut Row, identity: &Identity<'_>) {
    let word = |value: Result<Value, serde_json::Error>| match value {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    };
    let pod = identity.pod.as_ref();
    let container = identity.container.as_ref();
    let workload = identity.workload.as_ref();
    let qos = pod.and_then(|pod| pod.qos);
    let runtime = container.and_then(|container| container.runtime);
    row.text(word(serde_json::to_value(identity.level)).as_bytes());
    row.text(pod.map_or("", |pod| &pod.uid).as_bytes());
    row.text(word(serde_json::to_value(qos)).as_bytes());
    let id = container.and_then(|container| container.id.as_deref());
    row.text(id.unwrap_or_default().as_bytes());
    row.text(word(serde_json::to_value(runtime)).as_bytes());
    row.text(printable(identity.unit.unwrap_or_default()).as_bytes());
    row.text(workload.map_or("", |workload| &workload.system).as_bytes());
    for text in [
        workload.and_then(|workload| workload.id.as_deref()),
        workload.and_then(|workload| workload.part.as_deref()),
    ] {
        row.text(text.unwrap_or_default().as_bytes());
    }
    row.flag(identity.is_nested);
}

/// Adds `,"name":"value"`.
pub(crate) fn push_member(record: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for (before, text) in [(b',', name), (b':', value)] {
        record.push(before);
        // A string can always be written.
        let text = serde_json::to_string(&printable(text)).unwrap_or_default();
        record.extend_from_slice(text.as_bytes());
    }
}
