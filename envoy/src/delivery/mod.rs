//! One delivery: bytes of a body go in as they come, and what goes on comes out.

mod added;
mod bulk;
mod lines;
mod loki;
mod objects;
mod otlp;
mod protobuf;
mod reader;
mod scan;
mod sniff;
mod tail;

use crate::json::Edits;
use crate::senders::{Sender, Senders, Undo};
use crate::settings::Settings;
use crate::tally::{Format, Tally, UnreadReason};
use bulk::Bulk;
use lines::Lines;
use loki::snappy::Elements;
use objects::Objects;
use reader::{Reader, RecordFate};
use scan::Scan;
#[cfg(target_family = "wasm")]
pub(crate) use sniff::without_query;
pub use sniff::{Declared, declared};

/// A delivery on its way.
///
/// Lines and records go on as they are complete; of them, only what may be the beginning of one is
/// held. Loki's and OTLP's are held whole. Both are bounded by [`Settings::max_body_bytes`].
///
/// ```
/// use oom_envoy::delivery::{Declared, Delivery};
/// use oom_envoy::senders::{Sender, Senders};
/// use oom_envoy::settings::Settings;
///
/// let (settings, mut senders) = (Settings::default(), Senders::new(|| 0));
/// let mut delivery = Delivery::new(Declared::Ndjson, Sender::default());
/// let first = delivery.push(&settings, &mut senders, b"{\"log\":\"a\"}\n{\"lo".to_vec(), false);
/// let second = delivery.push(&settings, &mut senders, b"g\":\"b\"}".to_vec(), true);
/// assert_eq!(first.bytes, b"{\"log\":\"a\"}\n");
/// assert_eq!(second.bytes, b"{\"log\":\"b\"}");
/// ```
#[derive(Debug)]
pub struct Delivery {
    kind: Kind,
    /// Which sender's it is.
    sender: Sender,
    /// What came and did not go on yet.
    held: Vec<u8>,
    /// Whether anything went on.
    begun: bool,
    may_end_late: bool,
    undo: Undo,
    tally: Tally,
}

/// What goes on now of a delivery.
#[derive(Debug)]
pub struct Forwarded {
    /// These bytes.
    pub bytes: Vec<u8>,
    /// They are the chunk that was given, no byte more or less: who still has it need not set it anew.
    pub is_as_it_came: bool,
}

impl Forwarded {
    /// The chunk as it came.
    pub fn same(chunk: Vec<u8>) -> Self {
        Self {
            bytes: chunk,
            is_as_it_came: true,
        }
    }

    /// What took the place of the chunk.
    pub fn changed(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            is_as_it_came: false,
        }
    }

    /// The same with other bytes in front of it.
    #[must_use]
    pub fn behind(self, mut front: Vec<u8>) -> Self {
        if front.is_empty() {
            return self;
        }
        front.extend(self.bytes);
        Self::changed(front)
    }
}

#[derive(Debug)]
enum Kind {
    /// JSON, of which its beginning will tell more.
    Json,
    Lines(Lines),
    Bulk(Bulk),
    Objects(Objects),
    /// One object that is needed whole, and how far it has been looked at.
    Whole(Read, Scan),
    /// OTLP as protobuf.
    OtlpProtobuf,
    /// Loki's push request as protobuf, which is needed whole.
    LokiProtobuf(Elements),
    /// All the rest goes on as it comes.
    Unread,
}

