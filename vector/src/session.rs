//! From bytes that were read to records that are written.

use std::io::{self, Read};

use memchr::{memchr, memrchr};
use oom_filter::lines::{self, LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

use crate::arguments::{Options, Start};
use crate::backlog::Backlog;
use crate::buffer::{Buffer, Part};
use crate::names::Directory;
use crate::notes::{self, Notes};
use crate::output::Output;

/// As Vector's `kubernetes_logs` source names them.
const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_uid",
    pod_name: "pod_name",
    namespace: "pod_namespace",
    container_name: "container_name",
    container_id: "container_id",
};

/// Any time, for the filter to be told what was before it: it is given no clock.
const STARTED_US: u64 = 1;

/// One run of the program.
pub struct Session {
    buffer: Buffer,
    lines: Lines,
    /// Of a device alone.
    backlog: Option<Backlog>,
    start: Start,
}

/// What becomes of lines.
struct Lines {
    form: LineFormat,
    records: Records,
    gate: Gate,
}

/// What becomes of records.
struct Gate {
    mode: Mode,
    filter: Filter,
    is_replay: bool,
    is_in_piece: bool,
    notes: Notes,
    output: Output,
}

impl Session {
    pub fn new(options: &Options, is_device: bool) -> Self {
        let mut filter = Filter::new(KEYS).started_at(STARTED_US);
        if let Some(names) = &options.names {
            filter.names_from(Box::new(Directory(names.clone())));
        }
        Self {
            buffer: Buffer::new(),
            lines: Lines {
                form: options.form,
                records: Records::new(options.form),
                gate: Gate {
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
        }
    }

    /// Reads once, and gives how many bytes came.
    pub fn read(&mut self, input: &mut dyn Read) -> io::Result<usize> {
        if let Some(backlog) = &mut self.backlog {
            backlog.begins();
        }
        self.buffer.read(input)
    }

    /// Takes so many bytes as read, and writes what they come to before it returns.
    ///
    /// # Errors
    ///
    /// From the output.
    pub fn take(&mut self, length: usize) -> io::Result<()> {
        let is_old = self.backlog.as_mut().is_some_and(Backlog::holds);
        self.lines.gate.is_replay = is_old;
        let is_skipped = is_old && self.start == Start::End;
        let lines = &mut self.lines;
        let is_full = self.buffer.take(length, |part| {
            if !is_skipped {
                lines.part(&part);
            }
        });
        // A record may go on in the next line; but one that may be a kill is not held back for it.
        if !is_full {
            lines.settle();
        }
        lines.gate.output.flush()
    }

    /// The kernel overwrote records of the device before they were read.
    pub fn overrun(&mut self) {
        notes::say("the kernel overwrote records before they were read; reading goes on");
        self.lines.settle();
    }

    /// Nothing follows: writes what is left, and tells of what was odd.
    ///
    /// # Errors
    ///
    /// From the output.
    pub fn finish(&mut self) -> io::Result<()> {
        let lines = &mut self.lines;
        self.buffer.finish(|part| lines.part(&part));
        lines.settle();
        let gate = &mut lines.gate;
        if gate.mode != Mode::Annotate {
            while let Some(record) = gate.filter.next_unfinished() {
                gate.output.line(&record);
            }
        }
        gate.notes.tell();
        gate.output.flush()
    }
}

impl Lines {
    fn part(&mut self, part: &Part<'_>) {
        match part {
            Part::Lines(lines) => {
                self.gate.is_in_piece = false;
                self.lines(lines);
            }
            Part::Piece { bytes, is_last } => {
                self.settle();
                self.piece(bytes, *is_last);
            }
        }
    }

    fn lines(&mut self, mut rest: &[u8]) {
        while !rest.is_empty() {
            // Only kills are wanted: what cannot be of one need not be looked at line by line. A
            // line that begins with a space may belong to the record before.
            if self.gate.mode == Mode::Events
                && self.form != LineFormat::Ndjson
                && !rest.starts_with(b" ")
            {
                self.settle();
                let Some(at) = self.gate.filter.first_telling_word(rest) else {
                    return;
                };
                rest = rest.get(record_start(rest, at)..).unwrap_or_default();
            }
            let (line, after) = memchr(b'\n', rest)
                .and_then(|end| Some((rest.get(..end)?, rest.get(end.saturating_add(1)..)?)))
                .unwrap_or((rest, &[]));
            let gate = &mut self.gate;
            self.records.line(line, &mut |record| gate.record(&record));
            rest = after;
        }
    }

    /// A piece of a line is passed unread: its beginning might be anything's middle.
    fn piece(&mut self, bytes: &[u8], is_last: bool) {
        let gate = &mut self.gate;
        if !gate.is_in_piece {
            gate.notes.oversized = gate.notes.oversized.saturating_add(1);
        }
        gate.is_in_piece = !is_last;
        match (gate.mode, self.form) {
            (Mode::Events, _) => {}
            (_, LineFormat::Ndjson) if is_last => gate.output.line(bytes),
            (_, LineFormat::Ndjson) => gate.output.raw(bytes),
            _ => {
                let end = if is_last { &b"\r"[..] } else { b"" };
                gate.output
                    .line(&lines::text(bytes.strip_suffix(end).unwrap_or(bytes)));
            }
        }
    }

    fn settle(&mut self) {
        let gate = &mut self.gate;
        self.records.settle(&mut |record| gate.record(&record));
    }
}

/// Where the record begins that holds the place: a line that begins with a space may be another's.
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

impl Gate {
    fn record(&mut self, record: &Record<'_>) {
        let object = match record {
            Record::Object(object) => object,
            Record::Malformed(line) => {
                self.notes.malformed = self.notes.malformed.saturating_add(1);
                if self.mode != Mode::Events {
                    self.output.line(line);
                }
                return;
            }
        };
        let arrival = RecordContext {
            tag: b"",
            time_us: self.is_replay.then_some(0),
        };
        match self.filter.process(self.mode, object, &arrival) {
            Outcome::Unchanged => self.output.line(object),
            Outcome::Dropped => {}
            Outcome::Replaced(object) => self.output.line(&object),
        }
    }
}
