//! Records in, records out.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::carrier::{self, Line, Origin};
use crate::escape::{Fidelity, decode_kmsg};
use crate::hash::Hash;
use crate::message::{Message, is_row_with_line_end, parse};
use crate::names::{Find, LogDirectory, Lookup, Names};
use crate::oom::{Event, Oom};
use crate::record::{IdentityKeys, Record};
use crate::state::{Arrived, Kept, Released, Releases, Repeats, Source, Step};
use crate::{scan, summary};

/// What becomes of lines that are no kill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every record passes. Lines of a report carry what they say, a kill carries
    /// everything.
    #[default]
    Annotate,
    /// Lines of a report are dropped, a kill carries everything, other records
    /// pass.
    Rewrite,
    /// Kills alone pass.
    Events,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passes as it came.
    Unchanged,
    /// It is not wanted in this mode.
    Dropped,
    /// This record takes its place: one JSON object, one line.
    Replaced(Vec<u8>),
}

/// What the host knows of a record beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival<'a> {
    /// The tag, or any other name of the stream the record came by: streams are
    /// kept apart by it.
    pub tag: &'a [u8],
    /// When the event happened, in microseconds since 1970. It only tells kills
    /// that are older than the filter.
    pub time_us: Option<u64>,
}

/// Streams remembered at once; the one that was quiet longest is forgotten.
const MOST_SOURCES: usize = 256;
/// No line of a report is shorter: `<IRQ>`.
const SHORTEST_LINE: usize = 5;
/// Longest record kept for a report that may have to be released.
const LONGEST_KEPT: usize = 16 * 1024;

/// Turns kernel OOM lines in log records into structured kills.
///
/// Records are JSON objects. They come in any number of interleaved streams, in
/// order within each. State between them is bounded: 256 streams, of each one
/// open report and the newest table of tasks.
///
/// ```
/// use oom_filter::{Arrival, Filter, IdentityKeys, Mode, Outcome};
///
/// let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
/// let record = br#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;
///
/// let Outcome::Replaced(kill) = filter.process(Mode::Annotate, record, &Arrival::default())
///     else { panic!() };
/// let kill: serde_json::Value = serde_json::from_slice(&kill).unwrap();
/// assert_eq!(kill["oom"]["victim"]["pid"], 42);
/// assert_eq!(kill["oom"]["level"], "node");
/// ```
#[derive(Debug)]
pub struct Filter {
    keys: IdentityKeys,
    started_us: Option<u64>,
    sources: Vec<Heard>,
    /// Counts lines, to know which source was quiet longest.
    clock: u64,
    /// How many sources have an open report.
    busy: usize,
    repeats: Repeats,
    /// Releases whose line could not make room for them.
    owed: Releases,
    /// Where names are looked up, if the host can.
    lookup: Option<Box<dyn Find>>,
}

/// A source, and when a line of it came last.
#[derive(Clone, Debug)]
struct Heard {
    key: u64,
    last: u64,
    source: Box<Source>,
}

/// What one record came to.
#[derive(Default)]
struct Reading {
    kill: Option<Box<Oom>>,
    /// The machine it happened on.
    host: u64,
    line: Option<Box<Oom>>,
    /// A line that is nothing of a report stood among them.
    has_foreign: bool,
}

/// The same state. A copy adds no names to kills until it is told where to find them.
impl Clone for Filter {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys,
            started_us: self.started_us,
            sources: self.sources.clone(),
            clock: self.clock,
            busy: self.busy,
            repeats: self.repeats.clone(),
            owed: self.owed.clone(),
            lookup: None,
        }
    }
}

impl Filter {
    /// A filter that names Kubernetes identity by `keys`.
    pub const fn new(keys: IdentityKeys) -> Self {
        Self {
            keys,
            started_us: None,
            sources: Vec::new(),
            clock: 0,
            busy: 0,
            repeats: Repeats::new(),
            owed: Releases::new(),
            lookup: None,
        }
    }

    /// The same, told when it started, in microseconds since 1970: kills from
    /// before then are marked as replayed.
    #[must_use]
    pub const fn started_at(mut self, time_us: u64) -> Self {
        self.started_us = Some(time_us);
        self
    }

