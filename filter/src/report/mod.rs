//! Messages become kills: what must be remembered between two lines.

mod again;
mod compose;
mod evidence;
mod filling;
mod incident;
mod line;
mod open;
mod ownership;
mod stream;
mod streams;
mod tasks;
mod unfinished;
mod witnessed;

pub(crate) use compose::add_group;
pub(crate) use line::PlainLine;
pub use line::{ReportLine, Told};
#[cfg(feature = "unproven")]
pub(crate) use streams::key_of;
pub use streams::{Machine, Streams};
pub use unfinished::Unfinished;
pub(crate) use witnessed::Known;

use alloc::vec::Vec;

use crate::carrier::{Author, KernelLine};
use crate::kernel::{Killed, Scope};
use tasks::Process;

/// When a line came, and who printed it.
#[derive(Clone, Copy, Debug)]
struct LineStamp<'a> {
    clock: Clock,
    /// The carrier's time as it stands in the line, where that leaves doubt.
    when: Option<&'a [u8]>,
    /// The task or the processor that printed it.
    caller: Option<&'a [u8]>,
    /// Who wrote it, as far as its carrier says.
    author: Author,
}

impl<'a> LineStamp<'a> {
    fn of(line: &KernelLine<'a>) -> Self {
        Self {
            clock: Clock::of(line),
            when: line.when,
            caller: line.caller,
            author: line.author,
        }
    }
}

/// When something was, by every clock that is known.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    /// Microseconds since boot.
    at_us: Option<u64>,
    /// Microseconds since 1970.
    time_us: Option<u64>,
}

impl Clock {
    fn of(line: &KernelLine<'_>) -> Self {
        Self {
            at_us: line.at_us,
            time_us: line.time_us,
        }
    }

    /// Whether `now` is known to be further from here than `pause` microseconds, or before it as no line of
    /// one boot is. The kernel's clock decides where both have it.
    fn is_far(&self, now: &Self, pause: u64) -> bool {
        self.distance(now).is_some_and(|distance| distance > pause)
    }

    /// Whether `now` is known to be within `pause` microseconds behind.
    fn is_near(&self, now: &Self, pause: u64) -> bool {
        self.distance(now).is_some_and(|distance| distance <= pause)
    }

    /// Microseconds from here to `now`; all there are where the clock fell. `None` where no clock tells.
    fn distance(&self, now: &Self) -> Option<u64> {
        /// Several processors print side by side.
        const DISORDER_US: u64 = 1_000_000;
        let of = |then: Option<u64>, now: Option<u64>| {
            let (then, now) = (then?, now?);
            Some(match now.checked_sub(then) {
                Some(distance) => distance,
                None if now.abs_diff(then) <= DISORDER_US => 0,
                None => u64::MAX,
            })
        };
        of(self.at_us, now.at_us).or_else(|| of(self.time_us, now.time_us))
    }

    /// Notes a newer reading.
    fn advance(&mut self, now: &Self) {
        self.at_us = now.at_us.or(self.at_us);
        self.time_us = now.time_us.or(self.time_us);
    }
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

/// Microseconds that a report may pause between two of its lines. A serial console takes a tenth of a
/// second for one, and may have those of others to print first.
const REPORT_PAUSE_US: u64 = 10_000_000;
/// The same within its task table, of which people cut out most rows: seen are 14 s.
const TABLE_PAUSE_US: u64 = 60_000_000;
/// Microseconds after a kill in which a line may still belong to it. The kernel suppresses reports for at
/// most 5 s at a stretch.
const INCIDENT_PAUSE_US: u64 = 10_000_000;
/// The same between two kills of one group, which the kernel does in one go.
const GROUP_PAUSE_US: u64 = 1_000_000;
/// The same from an announcement to the kill of a child, which the kernel prints in one go. A serial console takes a
/// tenth of a second for a line.
const ANNOUNCEMENT_PAUSE_US: u64 = 200_000;

/// Bytes of those of the texts that are there.
fn bytes_of(texts: &[&Option<Vec<u8>>]) -> usize {
    let texts = texts.iter().copied().flatten().map(Vec::len);
    texts.fold(0, usize::saturating_add)
}
