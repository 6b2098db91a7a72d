//! What is remembered between deliveries: an open report of each stream of each sender.

use std::collections::BTreeMap;
use std::rc::Rc;

use oom_filter::{Arrival, Filter, IdentityKeys, Mode, Outcome};

/// Streams remembered at once; the one that was quiet longest is forgotten.
const MOST_STREAMS: usize = 256;
/// Bytes that all of them may take together. A report with a full task table takes some 400 KiB.
const MOST_BYTES: usize = 48 << 20;
/// Bytes of earlier states that deliveries under way may keep. What is changed beyond it is not taken
/// back.
const MOST_KEPT_BYTES: usize = 16 << 20;

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
    /// Bytes of the filters as deliveries under way found them.
    kept_bytes: usize,
    /// Streams that were forgotten while a report of theirs was open.
    forgotten: u64,
}

#[derive(Debug)]
struct Stream {
    last: u64,
    bytes: usize,
    filter: Rc<Filter>,
}

/// How to take back what a delivery changed: the streams as it found them.
///
/// A receiver that refuses a delivery gets it again. What the first try told the filter must not count
/// then, or the second would find reports closed and kills told already.
#[derive(Debug, Default)]
pub struct Undo(BTreeMap<u64, Found>);

impl Undo {
    /// Whether there is nothing to take back.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A stream as a delivery found it.
#[derive(Debug)]
struct Found {
    /// None where there was none.
    filter: Option<Rc<Filter>>,
    bytes: usize,
    /// When the delivery changed the stream last.
    last: u64,
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
            kept_bytes: 0,
            forgotten: 0,
        }
    }

    /// Whether `bytes`, which may be one record or many, have to be read for this stream at all.
    pub fn concerns(&self, stream: u64, bytes: &[u8]) -> bool {
        let known = self.streams.get(&stream).map(|stream| &*stream.filter);
        known.unwrap_or(&self.fresh).concerns(bytes)
    }

    /// Whether they have to be read for any stream.
    pub fn concerns_any(&self, bytes: &[u8]) -> bool {
        // A filter with an open report is concerned with everything.
        let mut streams = self.streams.values();
        streams.any(|stream| stream.filter.concerns(&[])) || self.fresh.concerns(bytes)
    }

    /// Reads the next record of a stream, one that [`Self::concerns`] does not let go. `undo` is that of
    /// the record's delivery.
    pub fn process(&mut self, undo: &mut Undo, stream: u64, mode: Mode, record: &[u8]) -> Outcome {
        self.clock = self.clock.saturating_add(1);
        self.keep(undo, stream);
        let before = (self.allocated)();
        let entry = self.streams.entry(stream).or_insert_with(|| Stream {
            last: 0,
            bytes: 0,
            filter: Rc::new(Filter::new(IdentityKeys::OPEN_TELEMETRY)),
        });
        entry.last = self.clock;
        // What is kept of it counts by itself from now on.
        if Rc::strong_count(&entry.filter) > 1 {
            entry.bytes = 0;
        }
        let filter = Rc::make_mut(&mut entry.filter);
        // Streams are kept apart by having a filter each.
        let outcome = filter.process(mode, record, &Arrival::default());
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

    /// Keeps a stream as it is now, where its delivery has not changed it before.
    fn keep(&mut self, undo: &mut Undo, stream: u64) {
        if let Some(found) = undo.0.get_mut(&stream) {
            found.last = self.clock;
            return;
        }
        let entry = self.streams.get(&stream);
        let bytes = entry.map_or(0, |entry| entry.bytes);
        let kept_bytes = self.kept_bytes.saturating_add(bytes);
        if kept_bytes > MOST_KEPT_BYTES {
            return;
        }
        self.kept_bytes = kept_bytes;
        let found = Found {
            filter: entry.map(|entry| Rc::clone(&entry.filter)),
            bytes,
            last: self.clock,
        };
        undo.0.insert(stream, found);
    }

    /// A delivery is over. Unless it `is_accepted`, its streams become again what it found, but where
    /// another delivery has changed them since.
    pub fn settle(&mut self, undo: Undo, is_accepted: bool) {
        for (stream, found) in undo.0 {
            self.kept_bytes = self.kept_bytes.saturating_sub(found.bytes);
            let is_latest = |entry: &&mut Stream| entry.last == found.last;
            let Some(entry) = self.streams.get_mut(&stream).filter(is_latest) else {
                continue;
            };
            if is_accepted {
                continue;
            }
            if let Some(filter) = found.filter {
                (entry.filter, entry.bytes) = (filter, found.bytes);
            } else {
                self.streams.remove(&stream);
            }
        }
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
            let filter = Rc::make_mut(&mut stream.filter);
            if mode != Mode::Annotate && filter.release_next().is_some() {
                self.forgotten = self.forgotten.saturating_add(1);
            }
        }
    }
}
