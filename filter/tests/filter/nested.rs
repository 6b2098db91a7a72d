//! Whoever owns a container can make any directories below its cgroup: none of them is somebody else's pod.

use std::ops::ControlFlow;

use crate::common::{KEYS, config, run};
use oom_filter::{Filter, IdentityKeys, KubeletDir, KubeletDirs, Mode, Outcome, RecordContext};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
const OUTER_ID: &str = "1e479e759020fa0b6c72def90973540a2d33982fea2ad67a96373b4da751a820";

/// The cgroup of an outer container, and what its owner's record calls it.
const CONTAINERS: [(&str, &str); 9] = [
    ("/docker/{id}", "{id}"),
    ("/system.slice/docker-{id}.scope", "{id}"),
    ("/libpod_parent/libpod-{id}", "{id}"),
    ("/machine.slice/libpod-{id}.scope/container", "{id}"),
    ("/system.slice/nerdctl-{id}.scope", "{id}"),
    ("/lxc/web", "web"),
    ("/lxc/101/ns", "101"),
    ("/lxc.payload/web", "web"),
    ("/lxc.payload.web", "web"),
];

/// Directories that are nobody's container and not root's alone.
const OWN_DIRECTORIES: [&str; 8] = [
    "/user.slice/user-1000.slice/user@1000.service",
    "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope",
    "/system.slice/ci.service",
    "/leaker",
    "/batch/{id}",
    "/system.slice/ci.service/libpod-payload-{id}",
    "/nomad.slice/share.slice/94eb36cd-29e1-478b-b365-4cb5dfc7d6fb.web.scope",
    "/ecs/f209da7f990b45b585488946f0eec404/{id}",
];

fn filled(shape: &str) -> String {
    shape.replace("{id}", OUTER_ID)
}

/// What somebody may call his directories: mostly what others are called.
fn directories() -> impl Strategy<Value = String> {
    let slice = format!("kubepods-burstable-pod{}.slice", UID.replace('-', "_"));
    let known = [
        "kubepods".to_owned(),
        "burstable".to_owned(),
        "besteffort".to_owned(),
        "kubepods.slice".to_owned(),
        "kubepods-burstable.slice".to_owned(),
        "kubelet".to_owned(),
        "kubelet.slice".to_owned(),
        "k3s".to_owned(),
        "system.slice".to_owned(),
        "user.slice".to_owned(),
        "user@1000.service".to_owned(),
        "k3s.service".to_owned(),
        "containerd.service".to_owned(),
        "container".to_owned(),
        "ns".to_owned(),
        "docker".to_owned(),
        "lxc".to_owned(),
        "lxc.payload.x".to_owned(),
        format!("pod{UID}"),
        format!("cri-containerd-{ID}.scope"),
        format!("docker-{ID}.scope"),
        format!("libpod-{ID}.scope"),
        format!("{slice}:cri-containerd:{ID}"),
        slice,
        ID.to_owned(),
    ];
    // Whole trees too: single directories seldom make one.
    let trees = [
        format!("kubepods/burstable/pod{UID}/{ID}"),
        format!("kubepods/pod{UID}"),
        format!("kubepods.slice/kubepods-pod{UID}.slice/crio-{ID}.scope"),
        format!("docker/{ID}"),
    ];
    let name = prop_oneof![
        4 => prop::sample::select(known.to_vec()),
        2 => prop::sample::select(trees.to_vec()),
        1 => "[!-.0-~]{1,20}",
    ];
    prop::collection::vec(name, 0..7)
        .prop_map(|names| names.iter().flat_map(|name| ["/", name]).collect())
}

/// The directories of a node that runs the pod and its container.
#[derive(Debug)]
struct Node {
    containers: Vec<String>,
    pods: Vec<String>,
}

impl Node {
    fn new() -> Self {
        Self {
            containers: vec![format!("web-0_shop_app-{ID}.log")],
            pods: vec![format!("shop_web-0_{UID}")],
        }
    }
}

impl KubeletDirs for Node {
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
        let names = match listing {
            KubeletDir::Containers => &self.containers,
            KubeletDir::Pods => &self.pods,
            KubeletDir::Pod(_) => return,
        };
        let _ = names.iter().try_for_each(|name| each(name.as_bytes()));
    }
}

/// The two lines of a report that tell a kill in that cgroup.
fn kill_of(path: &str, pid: u32) -> [Vec<u8>; 2] {
    [
        format!("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},task_memcg={path},task=java,pid={pid},uid=0"),
        format!("Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0"),
    ]
    .map(|line| json!({ "log": line }).to_string().into_bytes())
}

/// The record of a kill in that cgroup, and its lines', as a filter leaves them.
fn records(
    path: &str,
    keys: IdentityKeys,
    mode: Mode,
    node: Option<Node>,
) -> Vec<Map<String, Value>> {
    let mut filter = Filter::new(keys);
    if let Some(node) = node {
        filter.names_from(Box::new(node));
    }
    let lines = kill_of(path, 42);
    let left = lines.iter().filter_map(|record| {
        match filter.process(mode, record, &RecordContext::default()) {
            Outcome::Replaced(text) => Some(serde_json::from_slice(&text).unwrap()),
            Outcome::Unchanged | Outcome::Dropped => None,
        }
    });
    left.collect()
}

