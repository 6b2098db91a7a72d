//! What stands in a report, read without the crate: words split at blanks, and nothing known of how the parser
//! does it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Rows of a cgroup's statistics that the record has, with `_bytes` behind the name.
const ROWS: [&str; 11] = [
    "anon",
    "file",
    "shmem",
    "kernel",
    "slab",
    "slab_unreclaimable",
    "pagetables",
    "kernel_stack",
    "percpu",
    "vmalloc",
    "sock",
];
/// Accounts of a cgroup: what the line begins with, and what the names begin with.
const ACCOUNTS: [(&str, &str); 4] = [
    ("memory: ", ""),
    ("swap: ", "swap_"),
    ("memory+swap: ", "memsw_"),
    ("kmem: ", "kmem_"),
];
/// What a kill line begins with.
const KILLED: [&str; 3] = [
    "Memory cgroup out of memory: Killed process ",
    "Out of memory: Killed process ",
    "Out of memory (oom_kill_allocating_task): Killed process ",
];
/// The page of every machine that was booted.
const PAGE: u64 = 4096;
/// From here on a limit means that there is none.
const UNLIMITED_KIB: u64 = 9_007_199_254_740_988;

/// The lines of one report; records of several lines are taken apart.
#[derive(Clone, Default)]
pub struct Report(Vec<String>);

/// The reports of a capture, by the process that was killed.
pub fn reports(capture: &str) -> BTreeMap<u64, Report> {
    let mut found = BTreeMap::new();
    let mut open: Option<Report> = None;
    for line in capture.lines() {
        let Some((fields, text)) = line.split_once(';') else {
            continue;
        };
        let priority = fields.split(',').next().and_then(|it| it.parse().ok());
        if priority.is_none_or(|priority: u32| priority >= 8) {
            continue;
        }
        let text = text.replace("\\x0a", "\n");
        if text.contains(" invoked oom-killer: ") {
            open = Some(Report::default());
        }
        if let Some(report) = &mut open {
            report
                .0
                .extend(text.lines().map(|line| line.trim().to_owned()));
        }
        // A name can imitate what stands in the middle of a line, not how it begins.
        let killed = KILLED.iter().find_map(|message| text.strip_prefix(message));
        if let Some(killed) = killed
            && let Some(report) = open.take()
        {
            found.insert(number(killed).expect("a pid"), report);
        }
    }
    found
}

/// The digits that a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|it: char| !it.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// A figure behind a key, with its unit.
fn behind(line: &str, key: &str, unit: &str) -> Option<u64> {
    let (_, rest) = line.split_once(key)?;
    let value = number(rest)?;
    rest[value.to_string().len()..]
        .starts_with(unit)
        .then_some(value)
}

/// A row of the table of tasks.
pub struct Task {
    pub pid: u64,
    /// Resident and swapped memory.
    pub bytes: u64,
    pub rss_bytes: u64,
}

impl Report {
    /// The figures of the cgroup whose limit was hit.
    pub fn of_cgroup(&self) -> Map<String, Value> {
        let mut figures = Map::new();
        for line in &self.0 {
            for (beginning, prefix) in ACCOUNTS {
                if let Some(account) = line.strip_prefix(beginning) {
                    let usage = behind(account, "usage ", "kB,").expect("a usage");
                    figures.insert(format!("{prefix}usage_bytes"), (usage * 1024).into());
                    let limit = behind(account, "limit ", "kB,").expect("a limit");
                    if limit < UNLIMITED_KIB {
                        figures.insert(format!("{prefix}limit_bytes"), (limit * 1024).into());
                    }
                    if prefix.is_empty() {
                        let failcnt = behind(account, "failcnt ", "").expect("a count");
                        figures.insert("failcnt".to_owned(), failcnt.into());
                    }
                }
            }
            if let Some((name, value)) = line.split_once(' ')
                && let (true, Ok(value)) = (ROWS.contains(&name), value.parse::<u64>())
            {
                figures.insert(format!("{name}_bytes"), value.into());
            }
        }
        figures
    }

