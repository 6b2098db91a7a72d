//! The adapter and a host that misbehaves: no trap, no lost record, no growth.

use oom_host_test::{
    Engine, Frees, HostError, Instance, Length, Options, Pointer, Verdict, check, engine,
};

use crate::runs::{MODES, Runner, module, modules};
use oom_suite::Suite;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::json;

const FUNCTIONS: [&str; 3] = ["oom_annotate", "oom_rewrite", "oom_events"];
const KILL: &str = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";

fn load((engine, wasm): (&dyn Engine, &[u8]), options: &Options) -> Box<dyn Instance> {
    engine.load(wasm, options).expect("the module loads")
}

fn call(host: &mut dyn Instance, function: &str, record: &[u8]) -> Result<Verdict, HostError> {
    host.call(function, b"tag", (0, 0), record)
}

fn kill_record() -> Vec<u8> {
    format!("{{\"log\":\"{KILL}\"}}").into_bytes()
}

fn is_kill(verdict: &Result<Verdict, HostError>) -> bool {
    matches!(verdict, Ok(Verdict::Replaced(text)) if text.windows(14).any(|part| part == b"\"event\":\"kill\""))
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        every_host_that_ever_shipped_accepts_the_module,
        an_unchanged_record_is_handed_back_by_its_own_address,
        nothing_traps_whatever_comes_in,
        hard_records_give_the_same_in_every_engine,
        work_is_linear_in_the_record,
        memory_is_bounded_over_all_sources,
        a_machine_that_fell_silent_costs_nothing_for_good,
        a_group_of_thousands_costs_a_line_no_more,
        a_pointer_of_zero_costs_its_own_record_only,
        lengths_may_lie,
        hosts_that_never_free_or_free_in_the_wrong_order_cost_nothing,
        an_allocation_that_fails_lets_the_record_pass,
        the_engines_own_stack_suffices,
        an_empty_record_asks_for_what_is_open,
        an_empty_tag_is_a_tag_like_any_other,
        an_instance_may_be_dropped_between_any_two_lines
    ]
}

fn every_host_that_ever_shipped_accepts_the_module() {
    check::module(module(), &FUNCTIONS)
        .unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
}

fn an_unchanged_record_is_handed_back_by_its_own_address() {
    for (engine, wasm) in modules() {
        let mut host = load((engine, wasm), &Options::default());
        for record in [
            &br#"{"log":"usb 1-1: new device"}"#[..],
            br#"{"a":{"b":[1]}}"#,
            b"{}",
        ] {
            assert_eq!(
                call(&mut *host, "oom_annotate", record),
                Ok(Verdict::Unchanged)
            );
            assert_eq!(
                call(&mut *host, "oom_rewrite", record),
                Ok(Verdict::Unchanged)
            );
            assert_eq!(call(&mut *host, "oom_events", record), Ok(Verdict::Dropped));
        }
    }
}

const MEBIBYTE: usize = 1 << 20;
/// Enough to show what a length does, where many runs are made.
const SOME: usize = 1 << 15;

/// Records that are large, deep, broken or hostile.
fn hard_records(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let fill = |text: &str| text.repeat(size / text.len());
    let log = |text: &str| format!("{{\"log\":\"{text}\"}}").into_bytes();
    let deep = |depth: usize, open: &str, close: &str| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!("{{\"deep\":{open}1{close},\"log\":\"{KILL}\"}}").into_bytes()
    };
    let path = "/x".repeat(2000);
    let constraint = |paths: &str| {
        log(&format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={paths},task=a,pid=1,uid=0"
        ))
    };
    vec![
        ("much text", log(&fill("x"))),
        ("much of: line ends", log(&fill("\\n"))),
        ("much of: line ends and a kill", log(&(fill("\\n") + KILL))),
        ("much of: kills", log(&fill(&format!("{KILL}\\n")))),
        (
            "much of: headers",
            log(&fill("a invoked oom-killer: gfp_mask=0x0(), order=0\\n")),
        ),
        ("much of: brackets", log(&(fill("[ 1.000000] ") + KILL))),
        ("much of: the telling word", log(&fill("Killed process "))),
        (
            "much of: a name",
            log(&format!(
                "Out of memory: Killed process 1 ({}) total-vm:1kB",
                fill(")")
            )),
        ),
        ("much of: escapes", log(&(fill("\\u0001") + KILL))),
        ("much of: fields", {
            let mut record = b"{".to_vec();
            record.extend_from_slice(fill("\"a\":1,").as_bytes());
            record.extend_from_slice(format!("\"log\":\"{KILL}\"}}").as_bytes());
            record
        }),
        (
            "much of: bytes in an array",
            format!("{{\"MESSAGE\":[{}1]}}", fill("75,")).into_bytes(),
        ),
        (
            "long paths",
            constraint(&format!("{path},task_memcg={path}")),
        ),
        (
            "paths of keywords",
            constraint(&"/,task_memcg=/".repeat(280)),
        ),
        (
            "paths of quotes",
            constraint(&format!("/{0},task_memcg=/{0}", "\\\"".repeat(2000))),
        ),
        (
            "paths of control characters",
            constraint(&format!("/{0},task_memcg=/{0}", "\\u0001".repeat(2000))),
        ),
        ("arrays 10,000 deep", deep(10_000, "[", "]")),
        ("arrays 200,000 deep", deep(200_000, "[", "]")),
        ("objects 10,000 deep", deep(10_000, "{\"a\":", "}")),
        (
            "brackets that never close",
            format!("{{\"log\":\"{KILL}\",\"a\":{}", fill("[")).into_bytes(),
        ),
        (
            "a string that never closes",
            format!("{{\"log\":\"{KILL}").into_bytes(),
        ),
        ("no JSON", KILL.as_bytes().to_vec()),
        (
            "not UTF-8",
            [
                b"{\"log\":\"".to_vec(),
                vec![0xff; 5000],
                format!("\\n{KILL}\"}}").into_bytes(),
            ]
            .concat(),
        ),
        ("half of each character", log(&(fill("\\ud83d") + KILL))),
    ]
}

