//! Kills that were told lately, for those who saw them too.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::killers::Witness;
use crate::oom::{Event, KERNEL, Oom, Word};

/// Kills that are remembered.
const MOST: usize = 64;
/// Whoever saw a kill tells it within so long.
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
    /// The victim's cgroup, or a unit behind a slash. Empty where it is not known.
    path: Vec<u8>,
    pid: Option<u32>,
    /// Only a witness told it: the killer's own line may still come.
    is_by_witness: bool,
}

impl ToldKill {
    /// Whether it happened below a component of the path that has this name, or this id in it.
    fn is_in(&self, place: &[u8]) -> bool {
        let mut components = self.path.split(|byte| *byte == b'/');
        let is_unit = place.contains(&b'.');
        components.any(|component| {
            component == place
                || !is_unit && component.windows(place.len()).any(|part| part == place)
        })
    }
}

/// What is known of a kill that somebody saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was told, with this id.
    Told(String),
    /// It may have been: a kill of unknown place was.
    Perhaps,
    /// Nobody told it.
    Untold,
}

/// The newest kills of all machines.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldKills(VecDeque<ToldKill>);

impl ToldKills {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn around(&self, machine: u64, time_us: u64) -> impl Iterator<Item = (usize, &ToldKill)> {
        let kills = self.0.iter().enumerate().rev();
        kills.filter(move |(_, kill)| {
            kill.machine == machine && kill.time_us.abs_diff(time_us) <= WINDOW_US
        })
    }

    /// What is known of what somebody saw at that time.
    pub(super) fn known(&self, machine: u64, time_us: u64, witness: &Witness) -> Known {
        let mut is_unclear = false;
        for (_, kill) in self.around(machine, time_us) {
            if kill.killer == witness.killer {
                if kill.is_in(&witness.place) {
                    return Known::Told(kill.id.clone());
                }
                is_unclear |= kill.path.is_empty();
            }
        }
        if is_unclear {
            Known::Perhaps
        } else {
            Known::Untold
        }
    }

    /// Adds a kill. One that a witness told before, or the kernel before another program, is no second kill: it
    /// confirms the first.
    pub(super) fn add(&mut self, oom: &mut Oom, machine: u64, is_by_witness: bool) {
        let (Some(time_us), Some(killer), true) = (oom.time_us, oom.killer, oom.is_kill()) else {
            return;
        };
        let path = (oom.cgroup.as_ref()).and_then(|cgroup| cgroup.victim.as_deref());
        let path = path.filter(|path| path.len() <= LONGEST_PATH);
        let mut path: Vec<u8> = path.unwrap_or_default().into();
        let pid = oom.victim.as_ref().map(|victim| victim.pid);
        let is_same = |told: &ToldKill| {
            if told.is_by_witness {
                let unit = told.path.strip_prefix(b"/").unwrap_or_default();
                let place = ToldKill {
                    path: path.clone(),
                    ..told.clone()
                };
                told.killer == killer && place.is_in(unit)
            } else {
                killer != KERNEL && told.killer == KERNEL && pid.is_some() && told.pid == pid
            }
        };
        let found = self
            .around(machine, time_us)
            .find(|(_, told)| is_same(told));
        if let Some(at) = found.map(|(at, _)| at).filter(|_| !is_by_witness)
            && let Some(told) = self.0.get_mut(at)
        {
            told.is_by_witness = false;
            oom.event = Event::Confirmed;
            oom.id.clone_from(&told.id);
            return;
        }
        if let Some(unit) = oom.unit.as_deref().filter(|_| is_by_witness) {
            path = [b"/", unit.as_bytes()].concat();
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(ToldKill {
            machine,
            killer,
            time_us,
            id: oom.id.clone(),
            path,
            pid,
            is_by_witness,
        });
    }
}
