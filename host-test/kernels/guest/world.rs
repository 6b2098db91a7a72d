//! What scenarios act on: the cgroups, the pace, the processes they started, and what is known so
//! far.

use std::os::unix::ffi::OsStrExt;

use oom_kernels::truth::{Kill, Skipped, Truth, escape};

use crate::cgroup::Tree;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::place::Place;
use crate::plan::{Limit, Plan};
use crate::scenarios::Scenario;
use crate::system;
use crate::victim::{Orders, Victim};

/// See the module.
pub struct World {
    /// The cgroups.
    pub tree: Tree,
    /// The pace of kills.
    pub pace: Pace,
    /// Processes that are there for the length of a scenario.
    company: Vec<Victim>,
    /// Those of them that are a pod's pause process.
    pauses: Vec<u32>,
    /// Name of the running scenario.
    name: &'static str,
    truth: Truth,
}

impl World {
    /// Mounts the hierarchies that the kernel's command line asks for.
    pub fn new() -> Result<Self, Failure> {
        let version = if system::parameter("oom_cgroup").as_deref() == Some("1") {
            1
        } else {
            2
        };
        std::fs::write("/proc/self/oom_score_adj", "-1000")?;
        let tree = Tree::mount(version)?;
        let (company, pauses, truth) = (Vec::new(), Vec::new(), Truth::default());
        Ok(Self {
            tree,
            pace: Pace::default(),
            company,
            pauses,
            name: "",
            truth,
        })
    }

    /// Runs one scenario and cleans up after it.
    pub fn run(&mut self, scenario: &Scenario) {
        self.name = scenario.name;
        let result = scenario.run(self);
        self.company.clear();
        self.pauses.clear();
        let entry = |why| Skipped {
            scenario: scenario.name.to_owned(),
            why,
        };
        match result.and(self.tree.clear()) {
            Ok(()) => (),
            Err(Failure::Cannot(why)) => self.truth.skipped.push(entry(why)),
            Err(Failure::Wrong(why)) => self.truth.failed.push(entry(why)),
        }
    }

    /// What is known at the end.
    pub fn into_truth(self) -> Truth {
        self.truth
    }

    /// Name of the running scenario, from which its ids follow.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Makes the cgroups of a plan and sets its limit.
    pub fn prepare(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.tree.make(&plan.place.path, plan.place.cpuset)?;
        let Some(Limit {
            path, bytes, swap, ..
        }) = &plan.limit
        else {
            return Ok(());
        };
        self.tree.limit(path, *bytes)?;
        match (swap, self.tree.version) {
            (None, _) => Ok(()),
            (Some(swap), 2) => self.tree.set(path, "memory.swap.max", &swap.to_string()),
            (Some(swap), _) => self.tree.set(
                path,
                "memory.memsw.limit_in_bytes",
                &(bytes + swap).to_string(),
            ),
        }
    }

    /// Starts the process of a plan whose cgroups are prepared.
    pub fn start(&self, plan: &Plan) -> Result<Victim, Failure> {
        let entrances = self.tree.entrances(&plan.place.path);
        Victim::start(&Orders {
            entrances: entrances
                .iter()
                .map(|path| path.as_os_str().as_bytes().to_vec())
                .collect(),
            comm: plan.comm.clone(),
            uid: plan.uid,
            oom_score_adj: plan.oom_score_adj,
            hold_kib: plan.hold_kib,
            node: plan.node,
            fill: plan.fill,
        })
    }

    /// Starts a process that stays until the scenario ends, unless it is killed. Returns its pid.
    pub fn accompany(&mut self, plan: &Plan) -> Result<u32, Failure> {
        self.tree.make(&plan.place.path, plan.place.cpuset)?;
        let victim = self.start(plan)?;
        let pid = victim.pid;
        self.company.push(victim);
        Ok(pid)
    }

    /// Starts the pause process of a pod, in a container of its own beside the given one.
    pub fn pause(&mut self, beside: &Place) -> Result<(), Failure> {
        let place = beside.sibling(&format!("{} pause", self.name));
        let pid = self.accompany(&Plan::at(place).comm("pause").uid(65535).adj(-998))?;
        self.pauses.push(pid);
        Ok(())
    }

    /// Lets a started victim loose, waits for its end and notes it.
    pub fn kill(&mut self, plan: &Plan, victim: &mut Victim) -> Result<(), Failure> {
        victim.release()?;
        victim.wait_killed()?;
        self.note(plan, victim.pid, |_| ());
        Ok(())
    }

    /// The whole of a simple scenario: prepare, start, kill.
    pub fn kill_one(&mut self, plan: &Plan) -> Result<(), Failure> {
        self.pace.wait_for(1);
        self.prepare(plan)?;
        let mut victim = self.start(plan)?;
        self.kill(plan, &mut victim)
    }

    /// Notes a kill that just happened; `change` adds what the plan does not say.
    pub fn note(&mut self, plan: &Plan, pid: u32, change: impl FnOnce(&mut Kill)) {
        self.pace.note();
        let limit = plan.limit.as_ref();
        let survivors = limit.map(|limit| {
            let alive = self.tree.processes(&limit.path);
            let alive = alive
                .iter()
                .filter(|other| **other != pid && !self.pauses.contains(other));
            u32::try_from(alive.count()).unwrap_or(u32::MAX)
        });
        let swap = limit.and_then(|limit| limit.swap);
        let mut kill = Kill {
            scenario: self.name.to_owned(),
            pid,
            comm: escape(&plan.comm),
            uid: plan.uid,
            oom_score_adj: plan.oom_score_adj,
            level: limit.map_or("node", |limit| limit.level).to_owned(),
            constraint: plan.constraint.to_owned(),
            limit: limit.map(|limit| escape(&limit.path)),
            victim_cgroup: escape(&plan.place.path),
            limit_bytes: limit.map(|limit| limit.bytes),
            swap_limit_bytes: swap.filter(|_| self.tree.version == 2),
            memsw_limit_bytes: limit
                .zip(swap)
                .map(|(limit, swap)| limit.bytes + swap)
                .filter(|_| self.tree.version == 1),
            group: false,
            manual: false,
            pod: plan.place.pod.clone(),
            container: plan.place.container.clone(),
            unit: plan.place.unit.clone(),
            survivors,
            filled: plan.fill.map(|fill| fill.kind().to_owned()),
            attribution: None,
        };
        change(&mut kill);
        self.truth.kills.push(kill);
    }

    /// Waits for all of several victims that were let loose.
    pub fn wait_all(victims: &mut [Victim]) -> Result<(), Failure> {
        victims.iter_mut().try_for_each(Victim::wait_killed)
    }
}
