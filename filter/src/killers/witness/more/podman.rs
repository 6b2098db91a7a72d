//! podman, which writes an event into the journal when a container ends (`libpod/events/journal_linux.go`). Whether
//! memory ended it stands there from 6.0 on.

use super::{Witness, container_of_conmon};
use crate::record::program::Entry;

/// Its field.
pub(super) const TELLING_WORD: &[u8] = b"PODMAN_OOM_KILLED";

/// An event about the container whose conmon runs in the unit that it comes from: conmon starts what writes it.
pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    let [container, is_oom_killed] = entry.podman;
    let id = container_of_conmon(entry.unit)?;
    let is_it = id == container && is_oom_killed == b"true" && entry.transport == b"journal";
    is_it.then(|| Witness::of(id))
}
