//! PBS, whose daemon of a machine kills jobs that use more memory than they asked for (`src/resmom/mom_main.c`, 14.1
//! to 23.06).
//!
//! A job's processes may run in the same unit, but not as root.

use alloc::boxed::Box;
use alloc::string::String;

use super::form::{bytes, whole};
use super::{is_of_root, of_cgroup, set_usage};
use crate::cgroup::Workload;
use crate::oom::Oom;
use crate::printable;
use crate::record::program::Entry;
use crate::text::cursor::part;

/// Stands in every line that is read.
pub(super) const TELLING_WORD: &[u8] = b"kb exceeded limit ";

/// `Job;2404743.opbs;mem 8390012kb exceeded limit 8388608kb`, as its log writes it to syslog.
pub(super) fn read(entry: &Entry<'_>) -> Option<Box<Oom>> {
    (entry.transport == b"syslog" && is_of_root(entry)).then_some(())?;
    let (job, text) = part(entry.text.strip_prefix(b"Job;")?, b";")?;
    let mut oom = killed(text.trim_ascii_end())?;
    oom.workload = Some(Workload::of_program("pbs", printable(job), None));
    Some(oom)
}

/// `mem 8390012kb exceeded limit 8388608kb`
pub(super) fn killed(text: &[u8]) -> Option<Box<Oom>> {
    const KIB: u64 = 1 << 10;
    let is_virtual = text.starts_with(b"vmem ");
    let form: &[u8] = if is_virtual {
        b"vmem #kb exceeded limit #kb"
    } else {
        b"mem #kb exceeded limit #kb"
    };
    let [usage, limit, ..] = whole(form, text)?;
    let (usage, limit) = (bytes(usage, KIB)?, bytes(limit, KIB)?);
    let mut oom = of_cgroup(None);
    if !is_virtual {
        set_usage(&mut oom, usage, limit);
    }
    let mut reason = String::from(if is_virtual { "vmem " } else { "mem " });
    reason.push_str(itoa::Buffer::new().format(usage));
    reason.push_str(" exceeded limit ");
    reason.push_str(itoa::Buffer::new().format(limit));
    oom.reason = Some(reason);
    Some(oom)
}
