//! Every stream there is: lines in, kills out.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::compose;
use super::line::Told;
use super::stream::Stream;
use super::unfinished::{Unfinished, UnfinishedQueue};
use super::witnessed::{Known, ToldKills};
use crate::carrier::{Author, KernelLine};
use crate::kernel;
use crate::killers::Witness;
#[cfg(feature = "more-unproven")]
use crate::killers::unproven::Job;
use crate::oom::{Attribution, KERNEL, Oom, Repeats, summary};
use crate::text::fnv::Fnv;

/// Streams remembered at once; the one that was quiet longest is forgotten.
const MOST_STREAMS: usize = 256;
/// Bytes that all streams together hold, as far as their input decides: task tables above all.
const MOST_HELD: usize = 2 * 1024 * 1024;
/// Lines of others after which a report whose machine fell silent is given up. While one is open, every
/// record has to be read.
const MOST_LINES_OF_OTHERS: u64 = 4096;
/// The same in microseconds, by the time of the records.
const LONGEST_SILENCE_US: u64 = 60_000_000;
/// How often that, and how much is held, is looked at, in lines.
const LOOKED_AT: u64 = 64;
/// A line of more bytes than this may add much by itself.
const LONG: usize = 1024;

/// What names a machine, of all the fields of a record that do. Lines of one machine belong together.
///
/// The order of the fields does not matter: `journalctl -o json` prints them in another one from entry to
/// entry.
///
/// ```
/// use oom_filter::Machine;
///
/// let (mut one, mut other) = (Machine::default(), Machine::default());
/// one.add(b"hostname", b"n1");
/// one.add(b"boot_id", b"7");
/// other.add(b"boot_id", b"7");
/// other.add(b"hostname", b"n1");
/// assert_eq!(one, other);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine(Fnv);

impl Default for Machine {
    fn default() -> Self {
        Self(Fnv::new())
    }
}

impl Machine {
    /// A number that stands for all that names it.
    pub(crate) fn value(self) -> u64 {
        self.0.value()
    }

    /// Adds a field that names the machine, or a part of its name.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0.add(Fnv::new().with(key).with(value));
    }

    /// The number of the machine whose line this is, as streams and kills have it: a line's prefix may name the host,
    /// too. An entry of the journal has none.
    pub(crate) fn key(self, host: Option<&[u8]>) -> u64 {
        self.0.with(host.unwrap_or_default()).value()
    }
}

/// Turns kernel lines into kills.
///
/// Lines come in any number of interleaved streams, in order within each. A stream is told by the tag and
/// the machine that are handed in, and by the host that a syslog prefix names. What is remembered is
/// bounded: 256 streams, of each four open reports and the newest table of tasks, 2 MiB over all of them.
///
/// `P` is what the caller wants to have kept with a report until it ends, such as its first record.
///
/// ```
/// use oom_filter::{KernelLine, Machine, Streams, Told};
///
/// let mut streams: Streams = Streams::new();
/// let line = KernelLine::read(b"[ 9.000001] Out of memory: Killed process 42 (a) total-vm:8kB");
/// let Told::Kill(kill) = streams.read(&line, b"", Machine::default()) else { panic!() };
/// assert_eq!(kill.victim.unwrap().pid, 42);
/// assert_eq!(kill.at_us, Some(9_000_001));
/// ```
#[derive(Clone, Debug)]
pub struct Streams<P = ()> {
    slots: Vec<StreamSlot<P>>,
    lines_seen: u64,
    open_reports: usize,
    /// Bytes held by all streams.
    held: usize,
    repeats: Repeats,
    told: ToldKills,
    unfinished: UnfinishedQueue<P>,
}

/// A stream, and when a line of it was read last.
#[derive(Clone, Debug)]
struct StreamSlot<P> {
    key: u64,
    last: u64,
    /// The time of that line, where its carrier said one.
    last_us: Option<u64>,
    /// Lines that were read.
    lines: u64,
    /// Bytes that the stream holds.
    held: usize,
    stream: Box<Stream<P>>,
}

