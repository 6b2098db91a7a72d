//! What no suite shows of reports: how long one is waited for, and to which kill a later line belongs.

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use serde_json::{Value, json};

#[test]
fn a_report_that_never_ends_is_not_waited_for_forever() {
    const FOREIGN: &[u8] = br#"{"log":"eth0: link becomes ready"}"#;
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let header = br#"{"log":"java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"}"#;
    let context = RecordContext::default();
    filter.process(Mode::Annotate, header, &context);
    assert!(filter.needs_reading(FOREIGN));
    for _ in 0..5000 {
        filter.process(Mode::Annotate, FOREIGN, &context);
    }
    assert!(!filter.needs_reading(FOREIGN));
}

#[test]
fn a_process_that_could_not_be_reaped_is_of_its_own_kill() {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let mut id_of = |second: u32, line: &str| {
        let record = json!({ "log": format!("[{second}.000000] {line}") }).to_string();
        let context = RecordContext::default();
        let outcome = filter.process(Mode::Annotate, record.as_bytes(), &context);
        let Outcome::Replaced(record) = outcome else {
            panic!("{line}: {outcome:?}");
        };
        let record: Value = serde_json::from_slice(&record).unwrap();
        record["oom"]["id"].clone()
    };
    let kill = |pid| {
        format!(
            "Memory cgroup out of memory: Killed process {pid} (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"
        )
    };
    let first = id_of(100, &kill(41));
    let second = id_of(101, &kill(42));
    assert_ne!(first, second);

    let not_reaped = |pid| format!("oom_reaper: unable to reap pid:{pid} (a)");
    assert_eq!(id_of(102, &not_reaped(41)), first);
    assert_eq!(id_of(102, &not_reaped(42)), second);
}

/// By the lines of others, or by the time of their records.
#[test]
fn a_report_of_a_machine_that_fell_silent_is_given_up() {
    let line = |host: &str, second: u32, text: &str| {
        json!({ "hostname": host, "__REALTIME_TIMESTAMP": format!("{second}000000"), "log": text })
            .to_string()
            .into_bytes()
    };
    let header = "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
    let context = RecordContext::default();
    for (count, seconds, is_given_up) in [(200, 1, false), (5000, 0, true), (200, 100, true)] {
        let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
        filter.process(Mode::Events, &line("n1", 1000, header), &context);
        for _ in 0..count {
            let of_another = line("n2", 1000 + seconds, "eth0: link becomes ready");
            filter.process(Mode::Events, &of_another, &context);
        }
        let is_open = filter.needs_reading(b"{}");
        assert_eq!(is_open, !is_given_up, "{count} lines, {seconds} s");
    }
}
