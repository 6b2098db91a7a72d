//! The records of a scenario, held against what the API says of its pods.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::Pods;
use crate::run::NAMESPACE;
use crate::scenarios::{Lacks, Scenario};

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

/// The records of one scenario, held against the API.
#[derive(Default)]
pub struct Judged<'a> {
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

/// Judges the records of kills that came while the scenario ran.
pub fn judge<'a>(pods: &'a Pods, kills: &[Value]) -> Judged<'a> {
    let mut judged = Judged::default();
    for kill in kills {
        judged.add(pods, kill);
    }
    judged
}

impl<'a> Judged<'a> {
    /// How many there are of the scenario's kills.
    pub fn told(&self) -> usize {
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

    /// What came of it; `expected` says how many processes of each pod were killed.
    pub fn outcome(
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
