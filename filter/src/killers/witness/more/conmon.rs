//! conmon (`src/cgroup.c`), which watches over a container of CRI-O's or podman's.

use super::{Witness, container_of_conmon};
use crate::record::program::Entry;

pub(super) const TELLING_WORD: &[u8] = b"OOM received";

/// `conmon 0644511bc2734f5ff9f9 <ninfo>: OOM received`, with the first 20 digits of the id, in the unit that has all.
///
/// conmon itself also hands the container's output to the journal, but by another transport.
pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    const SHORT_ID: usize = 20;
    let id = container_of_conmon(entry.unit).filter(|_| entry.transport == b"syslog")?;
    let rest = entry.text.strip_prefix(b"conmon ")?;
    let rest = rest.strip_prefix(id.get(..SHORT_ID)?)?;
    // A tag of the container may stand behind it, as text of whoever made that.
    let is_it = rest.starts_with(b" <ninfo>: OOM received");
    is_it.then(|| Witness::of(id))
}
