//! What holds for every name, prefix, interleaving and record, not only for those in the suites.

use oom_filter::{Arrival, Filter, IdentityKeys, Mode, Outcome};
use proptest::prelude::*;
use serde_json::{Map, Value};

const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_id",
    container_id: "docker_id",
};
const CGROUP: &str = "/kubepods/burstable/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// `/dev/kmsg`'s escapes: what the kernel does to bytes that are no printable ASCII.
fn escape(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for byte in bytes {
        if matches!(byte, b' '..=b'~') && *byte != b'\\' {
            text.push(char::from(*byte));
        } else {
            write!(text, "\\x{byte:02x}").unwrap();
        }
    }
    text
}

/// A report as 6.1 prints it, the victim's name wherever the kernel prints it.
fn report(comm: &[u8]) -> Vec<String> {
    let comm = escape(comm);
    [
        format!("{comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"),
        format!("CPU: 0 PID: 88 Comm: {comm} Not tainted 6.1.0-50-cloud-amd64 #1"),
        "Call Trace:".to_owned(),
        " dump_header+0x4c/0x22b".to_owned(),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        "Tasks state (memory values in pages):".to_owned(),
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name".to_owned(),
        format!("[     88]  1000    88     5388     5230    77824        0             0 {comm}"),
        format!("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={CGROUP},task_memcg={CGROUP},task={comm},pid=88,uid=1000"),
        format!("Memory cgroup out of memory: Killed process 88 ({comm}) total-vm:21552kB, anon-rss:20268kB, file-rss:4kB, shmem-rss:648kB, UID:1000 pgtables:76kB oom_score_adj:0"),
    ]
    .into()
}

/// The records of Fluent Bit's kmsg input.
fn kmsg(lines: &[String], start: u64) -> Vec<Vec<u8>> {
    (start..)
        .zip(lines)
        .map(|(at, line)| {
            serde_json::json!({"priority": 6, "sequence": at, "sec": 100, "usec": at, "msg": line})
                .to_string()
                .into_bytes()
        })
        .collect()
}

fn run(mode: Mode, records: &[Vec<u8>]) -> Vec<Vec<u8>> {
    run_tagged(mode, records.iter().map(|record| (&b"tag"[..], record)))
}

fn run_tagged<'a>(
    mode: Mode,
    records: impl Iterator<Item = (&'a [u8], &'a Vec<u8>)>,
) -> Vec<Vec<u8>> {
    let mut filter = Filter::new(KEYS);
    let mut out = Vec::new();
    for (tag, record) in records {
        let arrival = Arrival { tag, time_us: None };
        match filter.process(mode, record, &arrival) {
            Outcome::Unchanged => out.push(record.clone()),
            Outcome::Dropped => {}
            Outcome::Replaced(text) => out.push(text),
        }
    }
    out
}

fn ooms(records: &[Vec<u8>]) -> Vec<Map<String, Value>> {
    records
        .iter()
        .filter_map(|record| serde_json::from_slice::<Map<_, _>>(record).ok())
        .filter_map(|mut record| match record.remove("oom") {
            Some(Value::Object(oom)) => Some(oom),
            _ => None,
        })
        .collect()
}

/// A kill without what its name may change: the name, the sentence that holds it, and the id, which is
/// made of the first line.
fn without_name(mut oom: Map<String, Value>) -> Value {
    oom.remove("summary");
    oom.remove("id");
    oom["victim"].as_object_mut().unwrap().remove("comm");
    oom["trigger"].as_object_mut().unwrap().remove("comm");
    oom["tasks"][0].as_object_mut().unwrap().remove("comm");
    Value::Object(oom)
}

