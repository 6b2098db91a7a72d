//! LSF, which tells in a job's report that it killed the job, and neither which job nor how much memory.

use alloc::boxed::Box;

use crate::killers::of_cgroup;
use crate::oom::{Oom, Word};

pub(super) const NAME: Word = "lsf";

pub(super) const TELLING_WORD: &[u8] = b"TERM_MEMLIMIT: ";

pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    const REASON: &[u8] = b"job killed after reaching LSF memory usage limit.";
    let is_it = text.trim_ascii().strip_prefix(TELLING_WORD) == Some(REASON);
    is_it.then(|| {
        let mut oom = of_cgroup(None);
        oom.reason = Some("job killed after reaching LSF memory usage limit".into());
        oom
    })
}
