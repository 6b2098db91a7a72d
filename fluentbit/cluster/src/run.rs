//! One scenario: its pods run, until all that comes of it has happened.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::api::{Pod, Pods};
use crate::follow::Follower;
use crate::judge::{Outcome, judge};
use crate::kubectl::{self, Fallible};
use crate::scenarios::{During, Kills, Needs, Scenario};

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
