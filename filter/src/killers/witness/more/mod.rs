//! Witnesses that few machines have. Each tells also what was no kill, so that none of them makes one: it confirms a
//! kill that was told, or says nothing.

mod conmon;
mod nomad;
mod podman;
mod runtime;

use super::super::slurm;
use super::Witness;
use crate::record::program::Entry;

/// What an entry says, if it is that program's.
type Read = fn(&Entry<'_>) -> Option<Witness>;

const WITNESSES: [Read; 5] = [
    conmon::read,
    podman::read,
    runtime::read,
    nomad::read,
    slurm::witness,
];

/// One of these stands in every line that is read.
pub(in crate::killers) const TELLING_WORDS: [&[u8]; 7] = [
    conmon::TELLING_WORD,
    podman::TELLING_WORD,
    runtime::TELLING_WORDS[0],
    runtime::TELLING_WORDS[1],
    nomad::TELLING_WORD,
    slurm::DETECTED[0],
    slurm::DETECTED[1],
];

pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    WITNESSES.iter().find_map(|read| read(entry))
}

const LONGEST_ID: usize = 64;

/// A whole id of a container.
fn container_id(text: &[u8]) -> Option<&[u8]> {
    let is_id = text.len() == LONGEST_ID && text.iter().all(u8::is_ascii_hexdigit);
    is_id.then_some(text)
}

/// The container whose conmon runs in this unit of the system's manager: no process of the container does.
fn container_of_conmon(unit: &[u8]) -> Option<&[u8]> {
    let prefixes: [&[u8]; 2] = [b"crio-conmon-", b"libpod-conmon-"];
    let mut prefixes = prefixes.iter();
    let name = prefixes.find_map(|prefix| unit.strip_prefix(*prefix))?;
    container_id(name.strip_suffix(b".scope")?)
}
