//! Records through the module, file by file.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use oom_suite::form::{Content, Form, Item, Record};

use super::clock;
use super::files::Opened;
use super::notes::{self, Notes};
use super::show::{Part, Show};
use crate::engine::Instance;
use crate::error::HostError;
use crate::input::{Event, Line, Lines, Source};
use crate::verdict::Verdict;

/// Without input for so long, what is held back for more lines is let out.
const SETTLE: Duration = Duration::from_millis(100);
/// Bytes of output written at once while input keeps coming.
const OUTPUT: usize = 64 << 10;
/// Most reports that a module can have open.
const OPEN_REPORTS: usize = 512;

/// Why it ended early.
pub(super) enum Stop {
    /// The output takes no more.
    Output(io::Error),
    /// The module cannot be used: a sentence.
    Module(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// One instance of the module, and where its records go.
pub(super) struct Session<'a, W: Write> {
    instance: Box<dyn Instance>,
    function: &'static str,
    show: Option<Show>,
    output: BufWriter<W>,
    notes: &'a mut Notes,
    progress: bool,
}

/// One input under way.
struct Input<'a> {
    form: &'a mut dyn Form,
    name: String,
    tag: String,
    /// When its machine started, where that is this one.
    boot: Option<Duration>,
    line: u64,
}

impl<'a, W: Write> Session<'a, W> {
    pub(super) fn new(
        instance: Box<dyn Instance>,
        function: &'static str,
        show: Option<Part>,
        output: W,
        notes: &'a mut Notes,
    ) -> Self {
        let output = BufWriter::with_capacity(OUTPUT, output);
        Self {
            instance,
            function,
            show: show.map(Show::new),
            output,
            notes,
            progress: notes::progress_wanted(),
        }
    }

    /// A file that cannot be opened.
    pub(super) fn unreadable(&mut self, name: &dyn Display, error: &io::Error) {
        self.notes.unreadable(name, error);
    }

    /// Takes a whole file, to its end.
    pub(super) fn file(&mut self, opened: Opened, form: &mut dyn Form) -> Result<(), Stop> {
        let Opened {
            file,
            name,
            tag,
            bytes: total,
            device,
        } = opened;
        let boot = if device { clock::boot() } else { None };
        let mut input = Input {
            form,
            name,
            tag,
            boot,
            line: 0,
        };
        let mut lines = Lines::default();
        let mut read = 0;
        let source = Source::start(file, device);
        loop {
            let event = match source.ready() {
                Some(event) => event,
                None => self.wait(&source, &mut input)?,
            };
            match event {
                Event::Bytes(bytes) => {
                    lines.push(&bytes, |line| self.line(&mut input, &line))?;
                    if device {
                        self.flush_form(&mut input)?;
                    }
                    read += bytes.len() as u64;
                    if let Some(total) = total.filter(|_| self.progress) {
                        self.notes.progress(&input.name, read, total);
                    }
                }
                Event::Overrun => self.notes.say(&format!(
                    "{}: the kernel overwrote records before they were read",
                    input.name
                )),
                Event::Failed(error) => self.notes.unreadable(&input.name, &error),
                Event::End => break,
            }
        }
        lines.finish(|line| self.line(&mut input, &line))?;
        self.flush_form(&mut input)
    }

    /// Lets the records out, for the next input may be long in coming.
    fn wait(&mut self, source: &Source, input: &mut Input<'_>) -> Result<Event, Stop> {
        self.output.flush()?;
        if let Some(event) = source.within(SETTLE) {
            return Ok(event);
        }
        self.flush_form(input)?;
        self.output.flush()?;
        Ok(source.next())
    }

    fn line(&mut self, input: &mut Input<'_>, line: &Line<'_>) -> Result<(), Stop> {
        match *line {
            Line::Whole(line) => {
                input.line += 1;
                match input.form.line(input.line, line) {
                    Some(item) => self.item(input, item),
                    None => Ok(()),
                }
            }
            Line::Piece { bytes, first } => {
                if first {
                    self.flush_form(input)?;
                    input.line += 1;
                    self.notes
                        .oversized(format_args!("{}:{}", input.name, input.line));
                }
                Ok(self.output.write_all(bytes)?)
            }
        }
    }

    fn flush_form(&mut self, input: &mut Input<'_>) -> Result<(), Stop> {
        match input.form.flush() {
            Some(item) => self.item(input, item),
            None => Ok(()),
        }
    }

    fn item(&mut self, input: &Input<'_>, item: Item) -> Result<(), Stop> {
        let place = format_args!("{}:{}", input.name, item.line);
        match item.content {
            Content::Record(Record { json, uptime_us }) => {
                let time = input
                    .boot
                    .zip(uptime_us)
                    .map_or_else(clock::now, |(boot, us)| boot + Duration::from_micros(us));
                self.record(&place, &input.tag, time, &json).map(drop)
            }
            Content::Foreign(line) => {
                self.notes.foreign(place);
                self.output.write_all(&line)?;
                Ok(self.output.write_all(b"\n")?)
            }
        }
    }

    /// Hands one record in and writes what comes back; whether that is a record of the module's own.
    fn record(
        &mut self,
        place: &dyn Display,
        tag: &str,
        time: Duration,
        json: &[u8],
    ) -> Result<bool, Stop> {
        let time = clock::stamp(time);
        match self
            .instance
            .call(self.function, tag.as_bytes(), time, json)
        {
            Ok(Verdict::Unchanged) if json.is_empty() => Ok(false),
            Ok(Verdict::Unchanged) => self.write(json).map(|()| false),
            Ok(Verdict::Dropped) => Ok(false),
            Ok(Verdict::Replaced(mut json)) => {
                // Between the tokens a line may break; in NDJSON it may not.
                for byte in &mut json {
                    if matches!(byte, b'\n' | b'\r') {
                        *byte = b' ';
                    }
                }
                if self.progress {
                    self.notes.count_kill(&json);
                }
                self.write(&json).map(|()| true)
            }
            Err(error @ (HostError::MissingExport(_) | HostError::WrongType(_))) => {
                Err(Stop::Module(error.to_string()))
            }
            Err(error) => {
                self.notes.lost(place, &error);
                if matches!(error, HostError::Trap(_)) {
                    // What it remembered is gone, but the records to come are not.
                    self.instance
                        .restart()
                        .map_err(|error| Stop::Module(error.to_string()))?;
                }
                Ok(false)
            }
        }
    }

    fn write(&mut self, json: &[u8]) -> Result<(), Stop> {
        if let Some(show) = &mut self.show {
            return Ok(show.record(&mut self.output, json)?);
        }
        self.output.write_all(json)?;
        Ok(self.output.write_all(b"\n")?)
    }

    /// Asks the module for the reports that are still open: it gives one for each empty record.
    pub(super) fn release(&mut self) -> Result<(), Stop> {
        for _ in 0..OPEN_REPORTS {
            if !self.record(&"at the end of the input", "", clock::now(), b"")? {
                return Ok(());
            }
        }
        self.notes
            .say("the module has more open reports than it should");
        Ok(())
    }

    /// Lets the last records out.
    pub(super) fn finish(mut self) -> Result<(), Stop> {
        if let Some(show) = self.show {
            writeln!(self.output, "{show}")?;
        }
        Ok(self.output.flush()?)
    }
}
