//! Kills that were told lately: a line of a program that saw one of them confirms it.

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "more-unproven")]
use crate::cgroup::Runtime;
#[cfg(feature = "more-programs")]
use crate::cgroup::{Workload, identify};
use crate::killers::Witness;
#[cfg(feature = "more-unproven")]
use crate::killers::unproven::{HTCONDOR, Job};
#[cfg(feature = "more-unproven")]
use crate::oom::Figure;
use crate::oom::{Attribution, Event, KERNEL, Oom, Word};
use crate::text::cursor::find;

/// Kills that are remembered.
const MOST: usize = 64;
/// A program that saw a kill writes its line within this time.
const WINDOW_US: u64 = 10_000_000;
/// Longest path that is remembered.
const LONGEST_PATH: usize = 1024;

/// A kill that was told.
#[derive(Clone, Debug)]
struct ToldKill {
    machine: u64,
    killer: Word,
    time_us: u64,
    id: String,
    /// The victim's cgroup, or the last component of it. Empty where it is not known.
    path: Vec<u8>,
    pid: Option<u32>,
    /// Only a witness told it so far: the killer's own line may still come.
    is_by_witness: bool,
    /// The limit that was reached.
    #[cfg(feature = "more-unproven")]
    limit_bytes: Option<u64>,
}

/// Whether a path has a component of this name, or one that has this id in it.
fn is_in(path: &[u8], place: &[u8]) -> bool {
    let is_unit = place.contains(&b'.');
    path.split(|byte| *byte == b'/')
        .any(|component| component == place || !is_unit && find(component, place).is_some())
}

/// What is known of a kill that somebody saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was told, with this id.
    Told(String),
    /// It may have been told: a kill whose place is not known was.
    Perhaps,
    /// Nobody told it.
    Untold,
}

/// The newest kills of all machines.
#[derive(Clone, Debug)]
pub(super) struct ToldKills {
    /// Used as a ring.
    kills: Vec<ToldKill>,
    /// The place of the oldest, where there are as many as are remembered.
    oldest: usize,
    /// Kills that a witness alone told.
    by_witness: usize,
}

impl ToldKills {
    pub(super) const fn new() -> Self {
        Self {
            kills: Vec::new(),
            oldest: 0,
            by_witness: 0,
        }
    }

    /// The newest kill of that machine around that time for which `is_it` holds.
    fn find(
        &mut self,
        machine: u64,
        time_us: u64,
        window_us: u64,
        is_it: &dyn Fn(&ToldKill) -> bool,
    ) -> Option<&mut ToldKill> {
        let mut found: Option<&mut ToldKill> = None;
        for kill in &mut self.kills {
            let is_near = kill.time_us.abs_diff(time_us) <= window_us;
            let is_newer = found
                .as_ref()
                .is_none_or(|known| known.time_us <= kill.time_us);
            if kill.machine == machine && is_near && is_newer && is_it(kill) {
                found = Some(kill);
            }
        }
        found
    }

    /// What is known of what somebody saw at that time.
    pub(super) fn known(&mut self, machine: u64, time_us: u64, witness: &Witness) -> Known {
        #[cfg(feature = "more-programs")]
        if let Some(job) = &witness.job {
            return self.known_of_job(machine, time_us, job);
        }
        let is_there = |kill: &ToldKill| is_in(&kill.path, &witness.place);
        let is_same = |kill: &ToldKill| kill.killer == witness.killer && is_there(kill);
        if let Some(kill) = self.find(machine, time_us, WINDOW_US, &is_same) {
            return Known::Told(kill.id.clone());
        }
        // Another killer's signal may be what was seen.
        let may_be = |kill: &ToldKill| kill.path.is_empty() || is_there(kill);
        match self.find(machine, time_us, WINDOW_US, &may_be) {
            Some(_) => Known::Perhaps,
            None => Known::Untold,
        }
    }

    /// The same for a part of a batch system's job. The witness tells of it when the job ends, which may be days
    /// later. A kill that is no longer remembered may have been told.
    #[cfg(feature = "more-programs")]
    fn known_of_job(&mut self, machine: u64, time_us: u64, job: &Workload) -> Known {
        let is_of_job = |kill: &ToldKill| {
            kill.killer == KERNEL
                && kill.time_us <= time_us
                && identify(&kill.path)
                    .workload
                    .is_some_and(|found| found.is_in(job))
        };
        match self.find(machine, time_us, u64::MAX, &is_of_job) {
            Some(kill) => Known::Told(kill.id.clone()),
            None => Known::Perhaps,
        }
    }

