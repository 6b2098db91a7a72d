//! Line by line: each event by itself, against a fresh filter.

use oom_filter::Filter;
use serde_json::Value;

use crate::fields::{Counts, compare, leaves, parts};
use crate::input::{KEYS, annotate, inputs, program, remap};

/// What one input came to.
#[derive(Default)]
struct Row {
    events: usize,
    by_filter: usize,
    by_vrl: usize,
    filter_fields: usize,
    vrl_fields: usize,
}

#[test]
fn each_field_is_the_filters() {
    let mut program = program("oom.vrl");
    let mut counts = Counts::new();
    let mut wrong = Vec::new();
    let mut kills = (0, 0);
    println!(
        "{:<34}{:>8}{:>16}{:>18}",
        "input", "events", "with oom", "fields"
    );
    println!(
        "{:<34}{:>8}{:>16}{:>18}",
        "", "", "VRL/filter", "VRL/filter"
    );
    for input in inputs() {
        let mut row = Row::default();
        for event in &input.events {
            let native = annotate(&mut Filter::new(KEYS), event);
            let found = remap(&mut program, event).expect("oom.vrl drops nothing");
            row.events += 1;
            if found == *event && native == *event {
                continue;
            }
            if found == *event {
                // Left alone, which is always allowed; counted.
                let (_, oom, _) = parts(&native);
                compare(&oom, &Value::Null, &mut counts);
                row.by_filter += 1;
                row.filter_fields += leaves(&oom).len();
                kills.0 += usize::from(input.is_capture && oom["event"] == "kill");
                continue;
            }
            let (rest, oom, kubernetes) = parts(&found);
            let (_, native_oom, native_kubernetes) = parts(&native);
            row.by_vrl += 1;
            row.by_filter += usize::from(!native_oom.is_null());
            row.filter_fields += leaves(&native_oom).len();
            row.vrl_fields += leaves(&oom).len();
            if input.is_capture && native_oom["event"] == "kill" {
                kills.0 += 1;
                kills.1 += usize::from(oom["event"] == "kill");
            }
            let mut differences = compare(&native_oom, &oom, &mut counts);
            if rest != parts(event).0 {
                differences.push("other fields changed".into());
            }
            if kubernetes != native_kubernetes {
                differences.push(format!("kubernetes: {kubernetes}, {native_kubernetes}"));
            }
            wrong.extend(
                differences
                    .into_iter()
                    .map(|difference| format!("{}: {difference}\n    {event}", input.name)),
            );
        }
        println!(
            "{:<34}{:>8}{:>16}{:>18}",
            input.name,
            row.events,
            format!("{}/{}", row.by_vrl, row.by_filter),
            format!("{}/{}", row.vrl_fields, row.filter_fields)
        );
    }
    println!("\n{:<34}{:>16}", "field", "VRL/filter");
    for (path, count) in &counts {
        let pair = format!("{}/{}", count.by_vrl, count.by_filter);
        println!("{path:<34}{pair:>16}");
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    assert!(kills.0 > 90, "the captures hold more kills: {kills:?}");
    assert_eq!(kills.0, kills.1, "every kill line of the captures is read");
}
