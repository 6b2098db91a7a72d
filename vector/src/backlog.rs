//! Which records of a device were there before this program.

use std::time::{Duration, Instant};

/// A read that took so long has waited for the kernel to print something. A machine that is short of
/// memory is slow: less might be this program waiting for its turn.
const WAIT: Duration = Duration::from_millis(500);
/// No backlog takes longer to read: what still comes without a pause is a storm under way.
const LONGEST: Duration = Duration::from_secs(10);

/// The records that a device held when it was opened.
///
/// A runtime lends neither a seek to the device's end, nor reads that do not wait, nor the kernel's
/// clock; so the end of the backlog is where a read first has to wait. Kills that happen before, half
/// a second as a rule, are taken for part of it.
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

    /// A read begins.
    pub fn begins(&mut self) {
        if !self.over {
            self.reading = Instant::now();
        }
    }

    /// A read is done: whether what it gave was there before this program.
    pub fn holds(&mut self) -> bool {
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
        assert!(backlog.holds());
        backlog.begins();
        backlog.reading -= WAIT;
        assert!(!backlog.holds());
        backlog.begins();
        assert!(!backlog.holds(), "for good");
    }

    #[test]
    fn ends_in_a_storm() {
        let mut backlog = Backlog::new();
        backlog.opened -= LONGEST;
        backlog.begins();
        assert!(!backlog.holds());
    }
}
