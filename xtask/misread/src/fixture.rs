//! A suite of a part of a log, with its names replaced.

use std::fmt::Write;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use oom_filter::kernel::Role;
use oom_filter::lines::Record;
use oom_filter::{Author, KernelLine};
use oom_suite::form;
use serde_json::Value;

use crate::finding::{Became, Finding, Findings};
use crate::log::Entry;
use crate::replace::Replacer;

/// Most lines of a suite.
const MOST: usize = 400;
/// Lines of others that may stand between two of a report that was not read.
const APART: usize = 60;

/// A suite, before it is written.
pub struct Fixture {
    /// What its lines are: a name of [`form::FORMS`].
    form: &'static str,
    lines: Vec<Vec<u8>>,
    /// Lines in the middle that had no room.
    left_out: usize,
    replacer: Replacer,
    /// The kills that the log tells of these lines.
    kills: Vec<Value>,
    /// How many of these lines look like a kill and were not read.
    unread: usize,
}

impl Fixture {
    /// Of the lines concerned: the report of `line`, else that of the first line that could not be read, else all.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn of(
        entries: &[Entry<'_>],
        found: &Findings,
        line: Option<usize>,
    ) -> Result<Self, String> {
        let (from, to) = window(found, line)?;
        let mut chosen: Vec<&Entry<'_>> = entries[from..=to].iter().collect();
        let left_out = chosen.len().saturating_sub(MOST);
        if left_out > 0 {
            chosen.drain(MOST / 2..MOST / 2 + left_out);
        }
        let form = form_of(&chosen);
        let raw: Vec<Vec<u8>> = chosen.iter().map(|entry| bytes(entry, form)).collect();
        let mut replacer = Replacer::new(raw.iter().map(Vec::as_slice));
        let lines = raw
            .iter()
            .map(|line| {
                if form == "ndjson" {
                    replacer.object(line)
                } else {
                    replacer.line(line)
                }
            })
            .collect();
        // In the order of the log, where each is told once.
        let mut kills: Vec<(usize, Value)> = Vec::new();
        for finding in &found.lines {
            let is_known = kills
                .last()
                .is_some_and(|(entry, _)| *entry == finding.entry);
            if let Became::Kill { oom, .. } = &finding.became
                && (from..=to).contains(&finding.entry)
                && !is_known
            {
                kills.push((finding.entry, oom.clone()));
            }
        }
        Ok(Self {
            form,
            lines,
            left_out,
            replacer,
            unread: (found.unread())
                .filter(|finding| (from..=to).contains(&finding.entry))
                .count(),
            kills: kills.into_iter().map(|(_, oom)| oom).collect(),
        })
    }

    /// Writes the suite. What was done, for the user, and whether it tells the same kills as the log.
    ///
    /// # Errors
    ///
    /// A sentence for the user.
    pub fn write(&self, name: &str) -> Result<(String, bool), String> {
        let path = path_of(name)?;
        let text = self.toml();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let mut said = format!(
            "\nwrote {}: {} as {}\n",
            name_of(&path),
            lines(self.lines.len()),
            self.form
        );
        if self.left_out > 0 {
            let _ = writeln!(said, "left out of its middle: {}", lines(self.left_out));
        }
        let counts: Vec<String> = (self.replacer.names.counts())
            .map(|(kind, count)| format!("{count} {}", kind.word(count == 1)))
            .collect();
        let counts = if counts.is_empty() {
            "nothing".to_owned()
        } else {
            counts.join(", ")
        };
        let _ = writeln!(said, "replaced: {counts}");
        for name in self.left_over() {
            let _ = writeln!(said, "STILL THERE: {:?}", oom_filter::printable(&name));
        }
        let difference = self.difference();
        let kills = self.kills.len();
        let plural = if kills == 1 { "" } else { "s" };
        let _ = match &difference {
            None => writeln!(
                said,
                "it tells the same as the log: {kills} kill{plural}, with the same levels and figures"
            ),
            Some(difference) => {
                writeln!(said, "IT DOES NOT TELL THE SAME AS THE LOG: {difference}")
            }
        };
        said += "Look it over before you share it: the free text of other lines, the hardware's name and what stands\n\
                 in no known place are as they were. `BLESS=1 cargo test -p oom-filter --test suites` then writes what\n\
                 leaves of it.\n";
        Ok((said, difference.is_none()))
    }