    /// The kernel's kill in a job's cgroup of HTCondor's around that time: where all there were are of one cgroup, and
    /// of no other limit than the job's.
    #[cfg(feature = "more-unproven")]
    pub(super) fn id_of_job(&self, machine: u64, time_us: u64, job: &Job) -> Option<String> {
        let is_of_job = |kill: &&ToldKill| {
            let is_near = kill.time_us.abs_diff(time_us) <= WINDOW_US;
            let has_limit = match kill.limit_bytes.zip(job.limit_bytes) {
                Some((reached, own)) => reached == own,
                None => !job.is_in_docker,
            };
            let is_kernels = kill.machine == machine && kill.killer == KERNEL;
            let is_it = is_kernels && is_near && has_limit;
            is_it && {
                let found = identify(&kill.path);
                if job.is_in_docker {
                    (found.container).is_some_and(|it| it.runtime == Some(Runtime::Docker))
                } else {
                    (found.workload).is_some_and(|it| it.system == HTCONDOR)
                }
            }
        };
        let kills = || self.kills.iter().filter(is_of_job);
        let newest = kills().max_by_key(|kill| kill.time_us)?;
        let is_one = kills().all(|kill| kill.path == newest.path);
        is_one.then(|| newest.id.clone())
    }

    /// Adds a kill. If a witness told the same kill before, or the kernel did before another program, this is no
    /// second kill: it confirms the first.
    pub(super) fn add(&mut self, oom: &mut Oom, machine: u64) {
        let (Some(time_us), Some(killer), true) = (oom.time_us, oom.killer, oom.is_kill()) else {
            return;
        };
        let is_by_witness = oom.attribution == Some(Attribution::Witness);
        let path = (oom.cgroup.as_ref()).and_then(|cgroup| cgroup.victim.as_deref());
        let path = path.filter(|path| path.len() <= LONGEST_PATH);
        let mut path = path.unwrap_or_default().as_bytes();
        if is_by_witness {
            // What is known of it is its last component.
            path = last_component(path);
        }
        let pid = oom.victim.as_ref().map(|victim| victim.pid);
        let is_same = |told: &ToldKill| {
            if told.is_by_witness {
                told.killer == killer && is_in(path, &told.path)
            } else {
                killer != KERNEL && told.killer == KERNEL && pid.is_some() && told.pid == pid
            }
        };
        // Nearly every kill is the kernel's own, and nobody told it before.
        let may_be_told = !is_by_witness && (self.by_witness > 0 || killer != KERNEL);
        if may_be_told && let Some(told) = self.find(machine, time_us, WINDOW_US, &is_same) {
            let was_by_witness = core::mem::take(&mut told.is_by_witness);
            oom.event = Event::Confirmed;
            oom.id.clone_from(&told.id);
            self.by_witness = self.by_witness.saturating_sub(usize::from(was_by_witness));
            return;
        }
        let path = path.to_vec();
        if is_by_witness {
            oom.cgroup = None;
        }
        let kill = ToldKill {
            machine,
            killer,
            time_us,
            id: oom.id.clone(),
            path,
            pid,
            is_by_witness,
            #[cfg(feature = "more-unproven")]
            limit_bytes: (oom.memory.as_ref()).and_then(|memory| memory.get(Figure::Limit)),
        };
        self.by_witness = self.by_witness.saturating_add(usize::from(is_by_witness));
        if self.kills.len() < MOST {
            self.kills.push(kill);
        } else if let Some(oldest) = self.kills.get_mut(self.oldest) {
            let gone = core::mem::replace(oldest, kill).is_by_witness;
            self.by_witness = self.by_witness.saturating_sub(usize::from(gone));
            self.oldest = self.oldest.wrapping_add(1) % MOST;
        }
    }
}

fn last_component(path: &[u8]) -> &[u8] {
    let last = path.iter().rposition(|byte| *byte == b'/');
    last.and_then(|slash| path.get(slash.saturating_add(1)..))
        .unwrap_or(path)
}