    /// Adds to each kill of a pod the names of pod, namespace and container, as far as the kubelet's
    /// directories tell them. They are listed for kills alone, each once at most for a kill.
    pub fn names_from(&mut self, directory: Box<dyn LogDirectory>) {
        self.lookup = Some(Box::new(Lookup::new(directory)));
    }

    /// The same for one line of a record, which may hold very many.
    fn concerns_line(&self, text: &[u8]) -> bool {
        text.len() >= SHORTEST_LINE && self.concerns(text)
    }

    /// Whether [`Self::process`] has to read `record` at all.
    ///
    /// Where it has not, the outcome is [`Outcome::Unchanged`], or
    /// [`Outcome::Dropped`] in [`Mode::Events`], and nothing is allocated.
    #[inline]
    pub fn concerns(&self, record: &[u8]) -> bool {
        self.busy > 0 || scan::may_concern(record)
    }

    /// Where in a stretch of records [`Self::process`] has to begin: what is before that place is
    /// nothing to it. `None` where all of it is.
    ///
    /// A record that holds the place may have begun before it. Once a record has been processed, ask
    /// anew: it may have opened a report, and then the next one is to be read whatever it holds.
    ///
    /// ```
    /// use oom_filter::{Filter, IdentityKeys};
    ///
    /// let filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    /// assert_eq!(filter.first_concern(b"eth0: up\nOOM victim 42 ..."), Some(9));
    /// ```
    #[inline]
    pub fn first_concern(&self, records: &[u8]) -> Option<usize> {
        if self.busy > 0 {
            return Some(0);
        }
        scan::first_word(records)
    }

    /// Reads one record.
    ///
    /// A record that is no JSON object is nothing to this filter: it passes, or
    /// in [`Mode::Events`] is dropped. So does one that carries an `oom` already,
    /// which passes in every mode. Linear in the record; a record without any
    /// telling word costs no allocation while no report is open.
    // Beside what an adapter runs for every record, and never a part of it.
    #[inline(never)]
    pub fn process(&mut self, mode: Mode, record: &[u8], arrival: &Arrival<'_>) -> Outcome {
        if !self.concerns(record) {
            return nothing(mode);
        }
        let Some(parsed) = Record::read(record) else {
            return nothing(mode);
        };
        if parsed.is_done {
            return Outcome::Unchanged;
        }
        if parsed.origin == Origin::Other {
            return nothing(mode);
        }
        let reading = self.read(mode, record, &parsed, arrival);
        let mut names = None;
        let added = match (reading.kill, reading.line, mode) {
            (Some(kill), _, _) => {
                names = self.names(&kill);
                self.complete(kill, reading.host, arrival)
            }
            (None, Some(line), Mode::Annotate) => line,
            (None, Some(_), Mode::Rewrite) if reading.has_foreign => return Outcome::Unchanged,
            (None, Some(_), _) => {
                return self.release().map_or(Outcome::Dropped, Outcome::Replaced);
            }
            (None, None, _) => return nothing(mode),
        };
        parsed
            .splice(&added, &self.keys, names.as_ref())
            .map_or(Outcome::Unchanged, Outcome::Replaced)
    }

    /// Releases one report that never finished, as at the end of the input.
    ///
    /// Call it until it gives nothing. In [`Mode::Annotate`] nothing needs it:
    /// every line has passed already.
    pub fn release_next(&mut self) -> Option<Vec<u8>> {
        if let Some(record) = self.release() {
            return Some(record);
        }
        let released = self
            .sources
            .iter_mut()
            .find_map(|heard| heard.source.release())?;
        self.busy = self
            .sources
            .iter()
            .filter(|heard| heard.source.is_busy())
            .count();
        self.write_released(&released)
    }

    /// The oldest release that is owed, written.
    fn release(&mut self) -> Option<Vec<u8>> {
        let released = self.owed.next()?;
        self.write_released(&released)
    }

    fn write_released(&self, released: &Released) -> Option<Vec<u8>> {
        let record = released.record.as_deref().unwrap_or(b"{}");
        Record::read(record)?.splice(&released.oom, &self.keys, None)
    }

