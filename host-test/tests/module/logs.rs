//! A made-up `/var/log`, as the kubelet keeps it, and kills in a container whose files are there. Every
//! test binary that needs one takes this file in by its path.
#![allow(
    dead_code,
    reason = "what reads captures has its pods and kills from there"
)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The UID of a pod.
pub const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
/// The id of a container in it.
pub const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// A `/var/log` of a thousand other pods, and whatever a test adds to it.
pub struct Logs(pub PathBuf);

impl Logs {
    /// Makes it anew, in a folder of the test's.
    pub fn new(test: &str) -> Self {
        let top = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(test)
            .join("log");
        if top.exists() {
            fs::remove_dir_all(&top).expect("it can be made anew");
        }
        let logs = Self(top);
        logs.fill();
        logs
    }

    /// Puts the thousand pods into it.
    pub fn fill(&self) {
        for folder in ["containers", "pods"] {
            fs::create_dir_all(self.0.join(folder)).expect("a folder");
        }
        for number in 0..1000 {
            let uid = format!("00000000-0000-0000-0000-{number:012}");
            self.pod("other", &format!("pod-{number}"), &uid);
            self.container(format!("pod-{number}_other_app-{number:064x}.log"));
        }
    }

    /// A pod's folder.
    pub fn pod(&self, namespace: &str, pod: &str, uid: &str) {
        let folder = self.0.join("pods").join(format!("{namespace}_{pod}_{uid}"));
        fs::create_dir(folder).expect("a pod's folder");
    }

    /// The folder of a container that was begun in it.
    pub fn begun(&self, namespace: &str, pod: &str, uid: &str, container: &str) {
        let folder = format!("pods/{namespace}_{pod}_{uid}/{container}");
        fs::create_dir(self.0.join(folder)).expect("a container's folder");
    }

    /// A container's file: as the kubelet does it, a link, here to nowhere.
    pub fn container(&self, name: impl AsRef<OsStr>) {
        let link = self.0.join("containers").join(name.as_ref());
        symlink("/nowhere/0.log", link).expect("a link");
    }

    /// The two folders.
    pub fn folders(&self) -> [PathBuf; 2] {
        ["containers", "pods"].map(|folder| self.0.join(folder))
    }
}

/// The two lines of a report that tell a kill in a container.
pub fn kill(uid: &str, id: &str, pid: u32) -> [String; 2] {
    let path = format!("/kubepods/burstable/pod{uid}/{id}");
    [
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg={path},task_memcg={path},task=java,pid={pid},uid=0"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, anon-rss:4kB, \
             file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0"
        ),
    ]
}
