//! Kills that were told, so that none is told twice.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::evidence::{Evidence, Place};
use super::tasks::Process;
use super::{Clock, GROUP_PAUSE_US, INCIDENT_PAUSE_US, LineStamp, bytes_of, same_caller};
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
    /// Of its newest line.
    pub(super) clock: Clock,
    /// It had a report of its own; the kernel suppresses those of a storm.
    pub(super) has_report: bool,
    pub(super) place: Option<Place>,
    pub(super) evidence: Evidence,
    /// The cgroup all of which is killed.
    pub(super) group: Option<Vec<u8>>,
    /// In their order.
    pub(super) killed: Vec<Process>,
}

impl Incident {
    /// An incident of which no report was seen.
    pub(super) fn without_report(id: u64, scope: Option<Scope>, stamp: &LineStamp<'_>) -> Self {
        Self {
            id,
            scope,
            caller: stamp.caller.map(<[u8]>::to_vec),
            clock: stamp.clock,
            has_report: false,
            place: None,
            evidence: Evidence::default(),
            group: None,
            killed: Vec::new(),
        }
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        let killed = self.killed.capacity().saturating_mul(size_of::<Process>());
        self.evidence
            .held_bytes()
            .saturating_add(killed)
            .saturating_add(bytes_of(&[&self.group]))
            .saturating_add(self.place.as_ref().map_or(0, Place::held_bytes))
    }

    /// Whether a line can still belong to it.
    pub(super) fn is_current(&self, stamp: &LineStamp<'_>) -> bool {
        same_caller(self.caller.as_deref(), stamp.caller)
            && !self.clock.is_far(&stamp.clock, INCIDENT_PAUSE_US)
    }

    /// Notes the time of one more line of the incident.
    pub(super) fn goes_on(&mut self, stamp: &LineStamp<'_>) {
        self.clock.advance(&stamp.clock);
    }

    pub(super) fn add_killed(&mut self, process: Process) {
        if self.killed.len() < MOST_KILLED
            && let Err(place) = self.killed.binary_search(&process)
        {
            self.killed.insert(place, process);
        }
    }

    pub(super) fn has_killed(&self, process: Process) -> bool {
        self.killed.binary_search(&process).is_ok()
    }

    /// Whether it killed a process of this number.
    pub(super) fn has_killed_pid(&self, pid: u32) -> bool {
        self.killed.iter().any(|process| process.has_pid(pid))
    }
}

/// Kills of one stream, of any incident, newest last: the next task table may still list them, and the
/// reaper may come late.
#[derive(Clone, Debug, Default)]
pub(super) struct RecentKills {
    kills: VecDeque<RecentKill>,
    /// When the last one that was forgotten was killed.
    forgotten: Option<Clock>,
}

#[derive(Clone, Debug)]
struct RecentKill {
    process: Process,
    clock: Clock,
    id: u64,
    /// It was told shortly before the newest one.
    is_current: bool,
    /// The reaper's line alone told of it.
    is_by_reaper: bool,
}

impl RecentKills {
    /// Adds the process that incident `id` killed; `last` is the last incident that was told.
    pub(super) fn add(&mut self, process: Process, clock: Clock, id: u64, last: Option<&Incident>) {
        // Without a clock nobody knows how long ago they died: only those of the last incident count.
        for kill in &mut self.kills {
            kill.is_current &= match kill.clock.distance(&clock) {
                Some(distance) => distance <= INCIDENT_PAUSE_US,
                None => last.is_some_and(|last| last.id == kill.id),
            };
        }
        if self.kills.len() >= MOST_RECENT
            && let Some(oldest) = self.kills.pop_front()
        {
            self.forgotten = Some(oldest.clock);
        }
        self.kills.push_back(RecentKill {
            process,
            clock,
            id,
            is_current: true,
            is_by_reaper: false,
        });
    }

    /// The processes that were killed shortly before the newest kill.
    pub(super) fn processes(&self) -> impl Iterator<Item = Process> {
        let kills = self.kills.iter().filter(|kill| kill.is_current);
        kills.map(|kill| kill.process)
    }

    /// Whether a process of this number was killed.
    pub(super) fn has_pid(&self, pid: u32) -> bool {
        self.processes().any(|process| process.has_pid(pid))
    }

    /// Adds a process of whose kill only the reaper's line tells.
    pub(super) fn add_reaped(
        &mut self,
        process: Process,
        clock: Clock,
        id: u64,
        last: Option<&Incident>,
    ) {
        self.add(process, clock, id, last);
        if let Some(newest) = self.kills.back_mut() {
            newest.is_by_reaper = true;
        }
    }

    /// The incident that killed this process, where the reaper's line told of it before this line, which
    /// the kernel printed shortly earlier.
    pub(super) fn told_by_reaper(&self, process: Process, printed: &Clock) -> Option<u64> {
        let kill = self.newest_of(process)?;
        let is_late = printed.is_far(&kill.clock, INCIDENT_PAUSE_US);
        (kill.is_by_reaper && kill.is_current && !is_late).then_some(kill.id)
    }

    /// The incident that killed this process just now: with `memory.oom.group` the first victim's line is printed
    /// again, and other machines' kills may stand between. Without a clock nobody knows.
    pub(super) fn told_just_now(&self, process: Process, printed: &Clock) -> Option<u64> {
        let kill = self.newest_of(process)?;
        let is_again = kill.clock.is_near(printed, GROUP_PAUSE_US);
        (is_again && !kill.is_by_reaper).then_some(kill.id)
    }

    /// The incident that killed this process last.
    pub(super) fn incident_of(&self, process: Process) -> Option<u64> {
        Some(self.newest_of(process)?.id)
    }

    fn newest_of(&self, process: Process) -> Option<&RecentKill> {
        let mut newest_first = self.kills.iter().rev();
        newest_first.find(|kill| kill.process == process)
    }

    /// Whether a kill of shortly before `now` may be forgotten already, as in a storm.
    pub(super) fn has_forgotten_near(&self, now: &Clock) -> bool {
        self.forgotten
            .is_some_and(|forgotten| !forgotten.is_far(now, INCIDENT_PAUSE_US))
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        let size = size_of::<RecentKill>();
        self.kills.capacity().saturating_mul(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_of_a_storm_may_be_forgotten_already() {
        let at = |second: u64| Clock {
            at_us: Some(second.saturating_mul(1_000_000)),
            time_us: None,
        };
        let mut recent = RecentKills::default();
        for pid in 0..u32::try_from(MOST_RECENT).unwrap() {
            recent.add(Process::new(pid, b"a"), at(100), u64::from(pid), None);
        }
        assert!(!recent.has_forgotten_near(&at(100)));
        recent.add(Process::new(9999, b"a"), at(100), 9999, None);
        assert!(recent.has_forgotten_near(&at(100)));
        assert!(!recent.has_forgotten_near(&at(100_000)));
    }
}
