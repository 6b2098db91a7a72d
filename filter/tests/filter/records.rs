//! What holds for every record, whatever JSON it is: its bytes are somebody's evidence.

use std::slice;

use crate::common::taken_away::{only_ours_was_added, oom};
use crate::common::{KEYS, config, run};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use proptest::prelude::*;

const KILL: &str = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
/// A line that names a pod, so that identity has to be written too.
const POD: &str = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb,task_memcg=/kubepods/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63,task=a,pid=42,uid=0";

/// A string as it may stand in JSON: every escape, and characters as they are.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            r#"\""#,
            r"\\",
            r"\/",
            r"\b",
            r"\f",
            r"\n",
            r"\r",
            r"\t",
            r"\u0000",
            r"\u001b",
            r"\u00e9",
            r"\ud83d\ude00",
            r"\ud83d",
            r"\ude00",
            "é",
            "😀",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            " ",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "oom",
            "log",
        ])
        .prop_map(str::to_owned),
        "[ !#-\\[\\]-~]{0,6}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// A number as it may stand in JSON, of no type in particular.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "  "])
}

/// The keys that mean something to the filter, and others.
fn key() -> BoxedStrategy<String> {
    prop_oneof![
        prop::sample::select(vec![
            "\"log\"",
            "\"msg\"",
            "\"MESSAGE\"",
            "\"host\"",
            "\"_TRANSPORT\"",
            "\"kubernetes\"",
            "\"priority\"",
            "\"sec\"",
            "\"sequence\"",
            "\"oom\"",
            "\"node\"",
            "\"k8s\"",
            "\"name\"",
            "\"pod_id\"",
            "\"facility\"",
            "\"pri\"",
            "\"tag\"",
            "\"stream\"",
            "\"event\"",
            "\"_PID\"",
            r#""lo\u0067""#,
        ])
        .prop_map(str::to_owned),
        string(),
    ]
    .boxed()
}

/// A key that means nothing to the filter.
fn other_key() -> BoxedStrategy<String> {
    string()
        .prop_map(|text| text.replacen('"', "\"x", 1))
        .boxed()
}

/// Any JSON value.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "\"kernel\"", "{}", "[]", "6"])
            .prop_map(str::to_owned),
        number(),
        string(),
        prop::sample::select(vec![KILL, POD]).prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(","))),
            members(key(), inner).prop_map(|members| format!("{{{members}}}")),
        ]
    })
}

fn members(
    key: impl Strategy<Value = String>,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let member = (space(), key, space(), value).prop_map(|(before, key, behind, value)| {
        format!("{before}{key}{behind}:{behind}{value}{before}")
    });
    prop::collection::vec(member, 0..6).prop_map(|members| members.join(","))
}

/// A record whose text is a line of a report, among anything.
fn record(key: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let log = prop::sample::select(vec![KILL, POD]).prop_map(|text| format!("\"log\":\"{text}\""));
    (
        space(),
        members(key.clone(), value()),
        log,
        members(key, value()),
        space(),
    )
        .prop_map(|(space, before, log, behind, end)| {
            let parts = [before, log, behind];
            let parts: Vec<String> = parts
                .into_iter()
                .filter(|part| !part.trim().is_empty())
                .collect();
            format!("{space}{{{}}}{end}", parts.join(","))
        })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn annotating_adds_our_keys_and_changes_no_other_byte(record in record(key())) {
        for keys in [KEYS, IdentityKeys::OPEN_TELEMETRY] {
            let mut filter = Filter::new(keys);
            let context = RecordContext::default();
            let before = record.as_bytes();
            match filter.process(Mode::Annotate, before, &context) {
                Outcome::Replaced(after) => {
                    prop_assert!(
                        only_ours_was_added(before, &after, &keys),
                        "{}",
                        String::from_utf8_lossy(&after)
                    );
                    prop_assert!(oom(&after).is_some());
                    let text = std::str::from_utf8(&after).unwrap();
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
                    prop_assert!(!text.contains('\n'));
                }
                outcome => prop_assert_eq!(outcome, Outcome::Unchanged),
            }
        }
    }

    #[test]
    fn a_second_time_changes_nothing(record in record(key())) {
        for mode in [Mode::Annotate, Mode::Rewrite, Mode::Events] {
            let once = run(mode, &[record.clone().into_bytes()]);
            prop_assert_eq!(&run(mode, &once), &once);
        }
    }

    #[test]
    fn any_json_passes(value in value()) {
        let record = value.into_bytes();
        let after = run(Mode::Annotate, slice::from_ref(&record));
        prop_assert_eq!(after.len(), 1);
        let text = std::str::from_utf8(&after[0]).unwrap();
        prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        if !record.starts_with(b"{") {
            prop_assert_eq!(&after[0], &record);
        }
    }

    #[test]
    fn a_line_of_a_report_is_found_among_anything(record in record(other_key())) {
        let after = run(Mode::Annotate, &[record.clone().into_bytes()]);
        prop_assert_ne!(&after[0], record.as_bytes());
    }
}

