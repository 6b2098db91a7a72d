//! `cargo xtask mutants`: faults planted in the filter, and which of them its tests notice.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use lexopt::ValueExt;

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
/// What can come of a fault: the names of the files in which cargo-mutants lists them, a line for each.
const ENDS: [&str; 4] = ["caught", "missed", "unviable", "timeout"];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut sample = SAMPLE;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("sample") => sample = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let out = workspace::target().join("xtask");
    fs::create_dir_all(&out).map_err(|error| Failure::file("make", &out, &error))?;
    let table = plant(sample, &out).and_then(|()| table(&out.join("mutants.out")))?;
    // A reader that has gone away does not change what was found.
    let _ = writeln!(io::stdout(), "{table}");
    Ok(())
}

/// Plants a sample of all faults.
fn plant(sample: usize, out: &Path) -> Result<(), Failure> {
    let mutants = |arguments: &[&str]| {
        // Faults in what a feature adds are noticed only where the feature is on.
        let all = &["mutants", "--package", "oom-filter", "--all-features"];
        workspace::cargo(&[all, arguments].concat())
    };
    let listed = mutants(&["--list"]).output();
    let listed = listed.map_err(|error| Failure::Failed(format!("cannot run cargo: {error}")))?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr);
        return Err(Failure::Failed(format!(
            "no cargo-mutants (`cargo install --locked cargo-mutants`): {said}"
        )));
    }
    let all = String::from_utf8_lossy(&listed.stdout).lines().count();
    // Every k-th, in the order of files and lines: some of each file, and the same ones every time.
    let shard = format!("0/{}", (all / sample.max(1)).max(1));
    let mut planted = mutants(&["--sharding", "round-robin", "--shard", &shard, "--output"]);
    let status = planted.arg(out).status();
    // 2 and 3: a fault was missed, or a test took too long with it.
    match status.map(|status| status.code()) {
        Ok(Some(0 | 2 | 3)) => Ok(()),
        _ => Err(Failure::Failed("cargo-mutants failed".to_owned())),
    }
}

/// A row for each file, and the faults that were missed.
fn table(out: &Path) -> Result<String, Failure> {
    let mut rows: BTreeMap<String, [usize; ENDS.len()]> = BTreeMap::new();
    let mut missed = String::new();
    for (end, name) in ENDS.into_iter().enumerate() {
        let list = out.join(name).with_extension("txt");
        let faults =
            fs::read_to_string(&list).map_err(|error| Failure::file("read", &list, &error))?;
        for fault in faults.lines() {
            let file = fault.split(':').next().unwrap_or(fault);
            for row in [file, "all"] {
                rows.entry(row.to_owned()).or_default()[end] += 1;
            }
            if name == "missed" {
                let _ = writeln!(missed, "missed: {fault}");
            }
        }
    }
    let mut text = format!("{:<36}", "");
    for end in ENDS {
        let _ = write!(text, "{end:>10}");
    }
    for (file, counts) in rows {
        let _ = write!(text, "\n{file:<36}");
        for count in counts {
            let _ = write!(text, "{count:>10}");
        }
    }
    Ok(format!("{text}\n\n{missed}").trim_end().to_owned())
}