/// Reads one whole body: what is to be changed in it, and nothing where it is not of that format.
type Read = fn(&mut Reader<'_>, &[u8]) -> Option<Edits>;

impl Delivery {
    /// A delivery that declares itself so, from that sender.
    pub fn new(declared: Declared, sender: Sender) -> Self {
        let mut delivery = Self {
            kind: Kind::Unread,
            sender,
            held: Vec::new(),
            begun: false,
            may_end_late: false,
            undo: Undo::default(),
            tally: Tally::default(),
        };
        match declared {
            Declared::Json => delivery.kind = Kind::Json,
            Declared::Ndjson => delivery.become_format(Format::Ndjson),
            Declared::Bulk => delivery.become_format(Format::Bulk),
            Declared::OtlpProtobuf => {
                delivery.tally.format = Some(Format::Otlp);
                delivery.kind = Kind::OtlpProtobuf;
            }
            Declared::LokiProtobuf => {
                delivery.tally.format = Some(Format::Loki);
                delivery.kind = Kind::LokiProtobuf(Elements::default());
            }
            Declared::Unread(reason) => delivery.tally.passed = Some(reason),
        }
        delivery
    }

    /// The same where the end may be told when nothing can be added to the body any more, as with
    /// trailers. A record goes on then as soon as it is complete, before the end of its line: what is
    /// still held at the end is the beginning of a record that never came.
    ///
    /// A line that holds more than one JSON object may be read in parts then.
    #[must_use]
    pub fn may_end_late(mut self) -> Self {
        self.may_end_late = true;
        self
    }

    /// Whether all that comes goes on as it is.
    pub fn is_unread(&self) -> bool {
        matches!(self.kind, Kind::Unread)
    }

    /// Bytes that came and did not go on yet.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// What came of it so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether anything depends on what the receiver answers: without a line of a report nothing does.
    pub fn needs_answer(&self) -> bool {
        !self.undo.is_empty() || self.tally.kills.iter().any(|count| *count > 0)
    }

    /// It is over. Unless it `is_accepted`, what it told the filter does not count: it comes again.
    pub fn settle(&mut self, senders: &mut Senders, is_accepted: bool) {
        senders.settle(std::mem::take(&mut self.undo), is_accepted);
    }

    /// Whether it is a `_bulk` request of which nothing is left: its receiver refuses it.
    pub fn is_emptied_bulk(&self) -> bool {
        matches!(self.kind, Kind::Bulk(_)) && !self.begun && self.tally.dropped > 0
    }

    /// Reads no further: gives what was held, and from now on everything goes on as it comes.
    pub fn give_up(&mut self, reason: UnreadReason) -> Vec<u8> {
        self.tally.passed = Some(reason);
        self.kind = Kind::Unread;
        std::mem::take(&mut self.held)
    }

    /// Takes the next bytes of the body, `last` with its end, and gives what goes on now.
    pub fn push(
        &mut self,
        settings: &Settings,
        senders: &mut Senders,
        chunk: Vec<u8>,
        last: bool,
    ) -> Forwarded {
        let was_holding = !self.held.is_empty();
        let mut out = self.read(settings, senders, chunk, last);
        out.is_as_it_came &= !was_holding && self.held.is_empty();
        self.begun |= !out.bytes.is_empty();
        out
    }

    /// The same. As it came is here what holds all that was held and came but what is held again.
    fn read(
        &mut self,
        settings: &Settings,
        senders: &mut Senders,
        chunk: Vec<u8>,
        last: bool,
    ) -> Forwarded {
        if matches!(self.kind, Kind::Unread) {
            return Forwarded::same(chunk);
        }
        // Of what is held, all was looked at for an end before.
        let seen = self.held.len();
        let data = if self.held.is_empty() {
            chunk
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(&chunk);
            held
        };
        if matches!(self.kind, Kind::Json) {
            match sniff::format(&data, last) {
                sniff::Sniffed::Format(format) => self.become_format(format),
                sniff::Sniffed::Nothing => return self.unread(data, UnreadReason::Unreadable),
                sniff::Sniffed::TooShort => {
                    self.held = data;
                    return Forwarded::changed(Vec::new());
                }
            }
        }
        if let Some(format) = self.tally.format
            && !settings.formats.contains(&format)
        {
            return self.unread(data, UnreadReason::Disabled);
        }
        let mut reader = Reader {
            settings,
            senders,
            undo: &mut self.undo,
            sender: self.sender,
            tally: &mut self.tally,
            may_end_late: self.may_end_late,
        };
        match &mut self.kind {
            Kind::Unread | Kind::Json => Forwarded::same(data),
            Kind::Lines(lines) => lines.read(&mut reader, data, seen, last, &mut self.held),
            Kind::Objects(objects) => {
                let (out, readable) = objects.read(&mut reader, data, last, &mut self.held);
                if readable {
                    out
                } else {
                    self.tally.passed = Some(UnreadReason::Unreadable);
                    self.kind = Kind::Unread;
                    out
                }
            }
            Kind::Bulk(bulk) => {
                let (out, trouble) = bulk.read(&mut reader, data, last, &mut self.held);
                if let Some(reason) = trouble {
                    self.tally.passed = Some(reason);
                    self.kind = Kind::Unread;
                }
                out
            }
            Kind::OtlpProtobuf => {
                let (out, trouble) = otlp::protobuf::read(&mut reader, data, last, &mut self.held);
                if let Some(reason) = trouble {
                    self.tally.passed = Some(reason);
                    self.kind = Kind::Unread;
                }
                out
            }
            Kind::LokiProtobuf(elements) => {
                let is_complete = elements.are_complete(&data);
                if data.len() > settings.max_body_bytes {
                    return self.unread(data, UnreadReason::TooLarge);
                }
                if !is_complete && !last {
                    self.held = data;
                    return Forwarded::changed(Vec::new());
                }
                let read = loki::protobuf::read(&mut reader, &data);
                // Nothing may follow.
                self.kind = Kind::Unread;
                match read {
                    Ok(None) => Forwarded::same(data),
                    Ok(Some(changed)) => Forwarded::changed(changed),
                    Err(reason) => self.unread(data, reason),
                }
            }
            Kind::Whole(read, scan) => {
                let read = *read;
                match whole(&mut reader, read, scan, &data, last) {
                    Whole::Read(edits) => {
                        // What may follow are blanks.
                        self.kind = Kind::Unread;
                        match edits.apply(&data) {
                            Some(edited) => Forwarded::changed(edited),
                            None => Forwarded::same(data),
                        }
                    }
                    Whole::Unread(reason) => self.unread(data, reason),
                    Whole::More => {
                        self.held = data;
                        Forwarded::changed(Vec::new())
                    }
                }
            }
        }
    }

    fn become_format(&mut self, format: Format) {
        self.tally.format = Some(format);
        self.kind = match format {
            Format::Ndjson => Kind::Lines(Lines::default()),
            Format::Bulk => Kind::Bulk(Bulk::default()),
            Format::JsonArray => Kind::Objects(Objects::array()),
            Format::JsonStream => Kind::Objects(Objects::stream()),
            Format::Loki => Kind::Whole(loki::json::read, Scan::counting(loki::json::ENTRY)),
            Format::Otlp => Kind::Whole(otlp::json::read, Scan::counting(otlp::json::LOG_RECORD)),
        };
    }

    fn unread(&mut self, data: Vec<u8>, reason: UnreadReason) -> Forwarded {
        self.give_up(reason);
        Forwarded::same(data)
    }
}

/// What came of a body that is needed whole.
enum Whole {
    Read(Edits),
    Unread(UnreadReason),
    /// It is not complete yet.
    More,
}

/// Reads a body as soon as its object is complete. Its end may be told only when nothing can be
/// added to it any more, as with trailers.
fn whole(reader: &mut Reader<'_>, read: Read, scan: &mut Scan, data: &[u8], last: bool) -> Whole {
    if scan.depth == 0 {
        scan.seen = data.iter().position(|byte| *byte == b'{').unwrap_or(0);
        scan.begin();
        scan.seen = scan.seen.saturating_add(1);
    }
    let is_complete = scan.goes_to_end(data);
    if data.len() > reader.settings.max_body_bytes {
        return Whole::Unread(UnreadReason::TooLarge);
    }
    if !is_complete && !last {
        return Whole::More;
    }
    if is_complete && !reader.any_needs_reading(data) && reader.ordinary() == RecordFate::Same {
        reader.count_same(scan.elements);
        return Whole::Read(Edits::default());
    }
    // Text that is no JSON, that ends too early or goes on too long is none of the format.
    read(reader, data).map_or(Whole::Unread(UnreadReason::Unreadable), Whole::Read)
}
