//! The records that the DaemonSet prints, of every pod that it has or gets: of one that a roll-out ends, its
//! log is gone afterwards.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::kubectl::{self, Fallible, Running};

/// Who follows the logs.
pub struct Follower {
    namespace: String,
    selector: String,
    /// Containers whose logs are read, by id.
    followed: BTreeSet<String>,
    children: Vec<Running>,
    kills: Arc<Mutex<Vec<Value>>>,
}

impl Follower {
    /// Of the DaemonSet's pods in `namespace` that `selector` chooses.
    pub fn new(namespace: &str, selector: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            selector: selector.to_owned(),
            followed: BTreeSet::new(),
            children: Vec::new(),
            kills: Arc::default(),
        }
    }

    /// Follows the containers that are new. How many run.
    ///
    /// # Errors
    ///
    /// Where the pods cannot be listed, or a log not read.
    pub fn look(&mut self) -> Fallible<usize> {
        let pods = [
            "pods",
            "--namespace",
            &self.namespace,
            "--selector",
            &self.selector,
        ];
        let pods = kubectl::get(&pods)?;
        let mut running = 0;
        for pod in pods["items"].as_array().into_iter().flatten() {
            let status = &pod["status"]["containerStatuses"][0];
            let (Some(name), Some(id)) = (
                pod["metadata"]["name"].as_str(),
                status["containerID"].as_str(),
            ) else {
                continue;
            };
            running += usize::from(status["ready"] == true);
            let has_log = status["state"].get("waiting").is_none();
            if has_log && self.followed.insert(id.to_owned()) {
                self.follow(name)?;
            }
        }
        Ok(running)
    }

    fn follow(&mut self, pod: &str) -> Fallible<()> {
        let arguments = [
            "logs",
            "--follow",
            "--tail=-1",
            "--namespace",
            &self.namespace,
        ];
        let mut command = kubectl::command(&arguments);
        command.args([pod, "--container=fluent-bit"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn();
        let mut child = child.map_err(|error| format!("cannot run kubectl: {error}"))?;
        let output = child.stdout.take().ok_or("kubectl logs has no output")?;
        self.children.push(Running(child));
        let kills = self.kills.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let Ok(record) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                if record["oom"]["event"] == "kill"
                    && let Ok(mut kills) = kills.lock()
                {
                    kills.push(record);
                }
            }
        });
        Ok(())
    }

    /// The kills that were told so far, from the one with this number on.
    pub fn kills(&self, from: usize) -> Vec<Value> {
        let kills = self.kills.lock();
        kills.map_or_else(
            |_| Vec::new(),
            |kills| kills.iter().skip(from).cloned().collect(),
        )
    }
}
