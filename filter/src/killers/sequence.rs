//! Programs that tell a kill over several lines.

use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(feature = "unproven")]
use crate::kernel::is_telling;
use crate::oom::Oom;
use crate::record::program::Entry;
use crate::text::fnv::Fnv;

/// Processes whose lines are remembered; the one that was quiet longest is forgotten first.
const MOST: usize = 64;

/// How far a program has come in telling a kill.
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

/// What one process of a program told so far, and in which form it tells it.
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
    /// The next line ends it, whatever stood before.
    pub(super) is_at_end: bool,
    /// Of lines that come in one order: which is next.
    #[cfg(feature = "more-unproven")]
    pub(super) place: usize,
    /// The process whose kill was told last.
    #[cfg(feature = "more-unproven")]
    pub(super) last: Option<u32>,
}

impl Sequence {
    pub(super) fn at_its_end() -> Self {
        Self {
            step: Step::Sent,
            is_at_end: true,
            ..Self::default()
        }
    }

    /// Begins anew. What is known of its form stays, and whose kill was told.
    pub(super) fn begin(&mut self) {
        *self = Self {
            key: self.key,
            now_us: self.now_us,
            form: self.form,
            #[cfg(feature = "more-unproven")]
            last: self.last,
            ..Self::default()
        };
    }
}

/// What a line says, with the lines before it.
type Read = fn(&[u8], &mut Sequence) -> Option<Box<Oom>>;

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
        read: Read,
    ) -> Option<Box<Oom>> {
        let key = Fnv::new()
            .with(&entry.machine.value().to_le_bytes())
            .with(entry.pid)
            .with(killer.as_bytes())
            .value();
        self.go_on(key, &entry.text, now_us, read)
    }

    /// The same of a text of which nothing says who wrote it. Only one that has a telling word begins anything.
    #[cfg(feature = "unproven")]
    pub(super) fn read_text(
        &mut self,
        text: &[u8],
        (source, killer): (u64, &str),
        now_us: Option<u64>,
        read: Read,
    ) -> Option<Box<Oom>> {
        let key = Fnv::new()
            .with(b"unproven")
            .with(&source.to_le_bytes())
            .with(killer.as_bytes())
            .value();
        let is_known = self.all.iter().any(|known| known.key == key);
        (is_known || is_telling(text)).then_some(())?;
        // Each program is asked, and others write in between: none must end what another waits for.
        let awaited = self.awaited;
        let told = self.go_on(key, text, now_us, read);
        self.awaited = self.awaited.max(awaited);
        told
    }

    fn go_on(
        &mut self,
        key: u64,
        text: &[u8],
        now_us: Option<u64>,
        read: Read,
    ) -> Option<Box<Oom>> {
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
        let told = read(text, &mut sequence);
        self.awaited = sequence.awaited;
        self.all.push(sequence);
        told
    }
}
