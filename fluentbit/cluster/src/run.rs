//! One scenario: it runs, and what was told of it is held against what the API says.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Pod, Pods};
use crate::follow::Follower;
use crate::kubectl::{self, Fallible};
use crate::scenarios::{During, Kills, Lacks, Needs, Scenario};

/// The namespace of the scenarios' pods.
pub const NAMESPACE: &str = "oom-cluster";
/// Longest time for a scenario.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long a record may take, and how long is looked for one too many.
const DELAY: Duration = Duration::from_secs(20);
/// The kernel writes ten reports in five seconds; of more kills nobody knows whose they were.
const PACE: Duration = Duration::from_millis(700);
const AFTERWARDS: Duration = Duration::from_secs(3);

/// The DaemonSet, and what of the cluster is known.
pub struct Cluster<'a> {
    /// The DaemonSet's namespace.
    pub namespace: &'a str,
    /// Its name.
    pub daemonset: &'a str,
    /// The folder of static pods of a node, where it is on this machine.
    pub static_pods: Option<&'a Path>,
    /// Whether the kubelet kills containers as groups.
    pub has_group_kills: bool,
}

/// What came of a scenario.
pub struct Outcome {
    /// Processes that were killed.
    pub killed: usize,
    /// Records of them.
    pub told: usize,
    /// Those with namespace, pod, UID, container and its id, all as the API says.
    pub named: usize,
    /// How containers ended, in the API's words.
    pub reasons: String,
    /// What the records say: levels, attributions, outcomes, each with their number.
    pub says: String,
    /// What is not as it shall be.
    pub faults: Vec<String>,
}

impl Cluster<'_> {
    /// Why a scenario cannot be run here.
    pub fn lacks(&self, scenario: &Scenario) -> Option<&'static str> {
        match scenario.needs {
            Needs::StaticPods if self.static_pods.is_none() => {
                Some("no --static-pods: the folder is on a node")
            }
            Needs::GroupKills if !self.has_group_kills => {
                Some("cgroup v1, or a kubelet older than 1.28")
            }
            _ => None,
        }
    }

    /// Runs one.
    ///
    /// # Errors
    ///
    /// Where the cluster does not do what is asked.
    pub fn run(&self, scenario: &Scenario, follower: &mut Follower) -> Fallible<Outcome> {
        follower.look()?;
        let before = follower.kills(0).len();
        self.begin(scenario)?;
        let pods = self.until_over(scenario, follower)?;
        if scenario.during == During::RollOut {
            let daemonset = format!("daemonset/{}", self.daemonset);
            let wait = [
                "rollout",
                "status",
                &*daemonset,
                "--timeout=5m",
                "--namespace",
            ];
            kubectl::ask(&[&wait[..], &[self.namespace]].concat())?;
        }
        let expected = expected(scenario, &pods)?;
        let killed: usize = expected.values().sum();
        let begun = Instant::now();
        let mut judged = judge(&pods, &follower.kills(before));
        while judged.told() < killed && begun.elapsed() < DELAY {
            thread::sleep(Duration::from_millis(500));
            follower.look()?;
            judged = judge(&pods, &follower.kills(before));
        }
        thread::sleep(AFTERWARDS);
        follower.look()?;
        judged = judge(&pods, &follower.kills(before));
        self.end(scenario)?;
        Ok(judged.outcome(scenario, &pods, &expected))
    }

    fn begin(&self, scenario: &Scenario) -> Fallible<()> {
        if scenario.needs == Needs::StaticPods
            && let Some(folder) = self.static_pods
        {
            return std::fs::write(folder.join("oom-cluster.yaml"), scenario.manifest)
                .map_err(|error| format!("{}: {error}", folder.display()));
        }
        for number in 1..=scenario.copies {
            kubectl::apply(
                NAMESPACE,
                &scenario.manifest.replace("COPY", &number.to_string()),
            )?;
            if scenario.copies > 1 {
                thread::sleep(PACE);
            }
        }
        Ok(())
    }

    /// Looks at the pods until all that comes of the scenario has happened.
    fn until_over(&self, scenario: &Scenario, follower: &mut Follower) -> Fallible<Pods> {
        let (mut pods, begun) = (Pods::default(), Instant::now());
        let mut has_acted = scenario.during == During::Nothing;
        loop {
            follower.look()?;
            pods.look(NAMESPACE)?;
            let is_running = |pod: &Pod| pod.phase.as_deref() == Some("Running");
            if !has_acted && pods.by_uid.values().any(is_running) {
                has_acted = true;
                // Some kills before.
                thread::sleep(Duration::from_secs(5));
                self.act(scenario, &pods)?;
            }
            let count = scenario.copies * scenario.pods;
            if pods.by_uid.len() >= count && is_over(scenario, &pods) {
                return Ok(pods);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("it does not end:\n{pods:#?}"));
            }
            thread::sleep(Duration::from_millis(300));
        }
    }

    fn act(&self, scenario: &Scenario, pods: &Pods) -> Fallible<()> {
        if scenario.during == During::RollOut {
            let daemonset = format!("daemonset/{}", self.daemonset);
            let restart = [
                "rollout",
                "restart",
                &*daemonset,
                "--namespace",
                self.namespace,
            ];
            return kubectl::ask(&restart).map(drop);
        }
        for pod in pods.by_uid.values() {
            kubectl::ask(&[
                "delete",
                "pod",
                &pod.name,
                "--wait=false",
                "--namespace",
                NAMESPACE,
            ])?;
        }
        Ok(())
    }

    fn end(&self, scenario: &Scenario) -> Fallible<()> {
        if scenario.needs == Needs::StaticPods
            && let Some(folder) = self.static_pods
        {
            std::fs::remove_file(folder.join("oom-cluster.yaml"))
                .map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let all = [
            "delete",
            "job,pod",
            "--all",
            "--grace-period=1",
            "--namespace",
            NAMESPACE,
        ];
        kubectl::ask(&all).map(drop)
    }
}

