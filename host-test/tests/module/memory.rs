//! A module that lives as long as its host must not grow.

use oom_host_test::{Instance, Options, Verdict};

use crate::runs::module;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;

fn hand_in(host: &mut dyn Instance, record: &[u8]) -> Verdict {
    host.call("oom_annotate", b"kmsg.0", (0, 0), record)
        .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(record)))
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_million_records_and_one_of_a_mebibyte,
        ordinary_records_of_a_kibibyte_need_little
    ]
}

fn a_million_records_and_one_of_a_mebibyte() -> Tested {
    const RECORDS: u32 = 1_000_000;
    let Some(engine) = oom_host_test::engine("wamr") else {
        return Err(Skip::new("WAMR is not built in"));
    };
    let mut host = engine
        .load(module(), &Options::default())
        .expect("the module loads");
    let kill = |pid: u32| {
        format!(
            r#"{{"priority":3,"sequence":{pid},"sec":{pid},"usec":0,"msg":"Memory cgroup out of memory: Killed process {pid} (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0"}}"#
        )
    };
    let ordinary = format!(
        r#"{{"priority":6,"sequence":1,"sec":1,"usec":1,"msg":"{}"}}"#,
        "usb 1-1: new high-speed USB device number 2 using xhci_hcd. ".repeat(16)
    );
    let mebibyte = format!("{{\"log\":\"{}\"}}", "Killed process ".repeat(70_000));
    assert!(mebibyte.len() > 1 << 20);

    hand_in(&mut *host, kill(1).as_bytes());
    hand_in(&mut *host, mebibyte.as_bytes());
    let before = host.memory_bytes();
    let mut kills = 0;
    for number in 1..=RECORDS {
        if number % 1000 == 0 {
            let verdict = hand_in(&mut *host, kill(number).as_bytes());
            kills += u32::from(matches!(verdict, Verdict::Replaced(_)));
        } else {
            assert_eq!(hand_in(&mut *host, ordinary.as_bytes()), Verdict::Unchanged);
        }
    }
    hand_in(&mut *host, mebibyte.as_bytes());
    let after = host.memory_bytes();
    assert_eq!(kills, RECORDS / 1000);
    assert_eq!(after, before);
    Ok(())
}

fn ordinary_records_of_a_kibibyte_need_little() -> Tested {
    let Some(engine) = oom_host_test::engine("wamr") else {
        return Err(Skip::new("WAMR is not built in"));
    };
    let mut host = engine
        .load(module(), &Options::default())
        .expect("the module loads");
    let record = format!("{{\"log\":\"{}\"}}", "x".repeat(1000));
    let kill = br#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;
    for _ in 0..1000 {
        host.call("oom_annotate", b"t", (0, 0), record.as_bytes())
            .expect("no trap");
        host.call("oom_annotate", b"t", (0, 0), kill)
            .expect("no trap");
    }
    let bytes = host.memory_bytes();
    assert!(bytes <= 1_258_291, "{bytes} bytes are more than 1.2 MiB");
    Ok(())
}