    /// Reads every line of the record's text.
    fn read(
        &mut self,
        mode: Mode,
        bytes: &[u8],
        record: &Record<'_>,
        arrival: &Arrival<'_>,
    ) -> Reading {
        let kept =
            (mode != Mode::Annotate && bytes.len() <= LONGEST_KEPT).then(|| Kept::new(bytes));
        // While some other source has an open report, this one is read no closer
        // than it would be by itself.
        let is_telling = scan::may_concern(bytes);
        let mut owed = core::mem::take(&mut self.owed);
        let mut reading = Reading::default();
        for text in record.texts() {
            reading = Reading::default();
            lines(record, &text, |line| {
                let concerned = self.concerns_line(line);
                let prepared = concerned.then(|| prepare(record, line)).flatten();
                let Some(line) = prepared else {
                    reading.has_foreign |= !line.is_empty();
                    return;
                };
                let source = self.source(record, &line, arrival, is_telling);
                let Some(source) = source.filter(|source| is_telling || source.is_busy()) else {
                    reading.has_foreign |= !line.text.is_empty();
                    return;
                };
                let arrived = Arrived {
                    text: &line.text,
                    fidelity: line.fidelity,
                    at_us: line.at_us,
                    caller: line.caller,
                    record: kept.as_ref(),
                };
                let host = source.host();
                let was_busy = source.is_busy();
                let step = source.feed(&arrived, (mode != Mode::Annotate).then_some(&mut owed));
                self.busy = match (was_busy, source.is_busy()) {
                    (false, true) => self.busy.saturating_add(1),
                    (true, false) => self.busy.saturating_sub(1),
                    _ => self.busy,
                };
                match step {
                    Step::Foreign => reading.has_foreign = true,
                    Step::Line(oom) => reading.add(oom),
                    Step::Kill(oom) => {
                        if reading.kill.is_none() {
                            reading.host = host;
                            reading.kill = Some(oom);
                        }
                    }
                }
            });
            if reading.kill.is_some() || reading.line.is_some() {
                break;
            }
        }
        // A source may have been forgotten meanwhile.
        while let Some(released) = self.owed.next() {
            owed.add(Some(released));
        }
        self.owed = owed;
        reading
    }

    /// The source of a line, which becomes the one heard last. One that is not
    /// known yet is added for a telling record only: ordinary ones may come from
    /// any number of streams, and must not push out an open report.
    fn source(
        &mut self,
        record: &Record<'_>,
        line: &Prepared<'_>,
        arrival: &Arrival<'_>,
        is_telling: bool,
    ) -> Option<&mut Source> {
        let host = record.host.with(line.host.unwrap_or_default()).value();
        let key = Hash::new()
            .with(&host.to_le_bytes())
            .with(arrival.tag)
            .value();
        self.clock = self.clock.saturating_add(1);
        let known = self.sources.iter().position(|heard| heard.key == key);
        let position = match known {
            Some(position) => position,
            None if is_telling => self.add_source(key, host),
            None => return None,
        };
        let heard = self.sources.get_mut(position)?;
        heard.last = self.clock;
        Some(&mut heard.source)
    }

    /// Adds a source and returns its position.
    fn add_source(&mut self, key: u64, host: u64) -> usize {
        let quietest = self
            .sources
            .iter()
            .enumerate()
            .min_by_key(|(_, heard)| heard.last)
            .map(|(position, _)| position)
            .filter(|_| self.sources.len() >= MOST_SOURCES);
        if let Some(position) = quietest {
            let mut forgotten = self.sources.swap_remove(position);
            if forgotten.source.is_busy() {
                self.busy = self.busy.saturating_sub(1);
            }
            self.owed.add(forgotten.source.release());
        }
        self.sources.push(Heard {
            key,
            last: self.clock,
            source: Box::new(Source::new(host)),
        });
        self.sources.len().saturating_sub(1)
    }

    fn names(&mut self, kill: &Oom) -> Option<Names> {
        let pod = kill.pod.as_ref()?;
        self.lookup.as_mut()?.find(&pod.uid, kill.container_id())
    }

