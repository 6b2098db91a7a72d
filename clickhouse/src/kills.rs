//! The lines of one row into its kills.

use oom_filter::lines::{self, LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

use crate::columns;
use crate::output::{Array, Output, Row};

/// Longest line that is read. A whole report as one value has some 10 KiB.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// Names of attributes that a record's text may stand in, in small letters: there is one text, the line.
const TEXTS: [&[u8]; 13] = [
    b"message",
    b"msg",
    b"log",
    b"body",
    b"@message",
    b"textpayload",
    b"syslogmessage",
    b"short_message",
    b"line",
    b"_raw",
    b"jsonpayload",
    b"attributes",
    b"content",
];

/// A line with what the table knows of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Microseconds since 1970. Before and at that moment nobody knows it.
    pub(crate) time_us: i64,
    /// The machine. Empty where nobody knows it.
    pub(crate) host: &'a [u8],
    /// What was logged: a text, never a record, for whoever wrote it chose all of it.
    pub(crate) line: &'a [u8],
}

impl Entry<'_> {
    /// When it was logged, where the table knows it.
    pub(crate) fn known_time_us(&self) -> Option<u64> {
        u64::try_from(self.time_us).ok().filter(|time| *time > 0)
    }
}

/// The lines of one stream, or of several that their hosts tell apart.
#[derive(Debug)]
pub(crate) struct Kills<'o> {
    filter: Filter,
    records: Records,
    output: &'o mut Output,
    array: Array,
    /// Elements for which there was no memory.
    left_out: u64,
    too_long: u64,
}

impl<'o> Kills<'o> {
    /// Begins a row. `None` where there is no memory for it.
    pub(crate) fn begin(output: &'o mut Output) -> Option<Self> {
        let array = output.begin()?;
        Some(Self {
            filter: Filter::new(IdentityKeys::OPEN_TELEMETRY),
            records: Records::new(LineFormat::Auto),
            output,
            array,
            left_out: 0,
            too_long: 0,
        })
    }

    /// Reads the next line of a log: a text, or a record.
    pub(crate) fn line(&mut self, line: &[u8]) {
        if line.len() > MAX_LINE {
            self.too_long = self.too_long.saturating_add(1);
            return;
        }
        // Only kills are wanted: what cannot belong to a report is not looked at. A line that begins with a space
        // may go on with the record before it.
        let is_free = !self.records.may_be_in_block() && !line.starts_with(b" ");
        if is_free {
            // What is held back may open a report.
            self.settle();
            if !self.filter.needs_reading(line) {
                return;
            }
        }
        if line.contains(&b'\n') {
            let mut found = Vec::new();
            let mut whole = Records::new(LineFormat::Ndjson);
            whole.line(line, &mut |record| found.push(record));
            if !matches!(found.as_slice(), [Record::Object(_)]) {
                // A report as one value, or a name with a line end in it: the filter knows.
                self.settle();
                return self.object(&lines::text(line), None);
            }
            return self.records_of(found);
        }
        let mut found = Vec::new();
        self.records.line(line, &mut |record| found.push(record));
        self.records_of(found);
    }

    /// Reads the next line of a table. `attributes` hands over what else is known of it.
    pub(crate) fn entry<'a>(
        &mut self,
        entry: &Entry<'_>,
        attributes: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) {
        if entry.line.len() > MAX_LINE {
            self.too_long = self.too_long.saturating_add(1);
            return;
        }
        if !self.filter.needs_reading(entry.line) {
            return;
        }
        let mut record = lines::text(entry.line);
        record.pop();
        let mut has_host = false;
        for (name, value) in attributes {
            let small = name.to_ascii_lowercase();
            let is_text = TEXTS.iter().any(|text| {
                let rest = small.strip_prefix(*text);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
            });
            if is_text || small == b"oom" {
                continue;
            }
            has_host |= small == b"hostname";
            columns::push_member(&mut record, name, value);
        }
        if !entry.host.is_empty() && !has_host {
            columns::push_member(&mut record, b"hostname", entry.host);
        }
        record.push(b'}');
        self.object(&record, Some(entry));
    }

    /// There are no more lines: what never finished is told too, and what was left out.
    pub(crate) fn end(mut self) {
        let mut found = Vec::new();
        self.records.end(&mut |record| found.push(record));
        self.records_of(found);
        while let Some(record) = self.filter.next_unfinished() {
            self.add(&record, None, None);
        }
        if self.too_long > 0 {
            let reason = format!(
                "{} lines were longer than {MAX_LINE} bytes and were not read",
                self.too_long
            );
            self.note(&reason);
        }
        if self.left_out > 0 {
            let reason = format!(
                "{} kills were left out, for there was no memory for them: raise webassembly_udf_max_memory, or \
                 hand over fewer lines at a time",
                self.left_out
            );
            self.note(&reason);
        }
        self.output.end(&self.array);
    }

    /// Adds a row that tells of no kill, but of what could not be done.
    pub(crate) fn note(&mut self, reason: &str) {
        let mut row = Row::default();
        columns::note(&mut row, reason);
        self.output.add(&mut self.array, row.bytes());
    }

    /// Nothing goes on with the record before.
    fn settle(&mut self) {
        let mut held = None;
        self.records.settle(&mut |record| held = Some(record));
        self.records_of(held);
    }

    fn records_of<'a>(&mut self, records: impl IntoIterator<Item = Record<'a>>) {
        for record in records {
            match record {
                Record::Object(object) => self.object(&object, None),
                Record::Plain(line) => {
                    if !self.filter.needs_reading(line.bytes()) {
                        continue;
                    }
                    let context = RecordContext::default();
                    let object = || line.object();
                    let kernel_line = line.kernel_line();
                    let outcome =
                        self.filter
                            .process_line(Mode::Events, &kernel_line, &context, &object);
                    if let Outcome::Replaced(record) = outcome {
                        self.add(&record, None, kernel_line.host);
                    }
                }
                Record::Malformed(_) => {}
            }
        }
    }

    fn object(&mut self, object: &[u8], entry: Option<&Entry<'_>>) {
        let context = RecordContext {
            time_us: entry.and_then(Entry::known_time_us),
            ..RecordContext::default()
        };
        match self.filter.process(Mode::Events, object, &context) {
            // It has its `oom` already: a filter of ours was there before.
            Outcome::Unchanged => self.add(object, entry, None),
            Outcome::Replaced(record) => self.add(&record, entry, None),
            Outcome::Dropped => {}
        }
    }

    fn add(&mut self, record: &[u8], entry: Option<&Entry<'_>>, host: Option<&[u8]>) {
        let mut row = Row::default();
        let is_room = self.output.has_room(record.len().saturating_mul(4));
        if is_room {
            columns::write(&mut row, record, entry, host);
        }
        if !(is_room && self.output.add(&mut self.array, row.bytes())) {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}
