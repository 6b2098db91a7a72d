//! Bytes that were read become records, and records become output.

use std::io::{self, Read};

use memchr::{memchr, memrchr};
use oom_filter::lines::{self, LineFormat, PlainLine, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext, Rules};

use crate::arguments::{Options, Origin, Start};
use crate::backlog::Backlog;
use crate::buffer::{Buffer, Part};
use crate::gaps::{self, Gaps};
use crate::names::Directory;
use crate::notes::{self, Notes};
use crate::output::Output;

/// The keys that Vector's `kubernetes_logs` source writes.
const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_uid",
    pod_name: "pod_name",
    namespace: "pod_namespace",
    container_name: "container_name",
    container_id: "container_id",
};

/// One run of the program.
pub struct Session {
    buffer: Buffer,
    lines: Lines,
    /// Present for a device only.
    backlog: Option<Backlog>,
    start: Start,
    /// Present where lost lines are told.
    gaps: Option<Gaps>,
}

/// Turns lines into records.
struct Lines {
    form: LineFormat,
    records: Records,
    /// In which order the lines come.
    order: Order,
    emitter: Emitter,
}

/// In which order the lines of an input come.
enum Order {
    /// Their times have not told yet.
    Unknown,
    OldestFirst,
    /// They are kept until the input ends.
    NewestFirst(Vec<u8>),
}

/// Most bytes of an input that are kept until it ends.
const MOST_KEPT: usize = 256 << 20;

/// Passes records through the filter and writes what leaves it.
struct Emitter {
    mode: Mode,
    filter: Filter,
    /// The records were in the device before the program started.
    is_replay: bool,
    /// The last part was a piece of a line that goes on.
    is_in_piece: bool,
    notes: Notes,
    output: Output,
}

impl Session {
    pub fn new(options: &Options, rules: Option<Rules>, is_device: bool) -> Self {
        let mut filter = Filter::new(KEYS);
        if options.origin == Origin::Kernel {
            filter = filter.refuse_unsaid();
        }
        if options.reads_unproven {
            filter = filter.read_unproven();
        }
        if let Some(rules) = rules {
            filter = filter.with_rules(rules);
        }
        if let Some(names) = &options.names {
            filter.names_from(Box::new(Directory(names.clone())));
        }
        Self {
            buffer: Buffer::new(),
            lines: Lines {
                form: options.form,
                records: Records::new(options.form),
                // A device gives what it holds in order.
                order: if is_device || options.form == LineFormat::Kmsg {
                    Order::OldestFirst
                } else {
                    Order::Unknown
                },
                emitter: Emitter {
                    mode: options.mode,
                    filter,
                    is_replay: false,
                    is_in_piece: false,
                    notes: Notes::default(),
                    output: Output::new(),
                },
            },
            backlog: is_device.then(Backlog::new),
            start: options.start,
            // The numbers of plain text could be anybody's.
            gaps: (options.tells_lost && (is_device || options.form == LineFormat::Kmsg))
                .then(Gaps::default),
        }
    }

    /// Reads once. Returns how many bytes came.
    pub fn read(&mut self, input: &mut dyn Read) -> io::Result<usize> {
        if let Some(backlog) = &mut self.backlog {
            backlog.begins();
        }
        self.buffer.read(input)
    }

    /// Takes the bytes of one read, and writes what follows from them before it returns.
    ///
    /// # Errors
    ///
    /// The output's error.
    pub fn take(&mut self, length: usize) -> io::Result<()> {
        let is_old = self
            .backlog
            .as_mut()
            .is_some_and(Backlog::is_from_before_start);
        self.lines.emitter.is_replay = is_old;
        let is_skipped = is_old && self.start == Start::End;
        let (lines, gaps) = (&mut self.lines, &mut self.gaps);
        let is_full = self.buffer.take(length, |part| {
            if let (Some(gaps), Part::Lines(new)) = (gaps.as_mut(), &part) {
                lines.tell_missing(gaps.missing(new));
            }
            if !is_skipped {
                lines.part(&part);
            }
        });
        // A /dev/kmsg record may go on in the next line. It is not held back for that: it may be a
        // kill, and the next line may never come.
        if !is_full {
            lines.settle();
        }
        lines.emitter.output.flush()
    }

    /// The kernel overwrote records of the device before they were read.
    pub fn overrun(&mut self) {
        notes::say("the kernel overwrote records before they were read; reading goes on");
        self.lines.settle();
    }

    /// The input has ended: writes what is left, and says what was odd about the input.
    ///
    /// # Errors
    ///
    /// The output's error.
    pub fn finish(&mut self) -> io::Result<()> {
        let lines = &mut self.lines;
        self.buffer.finish(|part| lines.part(&part));
        lines.turn();
        lines.end();
        let emitter = &mut lines.emitter;
        if emitter.mode != Mode::Annotate {
            while let Some(record) = emitter.filter.next_unfinished() {
                emitter.output.line(&record);
            }
        }
        emitter.notes.tell();
        emitter.output.flush()
    }
}

