//! Ray, whose daemon of a node kills workers while that is short of memory.

use alloc::boxed::Box;

use crate::cgroup::Level;
use crate::killers::of_cgroup;
use crate::oom::{Oom, Word};
use crate::text::cursor::part;

pub(super) const NAME: Word = "ray";

pub(super) const TELLING_WORD: &[u8] = b" due to the node running low on memory";

/// `Task was killed due to the node running low on memory.`, from 2.55 on `2 worker(s) were killed due to ...`
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    let (who, behind) = part(text, TELLING_WORD)?;
    let is_it = who.ends_with(b"Task was killed") || who.ends_with(b" worker(s) were killed");
    (is_it && behind.starts_with(b".")).then(|| {
        let mut oom = of_cgroup(None);
        oom.set_level(Some(Level::Node));
        oom.reason = Some("the node running low on memory".into());
        oom
    })
}
