//! What a line costs in VRL, and in the filter as a native library:
//! `cargo run --release -p oom-vrl-test --example cost`.
//!
//! The events lie ready in memory, as each side takes them: Vector's own values, and JSON text.

use std::fs;
use std::path::Path;
use std::time::Instant;

use oom_filter::{Filter, IdentityKeys, Mode, RecordContext};
use oom_vrl_test::Program;
use serde_json::json;
use vrl::value::Value;

/// Runs of each measurement; the fastest counts.
const RUNS: usize = 5;

/// Nanoseconds an event, of the fastest run.
fn fastest(events: usize, mut run: impl FnMut() -> usize) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        std::hint::black_box(run());
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e9 / f64::from(u32::try_from(events).expect("few events"))
}

fn row(name: &str, program: &mut Program, lines: &[String]) {
    let records: Vec<_> = lines
        .iter()
        .map(|line| json!({ "message": line, "host": "node1" }).to_string())
        .collect();
    let events: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "message": line, "host": "node1" }).into())
        .collect();
    let mut copies = events.clone();
    let vrl = fastest(events.len(), || {
        copies.clone_from(&events);
        copies
            .iter_mut()
            .filter_map(|event| program.run(event).ok())
            .count()
    });
    let copying = fastest(events.len(), || {
        copies.clone_from(&events);
        copies.len()
    });
    let filter = fastest(records.len(), || {
        let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
        records
            .iter()
            .map(|record| {
                filter.process(Mode::Annotate, record.as_bytes(), &RecordContext::default())
            })
            .filter(|outcome| *outcome != oom_filter::Outcome::Unchanged)
            .count()
    });
    let vrl = vrl - copying;
    println!(
        "{name:<28}{:>8}{vrl:>12.0}{filter:>12.0}{:>8.1}",
        lines.len(),
        vrl / filter
    );
}

fn main() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| {
        fs::read_to_string(top.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut program = Program::compile(&read("vector/oom.vrl")).expect("it compiles");
    let capture = read("fixtures/captures/debian-6.12.117-cgroup2.kmsg");
    let lines = |keep: fn(&str) -> bool| -> Vec<String> {
        capture
            .lines()
            .filter(|line| keep(line))
            .map(str::to_owned)
            .collect()
    };
    let ordinary: Vec<_> = (0..50_000)
        .map(|number| {
            format!(
                "Dec 13 07:{:02}:{:02} node1 kubelet[1234]: I1213 07:23:21.{number:06} 1234 kuberuntime_container.go:745] \
                 \"Stopping container with a grace period\" pod=\"shop/cart-{number}\" containerID=\"containerd://46b3e0a4df44\"",
                number / 60 % 60,
                number % 60
            )
        })
        .collect();
    // A whole report in one text, as `reduce` joins them.
    let start = capture.find(" invoked oom-killer: ").expect("a report");
    let start = capture[..start].rfind('\n').map_or(0, |end| end + 1);
    let kill = start + capture[start..].find("Killed process ").expect("its kill");
    let end = kill + capture[kill..].find('\n').expect("a line's end");
    let report = capture[start..end].to_owned();
    println!(
        "{:<28}{:>8}{:>12}{:>12}{:>8}",
        "events", "", "VRL", "filter", "ratio"
    );
    println!(
        "{:<28}{:>8}{:>12}{:>12}{:>8}",
        "", "", "ns each", "ns each", ""
    );
    row("ordinary lines", &mut program, &ordinary);
    row("a kernel's whole log", &mut program, &lines(|_| true));
    row(
        "kill lines",
        &mut program,
        &lines(|line| line.contains("Killed process ")),
    );
    row(
        "constraint lines",
        &mut program,
        &lines(|line| line.contains("oom-kill:constraint=")),
    );
    row(
        "whole reports in one text",
        &mut program,
        &vec![report; 200],
    );
}
