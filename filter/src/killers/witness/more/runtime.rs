//! runc and crun, which cannot start a container that has too little memory. containerd tells it with their words.

use super::{Witness, container_id};
use crate::record::program::Entry;
use crate::text::cursor::{find, part};
use crate::units;

/// runc's words, and crun's.
pub(super) const TELLING_WORDS: [&[u8]; 2] = [
    b"container init was OOM-killed",
    b"OOM: the memory limit could be too low",
];

/// `time="..." level=error msg="StartContainer for \"<id>\" failed" error="..., container init was OOM-killed ..."`
///
/// The rest of the error may hold words of whoever made the container, the id in front of it does not.
pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    units::CONTAINERD.contains(&entry.unit).then_some(())?;
    let rest = entry.text.strip_prefix(b"time=\"")?;
    let (_, rest) = part(rest, b"\" level=error msg=\"StartContainer for \\\"")?;
    let (id, error) = part(rest, b"\\\" failed\" error=\"")?;
    let is_it = (TELLING_WORDS.iter()).any(|word| find(error, word).is_some());
    is_it.then(|| container_id(id).map(Witness::of))?
}
