//! Timing: everybody runs the same records, in turns, again and again.
//!
//! Criterion and divan give each function its own stretch of time and its own report. Here what counts
//! is the ratio of two, so they take turns of a few milliseconds, and what the machine does beside
//! strikes all alike; and all of it becomes rows of one table.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::records::Kind;

/// What is handed a record.
pub type Runner<'a> = Box<dyn FnMut(&[u8]) + 'a>;

/// How long to take.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Turns of each runner; the fastest counts.
    pub rounds: usize,
    /// Measured time of a turn.
    pub turn: Duration,
    /// Runs of each Fluent Bit; the one with least processor time counts.
    pub processes: usize,
    /// Lines that each of them reads.
    pub lines: usize,
}

impl Effort {
    /// For figures to keep.
    pub const FULL: Self = Self {
        rounds: 40,
        turn: Duration::from_millis(4),
        processes: 5,
        lines: 400_000,
    };
    /// For a look.
    pub const QUICK: Self = Self {
        rounds: 8,
        turn: Duration::from_millis(2),
        processes: 2,
        lines: 100_000,
    };
}

/// Longest that a turn takes, with what is not measured.
const MOST_OF_A_TURN: u32 = 10;

/// Nanoseconds that one pass of `kind` takes with each runner, in its fastest turn.
pub fn race(kind: &Kind, runners: &mut [Runner<'_>], effort: Effort) -> Vec<f64> {
    let passes: Vec<u32> = runners
        .iter_mut()
        .map(|runner| passes(kind, runner, effort))
        .collect();
    let mut fastest = vec![f64::INFINITY; runners.len()];
    for _ in 0..effort.rounds {
        for ((runner, passes), fastest) in runners.iter_mut().zip(&passes).zip(&mut fastest) {
            let time = turn(kind, runner, *passes);
            *fastest = fastest.min(time.as_secs_f64() * 1e9 / f64::from(*passes));
        }
    }
    fastest
}

/// How many passes fill a turn.
fn passes(kind: &Kind, runner: &mut Runner<'_>, effort: Effort) -> u32 {
    let mut passes = 1;
    loop {
        let begun = Instant::now();
        let measured = turn(kind, runner, passes);
        if measured >= effort.turn || begun.elapsed() >= effort.turn * MOST_OF_A_TURN {
            return passes;
        }
        passes *= 2;
    }
}

/// Passes that were made of anything that the filter remembers.
static PASSES: AtomicU64 = AtomicU64::new(0);

fn turn(kind: &Kind, runner: &mut Runner<'_>, passes: u32) -> Duration {
    if !kind.changes {
        let begun = Instant::now();
        for _ in 0..passes {
            kind.measured.iter().for_each(|record| runner(record));
        }
        return begun.elapsed();
    }
    let mut measured = Duration::ZERO;
    for _ in 0..passes {
        // The same kills once more would be known again.
        let kind = kind.at_pass(PASSES.fetch_add(1, Ordering::Relaxed));
        kind.before.iter().for_each(|record| runner(record));
        let begun = Instant::now();
        kind.measured.iter().for_each(|record| runner(record));
        measured += begun.elapsed();
    }
    measured
}
