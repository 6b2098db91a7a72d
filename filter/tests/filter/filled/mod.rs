//! What filled the memory, of kernels that were booted: those of `fixtures/captures/filled` filled it with one
//! kind each, which is what `mostly` must say. In these and all other captures every figure is what stands in the
//! text, and the kinds together are the usage, where the kernel prints enough to say so.
//!
//! `BLESS=1 cargo test -p oom-filter --test filter filled` writes the table in `docs/filled.md`.

mod page;
mod printed;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use oom_filter::{KernelLine, Machine, Streams, Told};
use printed::Report;
use serde_json::{Map, Value};

/// Scenarios of which a kernel prints too little: release, cgroup version, name, and what is missing. 5.10 has no
/// row for page tables and none for all of the kernel's memory; version 1 has an account of that.
const UNTOLD: [(&str, u64, &str); 2] = [("5.10.", 2, "page-tables"), ("5.10.", 2, "unix-sockets")];

/// What no figure of the record has.
const NO_FIGURE: &str = "huge pages";

/// Up to 5.12 each processor counts up to so many bytes by itself before the cgroup's figures have them: 32 pages
/// on each of two processors. Of a small limit that is more than 2 %.
const UNCOUNTED: (&str, u64) = ("5.10.", 2 * 32 * 4096);

/// A boot.
struct Boot {
    /// Its line of the manifest.
    manifest: Value,
    kills: Vec<Kill>,
}

/// A kill whose report was printed.
struct Kill {
    /// What the scenario did.
    truth: Value,
    /// What the record says.
    record: Value,
    report: Report,
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Captures that were just made, below which those of this test are in `filled`; none means the fixtures.
fn just_made() -> Option<PathBuf> {
    std::env::var_os("OOM_CAPTURES").map(PathBuf::from)
}

/// The boots of a folder.
fn boots(folder: &Path) -> Vec<Boot> {
    let manifest = fs::read_to_string(folder.join("manifest.jsonl")).expect("the manifest");
    let boot = |line| {
        let manifest: Value = serde_json::from_str(line).expect("a line of the manifest");
        let file = manifest["file"].as_str().expect("a file");
        let capture = fs::read_to_string(folder.join(file)).expect("the capture");
        let records = records(&capture);
        let mut reports = printed::reports(&capture);
        let truths = manifest["kills"].as_array().expect("kills");
        let reported = truths.iter().filter(|kill| kill["attribution"] == "report");
        let kills = reported.map(|truth| {
            let is_of = |record: &&Value| record["victim"]["pid"] == truth["pid"];
            let mut of_it = records.iter().filter(is_of);
            let record = of_it.next().unwrap_or_else(|| panic!("{file}: no {truth}"));
            assert!(of_it.next().is_none(), "{file}: twice {truth}");
            let pid = truth["pid"].as_u64().expect("a pid");
            Kill {
                truth: truth.clone(),
                record: record.clone(),
                report: reports.remove(&pid).expect("a report"),
            }
        });
        let kills = kills.collect();
        Boot { manifest, kills }
    };
    manifest.lines().map(boot).collect()
}

/// What leaves the parser.
fn records(capture: &str) -> Vec<Value> {
    let mut streams: Streams = Streams::new();
    let lines = capture
        .lines()
        .map(|line| KernelLine::read(line.as_bytes()));
    lines
        .filter_map(|line| match streams.read(&line, b"", Machine::default()) {
            Told::Kill(kill) => Some(serde_json::to_value(&kill).expect("a record")),
            Told::Nothing | Told::Line(_) => None,
        })
        .collect()
}

impl Boot {
    fn is_of(&self, release: &str) -> bool {
        let kernel = self.manifest["kernel"].as_str().expect("a release");
        kernel.starts_with(release)
    }

    /// How far the kinds may be from the usage.
    fn tolerance(&self, usage: u64) -> u64 {
        let (release, uncounted) = UNCOUNTED;
        let uncounted = if self.is_of(release) { uncounted } else { 0 };
        (usage / 50).max(uncounted)
    }

    fn is_untold(&self, kill: &Kill) -> bool {
        UNTOLD.iter().any(|(release, cgroup, scenario)| {
            self.is_of(release)
                && self.manifest["cgroup"] == *cgroup
                && kill.truth["scenario"] == *scenario
        })
    }
}

impl Kill {
    fn is_of_node(&self) -> bool {
        self.truth["level"] == "node"
    }

    /// What stands in the text.
    fn printed(&self) -> Map<String, Value> {
        if self.is_of_node() {
            self.report.of_machine()
        } else {
            self.report.of_cgroup()
        }
    }