/// A shipper may take the underscores from all fields of the journal, or name the victim in a field of its own.
#[test]
fn a_process_without_underscore_is_the_writer_only_where_the_journal_s_fields_have_none() {
    for (members, is_read) in [
        (r#""_BOOT_ID":"7","COMM":"java""#, true),
        (r#""BOOT_ID":"7","COMM":"java""#, false),
        (r#""BOOT_ID":"7","TRANSPORT":"kernel","COMM":"java""#, true),
        (r#""BOOT_ID":"7""#, true),
        (r#""COMM":"java""#, true),
    ] {
        let record = format!(r#"{{{members},"MESSAGE":"{KILL}"}}"#);
        let left = run(Mode::Annotate, &[record.clone().into_bytes()]);
        let is_told = left != [record.clone().into_bytes()];
        assert_eq!(is_told, is_read, "{record}");
    }
}

/// A record may bring an `oom` along, and an identity: it passes where both are what a filter of ours writes.
#[test]
fn a_kill_by_a_program_that_was_told_before_passes_only_with_its_own_identity() {
    const UID: &str = "0000000a-0000-4000-8000-00000000000a";
    let slice = UID.replace('-', "_");
    let container = "0a".repeat(32);
    let record = serde_json::json!({
        "MESSAGE": format!(
            "Killed /kubepods.slice/kubepods-pod{slice}.slice/cri-containerd-{container}.scope due to memory used \
             (32305733632) / total (33046000000) and swap used (8500000000) / total (8589930496) being more than \
             90.00%"
        ),
        "_TRANSPORT": "journal",
        "_HOSTNAME": "n1",
        "__REALTIME_TIMESTAMP": "1714903874414000",
        "_SYSTEMD_UNIT": "systemd-oomd.service",
        "_PID": "840",
        "_COMM": "systemd-oomd",
    });
    let told = run(Mode::Events, &[record.to_string().into_bytes()]);
    let [told] = told.as_slice() else {
        panic!("one kill is told: {told:?}");
    };
    assert_eq!(
        run(Mode::Events, slice::from_ref(told)),
        slice::from_ref(told)
    );
    let told = str::from_utf8(told).unwrap();
    assert!(told.contains(&format!(r#""pod_id":"{UID}""#)), "{told}");
    let others = told.replace(
        &format!(r#""pod_id":"{UID}""#),
        r#""pod_id":"0000000b-0000-4000-8000-00000000000b""#,
    );
    assert!(run(Mode::Events, &[others.into_bytes()]).is_empty());
}

/// Of a record of `/dev/kmsg` the text has no clock in front, and what stands behind its line end is a dictionary.
#[test]
fn a_record_of_kmsg_has_sequence_priority_and_seconds() {
    let kills = |members: &str, text: &str| {
        let record = format!(r#"{{{members},"MESSAGE":"{text}"}}"#);
        run(Mode::Events, &[record.into_bytes()]).len()
    };
    let with_clock = format!("[    5.000001] {KILL}");
    for (members, is_kmsg) in [
        (r#""sequence":7,"priority":3,"sec":5,"usec":1"#, true),
        (r#""priority":3,"sec":5,"usec":1"#, false),
        (r#""sequence":7,"sec":5,"usec":1"#, false),
        (r#""sequence":7,"priority":3"#, false),
    ] {
        assert_eq!(kills(members, KILL), 1, "{members}");
        assert_eq!(
            kills(members, &with_clock),
            usize::from(!is_kmsg),
            "{members}"
        );
        let behind = kills(members, &format!("eth0: up\\n {KILL} oom_score_adj=0"));
        assert_eq!(behind, usize::from(!is_kmsg), "{members}");
    }
}

/// What earlyoom tells over several lines is told with the last, and that record may go through another filter.
#[test]
fn a_kill_that_took_several_lines_passes_when_it_comes_again_alone() {
    let records = [
        "mem avail:   742 of  3931 MiB (18.89%), swap free:    0 of    0 MiB ( 0.00%)",
        "low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%",
        r#"sending SIGTERM to process 7 uid 0 "a": oom_score 823, oom_score_adj 0, VmRSS 79 MiB, cmdline "a""#,
        "process 7 exited after 0.100 seconds",
    ]
    .map(|line| {
        let record = serde_json::json!({
            "MESSAGE": line,
            "_TRANSPORT": "stdout",
            "__REALTIME_TIMESTAMP": "1714903874414000",
            "_SYSTEMD_UNIT": "earlyoom.service",
            "_PID": "840",
        });
        record.to_string().into_bytes()
    });
    let told = run(Mode::Events, &records);
    assert_eq!(told.len(), 1);
    assert_eq!(run(Mode::Events, &told), told);
}