impl<P> Default for Streams<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> Streams<P> {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            lines_seen: 0,
            open_reports: 0,
            held: 0,
            repeats: Repeats::new(),
            told: ToldKills::new(),
            unfinished: UnfinishedQueue::new(),
        }
    }

    /// Whether some report is open: then a line may be of it without holding any telling word.
    pub fn has_open_report(&self) -> bool {
        self.open_reports > 0
    }

    /// Whether [`Self::read`] has to read a text, or a record that holds one, at all. Where it has not,
    /// the text is nothing of an OOM report.
    #[inline]
    pub fn needs_reading(&self, text: &[u8]) -> bool {
        self.has_open_report() || kernel::is_telling(text)
    }

    /// Reads a line. A report that never comes to its kill is forgotten.
    ///
    /// A line of another author than the kernel is nothing. Linear in the line, and in the number of
    /// streams.
    pub fn read<'a>(&mut self, line: &'a KernelLine<'a>, tag: &[u8], machine: Machine) -> Told<'a> {
        self.read_with(line, tag, machine, &|| None)
    }

    /// As [`Self::read`]. Where `payload` gives something when a report begins, the report is handed over
    /// with it by [`Self::next_unfinished`], unless it comes to its kill.
    pub fn read_with<'a>(
        &mut self,
        line: &'a KernelLine<'a>,
        tag: &[u8],
        machine: Machine,
        payload: &dyn Fn() -> Option<P>,
    ) -> Told<'a> {
        self.lines_seen = self.lines_seen.saturating_add(1);
        if self.open_reports > 0 && self.lines_seen.is_multiple_of(LOOKED_AT) {
            self.give_up_silent(line.time_us);
        }
        let (machine, key) = key_of(tag, machine, line.host);
        let known = self.slots.iter().position(|slot| slot.key == key);
        let is_open = |slot: &StreamSlot<P>| slot.stream.has_open_report();
        let was_open = known.and_then(|at| self.slots.get(at)).is_some_and(is_open);
        if line.author == Author::Other {
            if let Some(slot) = known.and_then(|at| self.slots.get_mut(at)) {
                slot.stream.note_sequence(line.sequence);
            }
            return Told::Nothing;
        }
        // Ordinary lines may come from any number of streams: they must not push out an open report.
        if !was_open && !kernel::is_telling(&line.text) {
            return Told::Nothing;
        }
        let at = known.unwrap_or_else(|| self.add_slot(key, machine));
        let Some(slot) = self.slots.get_mut(at) else {
            return Told::Nothing;
        };
        slot.last = self.lines_seen;
        slot.last_us = line.time_us;
        let mut told = slot.stream.read(line, payload, &mut self.unfinished);
        // A short line adds little; what is dropped is seen in time as well.
        slot.lines = slot.lines.wrapping_add(1);
        if slot.lines % LOOKED_AT == 1 || line.text.len() > LONG {
            let held = slot.stream.held_bytes();
            let before = core::mem::replace(&mut slot.held, held);
            self.held = self.held.saturating_sub(before).saturating_add(held);
        }
        self.open_reports = match (was_open, slot.stream.has_open_report()) {
            (false, true) => self.open_reports.saturating_add(1),
            (true, false) => self.open_reports.saturating_sub(1),
            _ => self.open_reports,
        };
        if let Told::Kill(kill) = &mut told {
            self.complete(kill, machine);
        }
        while self.held > MOST_HELD && self.slots.len() > 1 {
            self.forget_quietest();
        }
        told
    }

    /// Lines of a stream are known to be missing here, as the journal says with `Missed N kernel messages`.
    pub fn note_missing_lines(&mut self, tag: &[u8], machine: Machine) {
        let (_, key) = key_of(tag, machine, None);
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.key == key) {
            slot.stream.note_gap(u64::MAX);
        }
    }

    /// The oldest report that broke off and has not been handed over.
    pub fn next_unfinished(&mut self) -> Option<Unfinished<P>> {
        let mut unfinished = self.unfinished.next()?;
        if unfinished.oom.attribution == Some(Attribution::Constraint) {
            // It is told in modes that drop lines alone, and must not change what others tell later.
            let oom = &mut unfinished.oom;
            let key = compose::repeat_key(oom, unfinished.machine);
            oom.repeats = key.map(|key| self.repeats.seen(key));
        }
        Some(unfinished)
    }

    /// Keeps a kill that was told, to be handed over by [`Self::next_unfinished`]: its record has room for one.
    pub(crate) fn hold(&mut self, oom: Box<Oom>, payload: P) {
        self.unfinished.add(Some(Unfinished {
            oom,
            payload,
            machine: 0,
        }));
    }

    /// Gives up the reports of machines that have fallen silent.
    fn give_up_silent(&mut self, now_us: Option<u64>) {
        let seen = self.lines_seen;
        for slot in &mut self.slots {
            let is_long = slot
                .last_us
                .zip(now_us)
                .is_some_and(|(then, now)| now.saturating_sub(then) > LONGEST_SILENCE_US);
            let is_silent = seen.saturating_sub(slot.last) > MOST_LINES_OF_OTHERS || is_long;
            if is_silent && slot.stream.has_open_report() {
                slot.stream.give_up(&mut self.unfinished);
                self.open_reports = self.open_reports.saturating_sub(1);
            }
        }
    }

    /// Gives up every report that is open, as at the end of the input; [`Self::next_unfinished`] then
    /// hands them over.
    pub fn give_up_open_reports(&mut self) {
        for slot in &mut self.slots {
            slot.stream.give_up(&mut self.unfinished);
        }
        self.open_reports = 0;
    }

    /// Adds a stream and returns its place.
    fn add_slot(&mut self, key: u64, machine: u64) -> usize {
        if self.slots.len() >= MOST_STREAMS {
            self.forget_quietest();
        }
        self.slots.push(StreamSlot {
            key,
            last: self.lines_seen,
            last_us: None,
            lines: 0,
            held: 0,
            stream: Box::new(Stream::new(machine)),
        });
        self.slots.len().saturating_sub(1)
    }

    /// Forgets the stream that was quiet longest.
    fn forget_quietest(&mut self) {
        let streams = self.slots.iter().enumerate();
        let Some((at, _)) = streams.min_by_key(|(_, slot)| slot.last) else {
            return;
        };
        let mut forgotten = self.slots.swap_remove(at);
        if forgotten.stream.has_open_report() {
            self.open_reports = self.open_reports.saturating_sub(1);
        }
        self.held = self.held.saturating_sub(forgotten.held);
        forgotten.stream.give_up(&mut self.unfinished);
    }

    /// The id of a kill by another program than the kernel, of what the program wrote and when.
    pub(crate) fn id_of_other(machine: Machine, time_us: Option<u64>, text: &[u8]) -> String {
        let id = Fnv::new()
            .with(&machine.value().to_le_bytes())
            .with(&time_us.unwrap_or_default().to_le_bytes())
            .with(text);
        compose::format_id(id.value())
    }

    /// Counts a kill by another program than the kernel, or one that a witness alone told, and adds what only all
    /// streams together know.
    pub(crate) fn complete_other(&mut self, oom: &mut Oom, machine: Machine) {
        self.complete(oom, machine.key(None));
    }

    /// What is known of a kill that somebody saw at that time. The kernel's kills are untold only where its lines
    /// come by this way.
    pub(crate) fn known(&mut self, machine: u64, time_us: u64, witness: &Witness) -> Known {
        let has_kernel = || (self.slots.iter()).any(|slot| slot.stream.machine == machine);
        match self.told.known(machine, time_us, witness) {
            Known::Untold if witness.killer == KERNEL && !has_kernel() => Known::Perhaps,
            known => known,
        }
    }

    /// The kill that a job of HTCondor's was ended by at that time, where there is one that it can be.
    #[cfg(feature = "more-unproven")]
    pub(crate) fn id_of_job(&self, machine: u64, time_us: u64, job: &Job) -> Option<String> {
        self.told.id_of_job(machine, time_us, job)
    }

    /// Adds what only all streams together know of a kill.
    fn complete(&mut self, kill: &mut Oom, machine: u64) {
        self.told.add(kill, machine);
        if kill.is_kill() {
            kill.repeats = compose::repeat_key(kill, machine).map(|key| self.repeats.count(key));
        }
        kill.summary = Some(summary::of(kill));
    }
}

/// The machine, with the host that a line's prefix names, and the key of its stream under this tag.
pub(crate) fn key_of(tag: &[u8], machine: Machine, host: Option<&[u8]>) -> (u64, u64) {
    let machine = machine.key(host);
    let key = Fnv::new().with(&machine.to_le_bytes()).with(tag).value();
    (machine, key)
}
