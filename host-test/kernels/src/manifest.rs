//! `manifest.jsonl`: one line per capture, with what is known of each kill, in the order of the
//! kill lines.

use std::fs;
use std::path::Path;

use oom_kernels::truth::{Kill, Skipped, Truth};
use serde::Serialize;

use crate::capture::{self, Killed};
use crate::fallible::{At, Fallible};
use crate::kernel::Kernel;

/// A capture's line.
#[derive(Serialize)]
pub struct Entry {
    file: String,
    /// Release, as `uname -r` and the kernel's reports have it.
    kernel: String,
    package: String,
    suite: String,
    cgroup: u8,
    kills: Vec<Kill>,
    /// Scenarios that this kernel or hierarchy cannot run.
    skipped: Vec<Skipped>,
    #[serde(skip)]
    faults: Vec<String>,
}

impl Entry {
    /// Brings together what the guest knows and what the kernel said.
    pub fn new(file: &str, kernel: &Kernel, cgroup: u8, truth: Truth, capture: &[u8]) -> Self {
        let Truth {
            kills,
            skipped,
            failed,
            ..
        } = truth;
        let mut faults: Vec<String> = failed
            .iter()
            .map(|failed| format!("{}: {}", failed.scenario, failed.why))
            .collect();
        let kills = join(kills, &capture::kills(capture), &mut faults);
        Self {
            file: file.to_owned(),
            kernel: kernel.release.clone(),
            package: kernel.package.clone(),
            suite: kernel.suite.clone(),
            cgroup,
            kills,
            skipped,
            faults,
        }
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        let count = |attribution| {
            self.kills
                .iter()
                .filter(|kill| kill.attribution.as_deref() == attribution)
                .count()
        };
        let mut text = format!(
            "{} kills ({} reported, {} by table, {} alone, {} in groups)",
            self.kills.len(),
            count(Some("report")),
            count(Some("table")),
            count(Some("none")),
            count(None),
        );
        for Skipped { scenario, why } in &self.skipped {
            text = format!("{text}; without {scenario}: {why}");
        }
        text
    }

    /// An error when the guest and the kernel disagree.
    pub fn verdict(&self) -> Fallible<()> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(self.faults.join("\n  ").into())
        }
    }
}

/// Puts the guest's kills into the order of the kernel's lines. What only one of them has is a
/// fault.
fn join(mut known: Vec<Kill>, said: &[Killed], faults: &mut Vec<String>) -> Vec<Kill> {
    let mut joined = Vec::new();
    for Killed {
        scenario,
        pid,
        attribution,
    } in said
    {
        match known
            .iter()
            .position(|kill| kill.pid == *pid && kill.scenario == *scenario)
        {
            Some(index) => {
                let mut kill = known.remove(index);
                kill.attribution = (!kill.group).then(|| (*attribution).to_owned());
                joined.push(kill);
            }
            None => faults.push(format!(
                "{scenario}: the kernel killed {pid}, of which the scenario knows nothing"
            )),
        }
    }
    for kill in known {
        faults.push(format!(
            "{}: {} was killed, but the kernel has no line of it",
            kill.scenario, kill.pid
        ));
    }
    joined
}

/// Writes the entry in place of an older one of the same file, and keeps the lines in the order of
/// file names.
pub fn update(manifest: &Path, entry: &Entry) -> Fallible<()> {
    let old = fs::read_to_string(manifest).unwrap_or_default();
    let file = |line: &str| -> Fallible<String> {
        let value: serde_json::Value = serde_json::from_str(line).at(manifest.display())?;
        Ok(value["file"].as_str().unwrap_or_default().to_owned())
    };
    let mut lines = vec![(entry.file.clone(), serde_json::to_string(entry)?)];
    for line in old.lines() {
        let name = file(line)?;
        if name != entry.file {
            lines.push((name, line.to_owned()));
        }
    }
    lines.sort();
    let text: String = lines
        .into_iter()
        .flat_map(|(_, line)| [line, "\n".to_owned()])
        .collect();
    Ok(fs::write(manifest, text)?)
}