    /// The names of machines and processes that still stand somewhere, as words of their own.
    fn left_over(&self) -> Vec<Vec<u8>> {
        let is_there = |name: &[u8]| {
            let is_apart = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
            self.lines.iter().any(|line| {
                line.windows(name.len()).enumerate().any(|(at, part)| {
                    let before = at.checked_sub(1).and_then(|at| line.get(at));
                    part == name && is_apart(before) && is_apart(line.get(at + name.len()))
                })
            })
        };
        let names = &self.replacer.names;
        let mut left: Vec<Vec<u8>> = (names.originals())
            .filter(|name| name.len() > 2 && !names.is_vocabulary(name) && is_there(name))
            .map(<[u8]>::to_vec)
            .collect();
        left.sort();
        left
    }

    /// What the filter tells of the suite and not of the log, or the other way round.
    fn difference(&self) -> Option<String> {
        let records = form::records(self.form, &self.input()).unwrap_or_default();
        let entries: Vec<Entry<'_>> = (records.iter().zip(1..))
            .map(|(record, number)| Entry {
                number,
                record: Record::Object(record.into()),
            })
            .collect();
        let found = Findings::of(&entries);
        let (kills, unread) = (found.kills.len(), found.unread().count());
        if kills != self.kills.len() {
            return Some(format!("{kills} kills, not {}", self.kills.len()));
        }
        if unread != self.unread && self.left_out == 0 {
            let text = "lines that look like a kill and are not read";
            return Some(format!("{unread} {text}, not {}", self.unread));
        }
        let mut pairs = self.kills.iter().zip(&found.kills).zip(1..);
        pairs.find_map(|((log, suite), number)| {
            let field = first_difference("", &figures(log), &figures(suite))?;
            Some(format!("{field} of kill {number}"))
        })
    }

    fn input(&self) -> Vec<u8> {
        let mut input = self.lines.join(&b'\n');
        input.push(b'\n');
        input
    }

    fn toml(&self) -> String {
        let input = self.input();
        let is_plain = |letter: char| letter == '\t' || letter == '\n' || !letter.is_control();
        let (escaped, input) = match String::from_utf8(input) {
            Ok(text) if text.chars().all(is_plain) && !text.contains("'''") => ("", text),
            Ok(text) => ("escaped = true\n", escaped(text.as_bytes())),
            Err(error) => ("escaped = true\n", escaped(error.as_bytes())),
        };
        format!(
            "about = \"A part of a log that was misread, its names replaced: say here what it shows.\"\n\
             form = \"{}\"\n{escaped}input = '''\n{input}'''\n",
            self.form
        )
    }
}

fn lines(count: usize) -> String {
    format!("{count} line{}", if count == 1 { "" } else { "s" })
}

/// A text in which `\xNN` is a byte.
fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid().chars().peekable();
        while let Some(letter) = rest.next() {
            let is_odd = letter.is_control() && !matches!(letter, '\t' | '\n')
                || letter == '\''
                || letter == '\\' && rest.peek() == Some(&'x');
            if is_odd {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            } else {
                out.push(letter);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn path_of(name: &str) -> Result<PathBuf, String> {
    if name.contains('/')
        || Path::new(name)
            .extension()
            .is_some_and(|ending| ending == "toml")
    {
        return Ok(name.into());
    }
    let is_word =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_word) {
        return Err(format!(
            "'{name}' is no name of a suite: small letters, digits and dashes"
        ));
    }
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filter/suites");
    Ok(suites.join(format!("{name}.toml")))
}

/// The path as a person in the top folder writes it.
fn name_of(path: &Path) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    path.strip_prefix(top).unwrap_or(path).display().to_string()
}