fn nothing_traps_whatever_comes_in() {
    for (engine, wasm) in modules() {
        for function in FUNCTIONS {
            let mut host = load((engine, wasm), &Options::default());
            // All functions read a record alike, and what is thrown away is least.
            let size = if function == FUNCTIONS[0] {
                MEBIBYTE
            } else {
                SOME
            };
            for (what, record) in hard_records(size) {
                match call(&mut *host, function, &record) {
                    // Whoever hands in no JSON gets no JSON back: his own bytes.
                    Ok(_) => {}
                    Err(error) => panic!("{what}, {function} in {}: {error}", engine.name()),
                }
            }
            let after = call(&mut *host, function, &kill_record());
            assert!(
                is_kill(&after),
                "{function} in {}: {after:?}",
                engine.name()
            );
        }
    }
}

fn hard_records_give_the_same_in_every_engine() {
    let records: Vec<_> = hard_records(SOME)
        .into_iter()
        .map(|(_, record)| record)
        .collect();
    for (mode, (_, name, _)) in MODES.iter().enumerate() {
        let native = Runner::Native.run(mode, &records, false);
        for runner in Runner::all() {
            assert!(
                runner.run(mode, &records, false) == native,
                "{name} in {}",
                runner.name()
            );
        }
    }
}

fn work_is_linear_in_the_record() -> Tested {
    /// Fuel for a byte of the worst record there is, and for a record of none.
    const PER_BYTE: u64 = 4000;
    const BASE: u64 = 3_000_000;
    let Some(engine) = engine("wasmtime") else {
        return Err(Skip::new("no engine here counts fuel"));
    };
    let options = Options {
        fuel: Some(u64::MAX),
        ..Options::default()
    };
    let mut host = load((engine, module()), &options);
    for (what, record) in hard_records(SOME) {
        call(&mut *host, "oom_annotate", &record).expect("no trap");
        let fuel = host.fuel_used().expect("wasmtime counts");
        let length = record.len() as u64;
        assert!(
            fuel <= BASE + PER_BYTE * length,
            "{what}: {fuel} for {length} bytes"
        );
    }
    Ok(())
}

/// One text of several lines, as a multi-line parser hands it in.
fn lines(lines: &[String]) -> Vec<u8> {
    json!({ "log": lines.join("\n") }).to_string().into_bytes()
}

const HEADER: &str =
    "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
const HEADING: &str =
    "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";

fn row(pid: usize) -> String {
    format!("[{pid:>7}]     0 {pid:>5}     5388     5230    77824        0             0 w")
}

fn memory_is_bounded_over_all_sources() {
    const MOST: usize = 4 << 20;
    let mut host = load((engine("wasmtime").unwrap(), module()), &Options::default());
    let table: Vec<String> = (1..=2048).map(row).collect();
    for source in 0..64 {
        let tag = format!("node{source}");
        let mut report = vec![HEADER.to_owned(), HEADING.to_owned()];
        report.extend(table.iter().cloned());
        host.call("oom_rewrite", tag.as_bytes(), (0, 0), &lines(&report))
            .unwrap();
    }
    let memory = host.memory_bytes();
    assert!(memory <= MOST, "{memory} bytes");
}

