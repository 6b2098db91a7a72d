//! What happens in the cluster, and what has to be told of it. A new scenario is a row of the table and a
//! manifest.

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// In one word or two.
    pub name: &'static str,
    /// What is applied, in a namespace of its own. `COPY` in it becomes a number.
    pub manifest: &'static str,
    /// How often it is applied, with another number each time, one after the other.
    pub copies: usize,
    /// How many pods come of one of them.
    pub pods: usize,
    /// How many processes are killed.
    pub kills: Kills,
    /// What is done while it runs.
    pub during: During,
    /// What each record says of the container.
    pub outcome: Option<&'static str>,
    /// What a record may lack.
    pub lacks: Lacks,
    /// Without what it is skipped.
    pub needs: Needs,
}

/// How many processes are killed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kills {
    /// This many.
    Exactly(usize),
    /// As many as the pod has lines `killed` in its log, which a parent of the killed writes.
    Printed,
}

/// What is done while a scenario runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum During {
    /// Nothing.
    Nothing,
    /// The pod is deleted once it runs.
    Delete,
    /// The DaemonSet is rolled out anew once the pod runs.
    RollOut,
}

/// What a record may lack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lacks {
    /// Nothing: each has all names.
    Nothing,
    /// All names: the kernel gave no owner. A wrong one is wrong all the same.
    Owner,
}

/// Without what a scenario is skipped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Needs {
    /// It runs anywhere.
    Nothing,
    /// The folder of a node's static pods, on this machine.
    StaticPods,
    /// cgroup v2, and a kubelet that sets `memory.oom.group`, as from 1.28 on.
    GroupKills,
}

const DEFAULT: Scenario = Scenario {
    name: "",
    manifest: "",
    copies: 1,
    pods: 1,
    kills: Kills::Printed,
    during: During::Nothing,
    outcome: None,
    lacks: Lacks::Nothing,
    needs: Needs::Nothing,
};

/// Every scenario, in the order in which they run. The first pods of a cluster are the hardest to name: their
/// kills come within milliseconds of their start.
#[rustfmt::skip]
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "the README's hog", manifest: include_str!("../manifests/hog.yaml"), kills: Kills::Exactly(1), outcome: Some("dies"), ..DEFAULT },
    Scenario { name: "12 pods, killed as they start", manifest: include_str!("../manifests/instant.yaml"), copies: 12, kills: Kills::Exactly(12), outcome: Some("dies"), ..DEFAULT },
    Scenario { name: "a child, its parent lives", manifest: include_str!("../manifests/child.yaml"), outcome: Some("survives"), ..DEFAULT },
    Scenario { name: "two containers", manifest: include_str!("../manifests/two.yaml"), ..DEFAULT },
    Scenario { name: "init container", manifest: include_str!("../manifests/init.yaml"), kills: Kills::Exactly(1), ..DEFAULT },
    Scenario { name: "Job, tried twice", manifest: include_str!("../manifests/job.yaml"), pods: 2, kills: Kills::Exactly(2), outcome: Some("dies"), ..DEFAULT },
    Scenario { name: "restarted, killed again", manifest: include_str!("../manifests/again.yaml"), kills: Kills::Exactly(2), outcome: Some("dies"), ..DEFAULT },
    Scenario { name: "hostile names", manifest: include_str!("../manifests/hostile.yaml"), ..DEFAULT },
    Scenario { name: "deleted, killed as it ends", manifest: include_str!("../manifests/deleted.yaml"), kills: Kills::Exactly(1), during: During::Delete, ..DEFAULT },
    Scenario { name: "roll-out of the DaemonSet", manifest: include_str!("../manifests/rollout.yaml"), during: During::RollOut, ..DEFAULT },
    Scenario { name: "storm", manifest: include_str!("../manifests/storm.yaml"), lacks: Lacks::Owner, ..DEFAULT },
    Scenario { name: "static pod", manifest: include_str!("../manifests/static.yaml"), needs: Needs::StaticPods, ..DEFAULT },
    Scenario { name: "memory.oom.group", manifest: include_str!("../manifests/group.yaml"), kills: Kills::Exactly(3), needs: Needs::GroupKills, ..DEFAULT },
];