/// The lines of a pod's containers that are this word.
fn printed(pod: &Pod, word: &str) -> usize {
    let logs = [
        "logs",
        &pod.name,
        "--all-containers",
        "--namespace",
        NAMESPACE,
    ];
    let logs = kubectl::ask(&logs).unwrap_or_default();
    logs.lines().filter(|line| *line == word).count()
}

/// Whether all that comes of the scenario has happened.
fn is_over(scenario: &Scenario, pods: &Pods) -> bool {
    let per_pod = match scenario.kills {
        Kills::Exactly(kills) => kills.div_ceil(scenario.copies * scenario.pods),
        Kills::Printed => usize::MAX,
    };
    pods.by_uid.values().all(|pod| {
        pod.is_over()
            || pod.ends.len() >= per_pod
            || scenario.kills == Kills::Printed
                && !pod.containers.is_empty()
                && printed(pod, "done") >= pod.containers.len()
    })
}

/// How many processes of each pod were killed.
fn expected<'a>(scenario: &Scenario, pods: &'a Pods) -> Fallible<BTreeMap<&'a str, usize>> {
    let each = |(uid, pod): (&'a String, &Pod)| {
        let kills = match scenario.kills {
            Kills::Exactly(kills) => kills / (scenario.copies * scenario.pods),
            Kills::Printed => printed(pod, "killed"),
        };
        (uid.as_str(), kills)
    };
    let expected: BTreeMap<_, _> = pods.by_uid.iter().map(each).collect();
    if expected.values().sum::<usize>() == 0 {
        return Err("nothing was killed".to_owned());
    }
    Ok(expected)
}