impl Lines {
    fn part(&mut self, part: &Part<'_>) {
        match part {
            Part::Lines(lines) => {
                self.emitter.is_in_piece = false;
                self.ordered(lines);
            }
            Part::Piece { bytes, is_last } => {
                self.turn();
                self.settle();
                self.piece(bytes, *is_last);
            }
        }
    }

    /// Lines as they come. Where the newest stands first, a report stands behind its kill.
    fn ordered(&mut self, lines: &[u8]) {
        if matches!(self.order, Order::Unknown) {
            self.order = match lines::is_newest_first(lines) {
                None => Order::Unknown,
                Some(false) => Order::OldestFirst,
                Some(true) => Order::NewestFirst(Vec::new()),
            };
        }
        let Order::NewestFirst(kept) = &mut self.order else {
            return self.lines(lines);
        };
        kept.extend_from_slice(lines);
        if kept.len() > MOST_KEPT {
            self.turn();
        }
    }

    /// Reads the lines that were kept, the last first.
    fn turn(&mut self) {
        if let Order::NewestFirst(kept) = core::mem::replace(&mut self.order, Order::OldestFirst) {
            self.lines(&lines::reversed(&kept));
        }
    }

    fn lines(&mut self, mut rest: &[u8]) {
        while !rest.is_empty() {
            // Only kills are wanted, so the search can skip all lines that cannot belong to a report.
            // A line that begins with a space may belong to the record before it.
            if self.emitter.mode == Mode::Events
                && self.form != LineFormat::Ndjson
                && !self.records.may_be_in_block()
                && !rest.starts_with(b" ")
            {
                self.settle();
                let Some(at) = self.emitter.filter.first_telling_word(rest) else {
                    return;
                };
                rest = rest.get(record_start(rest, at)..).unwrap_or_default();
            }
            let (line, after) = memchr(b'\n', rest)
                .and_then(|end| Some((rest.get(..end)?, rest.get(end.saturating_add(1)..)?)))
                .unwrap_or((rest, &[]));
            let emitter = &mut self.emitter;
            self.records
                .line(line, &mut |record| emitter.record(&record));
            rest = after;
        }
    }

    /// Passes a piece of a line without reading it. A piece starts in the middle of a line, so its
    /// beginning could look like a kernel line and be none.
    fn piece(&mut self, bytes: &[u8], is_last: bool) {
        let emitter = &mut self.emitter;
        if !emitter.is_in_piece {
            emitter.notes.oversized = emitter.notes.oversized.saturating_add(1);
        }
        emitter.is_in_piece = !is_last;
        match (emitter.mode, self.form) {
            (Mode::Events, _) => {}
            (_, LineFormat::Ndjson) if is_last => emitter.output.line(bytes),
            (_, LineFormat::Ndjson) => emitter.output.raw(bytes),
            _ => {
                let end = if is_last { &b"\r"[..] } else { b"" };
                emitter
                    .output
                    .line(&lines::text(bytes.strip_suffix(end).unwrap_or(bytes)));
            }
        }
    }

    fn tell_missing(&mut self, missing: u64) {
        if missing > 0 {
            // They were behind the record that is held back for its further lines.
            self.settle();
            self.emitter.output.line(&gaps::record(missing));
        }
    }

    fn end(&mut self) {
        let emitter = &mut self.emitter;
        self.records.end(&mut |record| emitter.record(&record));
    }

    fn settle(&mut self) {
        let emitter = &mut self.emitter;
        self.records.settle(&mut |record| emitter.record(&record));
    }
}

/// Where the record that holds `place` begins: a line that begins with a space may belong to the
/// record before it.
fn record_start(lines: &[u8], place: usize) -> usize {
    let mut start = place;
    loop {
        let before = lines.get(..start).unwrap_or_default();
        start = memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
        if start == 0 || lines.get(start) != Some(&b' ') {
            return start;
        }
        start = start.saturating_sub(1);
    }
}

impl Emitter {
    fn record(&mut self, record: &Record<'_>) {
        let context = RecordContext {
            tag: b"",
            is_replayed: self.is_replay,
            ..RecordContext::default()
        };
        match record {
            Record::Object(object) => match self.filter.process(self.mode, object, &context) {
                Outcome::Unchanged => self.output.line(object),
                Outcome::Dropped => {}
                Outcome::Replaced(object) => self.output.line(&object),
            },
            Record::Plain(line) => match self.plain(line, &context) {
                Outcome::Unchanged => self.output.line(&line.object()),
                Outcome::Dropped => {}
                Outcome::Replaced(object) => self.output.line(&object),
            },
            Record::Malformed(line) => {
                self.notes.malformed = self.notes.malformed.saturating_add(1);
                if self.mode != Mode::Events {
                    self.output.line(line);
                }
            }
        }
    }

    fn plain(&mut self, line: &PlainLine<'_>, context: &RecordContext<'_>) -> Outcome {
        if !self.filter.needs_reading(line.bytes()) {
            return match self.mode {
                Mode::Annotate | Mode::Rewrite => Outcome::Unchanged,
                Mode::Events => Outcome::Dropped,
            };
        }
        let object = || line.object();
        self.filter
            .process_line(self.mode, &line.kernel_line(), context, &object)
    }
}