/// The first and the last record that a suite is to hold.
fn window(found: &Findings, line: Option<usize>) -> Result<(usize, usize), String> {
    let all = &found.lines;
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return Err(
            "no line of the log has to do with OOM: there is nothing to make a fixture of"
                .to_owned(),
        );
    };
    if line.is_none() && last.entry - first.entry < MOST {
        return Ok((first.entry, last.entry));
    }
    let at = match line {
        Some(line) => (all.iter().position(|finding| finding.number == line))
            .ok_or_else(|| format!("line {line} has nothing to do with OOM"))?,
        None => all
            .iter()
            .position(|finding| finding.is_unread)
            .unwrap_or(0),
    };
    let report = report_of(&all[at]);
    if report.is_some() {
        let mut of_it = all.iter().filter(|finding| report_of(finding) == report);
        let first = of_it.next().map_or(at, |finding| finding.entry);
        return Ok((
            first,
            of_it.next_back().map_or(first, |finding| finding.entry),
        ));
    }
    let is_kill = |finding: &Finding| matches!(finding.became, Became::Kill { .. });
    let (mut from, mut to) = (at, at);
    while from > 0 && !is_kill(&all[from - 1]) && all[from].entry - all[from - 1].entry <= APART {
        from -= 1;
    }
    while to + 1 < all.len() && all[to + 1].entry - all[to].entry <= APART {
        let is_next = all[to + 1].row.as_ref().is_some_and(|row| {
            row.role == Role::Opens && all[to + 1].text.windows(7).any(|part| part == b"invoked")
        });
        if is_next || is_kill(&all[to]) {
            break;
        }
        to += 1;
    }
    Ok((all[from].entry, all[to].entry))
}

fn report_of(finding: &Finding) -> Option<usize> {
    match finding.became {
        Became::Nothing => None,
        Became::Line { report, .. } | Became::Kill { report, .. } => Some(report),
    }
}

/// The form of a suite that holds these records as they came, or at least what they say.
fn form_of(entries: &[&Entry<'_>]) -> &'static str {
    // That form has Fluent Bit's fields, which do not tell that a program wrote to the device.
    let is_kmsg = |entry: &&Entry<'_>| match &entry.record {
        Record::Plain(plain) => {
            let line = KernelLine::read(plain.bytes());
            let starts = plain.bytes().first().is_some_and(u8::is_ascii_digit);
            starts && line.sequence.is_some() && line.author != Author::Other
        }
        _ => false,
    };
    let is_object = |entry: &&Entry<'_>| matches!(entry.record, Record::Object(_));
    if entries.iter().all(is_kmsg) {
        "kmsg"
    } else if entries.iter().any(is_object) {
        "ndjson"
    } else {
        "text"
    }
}

fn bytes(entry: &Entry<'_>, form: &str) -> Vec<u8> {
    match &entry.record {
        Record::Plain(plain) if form == "ndjson" => plain.object(),
        Record::Plain(plain) => plain.bytes().to_vec(),
        // A suite has one to a line.
        Record::Object(object) => (object.iter())
            .map(|byte| if *byte == b'\n' { b' ' } else { *byte })
            .collect(),
        Record::Malformed(line) => line.to_vec(),
    }
}

/// What must stay of a kill: all but names. How many came before it depends on what is left out.
fn figures(oom: &Value) -> Value {
    /// Words of the filter's own.
    const WORDS: [&str; 11] = [
        "event",
        "tag",
        "killer",
        "level",
        "constraint",
        "attribution",
        "origin",
        "container_outcome",
        "runtime",
        "qos",
        "system",
    ];
    match oom {
        Value::Object(members) => (members.iter())
            .filter(|(key, _)| *key != "repeats" && *key != "summary")
            .map(|(key, value)| {
                let is_name = value.is_string() && !WORDS.contains(&key.as_str());
                let value = if is_name {
                    Value::from("a name")
                } else {
                    figures(value)
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(figures).collect(),
        value => value.clone(),
    }
}

/// The first member that two values do not have in common.
fn first_difference(name: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            (one.keys().chain(other.keys())).find_map(|key| {
                let of = |members: &serde_json::Map<String, Value>| {
                    members.get(key).cloned().unwrap_or_default()
                };
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                first_difference(&name, &of(one), &of(other))
            })
        }
        (one, other) => (one != other).then(|| format!("{name} is {other}, not {one},")),
    }
}
