//! What is remembered between deliveries: an open report of each stream of each sender.

use std::collections::BTreeMap;
use std::rc::Rc;

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext, Rules};

/// Streams remembered at once, and of these most of one address: what one sender makes up pushes no
/// other's report out.
const MOST_STREAMS: usize = 4096;
const MOST_OF_ADDRESS: usize = 1024;
/// Bytes that all of them may take together. A report with a full task table takes some 400 KiB.
const MOST_BYTES: usize = 48 << 20;
/// Bytes of earlier states that deliveries under way may keep. What is changed beyond it is not taken
/// back.
const MOST_KEPT_BYTES: usize = 16 << 20;

/// Whose records they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// The address that they come from.
    pub address: u64,
    /// Which of the streams of that address they are, an identity of any kind.
    pub stream: u64,
}

/// The filters, one for each stream of records.
///
/// A report that is released takes the place of another line of its own stream. With one filter
/// for all, what one sender wrote could leave in the delivery of another.
#[derive(Debug)]
pub struct Senders {
    streams: BTreeMap<Sender, Stream>,
    /// Of each address, how many streams have an open report.
    open: BTreeMap<u64, usize>,
    /// What a new stream begins with. It also says whether a record tells anything by itself; it reads none.
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

impl Stream {
    fn is_open(&self) -> bool {
        // A filter with an open report has to read everything.
        self.filter.needs_reading(&[])
    }
}

/// How to take back what a delivery changed: the streams as it found them.
///
/// A receiver that refuses a delivery gets it again. What the first try told the filter must not count
/// then, or the second would find reports closed and kills told already.
#[derive(Debug, Default)]
pub struct Undo(BTreeMap<Sender, Found>);

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
            open: BTreeMap::new(),
            fresh: Filter::new(IdentityKeys::OPEN_TELEMETRY),
            clock: 0,
            allocated,
            bytes: 0,
            kept_bytes: 0,
            forgotten: 0,
        }
    }

    /// The same, reading only lines whose carrier proves that the kernel wrote them.
    #[must_use]
    pub fn refuse_unsaid(mut self) -> Self {
        self.fresh = self.fresh.refuse_unsaid();
        self
    }

    /// The same, reading also text of other programs that anybody could have written.
    #[must_use]
    pub fn read_unproven(mut self) -> Self {
        self.fresh = self.fresh.read_unproven();
        self
    }

    /// The same, telling by these rules whose a cgroup is that the filter does not know.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.fresh = self.fresh.with_rules(rules);
        self
    }

    /// Whether `bytes`, which may be one record or many, have to be read for this stream at all.
    pub fn needs_reading(&self, sender: Sender, bytes: &[u8]) -> bool {
        let known = self.streams.get(&sender).map(|stream| &*stream.filter);
        known.unwrap_or(&self.fresh).needs_reading(bytes)
    }

    /// Whether they hold words of a report.
    pub fn tells(&self, bytes: &[u8]) -> bool {
        self.fresh.needs_reading(bytes)
    }

    /// Whether they have to be read for any stream of that address.
    pub fn any_needs_reading(&self, address: u64, bytes: &[u8]) -> bool {
        self.open.contains_key(&address) || self.fresh.needs_reading(bytes)
    }

    /// Reads the next record of a stream, one that [`Self::needs_reading`] does not let go. `undo` is that of
    /// the record's delivery.
    pub fn process(
        &mut self,
        undo: &mut Undo,
        sender: Sender,
        mode: Mode,
        record: &[u8],
    ) -> Outcome {
        self.clock = self.clock.saturating_add(1);
        self.keep(undo, sender);
        let mut stream = self.take(sender).unwrap_or_else(|| Stream {
            last: 0,
            bytes: size_of::<Filter>(),
            filter: Rc::new(self.fresh.clone()),
        });
        let is_new = stream.last == 0;
        stream.last = self.clock;
        // What is kept of it counts by itself from now on.
        if Rc::strong_count(&stream.filter) > 1 {
            stream.bytes = 0;
        }
        let before = (self.allocated)();
        let filter = Rc::make_mut(&mut stream.filter);
        // Streams are kept apart by having a filter each.
        let outcome = filter.process(mode, record, &RecordContext::default());
        let answer = match &outcome {
            Outcome::Replaced(text) => text.capacity(),
            Outcome::Unchanged | Outcome::Dropped => 0,
        };
        let after = (self.allocated)().saturating_sub(answer);
        stream.bytes = stream.bytes.saturating_add(after).saturating_sub(before);
        self.put(sender, stream);
        self.forget(sender, is_new);
        outcome
    }

    /// Takes a stream out of those that are remembered.
    fn take(&mut self, sender: Sender) -> Option<Stream> {
        let stream = self.streams.remove(&sender)?;
        self.bytes = self.bytes.saturating_sub(stream.bytes);
        if stream.is_open()
            && let Some(open) = self.open.get_mut(&sender.address)
        {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open.remove(&sender.address);
            }
        }
        Some(stream)
    }

    /// Remembers a stream that was not, or was taken out.
    fn put(&mut self, sender: Sender, stream: Stream) {
        self.bytes = self.bytes.saturating_add(stream.bytes);
        if stream.is_open() {
            let open = self.open.entry(sender.address).or_default();
            *open = open.saturating_add(1);
        }
        self.streams.insert(sender, stream);
    }

    /// Keeps a stream as it is now, where its delivery has not changed it before.
    fn keep(&mut self, undo: &mut Undo, sender: Sender) {
        if let Some(found) = undo.0.get_mut(&sender) {
            found.last = self.clock;
            return;
        }
        let stream = self.streams.get(&sender);
        let bytes = stream.map_or(0, |stream| stream.bytes);
        let kept_bytes = self.kept_bytes.saturating_add(bytes);
        if kept_bytes > MOST_KEPT_BYTES {
            return;
        }
        self.kept_bytes = kept_bytes;
        let found = Found {
            filter: stream.map(|stream| Rc::clone(&stream.filter)),
            bytes,
            last: self.clock,
        };
        undo.0.insert(sender, found);
    }

    /// A delivery is over. Unless it `is_accepted`, its streams become again what it found, but where
    /// another delivery has changed them since.
    pub fn settle(&mut self, undo: Undo, is_accepted: bool) {
        for (sender, found) in undo.0 {
            self.kept_bytes = self.kept_bytes.saturating_sub(found.bytes);
            let stream = self.streams.get(&sender);
            if is_accepted || stream.is_none_or(|stream| stream.last != found.last) {
                continue;
            }
            self.take(sender);
            if let Some(filter) = found.filter {
                let stream = Stream {
                    last: found.last,
                    bytes: found.bytes,
                    filter,
                };
                self.put(sender, stream);
            }
        }
    }

    /// How many streams were forgotten with an open report since this was asked last. With each, what
    /// the report told is lost; in the modes that hold lines back, its lines too.
    pub fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// Makes room where `latest`, which may be new, is one too many.
    fn forget(&mut self, latest: Sender, is_new: bool) {
        let first = Sender {
            stream: 0,
            ..latest
        };
        let last = Sender {
            stream: u64::MAX,
            ..latest
        };
        let of_address = first..=last;
        if is_new && self.streams.range(of_address.clone()).count() > MOST_OF_ADDRESS {
            let order = forgettable(self.streams.range(of_address));
            self.forget_some(order, MOST_OF_ADDRESS, latest);
        }
        if self.streams.len() > MOST_STREAMS || self.bytes > MOST_BYTES {
            let order = forgettable(self.streams.range(..));
            self.forget_some(order, MOST_STREAMS, latest);
        }
    }

    /// Forgets streams in that order until no more than `most` of them are left. Of those without an
    /// open report some more are, since to find them takes time.
    fn forget_some(&mut self, order: Vec<(bool, u64, Sender)>, most: usize, latest: Sender) {
        let mut left = order.len();
        let some_less = most.saturating_sub(most / 8);
        for (is_open, _, sender) in order {
            let enough = if is_open { most } else { some_less };
            if left <= enough && self.bytes <= MOST_BYTES {
                continue;
            }
            if sender != latest && self.take(sender).is_some() {
                left = left.saturating_sub(1);
                self.forgotten = self.forgotten.saturating_add(u64::from(is_open));
            }
        }
    }
}

/// Streams in the order in which they are forgotten: those without an open report first, and of each kind
/// first the one that was quiet longest.
fn forgettable<'a>(
    streams: impl Iterator<Item = (&'a Sender, &'a Stream)>,
) -> Vec<(bool, u64, Sender)> {
    let mut order: Vec<_> = streams
        .map(|(sender, stream)| (stream.is_open(), stream.last, *sender))
        .collect();
    order.sort_unstable();
    order
}
