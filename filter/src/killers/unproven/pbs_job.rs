//! Jobs that PBS kills, as their output has it, and PBS's own log.

use alloc::boxed::Box;

use crate::cgroup::Workload;
use crate::killers::pbs;
use crate::oom::Oom;
use crate::printable;
use crate::text::cursor::{part, rsplit_once};

/// `=>> PBS: job killed: mem 8390012kb exceeded limit 8388608kb`, or
/// `04/05/2026 10:00:00;0008;pbs_mom;Job;2404743.opbs;mem 8390012kb exceeded limit 8388608kb`
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    if let Some(rest) = text.strip_prefix(b"=>> PBS: job killed: ") {
        return pbs::killed(rest);
    }
    let (_, rest) = part(text, b";Job;")?;
    let (job, what) = rsplit_once(rest, b";")?;
    let mut oom = pbs::killed(what)?;
    oom.workload = Some(Workload::of_program("pbs", printable(job), None));
    Some(oom)
}
