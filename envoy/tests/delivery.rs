//! Every format, cut at every byte, against what it must become.

use oom_envoy::delivery::{Declared, Delivery};
use oom_envoy::senders::{Sender, Senders};
use oom_envoy::settings::Settings;
use oom_envoy::tally::{Format, Tally, UnreadReason};
use serde_json::Value;

const POD: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const CONTAINER: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

fn header() -> &'static str {
    "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
}

fn constraint() -> String {
    format!(
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={CONTAINER},mems_allowed=0,\
         oom_memcg=/kubepods/burstable/pod{POD}/{CONTAINER},\
         task_memcg=/kubepods/burstable/pod{POD}/{CONTAINER},task=java,pid=88,uid=0"
    )
}

fn kill() -> &'static str {
    "Memory cgroup out of memory: Killed process 88 (java) total-vm:21552kB, anon-rss:20000kB, \
     file-rss:400kB, shmem-rss:0kB, UID:0 pgtables:80kB oom_score_adj:0"
}

/// The three lines that are a report, and what `around` makes of each, with ordinary ones between.
fn lines() -> [String; 5] {
    [
        "usb 1-1: é😀 new".to_owned(),
        header().to_owned(),
        constraint(),
        kill().to_owned(),
        "eth0: \"link\" \\ up".to_owned(),
    ]
}

fn run_cut(
    settings: &Settings,
    declared: Declared,
    body: &[u8],
    cuts: &[usize],
) -> (Vec<u8>, Tally) {
    let mut senders = Senders::new(|| 0);
    let mut delivery = Delivery::new(declared, Sender::default());
    let mut out = Vec::new();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([body.len()]) {
        let last = end == body.len();
        let chunk = body[begin..end].to_vec();
        let forwarded = delivery.push(settings, &mut senders, chunk, last);
        assert!(!forwarded.is_as_it_came || forwarded.bytes == body[begin..end]);
        out.extend(forwarded.bytes);
        begin = end;
    }
    assert_eq!(delivery.held(), 0, "nothing may be left behind");
    (out, delivery.tally().clone())
}

/// Runs it whole, in two parts cut at every byte, and byte for byte: always the same.
fn run(settings: &Settings, declared: Declared, body: &str) -> (String, Tally) {
    let body = body.as_bytes();
    let (whole, tally) = run_cut(settings, declared, body, &[]);
    for cut in 1..body.len() {
        let (cut_out, cut_tally) = run_cut(settings, declared, body, &[cut]);
        assert_eq!(cut_out, whole, "cut at {cut}");
        assert_eq!(cut_tally, tally, "cut at {cut}");
    }
    let bytes: Vec<usize> = (1..body.len()).collect();
    assert_eq!(
        run_cut(settings, declared, body, &bytes),
        (whole.clone(), tally.clone())
    );
    (String::from_utf8(whole).unwrap(), tally)
}

