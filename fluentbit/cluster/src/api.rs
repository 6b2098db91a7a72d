//! What the API says of a namespace's pods, also of those that are gone meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kubectl::{self, Fallible};

/// A pod.
#[derive(Debug, Default)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its phase; none once it is gone.
    pub phase: Option<String>,
    /// The names of its containers that ran, by id.
    pub containers: BTreeMap<String, String>,
    /// How containers of it ended, in the kubelet's word, by id.
    pub ends: BTreeMap<String, String>,
}

impl Pod {
    /// Whether no process of it runs any more.
    pub fn is_over(&self) -> bool {
        self.phase
            .as_deref()
            .is_none_or(|phase| ["Succeeded", "Failed"].contains(&phase))
    }
}

/// The pods of a namespace.
#[derive(Debug, Default)]
pub struct Pods {
    /// By UID; a static pod by the hash that its cgroup has for one.
    pub by_uid: BTreeMap<String, Pod>,
}

impl Pods {
    /// Looks again.
    ///
    /// # Errors
    ///
    /// Where the API does not answer.
    pub fn look(&mut self, namespace: &str) -> Fallible<()> {
        let answer = kubectl::get(&["pods", "--namespace", namespace])?;
        let mut there = BTreeSet::new();
        for object in answer["items"].as_array().into_iter().flatten() {
            let metadata = &object["metadata"];
            let hash = &metadata["annotations"]["kubernetes.io/config.mirror"];
            let uid = hash.as_str().or_else(|| metadata["uid"].as_str());
            let uid = uid.unwrap_or_default().to_owned();
            there.insert(uid.clone());
            self.by_uid.entry(uid).or_default().update(object);
        }
        for (uid, pod) in &mut self.by_uid {
            if !there.contains(uid) {
                pod.phase = None;
            }
        }
        Ok(())
    }
}

impl Pod {
    fn update(&mut self, object: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.name = text(&object["metadata"]["name"]);
        self.phase = Some(text(&object["status"]["phase"]));
        for statuses in ["initContainerStatuses", "containerStatuses"] {
            let statuses = object["status"][statuses].as_array();
            for status in statuses.into_iter().flatten() {
                let name = text(&status["name"]);
                for state in ["state", "lastState"] {
                    let end = &status[state]["terminated"];
                    if end.is_object() {
                        let id = id(&end["containerID"]);
                        self.containers.insert(id.clone(), name.clone());
                        self.ends.insert(id, text(&end["reason"]));
                    }
                }
                if status["containerID"].is_string() {
                    self.containers.insert(id(&status["containerID"]), name);
                }
            }
        }
    }
}

/// A container's id without its runtime: `containerd://25c6...`.
fn id(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.split_once("://").map_or(text, |(_, id)| id).to_owned()
}
