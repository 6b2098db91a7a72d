//! Kills in text that anybody could have written: syslog files, logs of batch systems, what a container wrote. Read
//! only where the host was told to, and marked as what they are.
//!
//! By its form alone a line is that of a program.

#[cfg(feature = "more-unproven")]
mod htcondor;
mod kubelet_event;
mod lmkd;
mod lsf;
#[cfg(feature = "more-unproven")]
mod nohang;
mod pbs_job;
mod ray;
mod slurm_step;
mod yarn;

use alloc::boxed::Box;

use super::{Reads, Sequences, earlyoom, kubelet, systemd_oomd, witness};
use crate::oom::{Oom, Word};
#[cfg(feature = "more-unproven")]
pub(crate) use htcondor::{Job, NAME as HTCONDOR, read as job_of};

/// A program, and what reads its lines.
type Row = (Word, Reads);

static PROGRAMS: &[Row] = &[
    (super::SYSTEMD_OOMD, Reads::Line(systemd_oomd::read)),
    ("earlyoom", Reads::Sequence(earlyoom::read)),
    ("kubelet", Reads::Sequence(kubelet::read)),
    ("kubelet", Reads::Line(kubelet_event::read)),
    ("slurm", Reads::Line(slurm_step::read)),
    ("pbs", Reads::Line(pbs_job::read)),
    (yarn::NAME, Reads::Line(yarn::read)),
    (ray::NAME, Reads::Line(ray::read)),
    (lsf::NAME, Reads::Line(lsf::read)),
    (lmkd::NAME, Reads::Line(lmkd::read)),
    #[cfg(feature = "more-unproven")]
    (nohang::NAME, Reads::Sequence(nohang::read)),
];

/// Programs of which nothing is read but such text.
#[cfg(feature = "deserialize")]
pub(super) const NAMES: &[Word] = &[
    yarn::NAME,
    ray::NAME,
    lsf::NAME,
    lmkd::NAME,
    #[cfg(feature = "more-unproven")]
    nohang::NAME,
];

/// Words of which one stands in every such line that no other word tells.
pub(crate) const TELLING_WORDS: &[&[u8]] = &[
    yarn::TELLING_WORDS[0],
    yarn::TELLING_WORDS[1],
    ray::TELLING_WORD,
    lsf::TELLING_WORD,
    lmkd::TELLING_WORD,
    #[cfg(feature = "more-unproven")]
    nohang::TELLING_WORD,
    #[cfg(feature = "more-unproven")]
    htcondor::TELLING_WORDS[0],
    #[cfg(feature = "more-unproven")]
    htcondor::TELLING_WORDS[1],
    #[cfg(feature = "more-unproven")]
    htcondor::TELLING_WORDS[2],
    #[cfg(feature = "more-unproven")]
    htcondor::TELLING_WORDS[3],
    kubelet_event::TELLING_WORD,
    witness::UNIT_WORDS[0],
    witness::UNIT_WORDS[1],
    witness::UNIT_WORDS[2],
];

/// What a text says, without the prefixes of its carrier. `key` stands for the source that it comes from.
pub(crate) fn read(
    text: &[u8],
    key: u64,
    now_us: Option<u64>,
    sequences: &mut Sequences,
) -> Option<Box<Oom>> {
    PROGRAMS.iter().find_map(|(killer, reads)| {
        let mut oom = match *reads {
            Reads::Line(read) => read(text),
            Reads::Entry(_) => None,
            Reads::Sequence(read) => sequences.read_text(text, (key, killer), now_us, read),
        }?;
        oom.killer = Some(killer);
        Some(oom)
    })
}

/// A program's name and process that stand in front of a text, where the carrier's prefix is gone, and the text:
/// `earlyoom[1308]: `.
pub(crate) fn part_program(text: &[u8]) -> (&[u8], &[u8]) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = text.iter().take_while(|byte| is_name(byte)).count();
    let behind = || {
        let rest = text.get(name..)?.strip_prefix(b"[")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest.get(digits..)?.strip_prefix(b"]: ")
    };
    let behind = behind().filter(|_| name > 0).unwrap_or(text);
    let program = text.len().saturating_sub(behind.len());
    (text.get(..program).unwrap_or_default(), behind)
}