/// Up to 15 bytes, often the kernel's own words.
fn comm() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        &b",task="[..],
        b",pid=1",
        b",uid=0",
        b") total-vm:",
        b"), UID 0, ",
        b" invoked ",
        b"\n",
        b"[ 1]",
        b": ",
        b"Comm: ",
        b"oom-kill:",
        b"(",
        b")",
        b"/",
        b"\\x41",
        b"\x01",
        b"\xff",
        b" ",
        b"1kB",
    ]);
    let piece = prop_oneof![
        word.prop_map(<[u8]>::to_vec),
        prop::collection::vec(1_u8.., 1..4),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| {
        let mut name = pieces.concat();
        name.truncate(15);
        name
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from(
            "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"
        )),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "log",
            "msg",
            "MESSAGE",
            "host",
            "_TRANSPORT",
            "kubernetes",
            "oom",
            "sec"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    // A failure is minimised and printed; it becomes a suite, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_changes_nothing_but_itself(comm in comm()) {
        let plain = ooms(&run(Mode::Events, &kmsg(&report(b"java"), 1)));
        let found = ooms(&run(Mode::Events, &kmsg(&report(&comm), 1)));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0]["victim"]["comm"], &Value::from(oom_filter::printable(&comm)));
        prop_assert_eq!(without_name(found[0].clone()), without_name(plain[0].clone()));
    }

    #[test]
    fn any_prefix_gives_the_same_kill(prefix in prop::sample::select(vec![
        "", "<6>", "kern  :err   : ", "Dec 13 07:23:21 n1 kernel: ", "2024-05-05T10:11:12.123456+00:00 n1 kernel: ",
        "2023-10-06T00:17:09.669794202Z stdout F ", "2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6>", "    ",
    ])) {
        let lines: Vec<_> = report(b"java").iter().enumerate().map(|(at, line)| {
            serde_json::json!({"log": format!("{prefix}[  100.{at:06}] {line}")}).to_string().into_bytes()
        }).collect();
        let found = ooms(&run(Mode::Events, &lines));
        let plain = ooms(&run(Mode::Events, &kmsg(&report(b"java"), 0)));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(without_name(found[0].clone()), without_name(plain[0].clone()));
    }

    #[test]
    fn two_streams_in_any_order_give_the_kills_of_each(order in prop::collection::vec(any::<bool>(), 20)) {
        let one = kmsg(&report(b"one"), 1);
        let other = kmsg(&report(b"other"), 1000);
        let (mut left, mut right) = (one.iter(), other.iter());
        let mut mixed = Vec::new();
        for first in order {
            let (tag, next): (&[u8], _) = if first { (b"one", left.next()) } else { (b"other", right.next()) };
            mixed.extend(next.map(|record| (tag, record)));
        }
        mixed.extend(left.map(|record| (&b"one"[..], record)));
        mixed.extend(right.map(|record| (&b"other"[..], record)));
        for mode in [Mode::Annotate, Mode::Rewrite, Mode::Events] {
            let found = run_tagged(mode, mixed.iter().copied());
            for (tag, alone) in [(&b"one"[..], &one), (b"other", &other)] {
                for record in run_tagged(mode, alone.iter().map(|record| (tag, record))) {
                    // The container is the same: only the second kill of it is a repeat.
                    let repeated = String::from_utf8_lossy(&record).replace("\"repeats\":0", "\"repeats\":1");
                    prop_assert!(found.contains(&record) || found.contains(&repeated.into_bytes()));
                }
            }
        }
    }

    #[test]
    fn records_stay_records_and_lose_nothing(value in json()) {
        let Value::Object(object) = &value else { return Ok(()); };
        let record = value.to_string().into_bytes();
        for mode in [Mode::Annotate, Mode::Rewrite] {
            let out = run(mode, std::slice::from_ref(&record));
            prop_assert_eq!(out.len(), 1);
            let mut after: Map<String, Value> = serde_json::from_slice(&out[0]).unwrap();
            if !object.contains_key("oom") {
                after.remove("oom");
            }
            prop_assert_eq!(&after, object);
            prop_assert_eq!(&run(mode, &out), &out, "a second time changes nothing");
        }
    }

    #[test]
    fn nothing_panics_and_bytes_without_a_record_pass(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let out = run(Mode::Annotate, std::slice::from_ref(&bytes));
        prop_assert_eq!(out.len(), 1);
        let _ = oom_filter::message::parse(&bytes, oom_filter::Fidelity::Unknown);
        let _ = oom_filter::cgroup::identify(&bytes);
    }
}
