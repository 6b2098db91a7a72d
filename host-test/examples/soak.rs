//! Runs very many records through one instance of the module in Fluent Bit's engine, and prints what
//! became of them and of memory.
//!
//! Every thousandth record is a kill, at the end of a whole report; each kill is of another process,
//! and of one of a thousand containers. The records come in 300 streams, more than the module keeps
//! apart. Once every stream and container was met, linear memory must stay where it is, and so must the
//! process's own.

use std::env;
use std::error::Error;
use std::fs;
use std::time::Instant;

use oom_host_test::{Instance, Options, Verdict, engine};
use serde_json::Value;

/// Records of which one is a kill.
const ROUND: u64 = 1000;
/// Streams the rounds come by, in turn.
const STREAMS: u64 = 300;
/// Containers that are hit, in turn.
const CONTAINERS: u64 = 1000;
/// Bytes the process may grow by all the same: what a heap's own bookkeeping may take.
const SLACK: u64 = 1 << 20;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let records: u64 = env::args().nth(1).ok_or("how many records?")?.parse()?;
    let module = env::var_os("OOM_MODULE").ok_or("OOM_MODULE names the module's file")?;
    let engine = engine("wamr").ok_or("WAMR is not built in")?;
    let mut host = engine.load(&fs::read(module)?, &Options::default())?;
    let ordinary = ordinary();
    let rounds = (records / ROUND).max(10);
    let mut counts = Counts::default();
    let mut first = None;
    let started = Instant::now();
    println!(
        "{:>12} {:>9} {:>16} {:>14} {:>8}",
        "records", "kills", "linear memory", "process", "time"
    );
    for round in 0..rounds {
        counts.add(&mut *host, &ordinary, round)?;
        if (round + 1) % (rounds / 10) == 0 {
            let memory = (host.memory_bytes() as u64, resident()?);
            println!(
                "{:>12} {:>9} {:>10} bytes {:>10} KiB {:>6} s",
                counts.records,
                counts.kills,
                memory.0,
                memory.1 >> 10,
                started.elapsed().as_secs()
            );
            // Until then there are still streams and containers to be met.
            if round < CONTAINERS.max(STREAMS) {
                continue;
            }
            let (linear, process) = *first.get_or_insert(memory);
            if memory.0 != linear || memory.1 > process + SLACK {
                return Err(format!("memory grew from {linear} and {process} bytes").into());
            }
        }
    }
    let Counts {
        records,
        kills,
        lines,
        ..
    } = counts;
    println!(
        "\n{records} records: {kills} kills of {rounds}, each with its own process and container; \
         {lines} other lines of reports; the rest unchanged."
    );
    Ok(())
}

/// What became of the records.
#[derive(Default)]
struct Counts {
    records: u64,
    kills: u64,
    lines: u64,
}

impl Counts {
    /// Hands in a round: ordinary records, a report among them, its kill.
    fn add(&mut self, host: &mut dyn Instance, ordinary: &[String], round: u64) -> Fallible<()> {
        let tag = format!("kube.node-{}", round % STREAMS);
        let pid = 2 + round % 4_000_000;
        let report = report(round, pid);
        let (kill, lines) = report.split_last().ok_or("a report has lines")?;
        let before = usize::try_from(ROUND)? - report.len();
        for record in ordinary.iter().cycle().take(before) {
            match self.call(host, &tag, record)? {
                Verdict::Unchanged => {}
                other => return Err(format!("{record} became {other:?}").into()),
            }
        }
        for record in lines {
            match self.call(host, &tag, record)? {
                Verdict::Replaced(_) => self.lines += 1,
                other => return Err(format!("{record} became {other:?}").into()),
            }
        }
        let Verdict::Replaced(text) = self.call(host, &tag, kill)? else {
            return Err(format!("the kill of {pid} is lost").into());
        };
        let found: Value = serde_json::from_slice(&text)?;
        let oom = &found["oom"];
        if oom["event"] != "kill"
            || oom["victim"]["pid"] != pid
            || oom["container"]["id"] != container(round)
            || oom["task_count"] != 2
        {
            return Err(format!("the kill of {pid} is told wrong: {oom}").into());
        }
        self.kills += 1;
        Ok(())
    }

    fn call(&mut self, host: &mut dyn Instance, tag: &str, record: &str) -> Fallible<Verdict> {
        self.records += 1;
        let verdict = host.call("oom_annotate", tag.as_bytes(), (0, 0), record.as_bytes());
        verdict.map_err(|error| format!("{record}: {error}").into())
    }
}

/// Records of a node's day, of 60 bytes to 2 KiB.
fn ordinary() -> Vec<String> {
    const WORDS: &str = "usb 1-1: new high-speed USB device number 2 using xhci_hcd. ";
    (0..37)
        .map(|number| {
            let text = WORDS.repeat(1 + number * number % 34);
            kmsg(6, 1, &text)
        })
        .collect()
}

/// A report as 6.1 prints it, cut short where lines repeat.
fn report(round: u64, pid: u64) -> Vec<String> {
    let at_us = 1_000_000 * (round + 1);
    let path = format!(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{:08x}_29e1_478b_b365_4cb5dfc7d6fb.slice/cri-containerd-{}.scope",
        round % CONTAINERS,
        container(round)
    );
    [
        "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=969".to_owned(),
        format!("CPU: 0 PID: {pid} Comm: java Not tainted 6.1.0-50-cloud-amd64 #1"),
        "Call Trace:".to_owned(),
        " dump_header+0x4c/0x22b".to_owned(),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        format!("Memory cgroup stats for {path}:"),
        "Tasks state (memory values in pages):".to_owned(),
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name".to_owned(),
        "[      1]     0     1      243        1    28672        0          -998 pause".to_owned(),
        format!("[{pid:>7}]  1000 {pid:>5}     5388     5230    77824        0           969 java"),
        format!("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},task_memcg={path},task=java,pid={pid},uid=1000"),
        format!("Memory cgroup out of memory: Killed process {pid} (java) total-vm:21552kB, anon-rss:20268kB, file-rss:4kB, shmem-rss:648kB, UID:1000 pgtables:76kB oom_score_adj:969"),
    ]
    .iter()
    .zip(at_us..)
    .map(|(text, at_us)| kmsg(4, at_us, text))
    .collect()
}

/// The id of the container that is hit in a round.
fn container(round: u64) -> String {
    format!("{:064x}", round % CONTAINERS)
}

/// A record of Fluent Bit's kmsg input.
fn kmsg(priority: u64, at_us: u64, text: &str) -> String {
    let (seconds, microseconds) = (at_us / 1_000_000, at_us % 1_000_000);
    format!(
        r#"{{"priority":{priority},"sequence":{at_us},"sec":{seconds},"usec":{microseconds},"msg":"{text}"}}"#
    )
}

/// Bytes of memory that this process has in use.
fn resident() -> Fallible<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("the kernel does not say how large this process is")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes << 10)
}
