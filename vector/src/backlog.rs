//! Which records were in a device before this program started.

use std::time::{Duration, Instant};

/// A read that takes this long has waited for the kernel to print something. A shorter wait may only
/// mean that the machine is short of memory and slow.
const WAIT: Duration = Duration::from_millis(500);
/// No backlog takes longer to read. Records that still come without a pause are new.
const LONGEST: Duration = Duration::from_secs(10);

/// The records that a device held when it was opened.
///
/// A WASI runtime offers no seek to the device's end, no read that returns at once, and not the
/// kernel's clock. So the backlog ends at the first read that has to wait. Kills that happen before
/// that read ends, usually in the first half second, count as part of the backlog.
pub struct Backlog {
    opened: Instant,
    reading: Instant,
    over: bool,
}

impl Backlog {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            opened: now,
            reading: now,
            over: false,
        }
    }

    /// Call before each read.
    pub fn begins(&mut self) {
        if !self.over {
            self.reading = Instant::now();
        }
    }

    /// Call after each read: whether the records it gave are from before the program's start.
    pub fn is_from_before_start(&mut self) -> bool {
        self.over = self.over || self.reading.elapsed() >= WAIT || self.opened.elapsed() >= LONGEST;
        !self.over
    }
}

#[cfg(test)]
mod tests {
    use super::{Backlog, LONGEST, WAIT};

    #[test]
    fn ends_at_the_first_wait() {
        let mut backlog = Backlog::new();
        backlog.begins();
        backlog.reading += WAIT;
        assert!(backlog.is_from_before_start());
        backlog.begins();
        backlog.reading -= WAIT;
        assert!(!backlog.is_from_before_start());
        backlog.begins();
        assert!(!backlog.is_from_before_start(), "once over, always over");
    }

    #[test]
    fn ends_in_a_storm() {
        let mut backlog = Backlog::new();
        backlog.opened -= LONGEST;
        backlog.begins();
        assert!(!backlog.is_from_before_start());
    }
}
