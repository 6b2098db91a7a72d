//! One log of a gibibyte through the program, ripgrep, grep and VRL, in one run.
//!
//! `cargo run --release -p oom-vrl-test --example throughput [MEBIBYTES]`. Needs `dist/oom-vector.wasm`
//! (`cargo xtask dist`), `wasmtime`, `rg` and `grep`; what is not there is left out of the table.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use oom_vrl_test::Program;
use vrl::value::Value;

/// Between two kills stand so many other lines.
const LINES_PER_KILL: u64 = 10_000;

/// What grep and ripgrep are to look for: the words by which the filter tells a line that is worth
/// reading.
const WORDS: &str = "oom-killer: gfp_mask|oom-kill:constraint=|Killed process |ill process |\
    as a result of limit of|memory\\.oom\\.group|oom_reaper: |OOM victim |has mm pinned by |\
    Would have killed process |no killable processes|panic_on_oom is |deadlocked on memory|\
    kB, failcnt |Memory cgroup stats for |Tasks state \\(memory|tgid total_vm|\
    Memory limit reached of";

/// What a syslog holds beside kills.
const OTHERS: [&str; 6] = [
    "systemd[1]: Started session-{}.scope - Session {} of User root.",
    "kernel: [{}.123456] usb 1-1: new high-speed USB device number 2 using xhci_hcd",
    "sshd[{}]: Accepted publickey for deploy from 10.0.0.7 port 51022 ssh2: ED25519 SHA256:abcdef",
    "kubelet[812]: I1121 10:00:00.{} 812 reconciler.go:224] operationExecutor.VerifyControllerAttachedVolume",
    "CRON[{}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
    "containerd[640]: time=\"2026-11-21T10:00:00Z\" level=info msg=\"shim disconnected\" id={}",
];

/// A report and its kill, short.
const KILL: [&str; 4] = [
    "kernel: [{}.100000] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=969",
    "kernel: [{}.200000] memory: usage 20480kB, limit 20480kB, failcnt 12",
    "kernel: [{}.300000] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
     oom_memcg=/kubepods/burstable/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb,\
     task_memcg=/kubepods/burstable/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/\
     46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63,task=java,pid={},uid=0",
    "kernel: [{}.400000] Memory cgroup out of memory: Killed process {} (java) total-vm:21456kB, \
     anon-rss:20352kB, file-rss:0kB, shmem-rss:560kB, UID:0 pgtables:76kB oom_score_adj:969",
];

fn main() -> io::Result<()> {
    let mebibytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let size = mebibytes.unwrap_or(1024_u64) << 20;
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let log = top.join("target/throughput.log");
    eprintln!("writing {} MiB to target/throughput.log ...", size >> 20);
    let kills = write_log(&log, size)?;
    // Into the page cache: the disk is nobody's merit.
    io::copy(&mut File::open(&log)?, &mut io::sink())?;

    println!(
        "{} MiB of syslog with {kills} kills, one core each\n",
        size >> 20
    );
    println!("| what | CPU s | MB/s | peak MiB | found |");
    println!("|---|---|---|---|---|");
    let folder = log.parent().unwrap_or(&top);
    let module = top.join("dist/oom-vector.wasm");
    let program = |mode: &str| {
        let mut command = Command::new("wasmtime");
        command.arg("run").arg("--dir").arg(folder).arg(&module);
        command.args(["--input", "text", "--mode", mode]).arg(&log);
        command
    };
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C").args(["-aE", WORDS]).arg(&log);
    let mut ripgrep = Command::new("rg");
    ripgrep.args(["-a", "-j1", "--no-mmap", WORDS]).arg(&log);
    for (what, command) in [
        ("oom-vector.wasm, events: kills parsed", program("events")),
        (
            "oom-vector.wasm, annotate: every line as JSON",
            program("annotate"),
        ),
        ("ripgrep: lines found", ripgrep),
        ("grep: lines found", grep),
    ] {
        measure(what, command, size)?;
    }
    vrl(&top.join("vector/oom.vrl"), &log, size)?;
    fs::remove_file(&log)
}

/// Writes the log, and gives how many kills it holds.
fn write_log(path: &Path, size: u64) -> io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut written, mut number, mut kills) = (0, 0_u64, 0);
    while written < size {
        number += 1;
        let is_kill = number.is_multiple_of(LINES_PER_KILL);
        kills += u64::from(is_kill);
        let other = usize::try_from(number.wrapping_mul(0x9e37_79b9) >> 7).unwrap_or(0);
        let texts = if is_kill {
            &KILL[..]
        } else {
            &OTHERS[other % OTHERS.len()..][..1]
        };
        for text in texts {
            let text = text.replace("{}", &number.to_string());
            let line = format!("Nov 21 10:00:{:02} node-1 {text}\n", number % 60);
            out.write_all(line.as_bytes())?;
            written += line.len() as u64;
        }
    }
    out.flush()?;
    Ok(kills)
}

/// Runs a command, and prints its row.
fn measure(what: &str, mut command: Command, size: u64) -> io::Result<()> {
    let before = seconds(UsageWho::RUSAGE_CHILDREN)?;
    let child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
    let Ok(mut child) = child else {
        println!("| {what} | not on this machine | | | |");
        return Ok(());
    };
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let out = child.stdout.take().map(BufReader::new);
    let counter = thread::spawn(move || {
        let lines = out.into_iter().flat_map(|out| out.split(b'\n'));
        lines.map_while(Result::ok).count()
    });
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(resident_kib(&status).unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    let lines = counter.join().unwrap_or(0);
    row(
        what,
        seconds(UsageWho::RUSAGE_CHILDREN)? - before,
        size,
        peak >> 10,
        lines,
    );
    Ok(())
}

/// The most memory a process has held so far.
fn resident_kib(status: &Path) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// VRL, in this process, line by line as a `file` source and a `remap` do it.
fn vrl(source: &Path, log: &Path, size: u64) -> io::Result<()> {
    let source = fs::read_to_string(source)?;
    let mut program = Program::compile(&source).map_err(io::Error::other)?;
    let before = seconds(UsageWho::RUSAGE_SELF)?;
    let mut found = 0;
    for line in BufReader::with_capacity(1 << 20, File::open(log)?).split(b'\n') {
        let line = line?;
        let message = Value::from(String::from_utf8_lossy(&line).into_owned());
        let mut event = Value::Object([("message".into(), message)].into());
        program
            .run(&mut event)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        found += usize::from(
            event
                .as_object()
                .is_some_and(|event| event.contains_key("oom")),
        );
    }
    let time = seconds(UsageWho::RUSAGE_SELF)? - before;
    row("VRL, oom.vrl alone: lines annotated", time, size, 0, found);
    Ok(())
}

fn row(what: &str, time: f64, size: u64, peak: u64, found: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = size as f64 / 1e6 / time;
    let peak = if peak == 0 {
        String::new()
    } else {
        peak.to_string()
    };
    println!("| {what} | {time:.2} | {rate:.0} | {peak} | {found} |");
}

/// User and system time.
fn seconds(who: UsageWho) -> io::Result<f64> {
    let usage: Usage = getrusage(who)?;
    let sum = |time: nix::sys::time::TimeVal| {
        Duration::from_micros(
            u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0),
        )
    };
    Ok((sum(usage.user_time()) + sum(usage.system_time())).as_secs_f64())
}
