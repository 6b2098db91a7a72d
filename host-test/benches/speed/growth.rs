//! What a record costs when there is more of something around it: a straight line, or it could be made to
//! stand still.

use std::fmt::Write as _;

use oom_host_test::{HostError, Instance, Options, engine};
use serde_json::json;

use super::table::thousands;

const HEADER: &str =
    "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
const HEADING: &str =
    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";
const PATH: &str = "/docker/46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// A module of its own, whose instructions are counted.
struct Counted(Box<dyn Instance>);

impl Counted {
    fn new(wasm: &[u8]) -> Result<Self, HostError> {
        let options = Options {
            fuel: Some(u64::MAX),
            ..Options::default()
        };
        let engine = engine("wasmtime").expect("it is built in");
        Ok(Self(engine.load(wasm, &options)?))
    }

    /// Instructions for one text, in the mode that drops all but kills.
    fn read(&mut self, tag: &str, text: &str) -> Result<u64, HostError> {
        let record = json!({ "log": text }).to_string();
        self.0
            .call("oom_events", tag.as_bytes(), (0, 0), record.as_bytes())?;
        Ok(self.0.fuel_used().expect("it is counted"))
    }
}

fn row(pid: usize) -> String {
    format!("[{pid:>7}]     0 {pid:>5}     5388     5230    77824        0             0 w")
}

fn kill(pid: usize) -> String {
    format!(
        "Memory cgroup out of memory: Killed process {pid} (w) total-vm:21552kB, anon-rss:20920kB, \
         file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:76kB oom_score_adj:0"
    )
}

/// A kill line of a group of so many members, all of them killed: the mean.
fn members(wasm: &[u8], count: usize) -> Result<u64, HostError> {
    let mut host = Counted::new(wasm)?;
    let constraint = format!(
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
         oom_memcg={PATH},task_memcg={PATH},task=w,pid=1,uid=0"
    );
    for line in [HEADER.to_owned(), HEADING.to_owned()]
        .into_iter()
        .chain((1..=count).map(row))
        .chain([constraint, kill(1)])
        .chain([format!(
            "Tasks in {PATH} are going to be killed due to memory.oom.group set"
        )])
    {
        host.read("node", &line)?;
    }
    let mut fuel = 0;
    for pid in 2..=count {
        fuel += host.read("node", &kill(pid))?;
    }
    Ok(fuel / (count as u64 - 1))
}

/// A row of a machine's table while so many others are in the middle of a report.
fn sources(wasm: &[u8], count: usize) -> Result<u64, HostError> {
    let mut host = Counted::new(wasm)?;
    for source in 0..count {
        let tag = format!("node{source}");
        for line in [HEADER, HEADING] {
            host.read(&tag, line)?;
        }
    }
    let mut fuel = 0;
    for source in 0..count {
        fuel += host.read(&format!("node{source}"), &row(7))?;
    }
    Ok(fuel / count as u64)
}

/// A kibibyte of a constraint line in which a name repeats a field of it so many times.
fn repeats(wasm: &[u8], count: usize) -> Result<u64, HostError> {
    let mut host = Counted::new(wasm)?;
    let name = ",task_memcg=/a".repeat(count);
    let line = format!(
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
         oom_memcg=/a{name},task_memcg=/a,task=w,pid=1,uid=0"
    );
    Ok(host.read("node", &line)? * 1024 / line.len() as u64)
}

/// The name of a row, what it counts, and how.
type Kind = (
    &'static str,
    [usize; 4],
    fn(&[u8], usize) -> Result<u64, HostError>,
);

/// The table: instructions, by how many there are.
///
/// # Errors
///
/// Whatever would lose a record in the host.
pub fn table(wasm: &[u8]) -> Result<String, HostError> {
    let kinds: [Kind; 3] = [
        (
            "a kill of a group, by its members",
            [16, 128, 1024, 4000],
            members,
        ),
        (
            "a row of a table, by machines in the middle of a report",
            [1, 16, 64, 256],
            sources,
        ),
        (
            "a KiB of a constraint line, by repeats of a field in a name",
            [16, 64, 256, 560],
            repeats,
        ),
    ];
    let mut text = String::from("| instructions for | | | | |\n|---|---:|---:|---:|---:|\n");
    for (name, counts, measure) in kinds {
        write!(text, "| {name} |").expect("a string takes all text");
        for count in counts {
            let fuel = thousands(measure(wasm, count)?);
            write!(text, " {count}: {fuel} |").expect("a string takes all text");
        }
        text.push('\n');
    }
    Ok(text)
}
