//! Kills for memory by other programs than the kernel, as those print them: a row for each program.
//!
//! A line proves nothing of its author, who may be anybody: it is read only where the journal itself names the unit
//! that wrote it.

mod systemd_oomd;

use alloc::boxed::Box;

use crate::cgroup::identify;
use crate::oom::{Cgroup, Event, Oom};
use crate::printable;

/// A program that kills.
struct Program {
    /// What it is called in the record.
    killer: &'static str,
    /// The unit of the system's manager that it runs in.
    unit: &'static [u8],
    /// What a line of it says; `None` where that is no kill.
    read: for<'a> fn(&'a [u8]) -> Option<Act<'a>>,
}

static PROGRAMS: [Program; 1] = [Program {
    killer: "systemd-oomd",
    unit: b"systemd-oomd.service",
    read: systemd_oomd::read,
}];

/// What the programs are called in a record.
#[cfg(feature = "deserialize")]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.killer)
}

/// Words of which one stands in every line that a row reads.
pub(crate) const TELLING_WORDS: [&[u8]; 2] = systemd_oomd::TELLING_WORDS;

/// What a program did: it kills whole cgroups.
#[derive(Debug, PartialEq, Eq)]
struct Act<'a> {
    /// The cgroup that was killed. Absent where several can be meant.
    victim: Option<&'a [u8]>,
    /// The line can be read in several ways.
    is_ambiguous: bool,
    /// The program's own words for why. Absent where they depend on how the line is read.
    reason: Option<&'a [u8]>,
}

/// What a line says that the process of a unit of the system's manager wrote.
pub(crate) fn read(unit: &[u8], text: &[u8]) -> Option<Box<Oom>> {
    let program = PROGRAMS.iter().find(|program| program.unit == unit)?;
    let act = (program.read)(text)?;
    let mut oom = Box::<Oom>::default();
    oom.event = Event::Kill;
    oom.killer = Some(program.killer);
    oom.ambiguous = act.is_ambiguous;
    oom.reason = act.reason.map(printable);
    oom.set_level(None);
    if let Some(path) = act.victim {
        oom.set_identity(identify(path));
        oom.cgroup = Some(Cgroup {
            victim: Some(printable(path)),
            ..Cgroup::default()
        });
    }
    Some(oom)
}
