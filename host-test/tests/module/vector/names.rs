//! Names of pods and containers, from a made-up `/var/log`.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use oom_suite::trial::Trial;
use oom_suite::trials;
use serde_json::{Value, json};

use super::{lent, lines, run};
use crate::logs::{ID, Logs, UID, kill};

impl Logs {
    /// The `kubernetes` object of a kill in the container.
    fn kubernetes(&self) -> Value {
        kubernetes(&["--names", "/var/log"], Some(self.0.clone()))
    }
}

/// The `kubernetes` object of two kills in the container, which must be the same.
fn kubernetes(arguments: &[&str], logs: Option<PathBuf>) -> Value {
    let arguments = [arguments, &["--mode", "events"]].concat();
    let lent: Vec<_> = logs.into_iter().map(lent).collect();
    let kills = [41, 42].map(|pid| kill(UID, ID, pid).join("\n"));
    let ran = run(&arguments, &lent, (kills.join("\n") + "\n").as_bytes());
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

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_container_is_found_among_a_thousand_pods,
        a_container_that_is_gone_leaves_its_pod,
        the_only_container_of_a_pod_needs_no_file,
        what_cannot_be_found_is_left_out
    ]
}

fn a_container_is_found_among_a_thousand_pods() {
    let logs = Logs::new("names-found");
    logs.container(format!("web-7f9c_shop_app-{ID}.log"));
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

fn the_only_container_of_a_pod_needs_no_file() {
    let logs = Logs::new("names-only");
    logs.pod("shop", "web-7f9c", UID);
    logs.begun("shop", "web-7f9c", UID, "app");
    assert_eq!(logs.kubernetes()["container_name"], "app");
    logs.begun("shop", "web-7f9c", UID, "sidecar");
    assert_eq!(logs.kubernetes().get("container_name"), None, "one of two");
}

fn what_cannot_be_found_is_left_out() {
    let logs = Logs::new("names-unknown");
    assert_eq!(logs.kubernetes(), without_names());
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe_shop_app-");
    let mut odd = odd.to_os_string();
    odd.push(format!("{ID}.log"));
    logs.container(odd);
    logs.container(format!("we b_shop_app-{ID}.log"));
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
