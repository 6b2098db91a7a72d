//! Holds what the filter says of a broken log against what is true.

use std::collections::{BTreeMap, HashMap, HashSet};

use oom_filter::{Filter, Mode, Outcome, RecordContext};
use serde_json::Value;

use super::kernel::{Limit, Truth};
use super::log::{Breakage, Carrier, Log};

/// What came of many logs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub logs: usize,
    /// Kill lines that were in the logs, each process once.
    pub kills: usize,
    pub records: usize,
    pub named: usize,
    pub wrong: HashMap<&'static str, usize>,
    /// How often each field is there, in all records.
    pub told: BTreeMap<String, usize>,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.logs += other.logs;
        self.kills += other.kills;
        self.records += other.records;
        self.named += other.named;
        for (what, count) in &other.wrong {
            *self.wrong.entry(what).or_default() += count;
        }
        for (field, count) in &other.told {
            *self.told.entry(field.clone()).or_default() += count;
        }
    }

    pub fn wrong(&self, what: &str) -> usize {
        self.wrong.get(what).copied().unwrap_or_default()
    }
}

/// Faults that a record can have.
pub const FAULTS: [&str; 9] = [
    "pod",
    "container",
    "limit",
    "level",
    "memory",
    "tasks",
    "trigger",
    "lost",
    "twice",
];

/// What came of one log, and the faults with the record that shows each.
pub fn judge(log: &Log) -> (Tally, Vec<(&'static str, Value)>) {
    let mut tally = Tally {
        logs: 1,
        kills: log
            .truths
            .iter()
            .filter(|truth| truth.kill_lines > 0)
            .count(),
        ..Tally::default()
    };
    let mut faults = Vec::new();
    let events = ooms(log, Mode::Events);
    for oom in &events {
        count_fields("", oom, &mut tally.told);
    }
    let lines = ooms(log, Mode::Annotate);
    let ids: HashSet<_> = lines.iter().map(|oom| oom["id"].as_str()).collect();
    tally.told.insert("reports of lines".to_owned(), ids.len());
    for oom in &lines {
        let event = oom["event"].as_str().unwrap();
        *tally.told.entry(format!("lines {event}")).or_default() += 1;
    }
    let mut told: HashMap<usize, usize> = HashMap::new();
    let (of_nobody, of_somebody): (Vec<Value>, Vec<Value>) = events
        .into_iter()
        .filter(|oom| oom["event"] == "kill")
        .partition(|oom| oom["victim"].is_null());
    tally.records = of_nobody.len() + of_somebody.len();
    for oom in of_somebody {
        let Some(at) = truth_of(&oom, &log.truths) else {
            continue;
        };
        *told.entry(at).or_default() += 1;
        let truth = &log.truths[at];
        if oom["pod"]["uid"] == truth.pod.as_str() {
            tally.named += 1;
        }
        for what in wrong(&oom, truth) {
            faults.push((what, oom.clone()));
        }
    }
    // Up to 4.20 a line tells of a kill, and names no process.
    for oom in of_nobody {
        let is_its = |(at, truth): &(usize, &Truth)| {
            !told.contains_key(at) && oom["pod"]["uid"] == truth.pod.as_str()
        };
        match log.truths.iter().enumerate().find(is_its) {
            Some((at, _)) => drop(told.insert(at, 1)),
            None => faults.push(("twice", oom)),
        }
    }
    // A cut kill line may be none; without a clock nobody knows a line that comes again.
    let is_countable = log.breakage != Breakage::Split;
    let is_unique = log.carrier != Carrier::Bare
        || !matches!(log.breakage, Breakage::TwoInputs | Breakage::LinesTwice);
    for (at, truth) in log.truths.iter().enumerate() {
        let count = told.get(&at).copied().unwrap_or_default();
        let about = || serde_json::json!({ "victim": truth.pid, "told": count });
        if is_countable && count == 0 && truth.kill_lines > 0 {
            faults.push(("lost", about()));
        }
        if is_countable && is_unique && count > 1 {
            faults.push(("twice", about()));
        }
    }
    for (what, _) in &faults {
        *tally.wrong.entry(what).or_default() += 1;
    }
    (tally, faults)
}

/// Counts each field that is there; of those whose words are few, each word.
fn count_fields(path: &str, value: &Value, told: &mut BTreeMap<String, usize>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let separator = if path.is_empty() { "" } else { "." };
                count_fields(&format!("{path}{separator}{key}"), value, told);
            }
        }
        Value::Array(values) => {
            for value in values {
                count_fields(&format!("{path}[]"), value, told);
            }
        }
        Value::String(word) if matches!(path, "event" | "level" | "attribution") => {
            *told.entry(format!("{path} {word}")).or_default() += 1;
        }
        _ => *told.entry(path.to_owned()).or_default() += 1,
    }
}

/// All that the filter tells, in order.
fn ooms(log: &Log, mode: Mode) -> Vec<Value> {
    let mut filter = Filter::new(crate::common::KEYS);
    let mut out = Vec::new();
    for record in &log.records {
        let context = RecordContext {
            tag: b"tag",
            ..RecordContext::default()
        };
        if let Outcome::Replaced(record) = filter.process(mode, record, &context) {
            out.push(record);
        }
    }
    while let Some(record) = filter.next_unfinished() {
        out.push(record);
    }
    out.iter()
        .map(|record| serde_json::from_slice::<Value>(record).unwrap()["oom"].take())
        .collect()
}

/// The kill that a record is of: no two have the same size.
fn truth_of(oom: &Value, truths: &[Truth]) -> Option<usize> {
    let victim = &oom["victim"];
    let by_size = victim["total_vm_bytes"].as_u64().and_then(|bytes| {
        truths
            .iter()
            .position(|truth| truth.total_vm_kib * 1024 == bytes)
    });
    by_size.or_else(|| {
        let pid = victim["pid"].as_u64()?;
        let mut same: Vec<_> = (truths.iter().enumerate())
            .filter(|(_, truth)| truth.pid == pid)
            .collect();
        if same.len() > 1 {
            // Machines that nothing tells apart.
            same.retain(|(_, truth)| oom["pod"]["uid"] == truth.pod.as_str());
        }
        match same.as_slice() {
            [(at, _)] => Some(*at),
            _ => None,
        }
    })
}

/// What is wrong in a record; what it does not say is never wrong.
fn wrong(oom: &Value, truth: &Truth) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let mut hold = |what, said: &Value, is_true: &dyn Fn(&Value) -> bool| {
        if !said.is_null() && !is_true(said) {
            wrong.push(what);
        }
    };
    hold("pod", &oom["pod"]["uid"], &|said| {
        *said == truth.pod.as_str()
    });
    hold("container", &oom["container"]["id"], &|said| {
        *said == truth.container.as_str()
    });
    hold("limit", &oom["cgroup"]["limit"], &|said| {
        truth
            .limit_path
            .as_deref()
            .is_some_and(|path| *said == path)
    });
    let level = match truth.limit {
        Limit::Container => "container",
        Limit::Pod => "pod",
        Limit::Node => "node",
    };
    hold("level", &oom["level"], &|said| *said == level);
    hold("memory", &oom["memory"]["limit_bytes"], &|said| {
        *said == truth.limit_kib * 1024
    });
    hold("trigger", &oom["trigger"]["pid"], &|said| {
        *said == truth.trigger_pid
    });
    hold("tasks", &oom["tasks"], &|said| {
        let mut tasks = said.as_array().unwrap().iter();
        tasks.all(|task| truth.listed.contains(&task["pid"].as_u64().unwrap()))
    });
    wrong
}
