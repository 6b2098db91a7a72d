//! What is said on standard error.

use std::io::{self, Write};

/// Says something to a person.
pub fn say(text: &str) {
    // Nowhere is left to complain when standard error is closed.
    let _ = writeln!(io::stderr(), "oom-vector: {text}");
}

/// What there is to tell at the end.
#[derive(Default)]
pub struct Notes {
    /// Lines that should have been JSON objects.
    pub malformed: u64,
    /// Lines that were cut into pieces.
    pub oversized: u64,
}

impl Notes {
    /// Tells it.
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
