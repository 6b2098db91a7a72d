//! What is remembered between deliveries: an open report of each stream of each sender.

use std::collections::BTreeMap;

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

/// Streams remembered at once; the one that was quiet longest is forgotten.
const MOST_STREAMS: usize = 256;
/// Bytes that all of them may take together. A report with a full task table takes some 400 KiB.
const MOST_BYTES: usize = 48 << 20;

/// The filters, one for each stream of records.
///
/// A report that is released takes the place of another line of its own stream. With one filter
/// for all, what one sender wrote could leave in the delivery of another.
#[derive(Debug)]
pub struct Senders {
    streams: BTreeMap<u64, Stream>,
    /// Says whether a record tells anything by itself; it reads none.
    fresh: Filter,
    /// Counts calls, to know which stream was quiet longest.
    clock: u64,
    /// How many bytes are allocated, by the allocator's count.
    allocated: fn() -> usize,
    /// Bytes that the filters take.
    bytes: usize,
    /// Streams that were forgotten while a report of theirs was open.
    forgotten: u64,
}

#[derive(Debug)]
struct Stream {
    last: u64,
    bytes: usize,
    filter: Filter,
}

impl Senders {
    /// Nobody is known yet. `allocated` gives the bytes that are allocated at the moment.
    pub const fn new(allocated: fn() -> usize) -> Self {
        Self {
            streams: BTreeMap::new(),
            fresh: Filter::new(IdentityKeys::OPEN_TELEMETRY),
            clock: 0,
            allocated,
            bytes: 0,
            forgotten: 0,
        }
    }

    /// Whether `bytes`, which may be one record or many, have to be read for this stream at all.
    pub fn needs_reading(&self, stream: u64, bytes: &[u8]) -> bool {
        let known = self.streams.get(&stream).map(|stream| &stream.filter);
        known.unwrap_or(&self.fresh).needs_reading(bytes)
    }

    /// Whether they have to be read for any stream.
    pub fn any_needs_reading(&self, bytes: &[u8]) -> bool {
        // A filter with an open report has to read everything.
        let mut streams = self.streams.values();
        streams.any(|stream| stream.filter.needs_reading(&[])) || self.fresh.needs_reading(bytes)
    }

    /// Reads the next record of a stream, one that [`Self::concerns`] does not let go.
    pub fn process(&mut self, stream: u64, mode: Mode, record: &[u8]) -> Outcome {
        self.clock = self.clock.saturating_add(1);
        let before = (self.allocated)();
        let entry = self.streams.entry(stream).or_insert_with(|| Stream {
            last: 0,
            bytes: 0,
            filter: Filter::new(IdentityKeys::OPEN_TELEMETRY),
        });
        entry.last = self.clock;
        // Streams are kept apart by having a filter each.
        let outcome = entry
            .filter
            .process(mode, record, &RecordContext::default());
        let answer = match &outcome {
            Outcome::Replaced(text) => text.capacity(),
            Outcome::Unchanged | Outcome::Dropped => 0,
        };
        let after = (self.allocated)().saturating_sub(answer);
        entry.bytes = entry.bytes.saturating_add(after).saturating_sub(before);
        self.bytes = self.streams.values().map(|stream| stream.bytes).sum();
        self.forget(mode);
        outcome
    }

    /// How many streams were forgotten with an open report since this was asked last: in the modes
    /// that hold lines back, a report is lost with each.
    pub fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// Makes room, by the streams that were quiet longest.
    fn forget(&mut self, mode: Mode) {
        while self.streams.len() > MOST_STREAMS
            || (self.bytes > MOST_BYTES && self.streams.len() > 1)
        {
            let quietest = self.streams.iter().min_by_key(|(_, stream)| stream.last);
            let Some(key) = quietest.map(|(key, _)| *key) else {
                return;
            };
            let Some(mut stream) = self.streams.remove(&key) else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(stream.bytes);
            if mode != Mode::Annotate && stream.filter.next_unfinished().is_some() {
                self.forgotten = self.forgotten.saturating_add(1);
            }
        }
    }
}
