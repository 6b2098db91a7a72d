//! What is said on standard error: problems, and on a terminal how far it has come.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::HostError;

/// Problems of one kind that are told one by one; the rest are counted.
const TOLD: u64 = 10;
/// Between two lines of progress.
const INTERVAL: Duration = Duration::from_millis(100);
/// To the start of the line, and clear it.
const CLEAR: &str = "\r\x1b[K";

/// What was said and what was counted.
#[derive(Default)]
pub(super) struct Notes {
    lost: u64,
    foreign: u64,
    oversized: u64,
    failed: bool,
    kills: u64,
    shown: Option<Instant>,
}

impl Notes {
    /// Whether every record and every file went through.
    pub(super) fn is_lossless(&self) -> bool {
        self.lost == 0 && !self.failed
    }

    /// Says something at once.
    pub(super) fn say(&mut self, text: &str) {
        let clear = if self.shown.take().is_some() {
            CLEAR
        } else {
            ""
        };
        // Nowhere is left to complain when standard error is closed.
        let _ = writeln!(io::stderr(), "{clear}oom-host: {text}");
    }

    /// A record did not come through.
    pub(super) fn lost(&mut self, place: impl Display, error: &HostError) {
        self.lost += 1;
        if self.lost <= TOLD {
            self.say(&format!("{place}: record lost: {error}"));
        }
    }

    /// A line is not of the input's form.
    pub(super) fn foreign(&mut self, place: impl Display) {
        self.foreign += 1;
        if self.foreign <= TOLD {
            self.say(&format!(
                "{place}: not of this input form, passed unchanged"
            ));
        }
    }

    /// A line is too long for a record.
    pub(super) fn oversized(&mut self, place: impl Display) {
        self.oversized += 1;
        if self.oversized <= TOLD {
            self.say(&format!("{place}: longer than 16 MiB, passed unchanged"));
        }
    }

    /// A file, or the rest of it, was not read.
    pub(super) fn unreadable(&mut self, name: impl Display, error: &io::Error) {
        self.failed = true;
        self.say(&format!("cannot read {name}: {error}"));
    }

    /// Shows how far a file has been read, now and then.
    pub(super) fn progress(&mut self, name: &str, read: u64, of: u64) {
        if self.shown.is_some_and(|shown| shown.elapsed() < INTERVAL) {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = read.saturating_mul(100) / of.max(1);
        let mut stderr = io::stderr();
        let _ = write!(stderr, "{CLEAR}{name}: {percent} %, kills: {}", self.kills);
        let _ = stderr.flush();
    }

    /// Counts a result that is a kill.
    pub(super) fn count_kill(&mut self, json: &[u8]) {
        let record = serde_json::from_slice::<Value>(json);
        let is_kill = record.is_ok_and(|record| record["oom"]["event"] == "kill");
        self.kills += u64::from(is_kill);
    }

    /// Says what was counted.
    pub(super) fn summary(&mut self) {
        if self.shown.is_some() {
            let kills = self.kills;
            self.say(&format!("kills: {kills}"));
        }
        for (count, what) in [
            (self.lost, "records lost"),
            (
                self.foreign,
                "lines not of the input form, passed unchanged",
            ),
            (self.oversized, "lines longer than 16 MiB, passed unchanged"),
        ] {
            if count > 0 {
                self.say(&format!("{what}: {count}"));
            }
        }
    }
}

/// Whether progress can be seen, and does not run into the records.
pub(super) fn progress_wanted() -> bool {
    io::stderr().is_terminal() && !io::stdout().is_terminal()
}