    /// What the kinds are together, by the record, and the usage; of a machine with what is free, and its memory.
    fn sums(&self) -> (u64, u64) {
        let memory = &self.record["memory"];
        let figure = |name: &str| memory[name].as_u64();
        let sum = |names: &[&str]| names.iter().filter_map(|name| figure(name)).sum::<u64>();
        let parts = ["slab", "pagetables", "kernel_stack", "percpu", "vmalloc"];
        let parts = parts.map(|part| format!("{part}_bytes"));
        let parts = sum(&parts.each_ref().map(String::as_str));
        let kernel = figure("kernel_bytes").or(figure("kmem_usage_bytes"));
        let kinds = sum(&["anon_bytes", "file_bytes", "sock_bytes"]) + kernel.unwrap_or(parts);
        let (kinds, whole) = if self.is_of_node() {
            (kinds + sum(&["free_bytes"]), figure("total_bytes"))
        } else {
            (kinds, figure("usage_bytes"))
        };
        (kinds, whole.expect("the whole"))
    }
}

/// Says of each kill what is wrong with it.
fn each(
    boots: impl IntoIterator<Item = &'static Boot>,
    judge: impl Fn(&Boot, &Kill) -> Option<String>,
) {
    let mut wrong = Vec::new();
    for boot in boots {
        for kill in &boot.kills {
            if let Some(problem) = judge(boot, kill) {
                let (file, scenario) = (&boot.manifest["file"], &kill.truth["scenario"]);
                wrong.push(format!("{file} {scenario}: {problem}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Those that filled memory with one kind of it.
static FILLED: LazyLock<Vec<Boot>> = LazyLock::new(|| {
    let captures = just_made().unwrap_or_else(|| top().join("fixtures/captures"));
    boots(&captures.join("filled"))
});

/// The fixtures that have all other scenarios.
static OTHERS: LazyLock<Vec<Boot>> = LazyLock::new(|| boots(&top().join("fixtures/captures")));

/// All boots.
fn all() -> impl Iterator<Item = &'static Boot> {
    OTHERS.iter().chain(&*FILLED)
}

#[test]
fn every_scenario_was_run_on_every_kernel() {
    for boot in &*FILLED {
        let skipped = boot.manifest["skipped"].as_array().expect("a list");
        assert_eq!(
            boot.kills.len() + skipped.len(),
            13,
            "{}",
            boot.manifest["file"]
        );
    }
    let expected = if just_made().is_some() { 1 } else { 6 };
    assert_eq!(
        FILLED.len(),
        expected,
        "four kernels, two with both versions"
    );
}

#[test]
fn the_victim_is_the_one_that_was_killed() {
    each(&*FILLED, |_, Kill { truth, record, .. }| {
        let mut wrong = Vec::new();
        for (field, place) in [
            ("pid", "/victim/pid"),
            ("comm", "/victim/comm"),
            ("uid", "/victim/uid"),
            ("oom_score_adj", "/victim/oom_score_adj"),
            ("level", "/level"),
            ("constraint", "/constraint"),
            ("limit", "/cgroup/limit"),
            ("victim_cgroup", "/cgroup/victim"),
            ("limit_bytes", "/memory/limit_bytes"),
            ("pod", "/pod"),
            ("container", "/container"),
        ] {
            if truth.get(field) != record.pointer(place) {
                wrong.push(format!("{field} is {:?}", record.pointer(place)));
            }
        }
        (!wrong.is_empty()).then(|| wrong.join(", "))
    });
}

#[test]
fn mostly_is_what_the_scenario_filled_memory_with() {
    each(&*FILLED, |boot, kill| {
        let is_told = !boot.is_untold(kill) && kill.truth["filled"] != NO_FIGURE;
        let expected = kill.truth.get("filled").filter(|_| is_told);
        let found = kill.record["memory"].get("mostly");
        (found != expected).then(|| format!("expected {expected:?}, found {found:?}"))
    });
}

#[test]
fn every_figure_stands_in_the_text() {
    each(all(), |_, kill| {
        let mut memory = kill.record["memory"].as_object().expect("figures").clone();
        memory.remove("mostly");
        let allocation = memory.remove("allocation");
        let printed = kill.printed();
        if memory != printed {
            return Some(format!("printed {printed:?}\nfound {memory:?}"));
        }
        let allocation = allocation?;
        let node = allocation["node"].as_u64().expect("a node");
        let zone = allocation["zone"].as_str().expect("a zone");
        let zone = kill.report.of_zone(node, zone);
        let is_other = zone.iter().any(|(name, value)| allocation[name] != *value);
        is_other.then(|| format!("printed {zone:?}\nfound {allocation:?}"))
    });
}

#[test]
fn the_table_of_tasks_is_summed_and_the_largest_is_the_first() {
    each(all(), |_, kill| {
        let tasks = kill.report.tasks()?;
        let rss: u64 = tasks.iter().map(|task| task.rss_bytes).sum();
        let largest = tasks.iter().map(|task| task.bytes).max();
        let first = tasks
            .iter()
            .find(|task| kill.record["tasks"][0]["pid"] == task.pid)
            .map(|task| task.bytes);
        let is_right = kill.record["tasks_rss_bytes"] == rss && first == largest;
        (!is_right).then(|| format!("{rss}, first {first:?} of {largest:?}"))
    });
}

#[test]
fn the_kinds_together_are_the_usage() {
    each(all(), |boot, kill| {
        if kill.is_of_node() {
            return None;
        }
        let (kinds, usage) = kill.sums();
        let is_whole = kinds.abs_diff(usage) <= boot.tolerance(usage);
        (is_whole == boot.is_untold(kill)).then(|| format!("{kinds} of {usage}"))
    });
}

#[test]
fn the_page_is_true() {
    if just_made().is_none() {
        page::check(&FILLED, &OTHERS);
    }
}
