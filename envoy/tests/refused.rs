//! Deliveries that the receiver refuses and their sender sends again: nothing is missing then, nothing is
//! told twice, and every record is the one that it would have been.

use std::fs;
use std::path::Path;

use oom_envoy::delivery::{Declared, Delivery};
use oom_envoy::senders::{Sender, Senders};
use oom_envoy::settings::Settings;

/// The records of every capture.
fn captures() -> Vec<(String, Vec<Vec<u8>>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/captures");
    let entries = fs::read_dir(folder).expect("the captures are there");
    let paths = entries.map(|entry| entry.expect("a file").path());
    let captures: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "kmsg"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a capture is text");
            let lines = text.lines().filter_map(|line| line.split_once(';'));
            let record = |(_, text)| serde_json::json!({ "log": text }).to_string().into_bytes();
            (path.display().to_string(), lines.map(record).collect())
        })
        .collect();
    assert!(captures.len() >= 6, "captures are missing");
    captures
}

/// A sender, and what its receiver accepted so far.
struct Way {
    settings: Settings,
    senders: Senders,
    accepted: Vec<u8>,
}

impl Way {
    fn new(mode: &str) -> Self {
        let settings = Settings::read(format!(r#"{{"mode":"{mode}"}}"#).as_bytes());
        Self {
            settings: settings.expect("a mode"),
            senders: Senders::new(|| 0),
            accepted: Vec::new(),
        }
    }

    /// What goes on of these records, each on a line.
    fn deliver(&mut self, records: &[Vec<u8>], is_accepted: bool) -> Vec<u8> {
        let body = [&records.join(&b'\n')[..], b"\n"].concat();
        let mut delivery = Delivery::new(Declared::Ndjson, Sender::default());
        let out = delivery.push(&self.settings, &mut self.senders, body, true);
        delivery.settle(&mut self.senders, is_accepted);
        if is_accepted {
            self.accepted.extend_from_slice(&out.bytes);
        }
        out.bytes
    }
}

/// Every line is once the first and once the last of a delivery that is refused.
#[test]
fn a_report_may_be_refused_anywhere() {
    for (name, records) in captures() {
        for (mode, sizes) in [("annotate", 1..=1), ("rewrite", 1..=2), ("events", 1..=1)] {
            let mut plain = Way::new(mode);
            plain.deliver(&records, true);
            let kills = plain.accepted.windows(14);
            let kills = kills.filter(|it| it == b"\"event\":\"kill\"").count();
            assert!(kills > 5, "{name} {mode}: {kills} kills");
            for size in sizes {
                let mut refused = Way::new(mode);
                for part in records.chunks(size) {
                    let first = refused.deliver(part, false);
                    let second = refused.deliver(part, true);
                    assert!(first == second, "{name} {mode} {size}");
                }
                assert!(refused.accepted == plain.accepted, "{name} {mode} {size}");
            }
        }
    }
}

/// What another delivery of the sender has changed since is not taken back with the refused one's.
#[test]
fn a_later_delivery_keeps_what_it_told() {
    let report = [
        &br#"{"log":"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"}"#[..],
        br#"{"log":"Out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#,
    ];
    let settings = Settings::default();
    let mut senders = Senders::new(|| 0);
    let [mut first, mut second] =
        [(); 2].map(|()| Delivery::new(Declared::Ndjson, Sender::default()));
    first.push(&settings, &mut senders, report[0].to_vec(), true);
    let out = second.push(&settings, &mut senders, report[1].to_vec(), true);
    assert!(
        out.bytes.windows(9).any(|it| it == b"\"trigger\""),
        "one kill"
    );
    first.settle(&mut senders, false);
    second.settle(&mut senders, true);
    // The report is over, and no line of it is awaited.
    assert!(!senders.needs_reading(Sender::default(), b"eth0: up"));
}
