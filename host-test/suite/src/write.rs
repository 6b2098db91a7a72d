//! Writes what a suite expects anew, from what leaves today.

use std::fmt::Write;
use std::fs;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toml::ser::ValueSerializer;

use super::expected::{Identity, Mode, with_oom};
use super::file::{CONFIRMED, DONE, EVICTED, KILL, NOTHING, PRESSURE, letter_of, letter_of_report};
use super::{Suite, value};

/// Between what a person writes and what is written here.
const MARK: &str = "# What leaves. `BLESS=1 cargo test -p oom-filter --test suites` writes it anew from here on.\n";
/// Most letters in a row.
const ROW: usize = 100;
/// As many of one letter in a row are counted, in an input of many lines.
const COUNTED: usize = 16;

/// What left of the records that went in.
#[derive(Debug)]
pub struct Left {
    /// For each record what took its place, if anything did.
    pub records: Vec<Option<Vec<u8>>>,
    /// What was released at the end.
    pub released: Vec<Vec<u8>>,
}

impl Left {
    /// All of it, to compare with [`Suite::expected`].
    pub fn values(&self) -> Vec<Value> {
        let records = self.records.iter().flatten();
        records
            .chain(&self.released)
            .map(|record| value(record))
            .collect()
    }
}

/// A value of an `oom`, its members in our own order.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Node {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Self>),
    Members(IndexMap<String, Self>),
}

/// A record that has an `oom` of ours.
#[derive(Deserialize)]
struct Annotated {
    oom: IndexMap<String, Node>,
}

impl Annotated {
    fn text(&self, key: &str) -> &str {
        match self.oom.get(key) {
            Some(Node::Text(text)) => text,
            _ => "",
        }
    }
}

/// What is put together of a suite's lines.
#[derive(Default)]
struct Written {
    lines: String,
    reports: String,
    ids: Vec<String>,
    /// What lines that are no kill have beside `event`, `tag` and `id`.
    fields: String,
    kills: String,
    truncated: String,
}

impl Suite {
    /// Whether the file says what is expected of its input as it is now; else it has to be written.
    pub fn is_complete(&self) -> bool {
        self.file.letters().len() == self.records().len()
    }

    /// Writes what is expected anew, from what a run leaves in each mode.
    ///
    /// # Panics
    ///
    /// Where the file cannot be written, or its form cannot tell what left.
    pub fn bless(&self, identity: &Identity, run: impl Fn(Mode) -> Left) {
        let text = fs::read_to_string(&self.path).expect("the suite was read before");
        let by_hand = text.split(MARK).next().unwrap_or_default().trim_end();
        let text = format!("{by_hand}\n\n{MARK}{}", self.expectation(identity, &run));
        fs::write(&self.path, &text).expect("the suite can be written");
        let written = Self::read(self.path.clone());
        for mode in Mode::ALL {
            let found = run(mode).values();
            if let Some(text) = written.difference(mode, identity, found) {
                panic!("the form of a suite cannot tell this: {text}");
            }
        }
    }

    fn expectation(&self, identity: &Identity, run: &impl Fn(Mode) -> Left) -> String {
        let records = self.records();
        let events = run(Mode::Events);
        let mut written = Written::default();
        let annotated = run(Mode::Annotate).records;
        for (index, (record, left)) in records.iter().zip(&annotated).enumerate() {
            let left = left.as_deref().expect("annotate mode drops nothing");
            if left != record {
                self.add(&mut written, index + 1, record, left, identity);
                continue;
            }
            written.lines.push(if events.records[index].is_some() {
                DONE
            } else {
                NOTHING
            });
            written.reports.push(NOTHING);
        }
        let rewritten = run(Mode::Rewrite);
        for (index, left) in rewritten.records.iter().enumerate() {
            if left.as_ref() != Some(&records[index])
                && !written.lines.chars().nth(index).is_some_and(is_of_its_own)
            {
                let place = format!("record = {}\n", index + 1);
                let released = left
                    .iter()
                    .map(|left| truncated(&place, left, &records, identity));
                written.truncated.extend(released);
            }
        }
        let released = rewritten.released.iter();
        written
            .truncated
            .extend(released.map(|left| truncated("", left, &records, identity)));
        self.put_together(&written)
    }

    /// Adds a line of a report.
    fn add(
        &self,
        written: &mut Written,
        number: usize,
        record: &[u8],
        left: &[u8],
        identity: &Identity,
    ) {
        let annotated: Annotated = serde_json::from_slice(left).expect("an `oom` was added");
        let (event, id) = (annotated.text("event"), annotated.text("id"));
        let letter =
            letter_of(event).unwrap_or_else(|| panic!("the event {event} has no letter yet"));
        written.lines.push(letter);
        let known = written
            .ids
            .iter()
            .position(|other| other == id && !self.fresh);
        let report = known.unwrap_or(written.ids.len());
        if known.is_none() {
            written.ids.push(id.to_owned());
        }
        written
            .reports
            .push(letter_of_report(report).unwrap_or('?'));
        let reads_as = reads_as(record, left, identity);
        let reads_as = reads_as.map(|text| ("reads_as", inline(&Node::Text(text))));
        let names = identity.names_added(&value(record), &value(left));
        let names = (!names.is_empty()).then(|| ("names", inline_map(&names)));
        let fields = reads_as
            .into_iter()
            .chain(names)
            .chain(fields(&annotated, &["event", "tag", "id"]));
        if [KILL, EVICTED].contains(&letter) {
            let _ = write!(written.kills, "\n[kill.{number}]\n{}", lines("", fields));
        } else if !self.file.kills_only {
            written.fields += &lines(&format!("{number}."), fields);
        }
    }

