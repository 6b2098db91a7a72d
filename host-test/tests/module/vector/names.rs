//! Names of pods and containers, from a made-up `/var/log`.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{lent, lines, run};

const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// A `/var/log` of a thousand other pods, and whatever a test adds to it.
struct Logs(PathBuf);

impl Logs {
    fn new(test: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        if top.exists() {
            fs::remove_dir_all(&top).expect("it can be made anew");
        }
        for folder in ["containers", "pods"] {
            fs::create_dir_all(top.join(folder)).expect("a folder");
        }
        let logs = Self(top);
        for number in 0..1000 {
            let uid = format!("00000000-0000-0000-0000-{number:012}");
            logs.pod("other", &format!("pod-{number}"), &uid);
            logs.container(&format!("pod-{number}_other_app-{number:064x}.log"));
        }
        logs
    }

    fn pod(&self, namespace: &str, pod: &str, uid: &str) {
        let folder = self.0.join("pods").join(format!("{namespace}_{pod}_{uid}"));
        fs::create_dir(folder).expect("a pod's folder");
    }

    /// As the kubelet does it, a link, here to nowhere.
    fn container(&self, name: &str) {
        symlink("/nowhere/0.log", self.0.join("containers").join(name)).expect("a link");
    }

    /// The `kubernetes` object of a kill in the container.
    fn kubernetes(&self) -> Value {
        kubernetes(&["--names", "/var/log"], Some(self.0.clone()))
    }
}

/// The `kubernetes` object of two kills in the container, which must be the same.
fn kubernetes(arguments: &[&str], logs: Option<PathBuf>) -> Value {
    let kill = |pid: u32| {
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg=/kubepods/burstable/pod{UID}/{ID},\
             task_memcg=/kubepods/burstable/pod{UID}/{ID},task=java,pid={pid},uid=0\n\
             Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, \
             anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0\n"
        )
    };
    let arguments = [arguments, &["--mode", "events"]].concat();
    let lent: Vec<_> = logs.into_iter().map(lent).collect();
    let ran = run(&arguments, &lent, (kill(41) + &kill(42)).as_bytes());
    let records: Vec<Value> = lines(&ran.out)
        .iter()
        .map(|line| serde_json::from_slice(line).expect("a record"))
        .collect();
    let [first, second] = &records[..] else {
        panic!("{} records of two kills", records.len());
    };
    assert_eq!(first["kubernetes"], second["kubernetes"]);
    assert_eq!(second["oom"]["victim"]["pid"], 42);
    first["kubernetes"].clone()
}

/// What the kernel's lines alone tell.
fn without_names() -> Value {
    json!({"pod_uid": UID, "container_id": ID})
}

#[test]
fn a_container_is_found_among_a_thousand_pods() {
    let logs = Logs::new("names-found");
    logs.container(&format!("web-7f9c_shop_app-{ID}.log"));
    assert_eq!(
        logs.kubernetes(),
        json!({
            "pod_uid": UID,
            "pod_name": "web-7f9c",
            "pod_namespace": "shop",
            "container_name": "app",
            "container_id": ID,
        })
    );
    assert_eq!(
        kubernetes(&[], Some(logs.0)),
        without_names(),
        "not asked for"
    );
}

#[test]
fn a_container_that_is_gone_leaves_its_pod() {
    let logs = Logs::new("names-gone");
    logs.pod("shop", "web-7f9c", UID);
    assert_eq!(
        logs.kubernetes(),
        json!({
            "pod_uid": UID,
            "pod_name": "web-7f9c",
            "pod_namespace": "shop",
            "container_id": ID,
        })
    );
}

#[test]
fn what_cannot_be_found_is_left_out() {
    let logs = Logs::new("names-unknown");
    assert_eq!(logs.kubernetes(), without_names());
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe_shop_app-");
    let mut odd = odd.to_os_string();
    odd.push(format!("{ID}.log"));
    symlink("x", logs.0.join("containers").join(odd)).expect("a link");
    logs.container(&format!("we b_shop_app-{ID}.log"));
    logs.pod("sh\"op", "web", UID);
    assert_eq!(logs.kubernetes(), without_names(), "odd names");
    fs::remove_dir_all(logs.0.join("pods")).expect("gone");
    assert_eq!(logs.kubernetes(), without_names(), "no pods");
    fs::remove_dir_all(logs.0.join("containers")).expect("gone");
    fs::write(logs.0.join("containers"), "").expect("a file");
    assert_eq!(logs.kubernetes(), without_names(), "a file, not a folder");
    assert_eq!(
        kubernetes(&["--names", "/var/log"], None),
        without_names(),
        "not lent"
    );
}
