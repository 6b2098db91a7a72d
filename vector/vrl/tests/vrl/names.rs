//! Hostile text: names of anybody's choice, and lines of any shape.

use std::cell::RefCell;

use oom_filter::Filter;
use oom_vrl_test::Program;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fields::{Counts, compare, parts};
use crate::input::{KEYS, annotate, program, remap};

const POD: &str = "/kubepods/burstable/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb/46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

thread_local! {
    static PROGRAM: RefCell<Program> = RefCell::new(program("oom.vrl"));
}

fn run(event: &Value) -> Value {
    PROGRAM.with_borrow_mut(|program| remap(program, event).expect("oom.vrl drops nothing"))
}

/// A process name: any printable bytes, or pieces of the kernel's own grammar.
fn name() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        ",task=",
        ",pid=1",
        ",uid=0",
        ") ",
        ")",
        "(",
        "), UID 0, ",
        "total-vm:",
        "Killed process ",
        " invoked ",
        "[T1]",
        "/",
        ",oom_memcg=/",
        "task_memcg=",
        "\\x0a",
        "#012",
        " ",
        ": ",
        "kB",
    ]);
    prop_oneof![
        "[ -~]{0,15}",
        prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat()),
    ]
    .prop_map(|name| name.chars().take(15).collect())
}

/// The lines of a report, each as /dev/kmsg gives it.
fn report(name: &str) -> Vec<String> {
    let name = name.replace('\\', "\\x5c");
    [
        format!("{name} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=7"),
        "memory: usage 20480kB, limit 20480kB, failcnt 21".to_owned(),
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg={POD},task_memcg={POD},task={name},pid=88,uid=1000"
        ),
        format!(
            "Memory cgroup out of memory: Killed process 88 ({name}) total-vm:21552kB, \
             anon-rss:20268kB, file-rss:4kB, shmem-rss:648kB, UID:1000 pgtables:76kB oom_score_adj:7"
        ),
        format!("oom_reaper: reaped process 88 ({name}), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"),
    ]
    .iter()
    .zip(1_u32..)
    .map(|(text, number)| format!("6,{number},{},-;{text}", 5_000_000 + number))
    .collect()
}

/// An `oom` without what a name may change.
fn nameless(mut oom: Value) -> Value {
    for whose in ["victim", "trigger"] {
        if let Some(process) = oom.get_mut(whose).and_then(Value::as_object_mut) {
            process.remove("comm");
        }
    }
    if let Some(oom) = oom.as_object_mut() {
        oom.remove("summary");
    }
    oom
}

/// What the program adds, checked against a filter that reads the same event alone.
fn checked(event: &Value) -> Result<Value, TestCaseError> {
    let (_, native, _) = parts(&annotate(&mut Filter::new(KEYS), event));
    let (rest, oom, _) = parts(&run(event));
    prop_assert_eq!(&rest, &parts(event).0);
    if !oom.is_null() {
        let wrong = compare(&native, &oom, &mut Counts::new());
        prop_assert!(wrong.is_empty(), "{wrong:?}\n{event}");
    }
    Ok(oom)
}

/// Words of the kernel's and of carriers, to make lines of.
const WORDS: [&str; 44] = [
    "[  100.000000] ",
    "[12:30] ",
    "[T9]",
    "<6>",
    "<14>1 ",
    "6,1,1,-;",
    "14,1,1,-;",
    "kernel: ",
    "Dec 13 07:23:21 n1 kernel: ",
    "Dec 13 07:23:21 sshd[1]: ",
    "2024-05-05T10:11:12Z ",
    "kern  :err   : ",
    "java",
    " invoked oom-killer: gfp_mask=",
    "0xcc0(GFP_KERNEL)",
    ", order=0",
    ", oom_score_adj=-998",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)",
    ",cpuset=/,mems_allowed=0",
    ",oom_memcg=/",
    ",global_oom,task_memcg=/",
    ",task_memcg=/",
    ",task=",
    ",pid=7",
    ",uid=0",
    "kubepods/burstable",
    "/pod94eb36cd-29e1-478b-b365-4cb5dfc7d6fb",
    "user.slice/",
    "a.slice/b.service",
    "Memory cgroup out of memory: ",
    "Out of memory: ",
    "Killed process 7 (",
    "Kill process 7 (",
    ") total-vm:8kB",
    ") score 3",
    ", anon-rss:4kB",
    ", UID:0",
    "Task in /",
    " killed as a result of limit of /",
    "memory: usage 8kB, limit 8kB, failcnt 1",
    "oom_reaper: reaped process 7 (",
    "), now anon-rss:",
    "99999999999999999999",
    "\u{e9}\u{85}\u{1}",
];

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,80}",
        prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..12)
            .prop_map(|words| words.concat()),
    ]
}

proptest! {
    #[test]
    fn a_name_changes_no_field_but_the_name(name in name()) {
        let of = |name: &str| report(name).into_iter().map(|line| json!({ "message": line }));
        for (event, ordinary) in of(&name).zip(of("java")) {
            let (found, ordinary) = (checked(&event)?, checked(&ordinary)?);
            // A constraint line that a name makes ambiguous says less; the filter agrees.
            if found.get("ambiguous").is_none() {
                prop_assert_eq!(nameless(found), nameless(ordinary), "{}", event);
            }
        }
        // The kill line settles what the constraint line left open.
        let whole = |name: &str| checked(&json!({ "message": report(name).join("\n") }));
        prop_assert_eq!(nameless(whole(&name)?), nameless(whole("java")?));
    }

    #[test]
    fn no_line_is_more_than_the_filter_says(line in line()) {
        checked(&json!({ "message": line }))?;
    }

    #[test]
    fn no_text_stops_the_program(lines in prop::collection::vec(line(), 0..8), key in "[a-zA-Z_]{1,9}", value in ".{0,9}") {
        let mut event = json!({ "message": lines.join("\n") });
        event[&key] = json!(value);
        run(&event);
    }
}
