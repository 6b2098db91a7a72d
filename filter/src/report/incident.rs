//! What was told, so that nothing is told twice.

use alloc::vec::Vec;

use super::evidence::{Evidence, Place};
use super::tasks::Process;
use super::{INCIDENT_PAUSE_US, KillLine, LineStamp, advance, is_stale, same_caller};
use crate::kernel::Scope;

/// Kills remembered of one incident, so that none is counted twice.
const MOST_KILLED: usize = 4096;
/// Kills remembered of one stream, so that no table counts them as alive.
const MOST_RECENT: usize = 256;

/// A kill that was told, and what may still follow it.
#[derive(Clone, Debug)]
pub(super) struct Incident {
    pub(super) id: u64,
    pub(super) scope: Option<Scope>,
    pub(super) caller: Option<Vec<u8>>,
    pub(super) last_us: Option<u64>,
    /// It had a report of its own; the kernel suppresses those of a storm.
    pub(super) has_report: bool,
    pub(super) place: Option<Place>,
    pub(super) evidence: Evidence,
    /// The cgroup all of which is killed.
    pub(super) group: Option<Vec<u8>>,
    pub(super) killed: Vec<Process>,
}

impl Incident {
    /// One of which no report was seen.
    pub(super) fn without_report(id: u64, scope: Option<Scope>, stamp: LineStamp<'_>) -> Self {
        Self {
            id,
            scope,
            caller: stamp.caller.map(<[u8]>::to_vec),
            last_us: stamp.at_us,
            has_report: false,
            place: None,
            evidence: Evidence::default(),
            group: None,
            killed: Vec::new(),
        }
    }

    /// Whether a line can still belong to it.
    pub(super) fn is_current(&self, stamp: LineStamp<'_>) -> bool {
        same_caller(self.caller.as_deref(), stamp.caller)
            && !is_stale(self.last_us, stamp.at_us, INCIDENT_PAUSE_US)
    }

    /// Notes the time of one more line of it.
    pub(super) fn goes_on(&mut self, stamp: LineStamp<'_>) {
        advance(&mut self.last_us, stamp.at_us);
    }

    pub(super) fn add_killed(&mut self, process: Process) {
        if self.killed.len() < MOST_KILLED {
            self.killed.push(process);
        }
    }

    pub(super) fn has_killed(&self, process: Process) -> bool {
        self.killed.contains(&process)
    }
}

/// Kills of one stream, of any incident, that the next task table may still list.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentKills(Vec<RecentKill>);

#[derive(Clone, Debug)]
struct RecentKill {
    process: Process,
    at_us: Option<u64>,
    id: u64,
}

impl RecentKills {
    /// Adds the process that incident `id` killed; `last` is the last incident that was told.
    pub(super) fn add(&mut self, line: &KillLine<'_>, id: u64, last: Option<&Incident>) {
        let stamp = line.stamp;
        // Without a clock nobody knows how long ago they died: only those of the last incident count.
        self.0.retain(|kill| {
            if stamp.at_us.is_some() {
                kill.at_us.is_some() && !is_stale(kill.at_us, stamp.at_us, INCIDENT_PAUSE_US)
            } else {
                last.is_some_and(|last| last.has_killed(kill.process))
            }
        });
        if self.0.len() >= MOST_RECENT {
            self.0.remove(0);
        }
        self.0.push(RecentKill {
            process: line.process,
            at_us: stamp.at_us,
            id,
        });
    }

    pub(super) fn processes(&self) -> impl Iterator<Item = Process> {
        self.0.iter().map(|kill| kill.process)
    }

    /// The incident that killed this process last.
    pub(super) fn incident_of(&self, process: Process) -> Option<u64> {
        let mut newest_first = self.0.iter().rev();
        let kill = newest_first.find(|kill| kill.process == process)?;
        Some(kill.id)
    }
}