fn kill(path: &str, keys: IdentityKeys, node: Option<Node>) -> Map<String, Value> {
    let kills = records(path, keys, Mode::Events, node);
    let [kill] = <[_; 1]>::try_from(kills).unwrap();
    kill
}

/// Kubernetes identity in a record, whatever the keys: all that is neither the text nor `oom`.
fn identity(mut record: Map<String, Value>) -> Map<String, Value> {
    record.remove("log");
    record.remove("oom");
    record
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_directory_below_a_container_is_somebody_elses_pod(
        outer in prop::sample::select(CONTAINERS.to_vec()),
        below in directories(),
    ) {
        let (path, owner) = (format!("{}{below}", filled(outer.0)), filled(outer.1));
        for keys in [KEYS, IdentityKeys::OPEN_TELEMETRY] {
            for mode in [Mode::Annotate, Mode::Rewrite] {
                for record in records(&path, keys, mode, None) {
                    let oom = record["oom"].clone();
                    let told = [&oom["container"]["id"], &oom["workload"]["id"]];
                    prop_assert!(told.contains(&&json!(owner)), "the outer container is lost: {}", oom);
                    let keys = identity(record);
                    if oom["nested"] == true {
                        prop_assert!(keys.is_empty(), "{path}: {keys:?}");
                        prop_assert!(oom["workload"]["system"].is_string(), "inside of what? {}", oom);
                    } else {
                        prop_assert_eq!(&oom["pod"], &Value::Null);
                        // The outer container's own id, in OpenTelemetry's names.
                        let own = keys.is_empty() || keys == *json!({"container.id": owner}).as_object().unwrap();
                        prop_assert!(own, "{path}: {keys:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_node_that_knows_the_one_and_not_the_other_knows_no_pod(
        outer in prop::sample::select(CONTAINERS.to_vec()),
        below in directories(),
        knows_container in any::<bool>(),
    ) {
        let path = format!("{}{below}", filled(outer.0));
        let mut node = Node::new();
        if knows_container {
            node.pods.clear();
        } else {
            node.containers.clear();
        }
        let record = kill(&path, KEYS, Some(node));
        prop_assert!(identity(record).is_empty(), "{path}");
    }

    #[test]
    fn no_directory_of_a_users_is_a_pod(
        outer in prop::sample::select(OWN_DIRECTORIES.to_vec()),
        below in directories(),
    ) {
        let path = format!("{}{below}", filled(outer));
        let record = kill(&path, KEYS, Some(Node::new()));
        prop_assert_eq!(&record["oom"]["pod"], &Value::Null, "{}", path);
        prop_assert!(identity(record).is_empty(), "{path}");
    }
}

#[test]
fn a_node_of_kind_knows_its_own_pods() {
    for path in [
        "/docker/{id}/kubelet/kubepods/burstable/pod{uid}/{container}",
        "/system.slice/docker-{id}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{uid}.slice/cri-containerd-{container}.scope",
        "/machine.slice/libpod-{id}.scope/container/kubepods.slice/kubepods-pod{uid}.slice/crio-{container}.scope",
        "/lxc.payload.k8s/kubepods/pod{uid}/{container}",
    ] {
        let path = filled(path)
            .replace("{uid}", UID)
            .replace("{container}", ID);
        let named = json!({"kubernetes": {
            "pod_id": UID,
            "pod_name": "web-0",
            "namespace_name": "shop",
            "container_name": "app",
            "docker_id": ID,
        }});
        let record = kill(&path, KEYS, Some(Node::new()));
        assert_eq!(record["oom"]["nested"], true);
        assert_eq!(record["oom"]["pod"]["uid"], UID);
        assert_eq!(record["oom"]["container"]["id"], ID);
        assert_eq!(Value::Object(identity(record)), named, "{path}");

        // What is beside it in the kubelet's directories is another node's, or another pod's.
        let mut of_another_pod = Node::new();
        of_another_pod.pods = vec![
            format!("shop_web-1_{UID}"),
            "shop_web-0_00000000-0000-0000-0000-000000000007".to_owned(),
        ];
        for node in [None, Some(of_another_pod)] {
            let record = kill(&path, KEYS, node);
            assert_eq!(record["oom"]["pod"]["uid"], UID);
            assert!(identity(record).is_empty(), "{path}");
        }
    }
}

#[test]
fn a_made_up_container_counts_for_no_other() {
    let pod = format!("/kubepods/pod{UID}/{ID}");
    let paths = [
        format!("/docker/{OUTER_ID}{pod}"),
        format!("/docker/{OUTER_ID}{pod}"),
        pod.clone(),
        format!("/lxc/web{pod}"),
    ];
    let lines: Vec<_> = (1..)
        .zip(&paths)
        .flat_map(|(pid, path)| kill_of(path, pid))
        .collect();
    let repeats: Vec<_> = run(Mode::Events, &lines)
        .iter()
        .map(|record| serde_json::from_slice::<Value>(record).unwrap()["oom"]["repeats"].clone())
        .collect();
    assert_eq!(repeats, [0, 1, 0, 0]);
}
