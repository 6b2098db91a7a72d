//! The time a record is given.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds and nanoseconds since the Unix epoch; what does not fit stays at the most that does.
pub(super) fn stamp(time: Duration) -> (u32, u32) {
    (
        u32::try_from(time.as_secs()).unwrap_or(u32::MAX),
        time.subsec_nanos(),
    )
}

/// Now, since the Unix epoch; a clock before that is at it.
pub(super) fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// When this machine started, as Fluent Bit's `kmsg` input estimates it: now less the uptime.
pub(super) fn boot() -> Option<Duration> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split(' ').next()?.parse().ok()?;
    now().checked_sub(Duration::try_from_secs_f64(seconds).ok()?)
}