/// The records of one scenario, held against the API.
#[derive(Default)]
struct Judged<'a> {
    /// How many each pod has.
    of_pods: BTreeMap<&'a str, usize>,
    /// How many tell no pod.
    of_nobody: usize,
    named: usize,
    lacking: Vec<String>,
    wrong: Vec<String>,
    says: BTreeMap<String, usize>,
    outcomes: Vec<Option<String>>,
}

fn judge<'a>(pods: &'a Pods, kills: &[Value]) -> Judged<'a> {
    let mut judged = Judged::default();
    for kill in kills {
        judged.add(pods, kill);
    }
    judged
}

impl<'a> Judged<'a> {
    fn told(&self) -> usize {
        self.of_nobody + self.of_pods.values().sum::<usize>()
    }

    fn add(&mut self, pods: &'a Pods, kill: &Value) {
        let (oom, told) = (&kill["oom"], &kill["kubernetes"]);
        let Some(uid) = told["pod_id"].as_str() else {
            // One whose limit is known is another's: no pod's.
            if oom["level"].is_null() {
                self.of_nobody += 1;
                self.say(oom);
            }
            return;
        };
        // Another's kill.
        let Some((uid, pod)) = pods.by_uid.get_key_value(uid) else {
            return;
        };
        *self.of_pods.entry(uid).or_default() += 1;
        self.say(oom);
        let container = told["docker_id"]
            .as_str()
            .and_then(|id| pod.containers.get(id));
        let pairs = [
            ("namespace_name", Some(NAMESPACE)),
            ("pod_name", Some(&*pod.name)),
            ("container_name", container.map(String::as_str)),
        ];
        let mut is_named = true;
        for (key, expected) in pairs {
            let found = told[key].as_str();
            if found == expected && found.is_some() {
                continue;
            }
            is_named = false;
            let text = format!("{key} {found:?}, not {expected:?}: {kill}");
            let list = if found.is_none() {
                &mut self.lacking
            } else {
                &mut self.wrong
            };
            list.push(text);
        }
        self.named += usize::from(is_named);
    }

    fn say(&mut self, oom: &Value) {
        let outcome = oom["container_outcome"].as_str();
        self.outcomes.push(outcome.map(str::to_owned));
        let words = ["level", "attribution", "container_outcome"];
        let words: Vec<&str> = words
            .iter()
            .filter_map(|word| oom[*word].as_str())
            .collect();
        *self.says.entry(words.join(", ")).or_default() += 1;
    }

    fn outcome(
        self,
        scenario: &Scenario,
        pods: &Pods,
        expected: &BTreeMap<&str, usize>,
    ) -> Outcome {
        let told = self.told();
        let mut faults = self.wrong.clone();
        if scenario.lacks == Lacks::Nothing {
            faults.extend(self.lacking.clone());
        }
        for (uid, kills) in expected {
            let of_pod = self.of_pods.get(uid).copied().unwrap_or_default();
            let is_enough = of_pod == *kills
                || scenario.lacks == Lacks::Owner && of_pod < *kills && told == *kills;
            if !is_enough {
                faults.push(format!("{of_pod} of {kills} kills told of pod {uid}"));
            }
        }
        if let Some(outcome) = scenario.outcome {
            let other = |found: &&Option<String>| found.as_deref() != Some(outcome);
            let others = self.outcomes.iter().filter(other).count();
            if others > 0 {
                faults.push(format!("{others} do not say that the container {outcome}"));
            }
        }
        let mut reasons = BTreeMap::new();
        for reason in pods.by_uid.values().flat_map(|pod| pod.ends.values()) {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
        Outcome {
            killed: expected.values().sum(),
            told,
            named: self.named,
            reasons: list(&reasons),
            says: list(&self.says),
            faults,
        }
    }
}

/// Each with its number, where that is more than one.
fn list(counts: &BTreeMap<String, usize>) -> String {
    let each = |(text, count): (&String, &usize)| match count {
        1 => text.clone(),
        _ => format!("{count} × {text}"),
    };
    counts.iter().map(each).collect::<Vec<_>>().join("; ")
}
