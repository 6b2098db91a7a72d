//! OTLP and Loki's push request as protobuf, cut at every byte.

use oom_envoy::delivery::{Declared, Delivery};
use oom_envoy::senders::{Sender, Senders};
use oom_envoy::settings::Settings;
use oom_envoy::tally::{Tally, UnreadReason};

const HEADER: &str =
    "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
const KILL: &str =
    "Out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
const ORDINARY: &str = "usb 1-1: é😀 new";

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        out.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    out.push(length.to_le_bytes()[0]);
    out.extend_from_slice(bytes);
    out
}

/// Something that the module knows nothing of: fields of each kind, a number in more bytes than it needs.
const UNKNOWN: &[u8] = b"\x78\x80\x80\0\x7d\x01\x02\x03\x04\x79\x01\x02\x03\x04\x05\x06\x07\x08";

fn text(text: &str) -> Vec<u8> {
    field(1, text.as_bytes())
}

fn pair(key: &str, value: &[u8]) -> Vec<u8> {
    [field(1, key.as_bytes()), field(2, value)].concat()
}

fn log_record(body: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes.iter().flat_map(|pair| field(6, pair)).collect();
    [UNKNOWN.to_vec(), field(5, body), attributes].concat()
}

/// A request of one resource with these log records, and another resource behind it.
fn otlp(records: &[Vec<u8>]) -> Vec<u8> {
    let records: Vec<u8> = records.iter().flat_map(|record| field(2, record)).collect();
    let scope = [field(1, b""), records, UNKNOWN.to_vec()].concat();
    let resource = [
        field(1, &field(1, &pair("host.name", &text("n")))),
        field(2, &scope),
    ];
    let other = field(2, &field(2, &log_record(&text(ORDINARY), &[])));
    [
        field(1, &resource.concat()),
        field(9, b"unknown"),
        field(1, &other),
    ]
    .concat()
}

fn loki(labels: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<u8> = entries.iter().flat_map(|entry| field(2, entry)).collect();
    let stream = [field(1, labels.as_bytes()), entries, UNKNOWN.to_vec()].concat();
    let request = [field(1, &stream), UNKNOWN.to_vec()].concat();
    snap::raw::Encoder::new().compress_vec(&request).unwrap()
}

fn entry(line: &str, second: u8) -> Vec<u8> {
    [
        field(1, &[8, second]),
        field(2, line.as_bytes()),
        UNKNOWN.to_vec(),
    ]
    .concat()
}

