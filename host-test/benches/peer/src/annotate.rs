//! Records in, records out.

use once_cell::sync::Lazy;
use regex_lite::Regex;
use serde_json::{Map, Value};

/// A kind of line, and what its pattern captures.
struct Pattern {
    event: &'static str,
    regex: Lazy<Regex>,
    names: &'static [&'static str],
}

static PATTERNS: [Pattern; 3] = [
    Pattern {
        event: "kill",
        regex: Lazy::new(|| {
            compiled(r"Killed process (\d+) \((.*)\) total-vm:(\d+)kB, anon-rss:(\d+)kB")
        }),
        names: &["pid", "comm", "total_vm_kb", "anon_rss_kb"],
    },
    Pattern {
        event: "constraint",
        regex: Lazy::new(|| {
            compiled(
                r"oom-kill:constraint=(\w+),.*oom_memcg=(.*),task_memcg=(.*),task=(.*),pid=(\d+),uid=(\d+)",
            )
        }),
        names: &["constraint", "limit", "victim", "comm", "pid", "uid"],
    },
    Pattern {
        event: "invoked",
        regex: Lazy::new(|| compiled(r"(.*) invoked oom-killer: gfp_mask=(\w+)")),
        names: &["comm", "gfp_mask"],
    },
];

fn compiled(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns stand above")]
    Regex::new(pattern).expect("a pattern")
}

/// The record with what it says of a kill; nothing where it says nothing.
pub fn annotate(record: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Map<String, Value> = serde_json::from_slice(record).ok()?;
    let text = ["MESSAGE", "msg", "log"]
        .iter()
        .find_map(|name| fields.get(*name)?.as_str())?;
    let mut oom = Map::new();
    for Pattern {
        event,
        regex,
        names,
    } in &PATTERNS
    {
        let Some(captures) = regex.captures(text) else {
            continue;
        };
        oom.insert("event".to_owned(), (*event).into());
        for (name, group) in names.iter().zip(captures.iter().skip(1)) {
            let group = group.map(|group| group.as_str());
            oom.insert((*name).to_owned(), group.into());
        }
        break;
    }
    if oom.is_empty() {
        return None;
    }
    fields.insert("oom".to_owned(), oom.into());
    serde_json::to_vec(&fields).ok()
}
