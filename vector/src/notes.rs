//! Messages on standard error.

use std::io::{self, Write};

/// Writes a message.
pub fn say(text: &str) {
    // When standard error is closed, there is no place left to report that.
    let _ = writeln!(io::stderr(), "oom-vector: {text}");
}

/// Counts that are reported at the end.
#[derive(Default)]
pub struct Notes {
    /// Lines that should have been JSON objects and were not.
    pub malformed: u64,
    /// Lines that were cut into pieces.
    pub oversized: u64,
}

impl Notes {
    /// Reports the counts that are not zero.
    pub fn tell(&self) {
        for (count, what) in [
            (
                self.malformed,
                "no JSON object; no kill was looked for in them",
            ),
            (
                self.oversized,
                "longer than 1 MiB; they were handled in pieces, unread",
            ),
        ] {
            if count > 0 {
                say(&format!("lines: {count} {what}"));
            }
        }
    }
}
