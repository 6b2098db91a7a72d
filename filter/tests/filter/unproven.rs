//! Text that anybody could have written: untouched, unless the host asks for it; then it is told, and marked.

use oom_filter::lines::{LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
#[cfg(feature = "more-unproven")]
use oom_suite::Suite;
use serde_json::{Value, json};

fn asked() -> Filter {
    Filter::new(IdentityKeys::OPEN_TELEMETRY).read_unproven()
}

/// What is told of lines, one after the other, in records of their own.
fn told(filter: &mut Filter, mode: Mode, records: &[String]) -> Vec<Option<Value>> {
    let read = |record: &String| {
        let context = RecordContext::default();
        match filter.process(mode, record.as_bytes(), &context) {
            Outcome::Replaced(record) => serde_json::from_slice(&record).ok(),
            Outcome::Unchanged | Outcome::Dropped => None,
        }
    };
    records.iter().map(read).collect()
}

fn logged(lines: &[&str]) -> Vec<String> {
    lines
        .iter()
        .map(|line| json!({ "log": line }).to_string())
        .collect()
}

/// A group of lines, and what the last of them tells, with `killer` first.
type Case = (
    &'static [&'static str],
    &'static str,
    &'static [(&'static str, &'static str)],
);

const CASES: &[Case] = &[
    (
        &[
            "systemd-oomd[840]: Killed /user.slice/user-1001.slice/user@1001.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-dbb4a75e-031f-480d-924b-5de5af7579d2.scope due to memory pressure for /user.slice/user-1001.slice/user@1001.service being 51.07% > 50.00% for > 20s with reclaim activity",
        ],
        "systemd-oomd",
        &[(
            "/unit",
            r#""vte-spawn-dbb4a75e-031f-480d-924b-5de5af7579d2.scope""#,
        )],
    ),
    (
        &[
            "Aug 04 23:41:26 qaa systemd-oomd[588]: Killed /system.slice/httpd.service due to memory used (32305733632) / total (33046000000) and swap used (8500000000) / total (8589930496) being more than 90.00%",
        ],
        "systemd-oomd",
        &[
            ("/unit", r#""httpd.service""#),
            ("/when", r#""Aug 04 23:41:26""#),
        ],
    ),
    (
        &[
            "systemd-oomd[659]: Marked /system.slice/systemd-journald.service for killing due to memory pressure for /system.slice being 85.03% > 80.00% for > 2s with reclaim activity",
        ],
        "systemd-oomd",
        &[("/unit", r#""systemd-journald.service""#)],
    ),
    (
        &[
            "systemd-oomd[1]: Killed /user.slice/user-1000.slice/user@1000.service/x due to memory pressure for /system.slice being 1.00% > 0.00% for > 1s with reclaim activity.scope due to memory pressure for /user.slice/user-1000.slice/user@1000.service being 60.00% > 50.00% for > 20s with reclaim activity",
        ],
        "systemd-oomd",
        &[("/event", r#""kill""#)],
    ),
    (
        &[
            "systemd-oomd[9]: Rule 'low_memory' conditions met for cgroup /user.slice/user-1000.slice/user@1000.service/app.slice (lasting 1s), taking action kill-by-swap",
        ],
        "systemd-oomd",
        &[("/event", r#""pressure""#)],
    ),
    (
        &[
            "earlyoom[1308]: mem avail:   742 of  3931 MiB (18.89%), swap free:    0 of    0 MiB ( 0.00%)",
            "earlyoom[1308]: low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%",
            "earlyoom[1308]: sending SIGTERM to process 1024668 uid 1000 \"Web Content\": oom_score 823, VmRSS 79 MiB, cmdline \"/usr/lib/firefox/firefox -contentproc\"",
            "earlyoom[1308]: process 1024668 exited after 0.100 seconds",
        ],
        "earlyoom",
        &[
            ("/victim/pid", "1024668"),
            ("/victim/comm", r#""Web Content""#),
            ("/victim/rss_bytes", "82837504"),
        ],
    ),
    (
        &[
            "Jun 17 16:18:42 n1 kubelet[3814777]: I0617 16:18:42.212181 3814777 eviction_manager.go:392] \"Eviction manager: must evict pod(s) to reclaim\" resourceName=\"memory\"",
            "Jun 17 16:18:43 n1 kubelet[3814777]: I0617 16:18:43.212181 3814777 eviction_manager.go:613] \"Eviction manager: pod is evicted successfully\" pod=\"shop/web-1\"",
        ],
        "kubelet",
        &[
            ("/event", r#""evicted""#),
            ("/when", r#""Jun 17 16:18:43""#),
        ],
    ),
    (
        &[
            "  Warning  Evicted  10m   kubelet  The node was low on resource: memory. Threshold quantity: 100Mi, available: 58472Ki. Container mem-eater was using 3694056Ki, request is 100Mi, has larger consumption of memory. ",
        ],
        "kubelet",
        &[
            ("/event", r#""evicted""#),
            (
                "/reason",
                r#""The node was low on resource: memory. Threshold quantity: 104857600, available: 59875328. Container mem-eater was using 3782713344, request is 104857600, has larger consumption of memory.""#,
            ),
        ],
    ),
    (
        &[
            "[2023-12-05T07:16:01.123] [440575.0] error: StepId=440575.0 exceeded memory limit (2147483648 > 1073741824), being killed",
        ],
        "slurm",
        &[
            ("/workload/id", r#""440575""#),
            ("/memory/usage_bytes", "2147483648"),
        ],
    ),
    (
        &["=>> PBS: job killed: mem 8390012kb exceeded limit 8388608kb"],
        "pbs",
        &[
            ("/memory/usage_bytes", "8591372288"),
            ("/memory/limit_bytes", "8589934592"),
        ],
    ),
    (
        &[
            "04/05/2026 10:00:00;0008;pbs_mom;Job;2404743.opbs;mem 8390012kb exceeded limit 8388608kb",
        ],
        "pbs",
        &[("/workload/id", r#""2404743.opbs""#)],
    ),
    (
        &["TERM_MEMLIMIT: job killed after reaching LSF memory usage limit."],
        "lsf",
        &[(
            "/reason",
            r#""job killed after reaching LSF memory usage limit""#,
        )],
    ),
    (
        &[
            "2025-03-23 11:17:02,348 WARN  [Container Monitor] monitor.ContainersMonitorImpl: Container [pid=3730,containerID=container_1725006692302_0009_01_000003] is running 1723304448B beyond the 'VIRTUAL' memory limit. Current usage: 348.4 MB of 1 GB physical memory used; 3.7 GB of 2.1 GB virtual memory used. Killing container.",
        ],
        "yarn",
        &[
            ("/victim/pid", "3730"),
            ("/workload/id", r#""application_1725006692302_0009""#),
            (
                "/reason",
                r#""running 1723304448B beyond the 'VIRTUAL' memory limit""#,
            ),
        ],
    ),
    (
        &[
            "Container [pid=48338,containerID=container_1417574466181_3484_01_000043] is running beyond physical memory limits. Current usage: 1.0 GB of 1 GB physical memory used; 2.0 GB of 2.1 GB virtual memory used. Killing container.",
        ],
        "yarn",
        &[(
            "/workload/part",
            r#""container_1417574466181_3484_01_000043""#,
        )],
    ),
    (
        &[
            "2025-03-23 11:17:02,348 WARN  resources.DefaultOOMHandler (DefaultOOMHandler.java:killContainer(252)) - container container_e78_1742465778745_0034_02_000006 killed by elastic cgroups OOM handler.",
        ],
        "yarn",
        &[("/workload/id", r#""application_1742465778745_0034""#)],
    ),
    (
        &["2 worker(s) were killed due to the node running low on memory."],
        "ray",
        &[("/level", r#""node""#)],
    ),
    (
        &[
            "10-24 14:24:26.342   710   710 I lowmemorykiller: Kill 'com.google.android.gms.unstable' (17933), uid 10446, oom_score_adj 0 to free 140528kB rss, 37404kB swap; reason: device is not responding",
        ],
        "lmkd",
        &[
            ("/victim/pid", "17933"),
            ("/victim/uid", "10446"),
            ("/victim/rss_bytes", "143900672"),
            ("/victim/swap_bytes", "38301696"),
        ],
    ),
];

#[test]
fn what_anybody_can_have_written_is_told_where_it_is_asked_for() {
    for (lines, killer, expected) in CASES {
        let records = logged(lines);
        let left = told(&mut asked(), Mode::Rewrite, &records);
        let (last, before) = left.split_last().unwrap();
        assert!(before.iter().all(Option::is_none), "{lines:?}: {before:?}");
        let record = last
            .as_ref()
            .unwrap_or_else(|| panic!("{lines:?} tell nothing"));
        let oom = &record["oom"];
        assert_eq!(oom["killer"], *killer, "{oom}");
        assert_eq!(oom["unproven"], true, "{oom}");
        let summary = oom["summary"].as_str().unwrap();
        assert!(
            summary.ends_with("; nothing proves who wrote this."),
            "{summary}"
        );
        for (pointer, value) in *expected {
            let found = oom.pointer(pointer).map(Value::to_string);
            assert_eq!(found.as_deref(), Some(*value), "{pointer} of {oom}");
        }
        // It is known again, by filters that were asked and by others.
        for mut filter in [asked(), Filter::new(IdentityKeys::OPEN_TELEMETRY)] {
            let record = record.to_string();
            if !filter.needs_reading(record.as_bytes()) {
                continue;
            }
            let outcome =
                filter.process(Mode::Events, record.as_bytes(), &RecordContext::default());
            assert_eq!(outcome, Outcome::Unchanged, "{record}");
        }
    }
}

#[test]
fn lines_that_stand_in_no_record_tell_the_same() {
    for (lines, ..) in CASES {
        let mut filter = asked();
        let mut last = None;
        let mut each = |record: Record<'_>| {
            let Record::Plain(line) = record else {
                return;
            };
            let object = || line.object();
            let context = RecordContext::default();
            last = match filter.process_line(Mode::Rewrite, &line.kernel_line(), &context, &object)
            {
                Outcome::Replaced(record) => serde_json::from_slice::<Value>(&record).ok(),
                Outcome::Unchanged | Outcome::Dropped => None,
            };
        };
        let mut records = Records::new(LineFormat::Text);
        for line in *lines {
            records.line(line.as_bytes(), &mut each);
        }
        records.settle(&mut each);
        let of_records = told(&mut asked(), Mode::Rewrite, &logged(lines));
        let of_records = of_records.last().cloned().flatten().unwrap();
        let last = last.unwrap_or_else(|| panic!("{lines:?} tell nothing"));
        assert_eq!(last["oom"], of_records["oom"], "{lines:?}");
    }
}

#[test]
fn nobody_is_believed_who_was_not_asked() {
    for (lines, ..) in CASES {
        let journal = lines.iter().map(|line| {
            let entry = json!({
                "MESSAGE": line.split_once("]: ").map_or(*line, |(_, text)| text),
                "_TRANSPORT": "stdout",
                "SYSLOG_IDENTIFIER": "systemd-oomd",
                "_SYSTEMD_UNIT": "session-3.scope",
                "_COMM": "earlyoom",
                "_UID": "1000",
            });
            entry.to_string()
        });
        // In whatever order a record has its fields.
        let turned = lines.iter().map(|line| {
            let text = json!(line.split_once("]: ").map_or(*line, |(_, text)| text));
            format!(
                r#"{{"_TRANSPORT":"stdout","_SYSTEMD_UNIT":"session-3.scope","_UID":"1000","MESSAGE":{text}}}"#
            )
        });
        let stdout = lines.iter().map(|line| {
            json!({"log": line, "stream": "stdout", "kubernetes": {"pod_name": "web"}}).to_string()
        });
        for records in [
            logged(lines),
            journal.collect(),
            turned.collect(),
            stdout.collect::<Vec<_>>(),
        ] {
            let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
            let left = told(&mut filter, Mode::Annotate, &records);
            assert!(left.iter().all(Option::is_none), "{records:?}: {left:?}");
            let left = told(&mut asked(), Mode::Annotate, &records);
            let last = left.last().cloned().flatten();
            let last = last.unwrap_or_else(|| panic!("{records:?} tell nothing"));
            assert_eq!(last["oom"]["unproven"], true, "{records:?}");
            // It is known again.
            for mut filter in [asked(), Filter::new(IdentityKeys::OPEN_TELEMETRY)] {
                let record = last.to_string();
                if filter.needs_reading(record.as_bytes()) {
                    let context = RecordContext::default();
                    let outcome = filter.process(Mode::Events, record.as_bytes(), &context);
                    assert_eq!(outcome, Outcome::Unchanged, "{record}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_kill_is_none() {
    for line in [
        "=>> PBS: job killed: walltime 3605 exceeded limit 3600",
        "earlyoom[10]: sending SIGTERM when mem avail <= 10.00% and swap free <= 10.00%,",
        "I0617 16:18:42.212181 3814777 eviction_manager.go:392] \"Eviction manager: must evict pod(s) to reclaim\" resourceName=\"ephemeral-storage\"",
        "29.475s: flux-shell[0]: ERROR: oom: Memory cgroup out of memory: killed 1 task on picl7.",
        "Cgroup memsw limit exceeded:",
        "docker-3193584578ea07bf5ee503289e7fe7b69f20e60ad236b2b5ce2274419856f8f3.scope: A process of this unit has been killed by the OOM killer.",
        "lowmemorykiller: Skipping kill; 4 kB freed elsewhere.",
        "Container [pid=1,containerID=container_x] is running beyond physical memory limits. Current usage: 1. Killing container.",
        "the docs say: TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.",
        "2 pods were killed due to the node running low on memory.",
    ] {
        let left = told(&mut asked(), Mode::Annotate, &logged(&[line]));
        assert_eq!(left, [None], "{line}");
    }
}

#[cfg(feature = "more-unproven")]
/// A kill of nohang's as text, from the line that begins it to the one that ends it.
const NOHANG: [&str; 22] = [
    "Memory status that requires corrective actions:",
    "  MemAvailable [383 MiB, 5.0 %] <= soft_threshold_min_mem [384 MiB, 5.0 %]",
    "  SwapFree [104 MiB, 5.1 %] <= soft_threshold_min_swap [205 MiB, 10.0 %]",
    "Victim status (found in 0ms):",
    "  PID:       4212, name: java, state: S (sleeping), EUID: 1000, SID: 4212 (java), lifetime: 1d 2h 3min 4s",
    "  badness:   849, oom_score:  849, oom_score_adj:  -5",
    "  Vm, MiB:   Size: 7000, RSS: 5210, Swap: 20",
    "  cgroup_v1: /system.slice/old.service",
    "  cgroup_v2: /system.slice/shop.service",
    "  ancestry:  PID 1 (systemd)",
    "  exe realpath: /usr/bin/java",
    "  cwd realpath: /",
    "Memory info, MiB:",
    "  total=7678, used=7000, free=100, available=383, shared=9, buffers=10, cache=400,",
    "  swap_total=2048, swap_used=1944, swap_free=104",
    "Memory pressure (system-wide):",
    "  some avg10=0.00 avg60=0.00 avg300=0.00",
    "  full avg10=0.00 avg60=0.00 avg300=0.00",
    "Implementing a corrective action:",
    "  Sending SIGTERM to the victim",
    "OK; total response time: 9ms",
    "The victim died in 0.1s",
];

#[cfg(feature = "more-unproven")]
fn victims(records: &[String]) -> Vec<u64> {
    let left = told(&mut asked(), Mode::Events, records);
    let ooms = left.iter().flatten().map(|record| &record["oom"]);
    ooms.map(|oom| oom["victim"]["pid"].as_u64().unwrap())
        .collect()
}

/// What nohang wrote when it was run, with the processes that it ended; and who wrote the same.
#[cfg(feature = "more-unproven")]
#[test]
fn what_nohang_wrote_is_told_once_for_each_process() {
    let records = Suite::named("unproven-nohang").records();
    let records: Vec<_> = records
        .into_iter()
        .map(|record| String::from_utf8(record).unwrap())
        .collect();
    let left = told(&mut asked(), Mode::Events, &records);
    let kills: Vec<_> = left
        .iter()
        .flatten()
        .map(|record| {
            let oom = &record["oom"];
            assert_eq!(oom["killer"], "nohang", "{oom}");
            assert_eq!(oom["unproven"], true, "{oom}");
            let text = |pointer: &str| oom.pointer(pointer).map(Value::to_string);
            [
                text("/victim/pid"),
                text("/victim/comm"),
                text("/cgroup/victim"),
                text("/victim/rss_bytes"),
                text("/reason"),
            ]
            .map(Option::unwrap_or_default)
        })
        .collect();
    let eater = "\"/system.slice/eater.service\"";
    let shop = "\"/system.slice/shop.service\"";
    let soft = r#""MemAvailable [921698304, 3.6 %] <= soft_threshold_min_mem [1263534080, 5.0 %]; SwapFree [0, 0.0 %] <= soft_threshold_min_swap [0, - %]; Sending SIGTERM""#;
    let hard = r#""MemAvailable [307232768, 1.2 %] <= hard_threshold_min_mem [505413632, 2.0 %]; SwapFree [0, 0.0 %] <= hard_threshold_min_swap [0, - %]; Sending SIGKILL""#;
    let of_0_1 = r#""MemAvailable [401604608, 5.0 %] <= mem_min_sigterm [402653184, 5.0 %]; SwapFree [109051904, 5.1 %] <= swap_min_sigterm [214958080, 10.0 %]; Sending SIGTERM""#;
    let made_up = r#""MemAvailable [401604608, 5.0 %] <= soft_threshold_min_mem [402653184, 5.0 %]; SwapFree [109051904, 5.1 %] <= soft_threshold_min_swap [214958080, 10.0 %]; Sending SIGKILL""#;
    let expected = [
        ["5", "\"eater\"", eater, "219152384", soft],
        ["5", "\"Web Content\"", eater, "219152384", hard],
        // The one that would not die at first.
        ["5", "\"stubborn\"", eater, "219152384", soft],
        ["4211", "\"java\"", "", "5463080960", of_0_1],
        // Somebody's own words, by logger and in a container.
        ["4212", "\"java\"", shop, "5463080960", made_up],
        ["4212", "\"java\"", shop, "5463080960", made_up],
    ];
    assert_eq!(kills, expected);
}

/// A line that is missing, or that another wrote, ends what was told so far: no process takes the place of another.
#[cfg(feature = "more-unproven")]
#[test]
fn a_line_of_nohangs_out_of_order_ends_it() {
    /// Some kernels, and some of its settings, do without.
    const MAY_BE_MISSING: [usize; 7] = [1, 2, 9, 15, 16, 17, 21];
    assert_eq!(victims(&logged(&NOHANG)), [4212]);
    for at in 0..NOHANG.len() {
        let mut lines = NOHANG.to_vec();
        lines.remove(at);
        let is_told = !victims(&logged(&lines)).is_empty();
        assert_eq!(is_told, MAY_BE_MISSING.contains(&at), "without {at}");
        for other in [
            "cron: started",
            "  PID:       1, name: init, state: S (sleeping), EUID: 0, SID: 1 (init), lifetime: 9d",
            "Victim status (found in 0ms):",
            "  cgroup_v2: /system.slice/other.service",
        ] {
            let mut lines = NOHANG.to_vec();
            lines.insert(at, other);
            // Before the head and behind the end it is nothing.
            let is_told = at == 0 || at == NOHANG.len() - 1;
            let expected: &[u64] = if is_told { &[4212] } else { &[] };
            assert_eq!(victims(&logged(&lines)), expected, "{other} before {at}");
        }
    }
    // Where the journal tells the processes apart, others may write between.
    let entry = |line: &str, pid: &str| {
        let entry = json!({
            "MESSAGE": line, "_TRANSPORT": "stdout", "_SYSTEMD_UNIT": "nohang.service", "_PID": pid,
        });
        entry.to_string()
    };
    let mixed = NOHANG.iter().flat_map(|line| {
        let other = line.replace("4212", "4213");
        [entry(line, "901"), entry(&other, "902")]
    });
    assert_eq!(victims(&mixed.collect::<Vec<_>>()), [4212, 4213]);
    let mixed = NOHANG.iter().flat_map(|line| {
        let other = line.replace("4212", "4213");
        [(*line).to_owned(), other]
    });
    let mixed: Vec<_> = mixed.collect();
    let mixed: Vec<_> = mixed.iter().map(String::as_str).collect();
    assert!(victims(&logged(&mixed)).is_empty());
}

/// A job's kill is confirmed where there was one that it can be; nothing is said of it but what the line says.
#[cfg(feature = "more-unproven")]
#[test]
fn htcondor_confirms_and_makes_no_kill() {
    let records = Suite::named("unproven-htcondor").records();
    let records: Vec<_> = records
        .into_iter()
        .map(|record| String::from_utf8(record).unwrap())
        .collect();
    let left = told(&mut asked(), Mode::Annotate, &records);
    let mut kills: Vec<&Value> = Vec::new();
    let mut confirmed = Vec::new();
    for record in left.iter().flatten() {
        let oom = &record["oom"];
        match oom["event"].as_str().unwrap() {
            "kill" => kills.push(oom),
            "confirmed" => {
                assert_eq!(oom["unproven"], true, "{oom}");
                assert_eq!(oom["workload"], json!({"system": "htcondor"}), "{oom}");
                let kill = kills.iter().find(|kill| kill["id"] == oom["id"]);
                let pid = kill.map(|kill| kill["victim"]["pid"].as_u64().unwrap());
                let mebibytes = |name: &str| Some(oom["memory"][name].as_u64()? >> 20);
                confirmed.push((pid, mebibytes("limit_bytes"), mebibytes("usage_bytes")));
            }
            _ => {}
        }
    }
    assert_eq!(kills.len(), 6);
    // All others pass: of another limit, machine or time, of two slots at once that nothing tells apart, where what
    // was killed was no job, and in a file, a job's own log, by logger, in a container.
    let expected = [
        (Some(101), Some(10624), Some(404)),
        (Some(101), Some(10624), Some(404)),
        // Each wording.
        (Some(102), Some(128), Some(127)),
        (Some(102), Some(128), Some(127)),
        (Some(102), Some(128), None),
        (Some(102), None, None),
        (Some(102), None, None),
        (Some(102), Some(128), Some(64)),
        // Of two slots at once, by the limit.
        (Some(104), Some(512), None),
        // A job in a container, by the limit.
        (Some(106), Some(512), None),
    ];
    assert_eq!(confirmed, expected);
    // It is known again, and is no kill.
    let lines: Vec<_> = left.iter().flatten().map(Value::to_string).collect();
    for line in lines.iter().filter(|line| line.contains("\"confirmed\"")) {
        let outcome = asked().process(Mode::Annotate, line.as_bytes(), &RecordContext::default());
        assert_eq!(outcome, Outcome::Unchanged, "{line}");
    }
    let left = told(&mut asked(), Mode::Events, &records);
    assert_eq!(left.iter().flatten().count(), 6);
}

#[test]
fn a_witness_in_text_confirms_and_makes_no_kill() {
    let kernel = [
        "2024-05-05T10:11:14.000000+00:00 n1 kernel: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/foo.service,task_memcg=/system.slice/foo.service,task=java,pid=101,uid=1000",
        "2024-05-05T10:11:14.000000+00:00 n1 kernel: Memory cgroup out of memory: Killed process 101 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:8kB oom_score_adj:0",
    ];
    for (line, is_told) in [
        (
            "2024-05-05T10:11:14.500000+00:00 n1 systemd[1]: foo.service: A process of this unit has been killed by the OOM killer.",
            true,
        ),
        (
            "2024-05-05T10:11:14.500000+00:00 n1 systemd[1]: foo.service: The kernel OOM killer killed some processes in this unit.",
            true,
        ),
        (
            "2024-05-05T10:11:14.500000+00:00 n1 systemd[1]: foo.service: systemd-oomd killed 12 process(es) in this unit.",
            false,
        ),
        (
            "2024-05-05T10:11:14.500000+00:00 n1 systemd[1]: bar.service: The kernel OOM killer killed some processes in this unit.",
            false,
        ),
        (
            "2024-05-05T10:11:14.500000+00:00 n2 systemd[1]: foo.service: The kernel OOM killer killed some processes in this unit.",
            false,
        ),
        (
            "2024-05-05T10:12:14.500000+00:00 n1 systemd[1]: foo.service: The kernel OOM killer killed some processes in this unit.",
            false,
        ),
    ] {
        let lines = [kernel[0], kernel[1], line];
        let left = told(&mut asked(), Mode::Annotate, &logged(&lines));
        let [_, Some(kill), witness] = &left[..] else {
            panic!("{left:?}");
        };
        let found = witness.as_ref().map(|record| &record["oom"]);
        let expected = json!({"event": "confirmed", "tag": "oom.unknown", "id": kill["oom"]["id"], "unproven": true});
        assert_eq!(found, is_told.then_some(&expected), "{line}");
    }
}

/// Whoever writes text chooses neither whose a kill is, nor what is said of others.
#[test]
fn what_is_made_up_changes_nothing_of_what_is_proven() {
    const UID: &str = "77f06c5c-4593-43e9-b970-987f6ecb825b";
    let unit = "foo.service";
    let made_up = format!(
        "Killed /system.slice/{unit} due to memory pressure for /system.slice being 51.07% > 50.00% for > 20s with reclaim activity"
    );
    let of_pod = format!(
        "Killed /kubepods/burstable/pod{UID} due to memory pressure for /kubepods being 51.07% > 50.00% for > 20s with reclaim activity"
    );
    let entry = |text: &str, unit: &str, more: Value| {
        let mut entry = json!({
            "MESSAGE": text, "_SYSTEMD_UNIT": unit, "_TRANSPORT": "journal", "_HOSTNAME": "n1",
            "__REALTIME_TIMESTAMP": "1714903874415000",
        });
        let more = more.as_object().unwrap().clone();
        entry.as_object_mut().unwrap().extend(more);
        entry.to_string()
    };
    let witness =
        json!({"MESSAGE_ID": "d989611b15e44c9dbf31e3c81256e4ed", "UNIT": unit, "_PID": "1"});
    let records = [
        entry(&made_up, "session-3.scope", json!({})),
        entry(&of_pod, "session-3.scope", json!({})),
        entry(
            "foo.service: systemd-oomd killed 1 process(es) in this unit.",
            "init.scope",
            witness,
        ),
    ];
    let left = told(&mut asked(), Mode::Annotate, &records);
    let [Some(one), Some(pod), Some(witness)] = &left[..] else {
        panic!("{left:?}");
    };
    assert_eq!(one["oom"]["unproven"], true);
    assert_eq!(pod["oom"]["pod"]["uid"], UID);
    assert_eq!(pod.get("k8s.pod.uid"), None);
    assert_eq!(witness["oom"]["event"], "kill");
    assert_eq!(witness["oom"]["attribution"], "witness");
}
