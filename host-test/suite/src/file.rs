//! The form of a suite's file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A record that the filter does not touch.
pub(crate) const NOTHING: char = '.';
/// The same, with an `oom` already: it passes in every mode.
pub(crate) const DONE: char = '=';
/// A record with a whole kill.
pub(crate) const KILL: char = 'K';
/// The same of an evicted pod.
pub(crate) const EVICTED: char = 'E';
/// A record that says that memory is short.
pub(crate) const PRESSURE: char = 'p';
/// A record of somebody who saw a kill.
pub(crate) const CONFIRMED: char = 'c';

/// The letter of each event in `lines`.
const LETTERS: [(char, &str); 14] = [
    (KILL, "kill"),
    (EVICTED, "evicted"),
    (PRESSURE, "pressure"),
    (CONFIRMED, "confirmed"),
    ('i', "invoked"),
    ('u', "usage"),
    ('T', "tasks"),
    ('t', "task"),
    ('C', "constraint"),
    ('G', "group"),
    ('r', "reaped"),
    ('P', "panic"),
    ('N', "no_victim"),
    ('R', "report"),
];

/// The numbers of reports in `reports`.
const REPORTS: &[u8] = b"123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The event that a letter of `lines` stands for; `None` for `.`, a record that leaves as it came, and
/// `=`, one that brings an `oom` along and therefore passes in every mode.
pub fn event_of(letter: char) -> Option<&'static str> {
    let mut letters = LETTERS.iter();
    letters.find_map(|(other, event)| (*other == letter).then_some(*event))
}

/// The letter of an event.
pub(crate) fn letter_of(event: &str) -> Option<char> {
    let mut letters = LETTERS.iter();
    letters.find_map(|(letter, other)| (*other == event).then_some(*letter))
}

/// What stands in `reports` for the report of that number, from 0.
pub(crate) fn letter_of_report(number: usize) -> Option<char> {
    REPORTS.get(number).copied().map(char::from)
}

/// A suite's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) about: String,
    pub(crate) form: String,
    /// Each record meets a new instance.
    #[serde(default)]
    pub(crate) fresh: bool,
    input: String,
    /// In `input`, `\xNN` stands for a byte: the input is no text.
    #[serde(default)]
    escaped: bool,
    /// A letter for each record. `R{9}` is nine times `R`, and white space is nothing.
    #[serde(default)]
    lines: String,
    /// For each record the number of its report. Where it is left out all lines are of one report, or,
    /// where each record meets a new instance, each is of its own.
    reports: Option<String>,
    /// The ids of the reports.
    #[serde(default)]
    pub(crate) ids: Vec<String>,
    /// The kills and the reports that were released are all that is listed: there are too many lines.
    #[serde(default)]
    pub(crate) kills_only: bool,
    /// By the record's number, from 1.
    #[serde(default)]
    kill: BTreeMap<String, Told>,
    #[serde(default)]
    line: BTreeMap<String, Told>,
    #[serde(default)]
    pub(crate) truncated: Vec<Truncated>,
}

/// The `oom` object of a record.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    /// The record as it leaves, without its `oom`, where the one that came is no JSON.
    pub(crate) reads_as: Option<String>,
    /// What the `oom` has beside `event`, `tag` and `id`.
    #[serde(flatten)]
    pub(crate) oom: Map<String, Value>,
}

/// A report that was released without its kill: in the modes that drop its lines.
#[derive(Debug, Deserialize)]
pub(crate) struct Truncated {
    /// The record in whose place it leaves; at the end of the input where there is none.
    pub(crate) record: Option<usize>,
    /// The record that it carries, the first of its report; an empty one where there is none.
    pub(crate) of: Option<usize>,
    /// What it is, where that is not `truncated`: a kill whose line alone is missing, or what the kernel said
    /// that ends a report.
    #[serde(default = "truncated")]
    pub(crate) event: String,
    /// What the `oom` has beside `event` and `tag`.
    #[serde(flatten)]
    pub(crate) oom: Map<String, Value>,
}

fn truncated() -> String {
    "truncated".to_owned()
}

impl File {
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    pub(crate) fn take_input(&mut self) -> Vec<u8> {
        let input = std::mem::take(&mut self.input);
        if self.escaped {
            unescape(&input)
        } else {
            input.into_bytes()
        }
    }

    /// The letter of each record.
    pub(crate) fn letters(&self) -> Vec<char> {
        expand(&self.lines)
    }

    /// For each record the id of its report.
    pub(crate) fn ids_of_records(&self) -> Vec<Option<&str>> {
        let letters = self.letters();
        let is_line = |letter: &char| event_of(*letter).is_some();
        let numbers: Vec<Option<usize>> = match &self.reports {
            Some(reports) => expand(reports)
                .into_iter()
                .map(|letter| {
                    REPORTS
                        .iter()
                        .position(|other| char::from(*other) == letter)
                })
                .collect(),
            None if self.fresh => {
                let mut numbers = 0..;
                let number = |letter| is_line(letter).then(|| numbers.next()).flatten();
                letters.iter().map(number).collect()
            }
            None => letters
                .iter()
                .map(|letter| is_line(letter).then_some(0))
                .collect(),
        };
        let id = |number: Option<usize>| self.ids.get(number?).map(String::as_str);
        numbers.into_iter().map(id).collect()
    }

    /// What is listed of a record.
    pub(crate) fn told(&self, record: usize, letter: char) -> Option<&Told> {
        let tables = if [KILL, EVICTED].contains(&letter) {
            &self.kill
        } else {
            &self.line
        };
        tables.get(&record.to_string())
    }

    /// How many records have more than `event`, `tag` and `id`.
    pub(crate) fn told_count(&self) -> usize {
        self.kill.len() + self.line.len()
    }
}

/// Letters, with `R{3}` for `RRR`.
fn expand(text: &str) -> Vec<char> {
    let mut letters = Vec::new();
    let mut rest = text.chars().filter(|letter| !letter.is_whitespace());
    while let Some(letter) = rest.next() {
        if letter == '{' {
            let digits: String = rest.by_ref().take_while(|letter| *letter != '}').collect();
            let count: usize = digits.parse().expect("a number stands in braces");
            let last = *letters.last().expect("a letter stands before a brace");
            letters.resize(letters.len() + count - 1, last);
        } else {
            letters.push(letter);
        }
    }
    letters
}

/// A text with a byte for each `\xNN`.
fn unescape(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).expect("two digits follow \\x");
        bytes.push(u8::from_str_radix(digits, 16).expect("two hex digits follow \\x"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{expand, unescape};

    #[test]
    fn letters_may_be_counted() {
        let letters: String = expand("iR{3}\n  K.").into_iter().collect();
        assert_eq!(letters, "iRRRK.");
    }

    #[test]
    fn bytes_may_be_escaped() {
        assert_eq!(unescape(r"a\xff\x01b\n"), b"a\xff\x01b\\n");
    }
}
