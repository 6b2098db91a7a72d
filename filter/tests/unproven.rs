//! Text that anybody could have written: untouched, unless the host asks for it; then it is told, and marked.

use oom_filter::lines::{LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
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
        let stdout = lines.iter().map(|line| {
            json!({"log": line, "stream": "stdout", "kubernetes": {"pod_name": "web"}}).to_string()
        });
        for records in [logged(lines), journal.collect(), stdout.collect::<Vec<_>>()] {
            let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
            let left = told(&mut filter, Mode::Annotate, &records);
            assert!(left.iter().all(Option::is_none), "{records:?}: {left:?}");
            let left = told(&mut asked(), Mode::Annotate, &records);
            let last = left.last().cloned().flatten();
            let last = last.unwrap_or_else(|| panic!("{records:?} tell nothing"));
            assert_eq!(last["oom"]["unproven"], true, "{records:?}");
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
