//! `cargo xtask mutants`: faults planted in the filter, and which of them its tests notice.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};

use lexopt::ValueExt;
use serde_json::Value;

use crate::failure::Failure;
use crate::{Subcommand, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "mutants",
    arguments: "[--sample <n>]",
    about: "plants faults in the filter, and shows which of them its tests notice",
    details: "
  --sample <n>  at least so many, 200 unless said; every k-th fault of all there are

It needs cargo-mutants: `cargo install --locked cargo-mutants`. That works on a copy of the
repository, with a build and a run of `cargo test -p oom-filter` for each fault. What it says
of each is in target/xtask/mutants.out. A fault may change nothing that can be seen, so none that
is missed is a failure; each is listed.",
    run,
};

/// How many faults unless it is said.
const SAMPLE: usize = 200;
/// What can come of a fault, in cargo-mutants' words and in ours.
const ENDS: [(&str, &str); 4] = [
    ("CaughtMutant", "caught"),
    ("MissedMutant", "missed"),
    ("Unviable", "unviable"),
    ("Timeout", "timeout"),
];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut sample = SAMPLE;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("sample") => sample = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    // A reader that has gone away does not change what was found.
    let _ = writeln!(io::stdout(), "{}", table(&plant(sample)?));
    Ok(())
}

/// Plants a sample of all faults, and gives what came of each.
fn plant(sample: usize) -> Result<Vec<Value>, Failure> {
    let mutants = |arguments: &[&str]| {
        workspace::cargo(&[&["mutants", "--package", "oom-filter"], arguments].concat())
    };
    let listed = mutants(&["--list", "--json"]).output();
    let listed = listed.map_err(|error| Failure::Failed(format!("cannot run cargo: {error}")))?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr);
        return Err(Failure::Failed(format!(
            "no cargo-mutants (`cargo install --locked cargo-mutants`): {said}"
        )));
    }
    let all = json(&String::from_utf8_lossy(&listed.stdout))?;
    let all = all.as_array().map_or(0, Vec::len);
    // Every k-th, in the order of files and lines: some of each file, and the same ones every time.
    let shards = (all / sample.max(1)).max(1);
    let out = workspace::target().join("xtask");
    fs::create_dir_all(&out).map_err(|error| Failure::file("make", &out, &error))?;
    let shard = format!("0/{shards}");
    let mut planted = mutants(&["--sharding", "round-robin", "--shard", &shard, "--output"]);
    // It fails where a fault is missed, too.
    let ended = workspace::run(planted.arg(&out));
    let told = out.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&told).map_err(|error| Failure::file("read", &told, &error))?;
    let outcomes = json(&text)?;
    let outcomes = outcomes["outcomes"].as_array().cloned().unwrap_or_default();
    let is_mutant = |outcome: &Value| outcome["scenario"]["Mutant"].is_object();
    let outcomes: Vec<Value> = outcomes.into_iter().filter(is_mutant).collect();
    if outcomes.is_empty() {
        ended?;
        return Err(Failure::Failed("not a single fault was planted".to_owned()));
    }
    Ok(outcomes)
}

fn json(text: &str) -> Result<Value, Failure> {
    let unread =
        |error| Failure::Failed(format!("what cargo-mutants says cannot be read: {error}"));
    serde_json::from_str(text).map_err(unread)
}

/// A row for each file, and the faults that were missed.
fn table(outcomes: &[Value]) -> String {
    let mut rows: BTreeMap<&str, [usize; ENDS.len()]> = BTreeMap::new();
    let mut missed = String::new();
    for outcome in outcomes {
        let mutant = &outcome["scenario"]["Mutant"];
        let end = ENDS.iter().position(|(end, _)| outcome["summary"] == *end);
        let file = mutant["file"].as_str().unwrap_or("?");
        for row in [file, "all"] {
            let counts = rows.entry(row).or_default();
            if let Some(count) = end.and_then(|end| counts.get_mut(end)) {
                *count += 1;
            }
        }
        if outcome["summary"] == "MissedMutant" {
            let _ = writeln!(missed, "missed: {}", mutant["name"].as_str().unwrap_or("?"));
        }
    }
    let mut text = format!("{:<36}", "");
    for (_, end) in ENDS {
        let _ = write!(text, "{end:>10}");
    }
    for (file, counts) in rows {
        let _ = write!(text, "\n{file:<36}");
        for count in counts {
            let _ = write!(text, "{count:>10}");
        }
    }
    format!("{text}\n\n{missed}").trim_end().to_owned()
}
