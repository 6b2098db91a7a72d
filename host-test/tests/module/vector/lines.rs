//! Lines of every kind, and the command line.

use std::fs;
use std::path::Path;

use oom_host_test::wasi::Lent;
use oom_suite::trial::Trial;
use oom_suite::trials;
use serde_json::{Value, json};

use crate::runs::top;

use super::{end, lines, run};

const KILL: &str = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
const MEBIBYTE: usize = 1 << 20;

fn said(err: &[u8]) -> String {
    String::from_utf8(err.to_vec()).expect("text")
}

/// Text, with bytes that are no UTF-8 as the text `\xNN`.
fn printed(text: &[u8]) -> String {
    let printed = |chunk: std::str::Utf8Chunk<'_>| {
        let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        chunk.valid().to_owned() + &invalid.collect::<String>()
    };
    text.utf8_chunks().map(printed).collect()
}

fn messages(out: &[u8]) -> String {
    let lines = lines(out);
    let message = |line: &Vec<u8>| {
        let record: Value = serde_json::from_slice(line).expect("every line is JSON");
        record["message"].as_str().expect("a message").to_owned()
    };
    lines.iter().map(message).collect()
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_line_that_should_be_json_passes_as_it_came_and_is_counted,
        binary_junk_costs_no_kill,
        a_long_line_passes_in_pieces_that_are_not_read,
        a_line_of_a_mebibyte_is_read_whole,
        a_report_that_never_ends_is_released_at_the_end,
        a_file_is_read_like_standard_input,
        user_space_cannot_speak_for_the_kernel,
        every_mode_sees_the_same_kills,
        a_piece_at_the_end_is_a_line_of_its_own,
        bad_usage_is_told_clearly,
        the_readme_has_the_usage
    ]
}

fn a_line_that_should_be_json_passes_as_it_came_and_is_counted() {
    let input =
        format!("{{\"a\":1}}\n{{\"message\":\"{KILL}\n[1,2]\n\n{{\"message\":\"{KILL}\"}}\n");
    let ran = run(&["--input", "ndjson"], &[], input.as_bytes());
    let found = lines(&ran.out);
    let given = lines(input.as_bytes());
    assert_eq!(found[..4], given[..4]);
    assert!(found[4].starts_with(&given[4][..given[4].len() - 1]));
    assert_eq!(
        said(&ran.err),
        "oom-vector: lines: 3 no JSON object; no kill was looked for in them\n"
    );
    let events = run(
        &["--input", "ndjson", "--mode", "events"],
        &[],
        input.as_bytes(),
    );
    assert_eq!(lines(&events.out), found[4..]);
}

fn binary_junk_costs_no_kill() {
    // Every byte value in some order, line ends among them.
    let junk: Vec<u8> = (0..=255_u8)
        .cycle()
        .map(|byte| byte.wrapping_mul(167))
        .take(1 << 20)
        .collect();
    let input = [&junk[..], b"\n", KILL.as_bytes(), b"\n", &junk].concat();
    for form in ["auto", "text", "kmsg"] {
        let events = run(&["--input", form, "--mode", "events"], &[], &input);
        let [kill] = &lines(&events.out)[..] else {
            panic!("{form}: {}", lines(&events.out).len());
        };
        let kill: Value = serde_json::from_slice(kill).expect("a record");
        assert_eq!(kill["oom"]["victim"]["pid"], 42);
        let all = run(&["--input", form], &[], &input);
        let text = printed(&input);
        let given: String = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
            .collect();
        assert_eq!(messages(&all.out), given, "{form}");
    }
}

fn a_long_line_passes_in_pieces_that_are_not_read() {
    // A piece must not begin with what looks like the kernel's own line.
    let long = format!("{}{KILL}", "x".repeat(MEBIBYTE));
    let input = format!("first\n{long}{long}\n{KILL}\nlast");
    for form in ["auto", "text", "kmsg"] {
        let ran = run(&["--input", form], &[], input.as_bytes());
        assert_eq!(messages(&ran.out), input.replace('\n', ""), "{form}");
        let sizes: Vec<usize> = lines(&ran.out).iter().map(Vec::len).collect();
        let empty = r#"{"message":""}"#.len();
        assert!(
            sizes.len() <= 6 && sizes.iter().all(|size| *size > empty),
            "{form}: {sizes:?}"
        );
        assert_eq!(
            said(&ran.err),
            "oom-vector: lines: 1 longer than 1 MiB; they were handled in pieces, unread\n"
        );
        let kills = run(
            &["--input", form, "--mode", "events"],
            &[],
            input.as_bytes(),
        );
        assert_eq!(lines(&kills.out).len(), 1, "{form}");
    }
    let object = format!("{{\"message\":\"{long}\"}}\n{{}}\n");
    let ran = run(&["--input", "ndjson"], &[], object.as_bytes());
    assert_eq!(ran.out, object.as_bytes(), "as it came");
}

