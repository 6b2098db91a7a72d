//! What the kubelet's directory of one pod tells of a kill: the name of its only container, and that this
//! container lives on where the pod's limit took one of its children.

use std::ops::ControlFlow;

use crate::common::KEYS;
use oom_filter::{Filter, KubeletDir, KubeletDirs, Mode, Outcome, RecordContext};
use serde_json::{Value, json};

const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// A node with one pod, whose containers' links in `/var/log/containers` are not there yet.
#[derive(Clone, Debug)]
struct Node {
    /// Of the pod's directory.
    begun: &'static [&'static str],
}

impl KubeletDirs for Node {
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
        let pod = format!("shop_web-0_{UID}");
        let names = match listing {
            KubeletDir::Containers => Vec::new(),
            KubeletDir::Pods => vec![&*pod],
            KubeletDir::Pod(name) => {
                assert_eq!(name, pod);
                self.begun.to_vec()
            }
        };
        let _ = names.iter().try_for_each(|name| each(name.as_bytes()));
    }
}

/// The report of a kill at the pod's limit, of cgroup v1: `rows` are pid, pages, adjustment and name.
fn report(rows: &[(u32, u32, i32, &str)], victim: u32, comm: &str) -> Vec<String> {
    let pod = format!("/kubepods/burstable/pod{UID}");
    let mut lines = vec![
        format!("{comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        "memory+swap: usage 20480kB, limit 9007199254740988kB, failcnt 0".to_owned(),
        "kmem: usage 172kB, limit 9007199254740988kB, failcnt 0".to_owned(),
        format!("Memory cgroup stats for {pod}:"),
        "Tasks state (memory values in pages):".to_owned(),
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
            .to_owned(),
    ];
    lines.extend(rows.iter().map(|(pid, pages, adjustment, name)| {
        format!("[{pid:>7}]     0 {pid:>5} {pages:>8}      100    77824        0 {adjustment:>13} {name}")
    }));
    lines.extend([
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg={pod},task_memcg={pod}/{ID},task={comm},pid={victim},uid=0"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {victim} ({comm}) total-vm:21552kB, \
             anon-rss:20268kB, file-rss:4kB, shmem-rss:648kB, UID:0 pgtables:76kB oom_score_adj:0"
        ),
    ]);
    lines
}

/// The record of the report's kill.
fn kill(lines: &[String], node: Node) -> Value {
    let mut filter = Filter::new(KEYS);
    filter.names_from(Box::new(node));
    let kills = lines.iter().filter_map(|line| {
        let record = json!({ "log": line }).to_string();
        match filter.process(Mode::Events, record.as_bytes(), &RecordContext::default()) {
            Outcome::Replaced(kill) => Some(kill),
            Outcome::Unchanged | Outcome::Dropped => None,
        }
    });
    let kills: Vec<Vec<u8>> = kills.collect();
    assert_eq!(kills.len(), 1);
    serde_json::from_slice(&kills[0]).expect("a record is JSON")
}

const PAUSE: (u32, u32, i32, &str) = (60, 243, 0, "pause");
const FIRST: (u32, u32, i32, &str) = (70, 500, 0, "sh");
const CHILD: (u32, u32, i32, &str) = (93, 5388, 0, "java");

#[test]
fn a_child_of_the_only_container_leaves_it_alive() {
    let rows = [PAUSE, FIRST, CHILD];
    for (begun, outcome, name) in [
        (&["app"][..], json!("survives"), json!("app")),
        // What is left may be the other container's.
        (&["app", "sidecar"], Value::Null, Value::Null),
        (&[], Value::Null, Value::Null),
    ] {
        let kill = kill(&report(&rows, 93, "java"), Node { begun });
        assert_eq!(kill["oom"]["survivors"], 1);
        assert_eq!(kill["oom"]["container_outcome"], outcome, "{begun:?}");
        assert_eq!(kill["kubernetes"]["container_name"], name, "{begun:?}");
        assert_eq!(kill["kubernetes"]["pod_name"], "web-0");
    }
}

#[test]
fn the_pause_process_of_a_pod_is_no_survivor() {
    let begun = &["app"][..];
    let survivors = |rows: &[(u32, u32, i32, &str)]| {
        let kill = kill(&report(rows, 93, "java"), Node { begun });
        (
            kill["oom"]["survivors"].as_u64(),
            kill["oom"]["container_outcome"].as_str().map(str::to_owned),
        )
    };
    let dies = Some("dies".to_owned());
    assert_eq!(survivors(&[PAUSE, CHILD]), (Some(0), dies.clone()));
    assert_eq!(
        survivors(&[(60, 243, -998, "pause"), CHILD]),
        (Some(0), dies)
    );
    // A process that only has its name: too large, or not the first of the pod.
    let lives = Some("survives".to_owned());
    assert_eq!(
        survivors(&[(60, 1025, 0, "pause"), CHILD]),
        (Some(1), lives.clone())
    );
    assert_eq!(
        survivors(&[PAUSE, (70, 243, 0, "pause"), CHILD]),
        (Some(1), lives)
    );
    // The victim is the oldest that is left: what began after it proves nothing.
    assert_eq!(
        survivors(&[PAUSE, CHILD, (94, 500, 0, "sh")]),
        (Some(1), None)
    );
}

#[test]
fn the_pause_process_itself_is_of_no_named_container() {
    let rows = [(60, 5388, -998, "pause"), FIRST];
    let kill = kill(&report(&rows, 60, "pause"), Node { begun: &["app"] });
    assert_eq!(kill["kubernetes"].get("container_name"), None);
}
