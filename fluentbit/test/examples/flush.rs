//! What the kills of a storm cost Fluent Bit, and how many of them it counts, with `flush_interval_sec: 1` in the
//! shipped metrics and without it.
//!
//! `FLUENT_BIT=... cargo run -p oom-fluentbit-test --example flush`, after `cargo xtask dist`.

use std::fs;

use oom_fluentbit_test::{FluentBit, Folder, Names, Run};
use oom_suite::trial::Skip;
use serde_json::{Value, json};

const KILLS: u64 = 700;
const PODS: u64 = 200;
const SETTING: &str = "flush_interval_sec: 1\n";

/// The lines of a kill at the limit of a pod.
fn report(number: u64) -> Vec<Value> {
    let (uid, id) = identity(number % PODS);
    let (pod, pid) = (format!("/kubepods/burstable/pod{uid}"), 1000 + number);
    let lines = [
        "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned(),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        format!("Memory cgroup stats for {pod}:"),
        "Tasks state (memory values in pages):".to_owned(),
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
            .to_owned(),
        format!("[{pid:>7}]     0 {pid:>5}     5388     5000    77824        0             0 java"),
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={id},mems_allowed=0,\
             oom_memcg={pod},task_memcg={pod}/{id},task=java,pid={pid},uid=0"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {pid} (java) total-vm:21552kB, anon-rss:20000kB, \
             file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:76kB oom_score_adj:0"
        ),
    ];
    let record = |text| {
        json!({"_TRANSPORT": "kernel", "_HOSTNAME": "worker-1", "PRIORITY": "6",
            "_SOURCE_MONOTONIC_TIMESTAMP": (number * 7143).to_string(), "MESSAGE": text})
    };
    lines.map(record).to_vec()
}

fn identity(pod: u64) -> (String, String) {
    (
        format!("00000000-0000-4000-8000-{pod:012x}"),
        format!("{pod:064x}"),
    )
}

/// Seconds of processor time of the processes that this one has waited for.
fn seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, fields) = stat.rsplit_once(") ").expect("the name stands in brackets");
    let fields = fields.split(' ').skip(13).take(2);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    // USER_HZ.
    ticks / 100.0
}

fn main() -> Result<(), Skip> {
    let fluent_bit = FluentBit::find()?;
    let records: Vec<Value> = (0..KILLS).flat_map(report).collect();
    let mut names = Names::default();
    for pod in 0..PODS {
        let (uid, id) = identity(pod);
        names.pods.push(format!("shop_web-{pod}_{uid}"));
        names
            .containers
            .push(format!("web-{pod}_shop_app-{id}.log"));
    }
    for has_setting in [true, false] {
        let folder = Folder::lay_out(if has_setting { "flush" } else { "no-flush" })?;
        if !has_setting {
            let path = folder.path.join("base/fluent-bit.yaml");
            let text = folder.read("base/fluent-bit.yaml");
            assert!(text.contains(SETTING), "it is no longer set");
            fs::write(path, text.replace(SETTING, "\n")).expect("a file of our own");
        }
        let mut run = Run::new(&folder, "journal", &records, &names);
        // What cannot be handed on is an error.
        run.tolerate("[error]");
        let before = seconds_of_children();
        let (page, _) = run.run(&fluent_bit, |_, printed| printed.len() as u64 == KILLS);
        let lines = page
            .lines()
            .filter(|line| line.starts_with("oom_kills_total{"));
        let counts = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        println!(
            "{}: {KILLS} kills printed, {} counted when the last was, {:.2} s of processor time",
            if has_setting {
                "flush_interval_sec: 1"
            } else {
                "without"
            },
            counts.sum::<f64>(),
            seconds_of_children() - before
        );
    }
    Ok(())
}
