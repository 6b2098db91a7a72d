//! The filter as a Rust library, and what else a Rust program might search lines with.

use std::hint::black_box;

use memchr::memmem::Finder;
use oom_filter::{Filter, IdentityKeys, Mode, RecordContext};
use regex::bytes::Regex;
use serde::de::IgnoredAny;

use crate::fuel::TAG;
use crate::race::{Effort, Runner, race};
use crate::records::{KILL, Kind};
use crate::table::{Row, Table};
use crate::wasm::FILTER;

/// Where its rows say they ran.
pub const PLACE: &str = "native";
/// The rows' names.
pub const NEEDLE: &str = "memchr's memmem, one needle";
pub const CADVISOR: &str = "cAdvisor's expressions, regex";

/// What a runner is made by.
type Make = fn() -> Runner<'static>;

/// Everything that is compared. The first is the floor.
const RUNNERS: [(&str, Make); 6] = [
    ("nothing", || {
        Box::new(|record| {
            black_box(record);
        })
    }),
    (FILTER, || filter(Mode::Annotate)),
    ("the filter, rewrite mode", || filter(Mode::Rewrite)),
    ("reading the JSON alone, serde_json", json),
    (NEEDLE, needle),
    (CADVISOR, cadvisor),
];

/// A row for each of them and each kind of record.
pub fn rows(table: &mut Table, kinds: &[Kind], effort: Effort) {
    for kind in kinds {
        let mut runners = RUNNERS.map(|(_, make)| make());
        let times = race(kind, &mut runners, effort);
        for ((what, _), time) in RUNNERS.iter().zip(&times).skip(1) {
            // It ends a report at the line before the kill, and does not read the kill.
            if *what == CADVISOR && kind.name == KILL {
                continue;
            }
            table.push(Row {
                time: Some(*time),
                floor: Some(times[0]),
                ..Row::new(kind, PLACE, what)
            });
        }
    }
}

fn filter(mode: Mode) -> Runner<'static> {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let arrival = RecordContext {
        tag: TAG,
        ..RecordContext::default()
    };
    Box::new(move |record| {
        black_box(filter.process(mode, record, &arrival));
    })
}

/// Whether a record is JSON, and nothing of it kept: what anybody pays who reads it at all.
fn json() -> Runner<'static> {
    Box::new(|record| {
        let _ = black_box(serde_json::from_slice::<IgnoredAny>(record));
    })
}

fn needle() -> Runner<'static> {
    let finder = Finder::new("Killed process ");
    Box::new(move |record| {
        black_box(finder.find(record));
    })
}

/// The expressions of cAdvisor's `utils/oomparser`, tried in its order: nothing but the first until a
/// report begins, then the other three until the process is told.
fn cadvisor() -> Runner<'static> {
    let compiled = |pattern| Regex::new(pattern).expect("a pattern");
    let first = compiled("invoked oom-killer:");
    let container = compiled(
        "oom-kill:constraint=(.*),nodemask=(.*),cpuset=(.*),mems_allowed=(.*),oom_memcg=(.*),\
         task_memcg=(.*),task=(.*),pid=(.*),uid=(.*)",
    );
    let legacy = compiled("Task in (.*) killed as a result of limit of (.*)");
    let last = compiled(r"Killed process ([0-9]+) \((.+)\)");
    let mut is_open = false;
    Box::new(move |record| {
        if !is_open {
            is_open = first.is_match(record);
            return;
        }
        let found = container.captures(record);
        if black_box(&found).is_some() {
            is_open = false;
            return;
        }
        black_box(legacy.captures(record));
        if black_box(last.captures(record)).is_some() {
            is_open = false;
        }
    })
}
