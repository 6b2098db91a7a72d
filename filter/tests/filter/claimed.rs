//! A pod below a root of an administrator's choice (`cgroupRoot`), or in a class that is not the kubelet's: told
//! only where the node's own directories know the pod's UID and the container's id together.

use std::ops::ControlFlow;

use crate::common::KEYS;
use oom_filter::{Filter, KubeletDir, KubeletDirs, Mode, Outcome, RecordContext};
use serde_json::{Value, json};

const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
const OTHER_UID: &str = "00000000-0000-0000-0000-000000000007";
const OTHER_ID: &str = "1e479e759020fa0b6c72def90973540a2d33982fea2ad67a96373b4da751a820";

/// A node that runs the pods `web-0` and `other-0`, each of one container.
#[derive(Debug)]
struct Node {
    pods: Vec<String>,
    containers: Vec<String>,
    begun: Vec<String>,
    /// What its administrator named.
    roots: Vec<&'static str>,
}

impl Node {
    fn new() -> Self {
        Self {
            pods: vec![
                format!("shop_web-0_{UID}"),
                format!("shop_other-0_{OTHER_UID}"),
            ],
            containers: vec![
                format!("web-0_shop_app-{ID}.log"),
                format!("other-0_shop_app-{OTHER_ID}.log"),
            ],
            begun: vec!["app".to_owned()],
            roots: vec!["mygroup", "my_group-2"],
        }
    }
}

impl KubeletDirs for Node {
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
        let names = match listing {
            KubeletDir::Containers => &self.containers,
            KubeletDir::Pods => &self.pods,
            KubeletDir::Pod(_) => &self.begun,
        };
        let _ = names.iter().try_for_each(|name| each(name.as_bytes()));
    }

    fn is_root(&self, directory: &[u8]) -> bool {
        self.roots.iter().any(|root| root.as_bytes() == directory)
    }
}

fn filter(node: Option<Node>) -> Filter {
    let mut filter = Filter::new(KEYS);
    if let Some(node) = node {
        filter.names_from(Box::new(node));
    }
    filter
}

/// The report of a kill of cgroup v1. Its rows are the pause process, the killed `tail` and, where `has_parent`,
/// an older `sh`.
fn report(limit: &str, victim: &str, pid: u32, has_parent: bool) -> Vec<String> {
    let mut lines = vec![
        "tail invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned(),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        "memory+swap: usage 20480kB, limit 9007199254740988kB, failcnt 0".to_owned(),
        "kmem: usage 172kB, limit 9007199254740988kB, failcnt 0".to_owned(),
        format!("Memory cgroup stats for {limit}:"),
        "Tasks state (memory values in pages):".to_owned(),
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
            .to_owned(),
    ];
    for (number, name) in [(5, "pause"), (10, "sh"), (pid, "tail")] {
        if has_parent || name != "sh" {
            let pages = if name == "tail" { 5388 } else { 247 };
            lines.push(format!(
                "[{number:>7}]     0 {number:>5} {pages:>8}      100    77824        0             0 {name}"
            ));
        }
    }
    lines.extend([
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg={limit},task_memcg={victim},task=tail,pid={pid},uid=0"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {pid} (tail) total-vm:21552kB, \
             anon-rss:400kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:76kB oom_score_adj:0"
        ),
    ]);
    lines
}

fn kill_by(filter: &mut Filter, lines: &[String]) -> Value {
    let mut kills = lines.iter().filter_map(|line| {
        let record = json!({ "log": line }).to_string();
        match filter.process(Mode::Events, record.as_bytes(), &RecordContext::default()) {
            Outcome::Replaced(text) => Some(serde_json::from_slice(&text).unwrap()),
            Outcome::Unchanged | Outcome::Dropped => None,
        }
    });
    let kill = kills.next().expect("a kill");
    assert!(kills.next().is_none());
    kill
}

fn kill(node: Option<Node>, limit: &str, victim: &str, has_parent: bool) -> Value {
    kill_by(&mut filter(node), &report(limit, victim, 88, has_parent))
}