fn a_machine_that_fell_silent_costs_nothing_for_good() {
    let fuel = Options {
        fuel: Some(u64::MAX),
        ..Options::default()
    };
    let mut host = load((engine("wasmtime").unwrap(), module()), &fuel);
    let ordinary = json!({ "log": "eth0: link becomes ready" })
        .to_string()
        .into_bytes();
    let cost = |host: &mut dyn Instance| {
        host.call("oom_rewrite", b"other", (0, 0), &ordinary)
            .unwrap();
        host.fuel_used().unwrap()
    };
    let before = cost(&mut *host);
    host.call(
        "oom_rewrite",
        b"silent",
        (0, 0),
        &lines(&[HEADER.to_owned()]),
    )
    .unwrap();
    assert!(cost(&mut *host) > before, "the report is open");
    for _ in 0..5000 {
        cost(&mut *host);
    }
    assert_eq!(cost(&mut *host), before);
}

fn a_group_of_thousands_costs_a_line_no_more() {
    let fuel = Options {
        fuel: Some(u64::MAX),
        ..Options::default()
    };
    // What the last kill of a group of so many members takes.
    let last = |members: usize| {
        let mut host = load((engine("wasmtime").unwrap(), module()), &fuel);
        let path = format!("/docker/{}", "a".repeat(64));
        let mut report = vec![HEADER.to_owned(), HEADING.to_owned()];
        report.extend((1..=members).map(row));
        report.push(format!("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},task_memcg={path},task=w,pid=1,uid=0"));
        call(&mut *host, "oom_events", &lines(&report)).unwrap();
        let kill = |pid: usize| {
            let line = format!(
                "Memory cgroup out of memory: Killed process {pid} (w) total-vm:21552kB, anon-rss:20920kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:76kB oom_score_adj:0"
            );
            lines(&[line])
        };
        assert!(is_kill(&call(&mut *host, "oom_events", &kill(1))));
        let group = format!("Tasks in {path} are going to be killed due to memory.oom.group set");
        call(&mut *host, "oom_events", &lines(&[group])).unwrap();
        for pid in 2..=members {
            assert!(
                is_kill(&call(&mut *host, "oom_events", &kill(pid))),
                "{pid}"
            );
        }
        host.fuel_used().unwrap()
    };
    let (few, many) = (last(20), last(2000));
    println!("the last kill of 20: {few} instructions, of 2000: {many}");
    assert!(
        many < 3 * few,
        "{many} instructions, {few} where there are 20"
    );
}

fn a_pointer_of_zero_costs_its_own_record_only() {
    for (engine, wasm) in modules() {
        for function in FUNCTIONS {
            let options = Options {
                record_pointer: Pointer::Null,
                tag_pointer: Pointer::Null,
                ..Options::default()
            };
            let mut host = load((engine, wasm), &options);
            for _ in 0..3 {
                assert_eq!(
                    call(&mut *host, function, &kill_record()),
                    Ok(Verdict::Dropped)
                );
            }
            let options = Options {
                tag_pointer: Pointer::Null,
                ..Options::default()
            };
            let mut host = load((engine, wasm), &options);
            assert!(is_kill(&call(&mut *host, function, &kill_record())));
        }
    }
}

fn lengths_may_lie() {
    for (engine, wasm) in modules() {
        for length in [
            Length::More(1),
            Length::More(7),
            Length::More(100_000),
            Length::Fewer(1),
            Length::Fewer(40),
            Length::Exactly(0),
            Length::Exactly(1),
            Length::Exactly(u32::MAX),
            Length::Exactly(u32::MAX / 2),
        ] {
            for function in FUNCTIONS {
                let options = Options {
                    record_length: length,
                    ..Options::default()
                };
                let mut host = load((engine, wasm), &options);
                for record in [&kill_record()[..], br#"{"log":"x"}"#] {
                    if let Err(error) = call(&mut *host, function, record) {
                        panic!("{length:?}, {function} in {}: {error}", engine.name());
                    }
                }
                // A text ends at its NUL: one that is said to be longer is read all the same.
                if matches!(length, Length::More(1 | 7)) {
                    assert!(is_kill(&call(&mut *host, function, &kill_record())));
                }
            }
        }
    }
}

fn hosts_that_never_free_or_free_in_the_wrong_order_cost_nothing() {
    for (engine, wasm) in modules() {
        for frees in [Frees::InOrder, Frees::Reversed, Frees::Never] {
            let options = Options {
                frees,
                ..Options::default()
            };
            let mut host = load((engine, wasm), &options);
            let record = format!("{{\"log\":\"{}\"}}", "x".repeat(1000));
            let mut after_first = 0;
            for round in 0..20_000 {
                call(&mut *host, "oom_annotate", record.as_bytes()).expect("no trap");
                if round % 100 == 0 {
                    assert!(is_kill(&call(&mut *host, "oom_annotate", &kill_record())));
                }
                if round == 0 {
                    after_first = host.memory_bytes();
                }
            }
            assert_eq!(
                host.memory_bytes(),
                after_first,
                "{frees:?} in {}",
                engine.name()
            );
        }
    }
}