fn run_cut(mode: &str, declared: Declared, body: &[u8], cut: usize) -> (Vec<u8>, Tally) {
    let settings = Settings::read(format!(r#"{{"mode":"{mode}"}}"#).as_bytes()).unwrap();
    let mut senders = Senders::new(|| 0);
    let mut delivery = Delivery::new(declared, Sender::default()).may_end_late();
    let (first, second) = body.split_at(cut);
    let mut out = Vec::new();
    for part in [first, second] {
        let forwarded = delivery.push(&settings, &mut senders, part.to_vec(), false);
        assert!(!forwarded.is_as_it_came || forwarded.bytes == part);
        out.extend(forwarded.bytes);
    }
    // All of it has gone on before the end is told.
    let end = delivery.push(&settings, &mut senders, Vec::new(), true);
    assert_eq!(end.bytes, b"", "{cut}");
    (out, delivery.tally().clone())
}

fn run(mode: &str, declared: Declared, body: &[u8]) -> (Vec<u8>, Tally) {
    let whole = run_cut(mode, declared, body, body.len());
    for cut in 0..body.len() {
        assert!(run_cut(mode, declared, body, cut) == whole, "{cut}");
    }
    whole
}

#[test]
fn only_what_gains_something_changes() {
    let ordinary = log_record(&text(ORDINARY), &[]);
    let attributes = [pair("n", &[0x18, 7])];
    let header = log_record(&text(HEADER), &attributes);
    let kill = log_record(
        &text(&format!(
            "2023-11-14T22:13:20.000000+00:00 n kernel: {KILL}"
        )),
        &attributes,
    );
    let body = otlp(&[
        ordinary.clone(),
        header.clone(),
        kill.clone(),
        ordinary.clone(),
    ]);

    let (out, tally) = run("annotate", Declared::OtlpProtobuf, &body);
    assert_eq!((tally.same, tally.rewritten, tally.passed), (3, 2, None));
    let attribute = |key: &str, value: &str| field(6, &pair(key, &text(value)));
    let added = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
    let pid = field(6, &pair("oom.victim.pid", &[0x18, 42]));
    for wanted in [
        attribute("oom.event", "kill"),
        attribute("oom.level", "node"),
        attribute("oom.event", "invoked"),
        pid.clone(),
        [field(2, &ordinary), UNKNOWN.to_vec()].concat(),
        field(9, b"unknown"),
        field(12, b"oom.kill"),
        // Severity 17, and the time of the kill.
        [
            &[0x10, 17, 0x09][..],
            &1_700_000_000_000_000_000_u64.to_le_bytes(),
        ]
        .concat(),
        // The record stands in front of what it gained.
        kill.clone(),
    ] {
        assert!(added(&out, &wanted), "{wanted:?}");
    }

    let (out, tally) = run("rewrite", Declared::OtlpProtobuf, &body);
    assert_eq!((tally.same, tally.dropped, tally.rewritten), (3, 1, 1));
    assert!(added(&out, &pid) && !added(&out, HEADER.as_bytes()));
    let (out, tally) = run("events", Declared::OtlpProtobuf, &body);
    assert_eq!((tally.dropped, tally.rewritten), (4, 1));
    assert!(added(&out, &pid) && !added(&out, ORDINARY.as_bytes()));
    // A filter of ours has been here.
    let (once, _) = run("annotate", Declared::OtlpProtobuf, &body);
    let (twice, tally) = run("annotate", Declared::OtlpProtobuf, &once);
    assert!(once == twice);
    assert_eq!(tally.kills, [0; 7]);
}

#[test]
fn a_map_is_read_as_the_record_that_it_is() {
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(key, value)| pair(key, &text(value)));
        field(
            6,
            &pairs.flat_map(|pair| field(1, &pair)).collect::<Vec<u8>>(),
        )
    };
    for (pairs, kills) in [
        (&[("MESSAGE", KILL), ("_TRANSPORT", "kernel")][..], 1),
        (&[("MESSAGE", KILL), ("_TRANSPORT", "stdout")], 0),
        (&[("log", KILL), ("stream", "stderr")], 0),
        (&[("log", KILL)], 1),
        (&[("other", KILL)], 0),
    ] {
        let body = otlp(&[log_record(&map(pairs), &[])]);
        let (out, tally) = run("annotate", Declared::OtlpProtobuf, &body);
        assert_eq!(tally.kills.iter().sum::<u64>(), kills, "{pairs:?}");
        assert_eq!(out == body, kills == 0);
    }
    // In JSON the same.
    for (transport, kills) in [("kernel", 1), ("stdout", 0)] {
        let member = |key: &str, text: &str| {
            format!(r#"{{"key":"{key}","value":{{"stringValue":"{text}"}}}}"#)
        };
        let (message, transport) = (member("MESSAGE", KILL), member("_TRANSPORT", transport));
        let body = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"kvlistValue":{{"values":[{message}, {transport}]}}}} }}]}}]}}]}}"#
        );
        let (out, tally) = run("annotate", Declared::Json, body.as_bytes());
        assert_eq!(tally.kills.iter().sum::<u64>(), kills);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.contains(r#""key":"oom.level""#), kills == 1, "{out}");
        let name = r#","eventName":"oom.kill","severityNumber":17}"#;
        assert_eq!(out.contains(name), kills == 1, "{out}");
        // One that has a name keeps it.
        let body = body.replace(r#"{"body""#, r#"{"eventName":"other","body""#);
        let (out, _) = run("annotate", Declared::Json, body.as_bytes());
        let out = String::from_utf8(out).unwrap();
        assert!(
            !out.contains(r#""oom.kill""#)
                && out.contains(r#""severityNumber":17"#) == (kills == 1)
        );
        // So it is with a severity.
        let body = body.replace(r#""eventName":"other""#, r#""severityNumber":9"#);
        let (out, _) = run("annotate", Declared::Json, body.as_bytes());
        assert!(!String::from_utf8(out).unwrap().contains("17}"));
    }
}

#[test]
fn lines_of_loki_gain_metadata() {
    // The later part of the report stands in front.
    let entries = [entry(KILL, 3), entry(HEADER, 2), entry(ORDINARY, 1)];
    let body = loki(r#"{job="k", level="err"}"#, &entries);
    let unpack = |body: &[u8]| snap::raw::Decoder::new().decompress_vec(body).unwrap();
    let (out, tally) = run("annotate", Declared::LokiProtobuf, &body);
    assert_eq!((tally.same, tally.rewritten), (1, 2));
    let pair = |name: &str, value: &str| field(3, &pair_of_texts(name, value));
    let out = unpack(&out);
    let holds = |what: &[u8]| out.windows(what.len()).any(|part| part == what);
    assert!(holds(&entries[0]) && holds(&pair("oom_event", "kill")));
    assert!(holds(&pair("oom_trigger_comm", "java")) && holds(&field(2, &entries[2])));

    let (out, tally) = run("events", Declared::LokiProtobuf, &body);
    assert_eq!((tally.dropped, tally.rewritten), (2, 1));
    assert!(unpack(&out).len() > KILL.len());
    // Where nothing changes, not even how it is packed does.
    let stored = [&b"\x04\x0c"[..], &field(1, &field(1, b""))].concat();
    assert_eq!(unpack(&stored).len(), 4);
    assert_eq!(run("annotate", Declared::LokiProtobuf, &stored).0, stored);
    let body = loki(r#"{stream="stdout"}"#, &entries);
    let (out, tally) = run("annotate", Declared::LokiProtobuf, &body);
    assert_eq!((out == body, tally.kills), (true, [0; 7]));
}

fn pair_of_texts(name: &str, value: &str) -> Vec<u8> {
    [field(1, name.as_bytes()), field(2, value.as_bytes())].concat()
}

#[test]
fn what_is_no_request_goes_on() {
    let good = otlp(&[log_record(&text(KILL), &[])]);
    let inside_out = field(1, &field(2, b"\xff"));
    let json = format!("{{\"log\":\"{KILL}\"}}");
    for (name, body) in [
        ("json", json.as_bytes().to_vec()),
        ("inside out", [good.clone(), inside_out].concat()),
        ("a group", [good.clone(), b"\x0b\x0c".to_vec()].concat()),
    ] {
        let (out, tally) = run_cut("annotate", Declared::OtlpProtobuf, &body, 0);
        assert_eq!(tally.passed, Some(UnreadReason::Unreadable), "{name}");
        assert!(out.ends_with(&body[body.len() - 2..]), "{name}");
        let (settings, mut senders) = (Settings::default(), Senders::new(|| 0));
        let mut delivery = Delivery::new(Declared::LokiProtobuf, Sender::default());
        let out = delivery.push(&settings, &mut senders, body.clone(), true);
        assert!(out.bytes == body && out.is_as_it_came, "{name}");
        assert_eq!(delivery.tally().passed, Some(UnreadReason::Unreadable));
    }
    let settings = Settings::read(br#"{"max_body_bytes":1024}"#).unwrap();
    let long: String = (0..2000)
        .map(|number| char::from_digit(number * number % 23, 36).unwrap())
        .collect();
    for (declared, large) in [
        (
            Declared::OtlpProtobuf,
            otlp(&[log_record(&text(&long), &[])]),
        ),
        (Declared::LokiProtobuf, loki("{}", &[entry(&long, 1)])),
        // It is packed tight.
        (
            Declared::LokiProtobuf,
            loki("{}", &[entry(&"x".repeat(2000), 1)]),
        ),
    ] {
        let mut delivery = Delivery::new(declared, Sender::default());
        let mut out = Vec::new();
        let mut senders = Senders::new(|| 0);
        for part in large.chunks(700) {
            out.extend(
                delivery
                    .push(&settings, &mut senders, part.to_vec(), false)
                    .bytes,
            );
        }
        assert!(out == large);
        assert_eq!(delivery.tally().passed, Some(UnreadReason::TooLarge));
    }
}