fn mode(name: &str) -> Settings {
    Settings::read(format!(r#"{{"mode":"{name}"}}"#).as_bytes()).unwrap()
}

fn record(line: &str) -> String {
    serde_json::json!({ "n": 12_345_678_901_234_567_890_u64, "log": line }).to_string()
}

/// A body of each format from the same lines.
fn body(format: Format, lines: &[String]) -> (Declared, String) {
    let records: Vec<String> = lines.iter().map(|line| record(line)).collect();
    match format {
        Format::Ndjson => (Declared::Ndjson, records.join("\n") + "\r\n"),
        Format::Bulk => {
            let pair = |record: &String| format!("{{\"index\" : {{}}}}\n{record}\n");
            let deletion = "{\"delete\":{\"_id\":\"1\"}}\n".to_owned();
            let update = "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"log\":\"x\"}}\n";
            (
                Declared::Bulk,
                deletion + &records.iter().map(pair).collect::<String>() + update,
            )
        }
        Format::JsonArray => (Declared::Json, format!(" [ {} ]\n", records.join(" ,\n"))),
        Format::JsonStream => (Declared::Json, records.concat()),
        Format::Loki => {
            let values = |lines: &[String], from: usize| -> String {
                let values: Vec<String> = (from..)
                    .zip(lines)
                    .map(|(n, line)| {
                        format!("[\"170000000000000000{n}\", {}]", Value::from(&**line))
                    })
                    .collect();
                values.join(" , ")
            };
            let (one, other) = lines.split_at(lines.len() / 2);
            // One report in two streams, the later part first.
            let text = format!(
                "{{\"streams\": [ {{\"stream\":{{\"job\":\"k\",\"level\":\"err\"}},\"values\":[{}]}},\
                 {{\"values\":[ {} ],\"stream\":{{\"level\":\"info\",\"job\":\"k\"}}}}]}}",
                values(other, one.len()),
                values(one, 0),
            );
            (Declared::Json, text)
        }
        Format::Otlp => {
            let records: Vec<String> = lines
                .iter()
                .map(|line| {
                    format!(
                        "{{\"timeUnixNano\":\"1700000000000000001\",\"body\":{{\"stringValue\":{}}},\
                         \"attributes\":[ {{\"key\":\"n\",\"value\":{{\"doubleValue\":1.50}}}} ],\
                         \"flags\" : 1 }}",
                        Value::from(&**line)
                    )
                })
                .collect();
            let text = format!(
                "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[]}},\"scopeLogs\":[\
                 {{\"scope\":{{}},\"logRecords\":[{}]}}]}}]}}",
                records.join(", ")
            );
            (Declared::Json, text)
        }
    }
}

#[test]
fn bodies_without_a_kill_keep_every_byte() {
    let lines = [
        "a".to_owned(),
        "usb é\n😀 \"\\".to_owned(),
        "Killed unit".to_owned(),
    ];
    for format in Format::ALL {
        let (declared, text) = body(format, &lines);
        for settings in [mode("annotate"), mode("rewrite")] {
            let (out, tally) = run(&settings, declared, &text);
            assert_eq!(out, text, "{}", format.name());
            assert_eq!(tally.format, Some(format));
            assert_eq!((tally.same, tally.passed), (3, None), "{}", format.name());
        }
    }
}

#[test]
fn a_kill_is_found_in_every_format() {
    for format in Format::ALL {
        let (declared, text) = body(format, &lines());
        let (out, tally) = run(&mode("annotate"), declared, &text);
        let name = format.name();
        assert_eq!(tally.kills, [1, 0, 0, 0, 0, 0, 0], "{name}");
        assert_eq!(
            (tally.same, tally.rewritten, tally.dropped),
            (2, 3, 0),
            "{name}"
        );
        assert!(
            out.matches(POD).count() >= text.matches(POD).count() + 4,
            "{name}"
        );
        // What was there is there still, in its order; but OTLP's kills stand behind the others of their resource.
        let text = match format {
            Format::Otlp => {
                let (front, behind) = text.split_once(&*constraint()).unwrap();
                let (_, behind) = behind.split_once("1 }, {").unwrap();
                let (_, behind) = behind.split_once("1 }, {").unwrap();
                format!("{front}{}}}{behind}", constraint())
            }
            _ => text,
        };
        let mut rest = out.as_str();
        for piece in text.split(['}', ']']) {
            let position = rest.find(piece);
            rest = &rest[position.unwrap_or_else(|| panic!("{name}: {piece}")) + piece.len()..];
        }
    }
}

/// Where the end is told when nothing can be added any more, everything has gone on by then: whether a
/// line end ends the last record or not, and wherever the body is cut.
#[test]
fn nothing_waits_for_a_late_end() {
    for format in Format::ALL {
        for mode in ["annotate", "rewrite", "events"].map(mode) {
            let (declared, text) = body(format, &lines());
            let without_end = text.trim_end();
            for text in [text.as_str(), without_end] {
                let (whole, _) = run_cut(&mode, declared, text.as_bytes(), &[]);
                let is_tried =
                    |cut: &usize| cut.is_multiple_of(7) || text.as_bytes()[..*cut].ends_with(b"}");
                for cut in (0..text.len()).filter(is_tried) {
                    let mut senders = Senders::new(|| 0);
                    let mut delivery = Delivery::new(declared, Sender::default()).may_end_late();
                    let mut out = Vec::new();
                    let (front, behind) = text.as_bytes().split_at(cut);
                    for chunk in [front, behind] {
                        let chunk = chunk.to_vec();
                        let forwarded = delivery.push(&mode, &mut senders, chunk.clone(), false);
                        assert!(!forwarded.is_as_it_came || forwarded.bytes == chunk);
                        out.extend(forwarded.bytes);
                    }
                    let rest = delivery.push(&mode, &mut senders, Vec::new(), true);
                    let name = format.name();
                    assert_eq!(rest.bytes, b"", "{name} {mode:?} cut at {cut}");
                    assert!(out == whole, "{name} {mode:?} cut at {cut}");
                }
            }
        }
    }
}

#[test]
fn a_text_that_is_no_record_waits_for_no_late_end() {
    for (mode, expected) in [("annotate", "plain text"), ("events", "")] {
        let mode = self::mode(mode);
        let mut senders = Senders::new(|| 0);
        let mut delivery = Delivery::new(Declared::Ndjson, Sender::default()).may_end_late();
        let mut out = Vec::new();
        for chunk in ["pla", "in te", "xt", ""] {
            let last = chunk.is_empty();
            out.extend(delivery.push(&mode, &mut senders, chunk.into(), last).bytes);
            assert_eq!(delivery.held(), 0);
        }
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let tally = delivery.tally();
        assert_eq!(tally.same + tally.dropped, 1);
    }
}

#[test]
fn a_kill_whose_report_lacks_lines_is_counted() {
    let texts = [
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        "[     42]     0    42        8        4    77824        0             0 a",
        "Out of memory: Killed process 42 (a) total-vm:32kB, anon-rss:16kB, file-rss:0kB",
    ];
    // Three records are missing between the second and the third.
    for (numbers, incomplete) in [([1, 2, 3, 4], 0), ([1, 2, 6, 7], 1)] {
        let records = numbers.iter().zip(texts).map(|(number, text)| {
            serde_json::json!({ "log": format!("6,{number},100000{number},-;{text}") })
        });
        let records: Vec<String> = records.map(|record| record.to_string()).collect();
        let text = records.join("\n");
        let (_, tally) = run(&mode("annotate"), Declared::Ndjson, &text);
        assert_eq!(tally.kills.iter().sum::<u64>(), 1, "{text}");
        assert_eq!(tally.incomplete, incomplete, "{text}");
    }
}

#[test]
fn lines_of_a_report_are_taken_out() {
    for format in Format::ALL {
        let (declared, text) = body(format, &lines());
        let name = format.name();
        let (out, tally) = run(&mode("rewrite"), declared, &text);
        assert_eq!(
            (tally.same, tally.rewritten, tally.dropped),
            (2, 1, 2),
            "{name}"
        );
        assert_eq!(out.matches("invoked").count(), 0, "{name}");
        assert_eq!(out.matches("Killed process 88").count(), 1, "{name}");
        assert_eq!(out.matches("link").count(), 1, "{name}");
        let (out, tally) = run(&mode("events"), declared, &text);
        assert_eq!(
            (tally.same, tally.rewritten, tally.dropped),
            (0, 1, 4),
            "{name}"
        );
        assert_eq!(out.matches("Killed process 88").count(), 1, "{name}");
        match format {
            Format::Bulk => {
                let kinds: Vec<&str> = out.lines().map(|line| line.get(2..5).unwrap()).collect();
                assert_eq!(kinds, ["del", "ind", "log", "upd", "doc"]);
            }
            Format::JsonArray => {
                assert_eq!(serde_json::from_str::<Vec<Value>>(&out).unwrap().len(), 1);
            }
            _ => drop(serde_json::from_str::<Value>(&out).unwrap()),
        }
    }
}

#[test]
fn nothing_is_left_where_nothing_is_wanted() {
    let lines = ["a".to_owned(), "b".to_owned()];
    for (format, expected) in [
        (Format::Ndjson, ""),
        (Format::JsonArray, " [ ]\n"),
        (Format::JsonStream, ""),
    ] {
        let (declared, text) = body(format, &lines);
        let (out, tally) = run(&mode("events"), declared, &text);
        assert_eq!((&*out, tally.dropped), (expected, 2), "{}", format.name());
    }
}

#[test]
fn what_cannot_be_read_goes_on() {
    for (declared, text, reason) in [
        (Declared::Json, "\"text\"", Some(UnreadReason::Unreadable)),
        (Declared::Json, "  ", Some(UnreadReason::Unreadable)),
        (
            Declared::Json,
            "[{\"log\":\"a\"},1]",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "[{\"log\":\"a\"},,{}]",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "[{\"log\":\"a\"}",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "[{\"log\":\"a\"}]x",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "[{\"log\":\"a",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "{\"log\":\"a",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "{\"log\":\"a\"} x",
            Some(UnreadReason::Unreadable),
        ),
        // What tells nothing is looked at no closer.
        (Declared::Json, "{\"streams\":[{\"values\":1}]}", None),
        (
            Declared::Json,
            "{\"streams\":[{\"values\":\"Killed process \"}]}",
            Some(UnreadReason::Unreadable),
        ),
        (
            Declared::Json,
            "{\"streams\":[",
            Some(UnreadReason::Unreadable),
        ),
        (Declared::Json, "{\"resourceLogs\":{}}", None),
        (
            Declared::Bulk,
            "{\"index\":{}}\n{}\nno\n{\"index\":{}}\n",
            Some(UnreadReason::Unreadable),
        ),
        (Declared::Bulk, "{\"index\":{}}", None),
        (Declared::Ndjson, "no json\n\n{\"log\":\n", None),
        (Declared::Ndjson, "", None),
        (
            Declared::Unread(UnreadReason::Encoding),
            "{}",
            Some(UnreadReason::Encoding),
        ),
    ] {
        let (out, tally) = run(&Settings::default(), declared, text);
        assert_eq!(out, text);
        assert_eq!(tally.passed, reason, "{text}");
    }
}

#[test]
fn what_is_too_large_goes_on() {
    let settings = Settings::read(br#"{"max_body_bytes":1024}"#).unwrap();
    let long = "x".repeat(3000);
    for format in Format::ALL {
        let lines = ["a".to_owned(), long.clone(), kill().to_owned()];
        let (declared, text) = body(format, &lines);
        let pieces: Vec<usize> = (1..text.len() / 100).map(|n| n * 100).collect();
        let (out, tally) = run_cut(&settings, declared, text.as_bytes(), &pieces);
        let out = String::from_utf8(out).unwrap();
        match format {
            Format::Ndjson | Format::JsonArray | Format::JsonStream => {
                assert_eq!(
                    (tally.too_large, tally.rewritten, tally.passed),
                    (1, 1, None)
                );
                assert!(
                    out.starts_with(text.split("Killed").next().unwrap()),
                    "{}",
                    format.name()
                );
            }
            Format::Bulk | Format::Loki | Format::Otlp => {
                assert_eq!(
                    tally.passed,
                    Some(UnreadReason::TooLarge),
                    "{}",
                    format.name()
                );
                assert_eq!(out, text);
            }
        }
    }
}

#[test]
fn formats_that_are_not_configured_go_on() {
    let settings = Settings::read(br#"{"formats":["loki"]}"#).unwrap();
    for format in Format::ALL {
        let (declared, text) = body(format, &lines());
        let (out, tally) = run(&settings, declared, &text);
        assert_eq!(out == text, format != Format::Loki);
        let reason = (format != Format::Loki).then_some(UnreadReason::Disabled);
        assert_eq!(tally.passed, reason);
    }
}

#[test]
fn a_text_is_found_in_configured_keys() {
    let settings = Settings::read(br#"{"text_keys":["event.original","line"]}"#).unwrap();
    let text = format!(
        "{{\"line\" : {}, \"n\":1.0, \"k8s.pod.uid\":\"other\" }}\n{{\"log\":{}}}\n",
        Value::from(constraint()),
        Value::from(constraint())
    );
    let (out, tally) = run(&settings, Declared::Ndjson, &text);
    assert_eq!((tally.same, tally.rewritten), (1, 1));
    let (first, second) = out.split_once('\n').unwrap();
    let (first_in, second_in) = text.split_once('\n').unwrap();
    assert_eq!(second, second_in);
    assert!(
        first.starts_with(first_in.strip_suffix('}').unwrap()),
        "{first}"
    );
    let record: Value = serde_json::from_str(first).unwrap();
    // Half of another pod's identity would name neither.
    assert_eq!(record["k8s.pod.uid"], "other");
    assert_eq!(record.get("container.id"), None);
    assert_eq!(record["oom"]["pod"]["uid"], POD);
}

/// Splunk's HEC has the record inside of its event, and what stands beside the text there says who wrote it.
#[test]
fn a_configured_key_may_lie_in_an_object() {
    let settings = Settings::read(br#"{"text_keys":["event","event.log"]}"#).unwrap();
    let text = Value::from(kill());
    for (event, kills) in [
        (text.to_string(), 1),
        (format!(r#"{{ "log":{text} }}"#), 1),
        (format!(r#"{{"log":{text},"stream":"stderr"}}"#), 0),
        (format!(r#"{{"a":{{"log":{text}}}}}"#), 0),
        (format!("[{text}]"), 0),
    ] {
        let body = format!("{{\"time\":1.50,\"host\":\"n\",\"event\":{event}}}\n");
        let (out, tally) = run(&settings, Declared::Json, &body);
        assert_eq!(tally.kills.iter().sum::<u64>(), kills, "{event}");
        assert!(out.starts_with(body.trim_end_matches(['}', '\n'])), "{out}");
        assert_eq!(out.contains(",\"oom\":{"), kills == 1, "{out}");
    }
}

/// Each record of `application/json-seq` begins with a sign, which stays where it stays.
#[test]
fn a_sign_may_stand_in_front_of_a_line() {
    let records: Vec<String> = lines().iter().map(|line| record(line)).collect();
    let signed = |records: &[String]| {
        let records = records.iter();
        let records: Vec<String> = records.map(|record| format!("\u{1e}{record}\n")).collect();
        records.concat()
    };
    let plain = |mode_name: &str| {
        let body = records.join("\n") + "\n";
        let (out, tally) = run_cut(&mode(mode_name), Declared::Ndjson, body.as_bytes(), &[]);
        let out = String::from_utf8(out).unwrap();
        (out.lines().map(str::to_owned).collect::<Vec<_>>(), tally)
    };
    for name in ["annotate", "rewrite", "events"] {
        let (left, tally) = plain(name);
        let found = run(&mode(name), Declared::Ndjson, &signed(&records));
        assert_eq!(found, (signed(&left), tally), "{name}");
    }
}

/// Fluent Bit's Loki output writes whole records as lines, unless it is told otherwise.
#[test]
fn a_line_of_loki_may_be_a_record() {
    let records: Vec<String> = lines().iter().map(|line| record(line)).collect();
    let (declared, text) = body(Format::Loki, &records);
    let (out, tally) = run_cut(&mode("annotate"), declared, text.as_bytes(), &[]);
    assert_eq!((tally.same, tally.rewritten, tally.kills[0]), (2, 3, 1));
    let push: Value = serde_json::from_slice(&out).unwrap();
    let entry = &push["streams"][0]["values"][1];
    assert_eq!(entry[1], record(kill()));
    assert_eq!(entry[2]["oom_event"], "kill");
    assert_eq!(entry[2]["k8s_pod_uid"], POD);
}

/// What holds words of a report and says nothing makes wrong settings visible.
#[test]
fn a_text_that_is_not_found_is_counted() {
    let text = Value::from(kill());
    for (record, expected) in [
        (format!("{{\"log\":{text}}}"), 0),
        (format!("{{\"detail\":{text}}}"), 1),
        (format!("{{\"event\":{{\"log\":{text}}}}}"), 1),
        ("{\"log\":\"usb 1-1: new\"}".to_owned(), 0),
        (format!("{{\"log\":{text},\"oom\":{{}}}}"), 0),
    ] {
        let (out, tally) = run_cut(&mode("annotate"), Declared::Ndjson, record.as_bytes(), &[]);
        assert_eq!(tally.silent, expected, "{record}");
        assert_eq!(out == record.as_bytes(), tally.rewritten == 0);
    }
    let settings = Settings::read(br#"{"text_keys":["detail"]}"#).unwrap();
    let record = format!("{{\"detail\":{text}}}");
    let (_, tally) = run_cut(&settings, Declared::Ndjson, record.as_bytes(), &[]);
    assert_eq!((tally.silent, tally.rewritten), (0, 1));
}

#[test]
fn what_has_been_done_is_left_alone() {
    for format in Format::ALL {
        let (declared, text) = body(format, &lines());
        let (once, _) = run_cut(&mode("annotate"), declared, text.as_bytes(), &[]);
        let (twice, tally) = run_cut(&mode("annotate"), declared, &once, &[]);
        assert_eq!(
            String::from_utf8(twice),
            String::from_utf8(once),
            "{}",
            format.name()
        );
        assert_eq!(tally.kills, [0; 7]);
    }
}

/// What a filter of ours made passes in every mode; what anybody else calls a kill does not become one.
#[test]
fn what_others_call_a_kill_is_none() {
    let is_left = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("oom.unknown");
    for format in Format::ALL {
        let (declared, text) = body(format, &[kill().to_owned()]);
        let (ours, _) = run_cut(&mode("annotate"), declared, text.as_bytes(), &[]);
        let (again, tally) = run_cut(&mode("events"), declared, &ours, &[]);
        assert!(is_left(&again), "{}", format.name());
        assert_eq!(tally.kills, [0; 7]);
        // The same, of another process than the line's.
        let ours = String::from_utf8(ours).unwrap();
        let pid = |pid: u32| match format {
            Format::Otlp => format!("{{\"intValue\":\"{pid}\"}}"),
            Format::Loki => format!("\"oom_victim_pid\":\"{pid}\""),
            _ => format!("\"pid\":{pid}"),
        };
        let forged = ours.replace(&pid(88), &pid(43));
        assert_ne!(forged, ours, "{}", format.name());
        let (out, tally) = run_cut(&mode("events"), declared, forged.as_bytes(), &[]);
        assert!(!is_left(&out), "{}", format.name());
        assert_eq!(tally.kills, [0; 7]);
        let (out, _) = run_cut(&mode("annotate"), declared, forged.as_bytes(), &[]);
        assert_eq!(String::from_utf8(out).unwrap(), forged, "{}", format.name());
    }
}

#[test]
fn the_output_of_a_container_is_not_the_kernels() {
    let line = Value::from(kill());
    for (label, kills) in [("job", 1), ("stream", 0)] {
        let text = format!(
            r#"{{"streams":[{{"stream":{{"{label}":"stdout"}},"values":[["1700000000000000001",{line}]]}}]}}"#
        );
        let (_, tally) = run_cut(&mode("annotate"), Declared::Json, text.as_bytes(), &[]);
        assert_eq!(tally.kills.iter().sum::<u64>(), kills, "{label}");
    }
}

#[test]
fn a_report_is_joined_between_deliveries_of_one_sender() {
    for format in Format::ALL {
        let mut senders = Senders::new(|| 0);
        let settings = mode("rewrite");
        let mut deliver = |number: u64, lines: &[String]| {
            let (declared, text) = body(format, lines);
            let sender = Sender {
                address: number,
                stream: 1,
            };
            let mut delivery = Delivery::new(declared, sender);
            let out = delivery
                .push(&settings, &mut senders, text.into_bytes(), true)
                .bytes;
            (String::from_utf8(out).unwrap(), delivery.tally().clone())
        };
        let [_, header, constraint, kill, _] = lines();
        deliver(1, &[header.clone(), constraint.clone()]);
        deliver(2, std::slice::from_ref(&header));
        // The other's open report neither joins this one nor leaves with it.
        let (out, tally) = deliver(1, std::slice::from_ref(&kill));
        assert!(out.contains(POD), "{}: {out}", format.name());
        assert_eq!(tally.kills, [1, 0, 0, 0, 0, 0, 0], "{}", format.name());
        // Its own unfinished report leaves when the next begins. One that names its victim would wait for it.
        deliver(1, std::slice::from_ref(&header));
        let (out, tally) = deliver(1, std::slice::from_ref(&header));
        assert_eq!(
            (tally.dropped, tally.rewritten),
            (0, 1),
            "{}",
            format.name()
        );
        assert!(out.contains("truncated"), "{}: {out}", format.name());
    }
}
