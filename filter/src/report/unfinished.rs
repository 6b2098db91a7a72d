//! Reports that broke off.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use crate::oom::Oom;

/// A report that never came to its kill: what it told until then.
#[derive(Clone, Debug)]
pub struct Unfinished<P> {
    /// Its `event` is `truncated`, or `no_victim` and `panic` where the kernel says so, or `kill` where the
    /// line of the kill alone is missing, or where one record told of several.
    pub oom: Box<Oom>,
    /// What the caller handed in with its first line.
    pub payload: P,
    /// The machine, as a hash of what names it.
    pub(crate) machine: u64,
}

/// Reports that broke off and have not been handed over yet.
///
/// The oldest is forgotten where too many wait: a host that drops the line which ends a report takes one
/// over at once.
#[derive(Clone, Debug)]
pub(super) struct UnfinishedQueue<P>(VecDeque<Unfinished<P>>);

impl<P> UnfinishedQueue<P> {
    /// Most that wait.
    const MOST: usize = 256;

    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn add(&mut self, unfinished: Option<Unfinished<P>>) {
        let Some(unfinished) = unfinished else {
            return;
        };
        if self.0.len() >= Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(unfinished);
    }

    /// The oldest.
    pub(super) fn next(&mut self) -> Option<Unfinished<P>> {
        self.0.pop_front()
    }
}
