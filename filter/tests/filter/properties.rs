//! What holds for every name, prefix, interleaving and record, not only for those in the suites.

use crate::common::{config, run, run_tagged};
use oom_filter::Mode;
use proptest::prelude::*;
use serde_json::{Map, Value};

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

/// A kill without what the times of its lines may change.
fn without_clock(mut oom: Map<String, Value>) -> Value {
    oom.remove("at_us");
    oom.remove("id");
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

/// Anything a carrier may put in front of a kernel's text.
fn prefix() -> impl Strategy<Value = String> {
    let stamp = (1_u32..=28, 0_u32..24, 0_u32..60, 0_u32..1_000_000);
    let syslog = stamp.clone().prop_map(|(day, hour, minute, _)| {
        format!("Dec {day:>2} {hour:02}:{minute:02}:07 n1 kernel: ")
    });
    let iso = stamp.clone().prop_map(|(day, hour, minute, fraction)| {
        format!("2024-05-{day:02}T{hour:02}:{minute:02}:12.{fraction:06}+00:00 n1 kernel: ")
    });
    let cri = stamp.clone().prop_map(|(day, hour, minute, fraction)| {
        format!("2023-10-{day:02}T{hour:02}:{minute:02}:09.{fraction:09}Z stdout F ")
    });
    let console = stamp.prop_map(|(day, hour, minute, fraction)| {
        format!("2023-12-{day:02}T{hour:02}:{minute:02}:30.{fraction:06}Z In(05) vcpu-{day} - Guest: <6>")
    });
    let level = prop::sample::select(vec![
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ]);
    prop_oneof![
        Just(String::new()),
        (0_u8..8).prop_map(|level| format!("<{level}>")),
        level.prop_map(|level| format!("kern  :{level:<6}: ")),
        (0_usize..9).prop_map(|blanks| " ".repeat(blanks)),
        syslog,
        iso,
        cri,
        console,
    ]
}

/// Text records with a prefix before each line, and the kernel's clock.
fn log(lines: &[String], prefix: &str) -> Vec<Vec<u8>> {
    (0..)
        .zip(lines)
        .map(|(at, line)| serde_json::json!({ "log": format!("{prefix}[  100.{at:06}] {line}") }))
        .map(|record| record.to_string().into_bytes())
        .collect()
}

/// How a record tells its machine.
const MACHINES: [&str; 5] = ["tag", "host", "hostname", "_HOSTNAME", "syslog"];

/// The records of one machine, told apart from others' in that way.
fn of_machine(told: &str, name: &'static str, comm: &[u8]) -> Vec<(&'static [u8], Vec<u8>)> {
    let records = match told {
        "syslog" => log(&report(comm), &format!("Dec 13 07:23:21 {name} kernel: ")),
        _ => log(&report(comm), ""),
    };
    let tag: &[u8] = if told == "tag" {
        name.as_bytes()
    } else {
        b"tag"
    };
    let named = |record: Vec<u8>| {
        if matches!(told, "tag" | "syslog") {
            return record;
        }
        let mut record: Map<_, _> = serde_json::from_slice(&record).unwrap();
        record.insert(told.to_owned(), name.into());
        Value::Object(record).to_string().into_bytes()
    };
    records
        .into_iter()
        .map(|record| (tag, named(record)))
        .collect()
}

/// A kill without its number and without how many were before it: what an instance may not know.
fn by_itself(mut oom: Map<String, Value>) -> Value {
    oom.remove("repeats");
    Value::Object(oom)
}

/// Kills alone: no report that was released.
fn kills(records: &[Vec<u8>]) -> Vec<Map<String, Value>> {
    let mut kills = ooms(records);
    kills.retain(|oom| oom["event"] == "kill");
    kills
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_name_changes_nothing_but_itself(comm in comm()) {
        let plain = ooms(&run(Mode::Events, &kmsg(&report(b"java"), 1)));
        let found = ooms(&run(Mode::Events, &kmsg(&report(&comm), 1)));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0]["victim"]["comm"], &Value::from(oom_filter::printable(&comm)));
        prop_assert_eq!(without_name(found[0].clone()), without_name(plain[0].clone()));
    }

    #[test]
    fn any_prefix_gives_the_same_kill(prefix in prefix()) {
        let found = ooms(&run(Mode::Events, &log(&report(b"java"), &prefix)));
        let plain = ooms(&run(Mode::Events, &kmsg(&report(b"java"), 0)));
        prop_assert_eq!(found.len(), 1);
        // A prefix proves who wrote the line, or does not, and may say when.
        let [found, plain] = [&found[0], &plain[0]].map(|kill| {
            let mut kill = kill.clone();
            kill.retain(|key, _| !["origin", "time_us", "when"].contains(&key.as_str()));
            without_name(kill)
        });
        prop_assert_eq!(found, plain);
    }

    #[test]
    fn two_machines_line_by_line_give_the_kills_of_each(
        told in prop::sample::select(MACHINES.to_vec()),
        comms in (comm(), comm()),
        order in prop::collection::vec(any::<bool>(), 20),
    ) {
        let one = of_machine(told, "n1", &comms.0);
        let other = of_machine(told, "n2", &comms.1);
        let (mut left, mut right) = (one.iter(), other.iter());
        let mut mixed = Vec::new();
        for first in order {
            mixed.extend(if first { left.next() } else { right.next() });
        }
        mixed.extend(left);
        mixed.extend(right);
        let pairs = |records: &[&(&'static [u8], Vec<u8>)], mode| {
            run_tagged(mode, records.iter().map(|(tag, record)| (*tag, record)))
        };
        for mode in [Mode::Annotate, Mode::Rewrite, Mode::Events] {
            let mut found = pairs(&mixed, mode);
            for alone in [&one, &other] {
                for record in pairs(&alone.iter().collect::<Vec<_>>(), mode) {
                    // Where only the tag differs it is one machine and one container: the second kill
                    // of it is a repeat.
                    let text = String::from_utf8_lossy(&record);
                    let repeated = text.replace("\"repeats\":0", "\"repeats\":1");
                    let position = found
                        .iter()
                        .position(|found| *found == record || *found == repeated.as_bytes());
                    prop_assert!(position.is_some(), "{}", String::from_utf8_lossy(&record));
                    found.remove(position.unwrap());
                }
            }
            prop_assert!(found.is_empty());
        }
    }

    #[test]
    fn lines_in_batches_give_the_same_kill(cuts in prop::collection::vec(any::<bool>(), 9), comm in comm()) {
        // As a multi-line parser joins them; names that end lines are another property's.
        let comm: Vec<u8> = comm.into_iter().filter(u8::is_ascii_graphic).collect();
        let lines = report(&comm);
        let mut batches = vec![lines[0].clone()];
        for (line, cut) in lines[1..].iter().zip(cuts) {
            if cut {
                batches.push(line.clone());
            } else {
                let batch = batches.last_mut().unwrap();
                *batch = format!("{batch}\n[  100.000001] {line}");
            }
        }
        let found = ooms(&run(Mode::Events, &log(&batches, "")));
        let alone = ooms(&run(Mode::Events, &log(&lines, "")));
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(alone.len(), 1);
        prop_assert_eq!(without_clock(found[0].clone()), without_clock(alone[0].clone()));
    }

    #[test]
    fn an_instance_may_end_between_any_two_lines(cut in 0_usize..=30, comm in comm()) {
        let records: Vec<Vec<u8>> = (0..3).flat_map(|number| kmsg(&report(&comm), 1 + 100 * number)).collect();
        let whole = kills(&run(Mode::Events, &records));
        let (before, behind) = records.split_at(cut);
        let parts = [kills(&run(Mode::Events, before)), kills(&run(Mode::Events, behind))].concat();
        prop_assert_eq!(parts.len(), whole.len());
        for (number, (part, whole)) in parts.into_iter().zip(whole).enumerate() {
            prop_assert_eq!(&part["victim"]["pid"], &whole["victim"]["pid"]);
            prop_assert_eq!(&part["victim"]["comm"], &whole["victim"]["comm"]);
            prop_assert_eq!(&part["at_us"], &whole["at_us"]);
            // A report that is not cut in two loses nothing.
            if cut <= 10 * number || cut >= 10 * (number + 1) {
                prop_assert_eq!(by_itself(part), by_itself(whole));
            }
        }
    }

    #[test]
    fn every_mode_tells_the_same_kill(comm in comm(), lost in prop::collection::vec(0..9_usize, 0..4)) {
        let mut lines = report(&comm);
        for line in lost {
            lines.remove(line.min(lines.len() - 2));
        }
        let told = |mode| kills(&run(mode, &kmsg(&lines, 1)));
        prop_assert_eq!(told(Mode::Annotate).len(), 1);
        prop_assert_eq!(told(Mode::Annotate), told(Mode::Rewrite));
        prop_assert_eq!(told(Mode::Annotate), told(Mode::Events));
    }

    #[test]
    fn a_second_filter_changes_nothing(comm in comm(), noise in prop::collection::vec("[ -~]{0,40}", 0..9)) {
        let mut lines = report(&comm);
        for (at, text) in noise.into_iter().enumerate() {
            lines.insert(at * 2, text);
        }
        for mode in [Mode::Annotate, Mode::Rewrite, Mode::Events] {
            let once = run(mode, &kmsg(&lines, 1));
            prop_assert_eq!(&run(mode, &once), &once);
        }
    }

    #[test]
    fn nothing_panics_and_bytes_without_a_record_pass(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let out = run(Mode::Annotate, std::slice::from_ref(&bytes));
        prop_assert_eq!(out.len(), 1);
        let _ = oom_filter::kernel::parse(&bytes, oom_filter::NameBytes::MaybeEscaped);
        let _ = oom_filter::cgroup::identify(&bytes);
    }
}