    fn put_together(&self, written: &Written) -> String {
        let mut text = format!("lines = {}\n", rows(&written.lines));
        if written.ids.len() > 1 && !self.fresh {
            assert!(
                !written.reports.contains('?'),
                "{}: more reports than there are letters for: make it two suites",
                self.name
            );
            let _ = writeln!(text, "reports = {}", rows(&written.reports));
        }
        if !written.ids.is_empty() {
            let ids = written
                .ids
                .iter()
                .map(|id| Node::Text(id.clone()))
                .collect();
            let _ = writeln!(text, "ids = {}", inline(&Node::List(ids)));
        }
        if !written.fields.is_empty() {
            let _ = write!(text, "\n[line]\n{}", written.fields);
        }
        [text, written.kills.clone(), written.truncated.clone()].concat()
    }
}

/// How a record is read that is no JSON, or not only.
fn reads_as(record: &[u8], left: &[u8], identity: &Identity) -> Option<String> {
    let left = value(left);
    let mut without = left.clone();
    let oom = without
        .as_object_mut()
        .and_then(|object| object.remove("oom"))?;
    let follows = match value(record) {
        record @ Value::Object(_) => again(record, &oom, &left, identity) == left,
        _ => false,
    };
    (!follows).then(|| without.to_string())
}

/// Whether a record of that letter leaves in the modes that drop lines of reports, as it does in the other.
fn is_of_its_own(letter: char) -> bool {
    [KILL, EVICTED, PRESSURE, CONFIRMED].contains(&letter)
}

/// A record with an `oom` that left.
fn again(record: Value, oom: &Value, left: &Value, identity: &Identity) -> Value {
    let names = identity.names_added(&record, left);
    let members: Map<String, Value> = oom.as_object().cloned().unwrap_or_default();
    let event = oom["event"].as_str().unwrap_or_default();
    with_oom(record, event, members, &names, identity)
}

/// The table of a report that was released.
fn truncated(place: &str, left: &[u8], records: &[Vec<u8>], identity: &Identity) -> String {
    let annotated: Annotated = serde_json::from_slice(left).expect("a report is released");
    let left = value(left);
    let is_it = |record: &Vec<u8>| match value(record) {
        record @ Value::Object(_) => again(record, &left["oom"], &left, identity) == left,
        _ => false,
    };
    let of = records.iter().rposition(is_it);
    let of = of
        .map(|index| format!("of = {}\n", index + 1))
        .unwrap_or_default();
    let follows: &[&str] = match left["oom"]["event"].as_str() {
        Some("truncated") => &["event", "tag"],
        _ => &["tag"],
    };
    format!(
        "\n[[truncated]]\n{place}{of}{}",
        lines("", fields(&annotated, follows))
    )
}

/// The members that do not follow from others, as TOML.
fn fields<'a>(
    annotated: &'a Annotated,
    left_out: &[&str],
) -> impl Iterator<Item = (&'a str, String)> {
    let members = annotated
        .oom
        .iter()
        .map(|(key, value)| (key.as_str(), value));
    let members = members.filter(|(key, _)| !left_out.contains(key));
    members.map(|(key, value)| (key, inline(value)))
}

/// A line for each.
fn lines<'a>(prefix: &str, fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let lines = fields.map(|(key, value)| format!("{prefix}{key} = {value}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// A value on one line, or, for a list of tables, each on its own.
fn inline(node: &Node) -> String {
    match node {
        Node::List(items) if items.iter().any(|item| matches!(item, Node::Members(_))) => {
            let items = items.iter().map(|item| format!("  {},\n", inline(item)));
            format!("[\n{}]", items.collect::<Vec<_>>().concat())
        }
        _ => {
            let mut text = String::new();
            node.serialize(ValueSerializer::new(&mut text))
                .expect("a value can be written as TOML");
            text
        }
    }
}

/// Texts by name, on one line.
fn inline_map(map: &Map<String, Value>) -> String {
    let members = map.iter().map(|(key, value)| format!("{key} = {value}"));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

/// Letters in quotes, in rows where there are many.
fn rows(letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    if letters.len() <= ROW {
        return format!("\"{}\"", String::from_iter(letters));
    }
    let rows: Vec<String> = if letters.len() < 10 * ROW {
        letters.chunks(ROW).map(String::from_iter).collect()
    } else {
        vec![
            letters
                .chunk_by(|one, other| one == other)
                .map(counted)
                .collect(),
        ]
    };
    format!("\"\"\"\n{}\n\"\"\"", rows.join("\n"))
}

/// `R{20}` for twenty of one letter.
fn counted(run: &[char]) -> String {
    if run.len() < COUNTED {
        return run.iter().collect();
    }
    format!("{}{{{}}}", run[0], run.len())
}
