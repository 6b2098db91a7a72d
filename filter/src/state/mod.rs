//! From lines to kills: what must be remembered between two lines.

mod learnt;
mod outcome;
mod repeats;
mod report;
mod source;
mod tasks;

pub(crate) use outcome::{mark_group, repeat_key};
pub(crate) use repeats::Repeats;
pub(crate) use report::Kept;
pub(crate) use source::{Arrived, Released, Releases, Source, Step};

/// Microseconds of the kernel's clock that a report may pause. A long task table
/// on a serial console pauses for many seconds.
const REPORT_PAUSE_US: u64 = 60_000_000;
/// Microseconds after a kill in which a line may still belong to it. The kernel
/// suppresses reports for at most 5 s at a stretch.
const EVENT_PAUSE_US: u64 = 10_000_000;

/// The same between two kills of one group, which the kernel does in one go.
const GROUP_PAUSE_US: u64 = 1_000_000;

/// Whether `now` is more than `pause` from `then`. Without a clock nothing is
/// known to be late.
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
