//! What the filter took of each line, and what became of it.

use std::collections::HashMap;

use oom_filter::kernel::{self, Role, Section, Wording};
use oom_filter::lines::Record;
use oom_filter::{
    Author, Filter, IdentityKeys, KernelLine, Mode, NameBytes, Outcome, RecordContext, kernel_lines,
};
use serde_json::Value;

use crate::log::Entry;

/// What a line has that looks like a kill, whoever wrote it. In any case.
const LOOKS: [&str; 5] = [
    "killed process",
    "oom-kill",
    "out of memory",
    "oom_reaper",
    "invoked oom-killer",
];

/// A line that has to do with OOM.
pub struct Finding {
    /// Its record's place in the log.
    pub entry: usize,
    /// The number of its record's first line.
    pub number: usize,
    /// What stands in front of the kernel's text. Absent in a record of fields, and where more than a prefix was
    /// taken off.
    pub prefix: Option<Vec<u8>>,
    /// What the prefix or the record says.
    pub said: Said,
    /// The kernel's text, as it was read.
    pub text: Vec<u8>,
    /// The row that reads it.
    pub row: Option<Wording>,
    /// The part of a report that it is by its looks, where no row reads it.
    pub section: Option<Section>,
    /// What can be left out at its end without a change of what it says; of lines about a kill alone.
    pub rest: Vec<u8>,
    /// What became of its record.
    pub became: Became,
    /// It looks like a kill, and nothing of it was understood.
    pub is_unread: bool,
}

/// What stands beside a kernel's text.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Who wrote it.
    pub author: Author,
    /// Why that is somebody else, as far as it is known.
    pub why: Option<String>,
    /// Microseconds since boot.
    pub at_us: Option<u64>,
    /// The machine, of a prefix.
    pub host: Option<String>,
    /// The task or the processor that printed it.
    pub caller: Option<String>,
}

/// What became of a record.
#[derive(Clone, PartialEq)]
pub enum Became {
    /// It is nothing of a report.
    Nothing,
    /// A line of the report of this number, from 1.
    Line { report: usize, event: String },
    /// The kill of the report of this number.
    Kill { report: usize, oom: Value },
}

/// All that was found in a log.
pub struct Findings {
    pub lines: Vec<Finding>,
    /// The kills, in order.
    pub kills: Vec<Value>,
    /// Reports, with a kill or without.
    pub reports: usize,
    /// Records that have nothing to do with OOM.
    pub others: usize,
}

impl Findings {
    /// Reads the records of a log.
    pub fn of(entries: &[Entry<'_>]) -> Self {
        let mut judge = Judge::default();
        let mut found = Self {
            lines: Vec::new(),
            kills: Vec::new(),
            reports: 0,
            others: 0,
        };
        for (at, entry) in entries.iter().enumerate() {
            let became = judge.read(&entry.record);
            if let Became::Kill { oom, .. } = &became {
                found.kills.push(oom.clone());
            }
            let before = found.lines.len();
            if became != Became::Nothing || judge.may_concern(&entry.record) {
                found.add(at, entry, &became);
            }
            if found.lines.len() == before {
                found.others += 1;
            }
        }
        found.reports = judge.reports.len();
        found
    }

    /// Lines that look like a kill and were not read.
    pub fn unread(&self) -> impl Iterator<Item = &Finding> {
        self.lines.iter().filter(|line| line.is_unread)
    }

    fn add(&mut self, at: usize, entry: &Entry<'_>, became: &Became) {
        let finding = |line: &KernelLine<'_>, prefix: Option<Vec<u8>>, why: Option<String>| {
            let text = line.text.to_vec();
            let row = kernel::wording_of(&text, line.name_bytes);
            let is_understood = row.is_some() || *became != Became::Nothing;
            let is_others = line.author == Author::Other;
            Finding {
                entry: at,
                number: entry.number,
                prefix,
                said: Said {
                    author: line.author,
                    why,
                    at_us: line.at_us,
                    host: line.host.map(oom_filter::printable),
                    caller: line.caller.map(oom_filter::printable),
                },
                section: kernel::section(&text),
                rest: row
                    .as_ref()
                    .map_or(Vec::new(), |row| rest(&text, line.name_bytes, row)),
                is_unread: looks_like_kill(&text) && (is_others || !is_understood),
                row,
                text,
                became: became.clone(),
            }
        };
        let mut found: Vec<Finding> = Vec::new();
        match &entry.record {
            Record::Plain(plain) => {
                let line = plain.kernel_line();
                let why = (line.author == Author::Other)
                    .then(|| "by the prefix: a program, a process id or a facility that is not the kernel's".to_owned());
                found.push(finding(&line, prefix(plain.bytes(), &line), why));
            }
            Record::Object(object) => {
                kernel_lines(object, &mut |line| {
                    if found.iter().all(|known| *known.text != *line.text) {
                        let why = (line.author == Author::Other).then(|| reason(object));
                        found.push(finding(line, None, why));
                    }
                });
                let has_all = found.iter().any(|line| looks_like_kill(&line.text));
                if !has_all && looks_like_kill(object) && *became == Became::Nothing {
                    let mut line = finding(
                        &KernelLine {
                            text: object.as_ref().into(),
                            author: Author::Unsaid,
                            ..KernelLine::default()
                        },
                        None,
                        Some(
                            "it stands in no member of the record that may hold a kernel's text"
                                .to_owned(),
                        ),
                    );
                    line.is_unread = true;
                    found.push(line);
                }
            }
            Record::Malformed(line) => {
                let line = KernelLine {
                    text: (*line).into(),
                    ..KernelLine::default()
                };
                found.push(finding(
                    &line,
                    None,
                    Some("the line is no JSON object".to_owned()),
                ));
            }
        }
        let tells = |line: &Finding| line.row.is_some() || looks_like_kill(&line.text);
        if *became != Became::Nothing && !found.iter().any(tells) {
            found.truncate(1);
        } else {
            found.retain(tells);
        }
        self.lines.append(&mut found);
    }
}