    /// The figures of the machine.
    pub fn of_machine(&self) -> Map<String, Value> {
        let mut pages: BTreeMap<&str, u64> = BTreeMap::new();
        let mut kernel_stack = 0;
        let mut figures = Map::new();
        let mut set = |name: &str, bytes: u64| figures.insert(name.to_owned(), bytes.into());
        for line in &self.0 {
            if line.starts_with("Node ") {
                kernel_stack += behind(line, " kernel_stack:", "kB").unwrap_or_default() * 1024;
            } else if let Some(total) = line.strip_suffix(" pages RAM") {
                set("total_bytes", total.parse::<u64>().expect("pages") * PAGE);
            } else if let Some(free) = behind(line, "Free swap  = ", "kB") {
                set("swap_free_bytes", free * 1024);
            } else if let Some(total) = behind(line, "Total swap = ", "kB") {
                set("swap_total_bytes", total * 1024);
            } else {
                for word in line.split(' ') {
                    if let Some((name, value)) = word.split_once(':')
                        && let Ok(value) = value.parse()
                    {
                        pages.entry(name).or_insert(value);
                    }
                }
            }
        }
        let sum = |names: [&str; 3]| names.iter().map(|name| pages[name]).sum::<u64>();
        let anon = sum(["active_anon", "inactive_anon", "isolated_anon"]);
        let file = sum(["active_file", "inactive_file", "isolated_file"]);
        set("anon_bytes", (anon - pages["shmem"]) * PAGE);
        set("file_bytes", (file + pages["shmem"]) * PAGE);
        set("shmem_bytes", pages["shmem"] * PAGE);
        let slab = pages["slab_reclaimable"] + pages["slab_unreclaimable"];
        set("slab_bytes", slab * PAGE);
        set(
            "slab_unreclaimable_bytes",
            pages["slab_unreclaimable"] * PAGE,
        );
        set("pagetables_bytes", pages["pagetables"] * PAGE);
        set("free_bytes", pages["free"] * PAGE);
        set("kernel_stack_bytes", kernel_stack);
        let swap = |name: &str| figures[name].as_u64().expect("a figure");
        let used = swap("swap_total_bytes") - swap("swap_free_bytes");
        figures.insert("swap_bytes".to_owned(), used.into());
        figures
    }

    /// The figures of a zone.
    pub fn of_zone(&self, node: u64, zone: &str) -> Map<String, Value> {
        let beginning = format!("Node {node} {zone} free:");
        let mut lines = self.0.iter();
        let line = lines.find(|line| line.starts_with(&beginning));
        let line = line.expect("the zone's line");
        let figure = |name: &str| {
            let kib = behind(line, &format!(" {name}:"), "kB").expect("a figure");
            (format!("{name}_bytes"), (kib * 1024).into())
        };
        ["free", "min", "low"].map(figure).into_iter().collect()
    }

    /// The rows of the table of tasks, where there is one. Names are not read: a process chooses its own.
    pub fn tasks(&self) -> Option<Vec<Task>> {
        let head = self
            .0
            .iter()
            .position(|line| line.starts_with("[  pid  ]"))?;
        let columns: Vec<_> = self.0[head]["[  pid  ]".len()..]
            .split_whitespace()
            .collect();
        let column = |name| {
            columns
                .iter()
                .position(|column| *column == name)
                .expect("it")
        };
        let (rss, swap) = (column("rss"), column("swapents"));
        let rows = self.0[head + 1..].iter();
        let tasks = rows
            .map_while(|line| line.strip_prefix('[')?.split_once(']'))
            .map(|(pid, row)| {
                let cells: Vec<_> = row.split_whitespace().collect();
                let bytes = |place: usize| cells[place].parse::<u64>().expect("pages") * PAGE;
                Task {
                    pid: pid.trim().parse().expect("a pid"),
                    bytes: bytes(rss) + bytes(swap),
                    rss_bytes: bytes(rss),
                }
            });
        Some(tasks.collect())
    }
}