    /// Adds what only the filter as a whole knows of a kill.
    fn complete(&mut self, mut kill: Box<Oom>, host: u64, arrival: &Arrival<'_>) -> Box<Oom> {
        kill.repeats = crate::state::repeat_key(&kill, host).map(|key| self.repeats.count(key));
        kill.replayed = matches!(
            (arrival.time_us, self.started_us),
            (Some(then), Some(started)) if then < started
        );
        kill.summary = Some(summary::of(&kill));
        kill
    }
}

/// What becomes of a record that tells nothing of an OOM kill.
fn nothing(mode: Mode) -> Outcome {
    match mode {
        Mode::Annotate | Mode::Rewrite => Outcome::Unchanged,
        Mode::Events => Outcome::Dropped,
    }
}

impl Reading {
    /// Keeps the line that says most: the first that is more than any line of a
    /// report.
    fn add(&mut self, oom: Box<Oom>) {
        if let Some(kill) = &mut self.kill {
            // The rest of a report in one record: its group is known by now.
            if oom.group && oom.id == kill.id {
                crate::state::mark_group(kill);
            }
            return;
        }
        let says_more = self
            .line
            .as_ref()
            .is_none_or(|line| line.event == Event::Report && oom.event != Event::Report);
        if says_more {
            self.line = Some(oom);
        }
    }
}

/// A line of a record's text, its prefixes and escapes gone.
struct Prepared<'a> {
    text: Cow<'a, [u8]>,
    fidelity: Fidelity,
    at_us: Option<u64>,
    host: Option<&'a [u8]>,
    caller: Option<&'a [u8]>,
}

/// Hands over the lines of a record's text that may be the kernel's.
///
/// A line end inside a text may be a name's: where the whole is one message of a
/// grammar that says where it ends, it is not divided. Neither is a record of
/// `/dev/kmsg`, which escapes the line ends that are not its own.
fn lines<'a>(record: &Record<'_>, text: &'a [u8], mut read: impl FnMut(&'a [u8])) {
    let has_line_end = carrier::bare(text).text.contains(&b'\n');
    if has_line_end
        && !record.is_kmsg
        && prepare(record, text).is_some_and(|whole| is_one_message(&whole))
    {
        return read(text);
    }
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        // Behind a kmsg record stand lines of its dictionary, one space in front.
        // The record itself may begin with one: a name may be empty.
        if record.is_kmsg && number > 0 && line.starts_with(b" ") && line.contains(&b'=') {
            continue;
        }
        read(line);
    }
}

fn prepare<'a>(record: &Record<'_>, line: &'a [u8]) -> Option<Prepared<'a>> {
    let line: Line<'a> = if record.is_kmsg || record.is_journal {
        Line {
            escaped: record.is_kmsg,
            ..carrier::bare(line)
        }
    } else {
        carrier::strip(line)
    };
    (line.origin != Origin::Other).then(|| Prepared {
        text: if line.escaped {
            decode_kmsg(line.text)
        } else {
            Cow::Borrowed(line.text)
        },
        fidelity: if line.escaped {
            Fidelity::Exact
        } else {
            Fidelity::Unknown
        },
        at_us: line.at_us.or(record.at_us),
        host: line.host,
        caller: line.caller,
    })
}

/// Whether a text with line ends in it is one message all the same: every one of
/// them must stand in a name.
fn is_one_message(line: &Prepared<'_>) -> bool {
    if is_row_with_line_end(&line.text) {
        return true;
    }
    let name = match parse(&line.text, line.fidelity) {
        Some(Message::Killed(killed)) => Some(killed.comm),
        Some(Message::Invoked(invoked)) => invoked.comm,
        Some(Message::Selected(selected)) => Some(selected.comm),
        Some(Message::StackHead(head)) => Some(head.comm),
        Some(Message::Reaped { comm, .. } | Message::AlreadyExiting { comm, .. }) => Some(comm),
        // Ends with numbers, behind which nothing can stand.
        Some(Message::Constraint(constraint)) if constraint.pid.is_some() => Some(&*line.text),
        _ => None,
    };
    name.is_some_and(|name| line_ends(name) == line_ends(&line.text))
}

fn line_ends(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').skip(1).count()
}
