//! What a program tells over several lines.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::oom::Oom;
use crate::record::program::Entry;
use crate::text::fnv::Fnv;

/// Processes whose lines are remembered; the one that was quiet longest is forgotten.
const MOST: usize = 64;

/// Where a program is in what it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// At its beginning.
    #[default]
    Begin,
    /// Memory is short.
    Short,
    /// Somebody is to be killed.
    Decided,
    /// A signal was sent, or somebody is about to be evicted.
    Sent,
}

/// What is known of one process of a program: of what it told, and of how it tells it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    key: u64,
    pub(super) step: Step,
    /// When the newest line was written.
    pub(super) now_us: Option<u64>,
    /// When the signal was sent.
    pub(super) sent_us: Option<u64>,
    /// How many records may come before the next line of it; every one is read until then.
    pub(super) awaited: u16,
    /// How it tells a victim.
    pub(super) form: Option<bool>,
    /// What it told so far.
    pub(super) told: Option<Box<Oom>>,
    /// Whatever stood before, the next line ends it.
    pub(super) is_at_end: bool,
}

impl Sequence {
    pub(super) fn at_its_end() -> Self {
        Self {
            step: Step::Sent,
            is_at_end: true,
            ..Self::default()
        }
    }

    /// Begins anew. What is known of its form stays.
    pub(super) fn begin(&mut self) {
        *self = Self {
            key: self.key,
            now_us: self.now_us,
            form: self.form,
            ..Self::default()
        };
    }
}

/// Every sequence there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequences {
    /// The quietest first.
    all: Vec<Sequence>,
    /// How many records may come before the next line of the one that spoke last; every one is read until then.
    awaited: u16,
}

impl Sequences {
    pub(crate) const fn new() -> Self {
        Self {
            all: Vec::new(),
            awaited: 0,
        }
    }

    /// Whether a line of one may come without any telling word.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// One more record was read.
    pub(crate) fn count(&mut self) {
        self.awaited = self.awaited.saturating_sub(1);
    }

    pub(super) fn read(
        &mut self,
        entry: &Entry<'_>,
        killer: &str,
        now_us: Option<u64>,
        read: fn(&[u8], &mut Sequence) -> Option<Box<Oom>>,
    ) -> Option<Box<Oom>> {
        let key = Fnv::new()
            .with(&entry.machine.value().to_le_bytes())
            .with(entry.pid)
            .with(killer.as_bytes())
            .value();
        let known = self.all.iter().position(|known| known.key == key);
        let mut sequence = match known {
            Some(at) => self.all.remove(at),
            None => Sequence {
                key,
                ..Sequence::default()
            },
        };
        if self.all.len() >= MOST {
            self.all.remove(0);
        }
        sequence.now_us = now_us;
        let told = read(&entry.text, &mut sequence);
        self.awaited = sequence.awaited;
        self.all.push(sequence);
        told
    }
}
