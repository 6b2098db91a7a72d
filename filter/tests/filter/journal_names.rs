//! Names from the journal: none is given to a container that no line of its own machine told, or of which two lines
//! tell different things, and the table forgets the oldest.

use std::collections::BTreeSet;

use crate::common::KEYS;
use oom_filter::{Filter, Mode, Outcome, RecordContext};
use proptest::prelude::*;
use serde_json::{Value, json};

fn id(number: u32) -> String {
    format!("{number:064x}")
}

fn uid(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn entry(unit: &str, machine: u8, text: &str) -> Vec<u8> {
    json!({
        "MESSAGE": text,
        "_TRANSPORT": "stdout",
        "_SYSTEMD_UNIT": unit,
        "_PID": "4052",
        "_HOSTNAME": format!("n{machine}"),
    })
    .to_string()
    .into_bytes()
}

/// A line that tells of a container.
#[derive(Clone, Copy, Debug)]
struct Line {
    writer: Writer,
    machine: u8,
    id: u32,
    sandbox: u32,
    uid: u32,
    pod: u32,
    container: u32,
}

#[derive(Clone, Copy, Debug)]
enum Writer {
    Kubelet,
    Sandbox,
    Container,
    Crio,
}

impl Line {
    fn record(self) -> Vec<u8> {
        let (id, sandbox, uid) = (id(self.id), id(self.sandbox), uid(self.uid));
        let (pod, container) = (self.pod, self.container);
        let (unit, text) = match self.writer {
            Writer::Kubelet => (
                "kubelet.service",
                format!(
                    r#"I0516 18:34:06.951598    4052 kubelet.go:2439] "SyncLoop (PLEG): event for pod" pod="shop/web-{pod}" event={{"ID":"{uid}","Type":"ContainerStarted","Data":"{id}"}}"#
                ),
            ),
            Writer::Sandbox => (
                "containerd.service",
                format!(
                    r#"time="2024-08-28T09:46:32Z" level=info msg="RunPodSandbox for &PodSandboxMetadata{{Name:web-{pod},Uid:{uid},Namespace:shop,Attempt:0,}} returns sandbox id \"{id}\"""#
                ),
            ),
            Writer::Container => (
                "containerd.service",
                format!(
                    r#"time="2024-08-28T09:46:33Z" level=info msg="CreateContainer within sandbox \"{sandbox}\" for &ContainerMetadata{{Name:app-{container},Attempt:0,}} returns container id \"{id}\"""#
                ),
            ),
            Writer::Crio => (
                "crio.service",
                format!(
                    r#"time="2026-05-27T16:02:35Z" level=info msg="Created container {id}: shop/web-{pod}/app-{container}""#
                ),
            ),
        };
        entry(unit, self.machine, &text)
    }
}

/// The names that a kill in that container leaves with.
fn names(
    filter: &mut Filter,
    machine: u8,
    uid_of: u32,
    id_of: u32,
    pid: u32,
) -> [Option<String>; 2] {
    let path = format!("/kubepods/burstable/pod{}/{}", uid(uid_of), id(id_of));
    let lines = [
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},task_memcg={path},task=java,pid={pid},uid=0"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0"
        ),
    ];
    let mut left = Value::Null;
    for line in lines {
        let record =
            json!({"MESSAGE": line, "_TRANSPORT": "kernel", "_HOSTNAME": format!("n{machine}")});
        let record = record.to_string();
        let outcome = filter.process(Mode::Events, record.as_bytes(), &RecordContext::default());
        if let Outcome::Replaced(text) = outcome {
            left = serde_json::from_slice(&text).unwrap();
        }
    }
    assert_eq!(left["kubernetes"]["docker_id"], json!(id(id_of)), "no kill");
    ["pod_name", "container_name"]
        .map(|key| left["kubernetes"][key].as_str().map(ToOwned::to_owned))
}

fn hear(filter: &mut Filter, line: Line) {
    let outcome = filter.process(Mode::Annotate, &line.record(), &RecordContext::default());
    assert_eq!(
        outcome,
        Outcome::Unchanged,
        "a line of names passes as it came"
    );
}

fn line() -> impl Strategy<Value = Line> {
    let writer = prop_oneof![
        Just(Writer::Kubelet),
        Just(Writer::Sandbox),
        Just(Writer::Container),
        Just(Writer::Crio)
    ];
    // One pod has mostly one UID and one sandbox, or hardly anything would be named.
    (writer, 0..2_u8, 0..6_u32, 0..4_u32, 0..12_u32, 0..2_u32).prop_map(
        |(writer, machine, id, pod, other, container)| Line {
            writer,
            machine,
            id: if matches!(writer, Writer::Sandbox) {
                100 + pod
            } else {
                id
            },
            sandbox: 100 + pod,
            uid: if other == 0 { 3 - pod } else { pod },
            pod: if other == 1 { 3 - pod } else { pod },
            container,
        },
    )
}

