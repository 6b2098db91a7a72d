//! Kills for memory by other programs than the kernel, as those programs print them: a row for each program.
//!
//! A line does not prove who wrote it. So it is read only if the journal itself names the unit that wrote it, or if
//! the kernel's log says that user space wrote it and the line has its fixed form.

mod earlyoom;
mod form;
pub(crate) mod kernel_log;
mod kubelet;
#[cfg(feature = "more-programs")]
mod pbs;
mod sequence;
#[cfg(feature = "more-programs")]
mod slurm;
mod systemd_oomd;
#[cfg(feature = "unproven")]
pub(crate) mod unproven;
mod witness;

use alloc::boxed::Box;

use crate::cgroup::identify;
#[cfg(feature = "more-programs")]
use crate::oom::Figure;
use crate::oom::{Attribution, Cgroup, Event, Oom};
use crate::printable;
use crate::record::program::Entry;
use crate::units;
use sequence::Sequence;
pub(crate) use sequence::Sequences;
#[cfg(feature = "unproven")]
pub(crate) use witness::of_text as witness_of_text;
pub(crate) use witness::{Witness, read as witness};

/// A program that kills.
struct Program {
    /// What it is called in the record.
    killer: &'static str,
    /// The units of the system's manager that it runs in.
    units: &'static [&'static [u8]],
    reads: Reads,
}

/// How a line of a program is read. The functions give `None` if the line says nothing of a kill.
#[derive(Clone, Copy)]
enum Reads {
    /// By itself.
    Line(fn(&[u8]) -> Option<Box<Oom>>),
    /// By itself, with what the journal says of its author beside the unit.
    #[cfg(feature = "more-programs")]
    Entry(fn(&Entry<'_>) -> Option<Box<Oom>>),
    /// With the lines before it.
    Sequence(fn(&[u8], &mut Sequence) -> Option<Box<Oom>>),
}

const SYSTEMD_OOMD: &str = "systemd-oomd";

static PROGRAMS: &[Program] = &[
    Program {
        killer: SYSTEMD_OOMD,
        units: &[b"systemd-oomd.service"],
        reads: Reads::Line(systemd_oomd::read),
    },
    Program {
        killer: "earlyoom",
        units: &[b"earlyoom.service"],
        reads: Reads::Sequence(earlyoom::read),
    },
    Program {
        killer: "kubelet",
        units: &units::KUBELET,
        reads: Reads::Sequence(kubelet::read),
    },
    #[cfg(feature = "more-programs")]
    Program {
        killer: "slurm",
        units: &slurm::UNITS,
        reads: Reads::Entry(slurm::read),
    },
    #[cfg(feature = "more-programs")]
    Program {
        killer: "pbs",
        units: &[b"pbs.service"],
        reads: Reads::Entry(pbs::read),
    },
];

/// What the programs are called in a record.
#[cfg(feature = "deserialize")]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let in_kernel_log = kernel_log::PROGRAMS.iter().map(|(killer, _)| *killer);
    let programs = PROGRAMS.iter().map(|program| program.killer);
    let programs = programs.chain(in_kernel_log);
    #[cfg(feature = "unproven")]
    let programs = programs.chain(unproven::NAMES.iter().copied());
    programs
}

/// Words of which one stands in every line that is read by itself, or that begins a sequence, and in every record of
/// a kill that was told before: those of each program and witness.
pub(crate) const TELLING_WORDS: &[&[&[u8]]] = &[
    &systemd_oomd::TELLING_WORDS,
    &[earlyoom::TELLING_WORD, earlyoom::WORD_OF_SUMMARY],
    &[kubelet::TELLING_WORD],
    &witness::TELLING_WORDS,
    &kernel_log::TELLING_WORDS,
    #[cfg(feature = "more-programs")]
    &[slurm::TELLING_WORD, pbs::TELLING_WORD],
    #[cfg(feature = "more-programs")]
    &witness::more::TELLING_WORDS,
    #[cfg(feature = "unproven")]
    unproven::TELLING_WORDS,
];

/// Whether the entry is of a unit in which one of the programs runs.
#[cfg(feature = "unproven")]
pub(crate) fn is_of_program(entry: &Entry<'_>) -> bool {
    let mut programs = PROGRAMS.iter();
    programs.any(|program| program.units.contains(&entry.unit))
}

/// Reads a line that a process in a unit of the system's manager wrote.
pub(crate) fn read(
    entry: &Entry<'_>,
    now_us: Option<u64>,
    sequences: &mut Sequences,
) -> Option<Box<Oom>> {
    let program = PROGRAMS
        .iter()
        .find(|program| program.units.contains(&entry.unit))?;
    let mut oom = match program.reads {
        Reads::Line(read) => read(&entry.text),
        #[cfg(feature = "more-programs")]
        Reads::Entry(read) => read(entry),
        // What was read once tells again what it told, whatever stood before it.
        Reads::Sequence(read) if entry.own_id.is_some() => {
            read(&entry.text, &mut Sequence::at_its_end())
        }
        Reads::Sequence(read) => sequences.read(entry, program.killer, now_us, read),
    }?;
    oom.killer = Some(program.killer);
    Some(oom)
}

/// A kill in a unit of the system's manager that only a witness told.
pub(crate) fn witnessed(witness: &Witness) -> Box<Oom> {
    // The last component of its path is all that is known, and stands where most do: it may tell a container's id.
    let path = [b"/system.slice/", witness.place.as_slice()].concat();
    let mut oom = of_cgroup(Some(&path));
    oom.killer = Some(witness.killer);
    oom.attribution = Some(Attribution::Witness);
    oom
}

/// Whether a process of root's wrote it. Asked if the unit holds processes of other users as well.
#[cfg(feature = "more-programs")]
fn is_of_root(entry: &Entry<'_>) -> bool {
    entry.uid == b"0"
}

/// Adds how much memory a job used, and how much it may.
#[cfg(feature = "more-programs")]
fn set_usage(oom: &mut Oom, usage: u64, limit: u64) {
    let figures = &mut oom.memory.get_or_insert_default().figures;
    figures.set(Figure::Usage, Some(usage));
    figures.set(Figure::Limit, Some(limit));
}

/// A kill of a whole cgroup.
// Many programs are read where unproven text is, few elsewhere.
#[cfg_attr(feature = "unproven", inline(never))]
fn of_cgroup(path: Option<&[u8]>) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = Event::Kill;
    oom.set_level(None);
    if let Some(path) = path {
        oom.set_identity(identify(path));
        oom.cgroup = Some(Cgroup {
            victim: Some(printable(path)),
            ..Cgroup::default()
        });
    }
    oom
}