/// Whether a text looks like a kill to a person.
pub fn looks_like_kill(text: &[u8]) -> bool {
    // The standard library's search is fast in a build for development too, and most lines of a log end here.
    let text = text.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&text);
    LOOKS.iter().any(|look| text.contains(look))
}

/// What stands in front of the kernel's text, where the rest of the line is that text.
pub fn prefix(line: &[u8], read: &KernelLine<'_>) -> Option<Vec<u8>> {
    let end = line
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(line.len());
    let line = line[..end].strip_suffix(b"\r").unwrap_or(&line[..end]);
    if let Some(prefix) = line.strip_suffix(&*read.text) {
        return Some(prefix.to_vec());
    }
    // The device's escapes were undone.
    (read.name_bytes == NameBytes::Exact)
        .then(|| line.iter().position(|byte| *byte == b';'))
        .flatten()
        .map(|end| line[..=end].to_vec())
}

/// What can be left out at the end of a text about a kill without a change of what it says.
fn rest(text: &[u8], name_bytes: NameBytes, row: &Wording) -> Vec<u8> {
    if !matches!(row.role, Role::Kills | Role::Follows) || text.len() > 8192 {
        return Vec::new();
    }
    let whole = kernel::parse(text, name_bytes);
    let mut end = text.len();
    while let Some(at) = text[..end]
        .iter()
        .rposition(|byte| matches!(byte, b' ' | b','))
    {
        if at == 0 || kernel::parse(&text[..at], name_bytes) != whole {
            break;
        }
        end = at;
    }
    text[end..].to_vec()
}

/// Which member of a record says that somebody else wrote it: the one without which nobody says so.
fn reason(object: &[u8]) -> String {
    let is_others = |members: &serde_json::Map<String, Value>| {
        let mut authors = Vec::new();
        let bytes = serde_json::to_vec(members).unwrap_or_default();
        kernel_lines(&bytes, &mut |line| authors.push(line.author));
        authors.is_empty() || authors.contains(&Author::Other)
    };
    let Ok(Value::Object(members)) = serde_json::from_slice(object) else {
        return "by its members".to_owned();
    };
    let names: Vec<String> = (members.keys())
        .filter(|name| {
            let mut without = members.clone();
            without.remove(*name);
            !is_others(&without)
        })
        .map(|name| format!("`{name}`"))
        .collect();
    match names.as_slice() {
        [] => "by several of its members".to_owned(),
        names => format!("by {}", names.join(", ")),
    }
}

/// Passes records through a filter.
struct Judge {
    filter: Filter,
    /// Without a report: it wants lines with a telling word alone.
    fresh: Filter,
    reports: HashMap<String, usize>,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            filter: Filter::new(IdentityKeys::OPEN_TELEMETRY),
            fresh: Filter::new(IdentityKeys::OPEN_TELEMETRY),
            reports: HashMap::new(),
        }
    }
}

impl Judge {
    /// Whether a record that is nothing of a report has to do with OOM all the same.
    fn may_concern(&self, record: &Record<'_>) -> bool {
        let bytes = match record {
            Record::Object(object) => object,
            Record::Plain(line) => line.bytes(),
            Record::Malformed(line) => line,
        };
        self.fresh.needs_reading(bytes) || looks_like_kill(bytes)
    }

    /// Reads the next record, as the program for Vector does.
    fn read(&mut self, record: &Record<'_>) -> Became {
        let context = RecordContext::default();
        let outcome = match record {
            Record::Object(object) => self.filter.process(Mode::Annotate, object, &context),
            Record::Plain(line) if self.filter.needs_reading(line.bytes()) => {
                let object = || line.object();
                self.filter
                    .process_line(Mode::Annotate, &line.kernel_line(), &context, &object)
            }
            Record::Plain(_) | Record::Malformed(_) => return Became::Nothing,
        };
        let Outcome::Replaced(record) = outcome else {
            return Became::Nothing;
        };
        let mut record: Value = serde_json::from_slice(&record).unwrap_or_default();
        let oom = record["oom"].take();
        let next = self.reports.len() + 1;
        let id = oom["id"].as_str().unwrap_or_default().to_owned();
        let report = *self.reports.entry(id).or_insert(next);
        match oom["event"].as_str() {
            Some("kill") => Became::Kill { report, oom },
            event => Became::Line {
                report,
                event: event.unwrap_or_default().to_owned(),
            },
        }
    }
}