fn a_line_of_a_mebibyte_is_read_whole() {
    let line = format!(
        "{{\"a\":\"{}\",\"message\":\"{KILL}\"}}\n",
        "x".repeat(MEBIBYTE - 200)
    );
    assert!(line.len() < MEBIBYTE);
    let ran = run(&["--mode", "events"], &[], line.as_bytes());
    assert_eq!(lines(&ran.out).len(), 1);
}

fn a_report_that_never_ends_is_released_at_the_end() {
    let input = "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";
    let ran = run(&["--mode", "rewrite"], &[], input.as_bytes());
    let record: Value = serde_json::from_slice(&lines(&ran.out)[0]).expect("a record");
    assert_eq!(record["oom"]["event"], "truncated");
}

fn a_file_is_read_like_standard_input() {
    let lent = || {
        [Lent {
            host: top().join("fixtures"),
            guest: "/logs".to_owned(),
        }]
    };
    let demo = fs::read(top().join("fixtures/demo.kmsg")).expect("the demo");
    for mode in ["annotate", "rewrite", "events"] {
        let file = run(&["--mode", mode, "/logs/demo.kmsg"], &lent(), b"");
        assert_eq!(file.out, run(&["--mode", mode], &[], &demo).out);
        assert!(lines(&file.out).len() > 10);
    }
}

fn user_space_cannot_speak_for_the_kernel() {
    // Facility 1 of /dev/kmsg: root wrote it.
    let input = format!("11,1,1,-;{KILL}\n3,2,2,-;{KILL}\n");
    let ran = run(&["--mode", "events"], &[], input.as_bytes());
    let records = lines(&ran.out);
    assert_eq!(records.len(), 1);
    let record: Value = serde_json::from_slice(&records[0]).expect("a record");
    let fields = ["priority", "facility", "sequence", "sec", "usec"].map(|key| record[key].clone());
    assert_eq!(json!(fields), json!([3, 0, 2, 0, 2]));
}

/// What follows a record of user space on a line of its own is that record's, in every mode.
fn every_mode_sees_the_same_kills() {
    let input = format!("12,2,5,-;user text\n {KILL}\n3,3,6,-;{KILL}\n FIELD=x\n{KILL}\n {KILL}\n");
    for form in ["kmsg", "auto", "text"] {
        let kills = |mode| {
            let ran = run(&["--input", form, "--mode", mode], &[], input.as_bytes());
            let all = lines(&ran.out);
            let records = all.iter().map(|line| serde_json::from_slice::<Value>(line));
            let records = records.map(|record| record.expect("a record"));
            let kills = records.filter(|record| record["oom"]["event"] == "kill");
            kills.collect::<Vec<_>>()
        };
        assert_eq!(kills("events"), kills("annotate"), "{form}");
        assert!(!kills("events").is_empty(), "{form}");
    }
}

/// A piece without its end must not swallow what comes behind it.
fn a_piece_at_the_end_is_a_line_of_its_own() {
    let long = "x".repeat(MEBIBYTE + 5);
    let input = format!(
        "{{\"log\":\"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\"}}\n{long}"
    );
    let ran = run(
        &["--input", "ndjson", "--mode", "rewrite"],
        &[],
        input.as_bytes(),
    );
    let [piece, released] = &lines(&ran.out)[..] else {
        panic!("{} lines", lines(&ran.out).len());
    };
    assert_eq!(piece, long.as_bytes());
    let released: Value = serde_json::from_slice(released).expect("a record");
    assert_eq!(released["oom"]["event"], "truncated");
}

fn bad_usage_is_told_clearly() {
    for (arguments, problem) in [
        (
            &["--mode", "drop"][..],
            "--mode is one of: annotate, rewrite, events; not 'drop'",
        ),
        (&["--fast"], "invalid option '--fast'"),
        (&["a", "b"], "'b': one file is read at most"),
        (&["/nowhere/kmsg"], "cannot open /nowhere/kmsg: "),
        // Standard input is what gzip gives: the module has no room for its decoder.
        (
            &[],
            "cannot read standard input: it is packed in a way that is not read here. It is unpacked by gzip -dc",
        ),
    ] {
        let ran = end(arguments, &[], b"\x1f\x8b\x08\x00");
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.out.is_empty());
        let said = said(&ran.err);
        assert!(
            said.starts_with(&format!("oom-vector: {problem}")),
            "{said}"
        );
    }
    assert!(said(&run(&["--help"], &[], b"").out).starts_with("usage: oom-vector "));
    let version = said(&run(&["--version"], &[], b"").out);
    assert_eq!(
        version,
        concat!("oom-vector ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

/// The usage in the README is the program's own.
fn the_readme_has_the_usage() {
    let readme = fs::read_to_string(Path::new(&top()).join("vector/README.md")).expect("a README");
    let usage = said(&run(&["--help"], &[], b"").out);
    assert!(
        readme.contains(&usage),
        "vector/README.md has another usage"
    );
}