proptest! {
    #[test]
    fn a_name_is_what_the_machines_own_lines_told_of_that_container(
        lines in prop::collection::vec(line(), 0..24),
        machine in 0..2_u8,
        uid in 0..4_u32,
        id in 0..6_u32,
    ) {
        let mut filter = Filter::new(KEYS);
        for line in &lines {
            hear(&mut filter, *line);
        }
        let [pod, container] = names(&mut filter, machine, uid, id, 42);
        let own = lines.iter().filter(|line| line.machine == machine);
        // All that was told of the container itself, by lines that name its pod.
        let of_id = own.clone().filter(|line| line.id == id);
        let pods: BTreeSet<u32> = (of_id.clone())
            .filter(|line| matches!(line.writer, Writer::Kubelet | Writer::Crio))
            .map(|line| line.pod)
            .collect();
        let containers: BTreeSet<u32> = of_id
            .filter(|line| matches!(line.writer, Writer::Container | Writer::Crio))
            .map(|line| line.container)
            .collect();
        if let Some(pod) = &pod {
            let names_it = |number: &u32| *pod == format!("web-{number}");
            prop_assert!(pods.len() <= 1, "{pod} of {pods:?}");
            prop_assert!(pods.iter().all(names_it), "{pod}, not {pods:?}");
            // Somebody told the name, and for this container or this pod's UID.
            let told = own.clone().any(|line| {
                !matches!(line.writer, Writer::Container)
                    && names_it(&line.pod)
                    && (line.id == id || line.uid == uid)
            });
            prop_assert!(told, "{pod} was never told");
        }
        if let Some(container) = &container {
            prop_assert!(pod.is_some());
            prop_assert_eq!(containers.len(), 1);
            let names_it = |number: &u32| *container == format!("app-{number}");
            prop_assert!(containers.iter().all(names_it), "{container}, not {containers:?}");
        }
    }
}

#[test]
fn the_oldest_is_forgotten_and_what_has_ended_before_it() {
    let started = |id: u32| Line {
        writer: Writer::Kubelet,
        machine: 0,
        id,
        sandbox: 0,
        uid: id,
        pod: id,
        container: 0,
    };
    let mut filter = Filter::new(KEYS);
    for number in 0..5000 {
        hear(&mut filter, started(number));
    }
    // A process dies once.
    let mut pid = 100_000;
    let mut pod_of = |filter: &mut Filter, number| {
        pid += 1;
        let [pod, _] = names(filter, 0, number, number, pid);
        pod
    };
    let first_known = (0..5000).find(|number| pod_of(&mut filter, *number).is_some());
    let first_known = first_known.expect("the latest is known");
    // As the documents say: 2048 of one machine.
    assert_eq!(first_known, 5000 - 2048);
    assert_eq!(pod_of(&mut filter, 4999).as_deref(), Some("web-4999"));

    // One in the middle ends, and goes before the oldest.
    let died = String::from_utf8(started(4000).record()).unwrap();
    let died = died.replace("ContainerStarted", "ContainerDied");
    filter.process(Mode::Annotate, died.as_bytes(), &RecordContext::default());
    hear(&mut filter, started(5000));
    assert_eq!(pod_of(&mut filter, 4000), None);
    assert!(pod_of(&mut filter, first_known).is_some());
    hear(&mut filter, started(5001));
    assert_eq!(pod_of(&mut filter, first_known), None);
    // Another machine's names are as they were.
    hear(
        &mut filter,
        Line {
            machine: 1,
            ..started(7)
        },
    );
    for number in 6000..9000 {
        hear(&mut filter, started(number));
    }
    let [pod, _] = names(&mut filter, 1, 7, 7, 7);
    assert_eq!(pod.as_deref(), Some("web-7"));
}

#[test]
fn a_container_is_of_the_pod_of_its_sandbox_alone() {
    let mut filter = Filter::new(KEYS);
    let line = |writer, id, sandbox, pod| Line {
        writer,
        machine: 0,
        id,
        sandbox,
        uid: pod,
        pod,
        container: 3,
    };
    hear(&mut filter, line(Writer::Sandbox, 10, 0, 1));
    hear(&mut filter, line(Writer::Sandbox, 20, 0, 2));
    hear(&mut filter, line(Writer::Container, 11, 10, 0));
    let told = ["web-1", "app-3"].map(|name| Some(name.to_owned()));
    assert_eq!(names(&mut filter, 0, 1, 11, 100), told);
    assert_eq!(names(&mut filter, 0, 2, 11, 101), [None, None]);
}
