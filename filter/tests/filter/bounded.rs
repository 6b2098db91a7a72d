//! What is held of all machines together is bounded: what the quietest machine said is forgotten first.

use oom_filter::{KernelLine, Machine, Streams, Told};

/// Fewer than the streams that are remembered: what is forgotten here is so for its size.
const MACHINES: usize = 200;
/// More lines than those after which a stream's size is looked at again.
const LINES: usize = 70;

/// Whether a kill is known when its line comes again, although others have printed these lines in between.
fn is_remembered_behind(lines: &[String]) -> bool {
    let mut streams: Streams = Streams::new();
    let mut tells_kill = |machine: Machine, line| {
        let told = streams.read(line, b"tag", machine);
        matches!(told, Told::Kill(_))
    };
    let kill = format!("[  100.000001] {}", kill(42));
    let kill = KernelLine::read(kill.as_bytes());
    assert!(tells_kill(Machine::default(), &kill));
    let lines = lines.iter().map(|line| KernelLine::read(line.as_bytes()));
    let lines: Vec<_> = lines.collect();
    for machine in 1..=MACHINES {
        let mut key = Machine::default();
        key.add(b"hostname", machine.to_string().as_bytes());
        for line in &lines {
            tells_kill(key, line);
        }
    }
    !tells_kill(Machine::default(), &kill)
}

fn long(name: &str) -> String {
    format!("/{name}{}", "a".repeat(12_000))
}

/// A report with these lines behind its header.
fn report(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let header = "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
    [header.to_owned()].into_iter().chain(lines).collect()
}

fn header(mask: &str, nodes: &str) -> String {
    format!(
        "java invoked oom-killer: gfp_mask=0x0({mask}), nodemask={nodes}, order=0, oom_score_adj=0"
    )
}

fn table(rows: usize) -> Vec<String> {
    let heading =
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";
    let row = |pid| {
        format!("[{pid:>7}]     0 {pid:>5}     2000      100    77824        0             0 java")
    };
    report(
        [heading.to_owned()]
            .into_iter()
            .chain((1000..1000 + rows).map(row)),
    )
}

/// Lines behind a kill.
fn reaped() -> impl Iterator<Item = String> {
    (0..LINES).map(|at| {
        let pid = 90_000 + at;
        format!(
            "oom_reaper: reaped process {pid} (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
        )
    })
}

fn kill(pid: usize) -> String {
    format!(
        "Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB"
    )
}

#[test]
fn little_is_remembered_of_all() {
    assert!(is_remembered_behind(&table(LINES)));
    assert!(is_remembered_behind(&[kill(7)]));
    assert!(is_remembered_behind(&reaped().collect::<Vec<_>>()));
}

#[test]
fn of_much_the_oldest_is_forgotten() {
    let statistics = |at: usize| {
        let path = long(&at.to_string());
        format!("Memory cgroup stats for {path}: cache:0KB rss:4096KB")
    };
    let told = |mut lines: Vec<String>| {
        lines.push(kill(1001));
        lines.extend(reaped());
        lines
    };
    // The longest that a line of the kernel's may have.
    let path = format!("/{}", "p".repeat(4000));
    let long_list = "0,".repeat(6_000) + "1";
    for (what, lines) in [
        ("a mask", vec![header(&long("m"), "0")]),
        ("nodes", vec![header("GFP", &long_list)]),
        (
            "allowed nodes",
            report([format!("java cpuset=/ mems_allowed={long_list}")]),
        ),
        (
            "a cpuset's name",
            report([format!("java cpuset={} mems_allowed=0", long("c"))]),
        ),
        ("paths of statistics", report((0..5).map(statistics))),
        (
            "paths of a kill",
            told(vec![format!(
                "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
                 oom_memcg={path},task_memcg={path},task=java,pid=1001,uid=0"
            )]),
        ),
        (
            "a path of a group",
            vec![
                kill(7),
                format!(
                    "Tasks in {} are going to be killed due to memory.oom.group set",
                    long("g")
                ),
            ],
        ),
        ("a table", table(520)),
        ("a table of a kill", told(table(520))),
        ("kills", (0..300).map(kill).collect()),
    ] {
        assert!(!is_remembered_behind(&lines), "{what}");
    }
}
