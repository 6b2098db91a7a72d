//! A carrier, as the tests know it.

use super::log::{Entry, Log};

/// Which clock the lines have.
#[derive(Clone, Copy)]
pub enum Clock {
    /// The kernel's own.
    Kernels,
    /// None that says when the kernel printed a line: what follows from it cannot be told.
    None,
    /// The same, and nothing stands in front of a text: the blanks that a name begins with are lost.
    NoneNorPrefix,
}

/// How a carrier writes a log.
#[derive(Clone, Copy)]
pub enum Writes {
    /// Each line by itself.
    Lines(fn(&Entry) -> String),
    /// The whole log.
    Whole(fn(&Log) -> Vec<u8>),
}

/// A carrier.
pub struct Carrier {
    pub name: &'static str,
    pub clock: Clock,
    pub writes: Writes,
}

impl Carrier {
    /// The log, as this carrier writes it.
    pub fn written(&self, log: &Log) -> Vec<u8> {
        match self.writes {
            Writes::Lines(line) => log.written(line),
            Writes::Whole(whole) => whole(log),
        }
    }
}

/// A carrier whose lines have the kernel's clock.
pub const fn clocked(name: &'static str, line: fn(&Entry) -> String) -> Carrier {
    Carrier {
        name,
        clock: Clock::Kernels,
        writes: Writes::Lines(line),
    }
}

/// A carrier whose lines have not.
pub const fn unclocked(name: &'static str, line: fn(&Entry) -> String) -> Carrier {
    Carrier {
        name,
        clock: Clock::None,
        writes: Writes::Lines(line),
    }
}

/// A carrier that writes texts with nothing in front.
pub const fn unmarked(name: &'static str, line: fn(&Entry) -> String) -> Carrier {
    Carrier {
        name,
        clock: Clock::NoneNorPrefix,
        writes: Writes::Lines(line),
    }
}

/// A carrier that does not write line by line.
pub const fn whole(name: &'static str, clock: Clock, write: fn(&Log) -> Vec<u8>) -> Carrier {
    Carrier {
        name,
        clock,
        writes: Writes::Whole(write),
    }
}