/// The directories of pods that are confirmed, and whether a class is told.
fn pods() -> [(String, Option<&'static str>); 6] {
    [
        (format!("/kubepods/offline/pod{UID}"), None),
        (format!("/mygroup/kubepods/pod{UID}"), Some("guaranteed")),
        (
            format!("/mygroup/kubepods/burstable/pod{UID}"),
            Some("burstable"),
        ),
        (
            format!("/my_group-2/kubepods/besteffort/pod{UID}"),
            Some("besteffort"),
        ),
        (format!("/mygroup/kubepods/offline/pod{UID}"), None),
        // A static pod's.
        (
            "/mygroup/kubepods/burstable/pod6e5c1a3ddbf3ee8d1f28a3c0f4c6f2b1".to_owned(),
            Some("burstable"),
        ),
    ]
}

fn node_of(pod: &str) -> Node {
    let mut node = Node::new();
    if !pod.contains(UID) {
        node.pods = vec!["shop_web-0_6e5c1a3ddbf3ee8d1f28a3c0f4c6f2b1".to_owned()];
    }
    node
}

#[test]
fn a_pod_that_the_node_knows_is_told_as_any_other() {
    for (pod, qos) in pods() {
        let container = format!("{pod}/{ID}");
        let uid = pod.rsplit_once("/pod").unwrap().1;
        for (limit, level) in [(&pod, "pod"), (&container, "container")] {
            let record = kill(Some(node_of(&pod)), limit, &container, true);
            let oom = &record["oom"];
            assert_eq!(oom["level"], level, "{limit}");
            assert_eq!(oom["tag"], format!("oom.{level}"));
            assert_eq!(oom["pod"]["uid"], uid);
            assert_eq!(oom["pod"].get("qos").and_then(Value::as_str), qos);
            assert_eq!(oom["container"]["id"], ID);
            assert_eq!(oom.get("nested"), None);
            assert_eq!(oom["container_outcome"], "survives", "{limit}");
            assert_eq!(
                record["kubernetes"],
                json!({"pod_id": uid, "pod_name": "web-0", "namespace_name": "shop",
                    "container_name": "app", "docker_id": ID})
            );
            let summary = oom["summary"].as_str().unwrap();
            let expected = format!(
                "'tail' (pid 88) was killed in container {} of pod {uid}: the {level} reached its memory limit of 20.0 MiB",
                &ID[..12]
            );
            assert!(summary.starts_with(&expected), "{summary}");
        }
        // Nobody but the pause process is left.
        let record = kill(Some(node_of(&pod)), &pod, &container, false);
        assert_eq!(record["oom"]["survivors"], 0);
        assert_eq!(record["oom"]["container_outcome"], "dies");
    }
}

#[test]
fn a_limit_around_the_pod_keeps_its_level() {
    for (limit, victim, level) in [
        ("/mygroup", "/mygroup/kubepods/burstable", "cgroup"),
        (
            "/mygroup/kubepods",
            "/mygroup/kubepods/burstable",
            "kubepods",
        ),
        (
            "/mygroup/kubepods/burstable",
            "/mygroup/kubepods/burstable",
            "qos",
        ),
        ("/kubepods", "/kubepods/offline", "kubepods"),
        ("/kubepods/offline", "/kubepods/offline", "cgroup"),
    ] {
        let victim = format!("{victim}/pod{UID}/{ID}");
        let record = kill(Some(Node::new()), limit, &victim, true);
        assert_eq!(record["oom"]["level"], level, "{limit}");
        assert_eq!(record["kubernetes"]["pod_name"], "web-0", "{limit}");
    }
}

/// The record of a kill that is no pod's is the same whether the node has directories or not.
fn assert_no_pod(node: Node, limit: &str, victim: &str) {
    let record = kill(Some(node), limit, victim, true);
    assert_eq!(record["oom"].get("pod"), None, "{victim}");
    assert_eq!(record.get("kubernetes"), None, "{victim}");
    assert_eq!(record, kill(None, limit, victim, true), "{victim}");
}

#[test]
fn a_pod_that_the_node_does_not_know_is_none() {
    let container = format!("/mygroup/kubepods/burstable/pod{UID}/{ID}");
    let offline = format!("/kubepods/offline/pod{UID}/{ID}");
    for path in [&container, &offline] {
        let (pod, _) = path.rsplit_once('/').unwrap();
        let without = |change: fn(&mut Node)| {
            let mut node = Node::new();
            change(&mut node);
            node
        };
        for node in [
            without(|node| node.pods.clear()),
            without(|node| node.containers.clear()),
            // Made anew under its name: which of the two it is is not known.
            without(|node| node.pods.push("shop_web-0_x".to_owned())),
            without(|node| node.pods[0] = format!("shop_web-1_{UID}")),
        ] {
            assert_no_pod(node, pod, path);
        }
        // Both are of this node, and not of each other.
        for path in [path.replace(UID, OTHER_UID), path.replace(ID, OTHER_ID)] {
            assert_no_pod(Node::new(), pod, &path);
        }
        // The limit's path alone claims no container.
        assert_no_pod(Node::new(), pod, pod);
    }
}

/// A user may have been given a directory at the root, and may know the names of files in `/var/log`.
#[test]
fn a_root_that_the_administrator_did_not_name_is_none() {
    for root in ["leaker", "mygroup2", "ygroup", "my"] {
        let pod = format!("/{root}/kubepods/burstable/pod{UID}");
        assert_no_pod(Node::new(), &pod, &format!("{pod}/{ID}"));
    }
}

/// Whoever else owns a path is its owner, whatever the administrator named.
#[test]
fn what_is_known_to_be_of_others_is_no_root_of_pods() {
    for (root, name) in [
        ("/user.slice", "user.slice"),
        (
            "/user.slice/user-1000.slice/user@1000.service",
            "user@1000.service",
        ),
        ("/system.slice/ci.service", "ci.service"),
        ("/ci.scope", "ci.scope"),
        ("/a/mygroup", "mygroup"),
        ("/mygroup/a", "a"),
        ("/hadoop-yarn", "hadoop-yarn"),
        ("/slurm", "slurm"),
        ("/kubepods/x/kubepods", "x"),
        ("/kubepods/kubepods", "kubepods"),
        ("/podruntime/x", "x"),
    ] {
        let pod = format!("{root}/kubepods/burstable/pod{UID}");
        let mut node = Node::new();
        node.roots.push(name);
        assert_no_pod(node, &pod, &format!("{pod}/{ID}"));
    }
    for path in [
        format!("/batch/{OTHER_ID}/kubepods/pod{UID}/{ID}"),
        format!("/kubepods/a/b/pod{UID}/{ID}"),
        format!("/kubepods/podx/pod{UID}/{ID}"),
        format!("/kubepods/offline/pod{UID}/x/{ID}"),
        format!("/mygroup/kubepods/offline/pod{UID}/x/{ID}"),
        format!("/mygroup/pod{UID}/{ID}"),
        format!("/mygroup/kubepods.slice/pod{UID}/{ID}"),
    ] {
        assert_no_pod(Node::new(), &path, &path);
    }
}
