//! Whole reports: the branch of config/vrl.yaml with `reduce` in it, against one filter that reads
//! every line.
//!
//! `reduce` is Vector's own and not in its language's crate: [`reduce`] does what its documentation
//! says of the options that the configuration uses. That the real one does the same is not tested here.

use std::collections::BTreeMap;

use oom_filter::Filter;
use oom_vrl_test::Program;
use serde_json::{Map, Value};

use crate::config::{condition, config};
use crate::fields::{Counts, compare, parts};
use crate::input::{Input, KEYS, annotate, inputs, program, remap};

/// The transforms of the branch, compiled.
struct Branch {
    annotated: Program,
    report_lines: Program,
    ends_when: Program,
    ended: Program,
    kills: Program,
    max_events: u64,
    group_by: Vec<String>,
    strategies: Map<String, Value>,
}

impl Branch {
    fn new() -> Self {
        let config = config("vrl.yaml");
        let reports = &config["transforms"]["reports"];
        let ended = &config["transforms"]["ended"]["condition"];
        Self {
            annotated: program("oom.vrl"),
            report_lines: program("oom-reports.vrl"),
            ends_when: condition(reports["ends_when"].as_str().expect("a condition")),
            ended: condition(ended.as_str().expect("a condition")),
            kills: program("oom.vrl"),
            max_events: reports["max_events"].as_u64().expect("a number"),
            group_by: serde_json::from_value(reports["group_by"].clone()).expect("names"),
            strategies: reports["merge_strategies"]
                .as_object()
                .expect("an object")
                .clone(),
        }
    }

    /// The kills of an input, in the order they leave.
    fn kills(&mut self, input: &Input) -> Vec<Value> {
        let lines: Vec<_> = input
            .events
            .iter()
            .filter_map(|event| remap(&mut self.annotated, event))
            .filter_map(|event| remap(&mut self.report_lines, &event))
            .collect();
        self.reduce(&lines)
            .iter()
            .filter(|event| holds(&mut self.ended, event))
            .filter_map(|event| remap(&mut self.kills, event))
            .filter(|event| event["oom"]["event"] == "kill")
            .collect()
    }

    fn reduce(&mut self, events: &[Value]) -> Vec<Value> {
        let mut open: BTreeMap<Vec<String>, (Value, u64)> = BTreeMap::new();
        let mut done = Vec::new();
        for event in events {
            let group: Vec<_> = self
                .group_by
                .iter()
                .map(|name| event[name].to_string())
                .collect();
            let (merged, count) = match open.remove(&group) {
                Some((before, count)) => (self.merge(before, event), count + 1),
                None => (event.clone(), 1),
            };
            // The condition is of the event, not of what it is merged into.
            if holds(&mut self.ends_when, event) || count == self.max_events {
                done.push(merged);
            } else {
                open.insert(group, (merged, count));
            }
        }
        done.extend(open.into_values().map(|(merged, _)| merged));
        done
    }

    fn merge(&self, mut before: Value, event: &Value) -> Value {
        let fields = before.as_object_mut().expect("an event is an object");
        for (key, value) in event.as_object().expect("an event is an object") {
            let strategy = self.strategies.get(key).and_then(Value::as_str);
            match (fields.get_mut(key), strategy) {
                (None, _) => {
                    fields.insert(key.clone(), value.clone());
                }
                (Some(slot), Some("retain")) => *slot = value.clone(),
                (Some(Value::String(text)), Some("concat_newline")) => {
                    text.push('\n');
                    text.push_str(value.as_str().expect("a string"));
                }
                (Some(slot), None) => assert!(slot.is_string(), "{key}: numbers are added up"),
                (_, Some(other)) => panic!("{key}: the strategy {other} is not played here"),
            }
        }
        before
    }
}

fn holds(condition: &mut Program, event: &Value) -> bool {
    let holds = condition
        .run(&mut event.clone().into())
        .expect("a condition");
    holds.as_boolean().expect("true or false")
}

/// Kills that the branch leaves to the other one, by input and process: a text behind another text,
/// and a journal's message as an array of bytes, which Vector's source never hands out.
const NOT_JOINED: [(&str, u64); 2] = [("text-keys", 2), ("text-keys", 8)];

/// What one input came to.
#[derive(Default)]
struct Row {
    kills: usize,
    /// Known as well as by the filter.
    known: usize,
    /// Members of a group, and kills whose report the kernel suppressed: their line alone.
    alone: usize,
    /// With memory.oom.group the first victim's line is printed twice.
    twice: usize,
}

#[test]
fn each_field_of_a_report_is_the_filters() {
    let mut branch = Branch::new();
    let mut counts = Counts::new();
    let mut wrong = Vec::new();
    let mut captures = Row::default();
    println!(
        "{:<34}{:>8}{:>8}{:>8}{:>8}",
        "input", "kills", "known", "alone", "twice"
    );
    for input in inputs() {
        let mut filter = Filter::new(KEYS);
        let expected: Vec<Value> = input
            .events
            .iter()
            // Who comes with an `oom` of his own passes both.
            .filter(|event| event.get("oom").is_none())
            .map(|event| parts(&annotate(&mut filter, event)).1)
            .filter(|oom| oom["event"] == "kill")
            .collect();
        let mut row = Row {
            kills: expected.len(),
            ..Row::default()
        };
        let mut left: Vec<&Value> = expected.iter().collect();
        for kill in branch.kills(&input) {
            let (_, oom, _) = parts(&kill);
            let is_victim = |other: &Value| {
                let keys = ["pid", "comm"];
                keys.iter()
                    .all(|key| other["victim"][key] == oom["victim"][key])
            };
            let position = left
                .iter()
                .position(|other| is_victim(other) && other["at_us"] == oom["at_us"]);
            let differences = match position.map(|position| left.remove(position)) {
                Some(native) if native["attribution"] == oom["attribution"] => {
                    row.known += 1;
                    compare(native, &oom, &mut counts)
                }
                Some(native) => {
                    row.alone += 1;
                    compare(&native["victim"], &oom["victim"], &mut Counts::new())
                }
                None if expected.iter().any(is_victim) => {
                    row.twice += 1;
                    Vec::new()
                }
                None => vec!["nobody was killed".into()],
            };
            let told = |difference| format!("{}: {difference}\n    {kill}", input.name);
            wrong.extend(differences.into_iter().map(told));
        }
        println!(
            "{:<34}{:>8}{:>8}{:>8}{:>8}",
            input.name, row.kills, row.known, row.alone, row.twice
        );
        let lost = |native: &&Value| format!("{}: {} is lost", input.name, native["victim"]);
        let is_wrong = |native: &&&Value| {
            let victim = (input.name.as_str(), native["victim"]["pid"].as_u64());
            !NOT_JOINED.contains(&(victim.0, victim.1.unwrap_or_default()))
        };
        wrong.extend(left.iter().filter(is_wrong).map(lost));
        if input.is_capture {
            captures.kills += row.kills;
            captures.known += row.known;
            captures.alone += row.alone;
            captures.twice += row.twice;
        }
    }
    println!("\n{:<34}{:>16}", "field of known kills", "VRL/filter");
    for (path, count) in &counts {
        let pair = format!("{}/{}", count.by_vrl, count.by_filter);
        println!("{path:<34}{pair:>16}");
    }
    println!(
        "captures: {} kills, {} known, {} alone, {} twice",
        captures.kills, captures.known, captures.alone, captures.twice
    );
    // Most kills have a report of their own.
    assert!(captures.known * 5 > captures.kills * 3);
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
