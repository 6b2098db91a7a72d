//! Messages become kills: what must be remembered between two lines.

mod compose;
mod evidence;
mod incident;
mod line;
mod open;
mod ownership;
mod stream;
mod streams;
mod tasks;
mod unfinished;

pub(crate) use compose::add_group;
pub use line::{ReportLine, Told};
pub use streams::{Machine, Streams};
pub use unfinished::Unfinished;

use crate::carrier::Author;
use crate::kernel::{Killed, Scope};
use tasks::Process;

/// When a line came, and who printed it.
#[derive(Clone, Copy, Debug)]
struct LineStamp<'a> {
    /// Microseconds since boot.
    at_us: Option<u64>,
    /// The task or the processor that printed it.
    caller: Option<&'a [u8]>,
    /// Who wrote it, as far as its carrier says.
    author: Author,
}

/// A kill line, and what several ask of it.
#[derive(Clone, Copy)]
struct KillLine<'a> {
    killed: &'a Killed<'a>,
    process: Process,
    /// Whose limit, by the line itself or by what its report announced.
    scope: Option<Scope>,
    stamp: LineStamp<'a>,
}

/// Whether two lines can be of the same task: unknown callers can.
fn same_caller(known: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (known, other) {
        (Some(known), Some(other)) => known == other,
        _ => true,
    }
}

/// Microseconds of the kernel's clock that a report may pause. A long task table on a serial console
/// pauses for many seconds.
const REPORT_PAUSE_US: u64 = 60_000_000;
/// Microseconds after a kill in which a line may still belong to it. The kernel suppresses reports for at
/// most 5 s at a stretch.
const INCIDENT_PAUSE_US: u64 = 10_000_000;
/// The same between two kills of one group, which the kernel does in one go.
const GROUP_PAUSE_US: u64 = 1_000_000;

/// Whether `now` is more than `pause` from `then`. Without a clock nothing is known to be late.
fn is_stale(then: Option<u64>, now: Option<u64>, pause: u64) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => now.abs_diff(then) > pause,
        _ => false,
    }
}

/// Remembers the newest clock reading there was.
fn advance(clock: &mut Option<u64>, now: Option<u64>) {
    if now.is_some() {
        *clock = now;
    }
}