fn an_allocation_that_fails_lets_the_record_pass() {
    let mut refused = 0;
    for (engine, wasm) in modules() {
        let mut free = load((engine, wasm), &Options::default());
        let least = u32::try_from(free.memory_bytes() / 65_536).expect("pages");
        for (what, record) in hard_records(SOME / 4) {
            free.restart().expect("a new instance");
            let at_ease = call(&mut *free, "oom_rewrite", &record).expect("no trap");
            // Where the record passes anyway, the kill behind it alone can show what went wrong.
            let passes = matches!(at_ease, Verdict::Unchanged | Verdict::Dropped);
            let mut enough = 0;
            // Narrow steps at first, then wider ones, up to where nothing is refused any more. The harness takes longest
            // to load the module anew.
            let step = if passes { 12 } else { 2 };
            for more in (0..24).step_by(step).chain((24..400).step_by(188)) {
                let options = Options {
                    memory_pages: Some(least + more),
                    ..Options::default()
                };
                let mut host = load((engine, wasm), &options);
                match call(&mut *host, "oom_rewrite", &record) {
                    Ok(verdict) if verdict == at_ease => enough += 1,
                    // Where not even the record had room, the host passed 0 for it.
                    Ok(Verdict::Unchanged | Verdict::Dropped) => refused += 1,
                    other => panic!("{what}, {more} pages more in {}: {other:?}", engine.name()),
                }
                if let Err(error) = call(&mut *host, "oom_annotate", &kill_record()) {
                    panic!(
                        "after {what}, {more} pages more in {}: {error}",
                        engine.name()
                    );
                }
                if !passes && enough == 2 {
                    break;
                }
            }
        }
    }
    assert!(refused > 100, "no allocation failed: the cap does nothing");
}

fn the_engines_own_stack_suffices() {
    for (engine, wasm) in modules() {
        let options = Options {
            stack_bytes: Some(if engine.name() == "wasmtime" {
                32 * 1024
            } else {
                8192
            }),
            ..Options::default()
        };
        let mut host = load((engine, wasm), &options);
        for (what, record) in hard_records(SOME) {
            if let Err(error) = call(&mut *host, "oom_rewrite", &record) {
                panic!("{what} in {}: {error}", engine.name());
            }
        }
    }
}

fn an_empty_record_asks_for_what_is_open() {
    for (engine, wasm) in modules() {
        let mut host = load((engine, wasm), &Options::default());
        let header = br#"{"log":"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"}"#;
        assert_eq!(
            call(&mut *host, "oom_rewrite", header),
            Ok(Verdict::Dropped)
        );
        assert_eq!(
            call(&mut *host, "oom_annotate", b""),
            Ok(Verdict::Unchanged)
        );
        let Ok(Verdict::Replaced(text)) = call(&mut *host, "oom_rewrite", b"") else {
            panic!("the open report is released");
        };
        let record: serde_json::Value = serde_json::from_slice(&text).expect("a record");
        assert_eq!(record["oom"]["event"], "truncated");
        assert_eq!(record["oom"]["trigger"]["comm"], "java");
        assert_eq!(call(&mut *host, "oom_rewrite", b""), Ok(Verdict::Dropped));
    }
}

fn an_empty_tag_is_a_tag_like_any_other() {
    let lines = report();
    for (engine, wasm) in modules() {
        let mut host = load((engine, wasm), &Options::default());
        let mut kills = 0;
        // Two streams line by line, of which one has no name: two reports, two kills.
        for line in &lines {
            for tag in [&b""[..], b"tag"] {
                let verdict = host.call("oom_events", tag, (0, 0), line);
                kills += u32::from(is_kill(&verdict));
            }
        }
        assert_eq!(kills, 2, "{}", engine.name());
    }
}

fn an_instance_may_be_dropped_between_any_two_lines() {
    let lines = report();
    for (engine, wasm) in modules() {
        let mut host = load((engine, wasm), &Options::default());
        for cut in 0..lines.len() {
            let mut kills = 0;
            host.restart().expect("a new instance");
            for (number, line) in lines.iter().enumerate() {
                if number == cut {
                    host.restart().expect("a new instance");
                }
                kills += u32::from(is_kill(&call(&mut *host, "oom_rewrite", line)));
            }
            assert_eq!(kills, 1, "cut at {cut} in {}", engine.name());
        }
    }
}

/// The records of one report and its kill.
fn report() -> Vec<Vec<u8>> {
    Suite::named("container-limit").records()
}
