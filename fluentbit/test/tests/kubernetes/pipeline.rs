//! The way of a kernel's log through the shipped configuration to the metrics page.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use oom_fluentbit_test::{
    FluentBit, Folder, Names, Run, Source, Tool, is_kill, names_of, records, told,
};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::Value;

/// Where a record has what a label tells.
const LABELS: [(&str, &str); 6] = [
    ("level", "/oom/level"),
    ("namespace", "/kubernetes/namespace_name"),
    ("pod", "/kubernetes/pod_name"),
    ("container", "/kubernetes/container_name"),
    ("container_outcome", "/oom/container_outcome"),
    ("attribution", "/oom/attribution"),
];

/// What the Prometheus rules need besides.
const START: &str = "\nfluentbit_process_start_time_seconds{node=\"worker-1\"";

/// The start of a series, with the first `count` of the labels.
fn series(name: &str, kill: &Value, count: usize) -> String {
    let labels = LABELS.iter().take(count).map(|(label, pointer)| {
        let value = kill.pointer(pointer).and_then(Value::as_str);
        format!(",{label}=\"{}\"", value.unwrap_or_default())
    });
    let labels: String = labels.collect();
    format!("{name}{{node=\"worker-1\"{labels}}}")
}

/// The page that `kills` make: one counter, and three gauges that say what the newest had.
fn page_of(kills: &[Value]) -> BTreeMap<String, f64> {
    let mut page = BTreeMap::new();
    for kill in kills.iter().filter(|record| is_kill(record)) {
        *page
            .entry(series("oom_kills_total", kill, LABELS.len()))
            .or_default() += 1.0;
        let summary = kill["oom"]["summary"].as_str().expect("a kill has one");
        let has_limit = summary.contains("reached its memory limit of");
        if has_limit && kill["oom"]["level"] != "cgroup" {
            for (name, pointer) in [
                ("oom_kill_limit_bytes", "/oom/memory/limit_bytes"),
                ("oom_kill_usage_bytes", "/oom/memory/usage_bytes"),
                (
                    "oom_kill_victim_anon_rss_bytes",
                    "/oom/victim/anon_rss_bytes",
                ),
            ] {
                let bytes = kill.pointer(pointer).and_then(Value::as_f64);
                page.insert(series(name, kill, 4), bytes.expect("its report said so"));
            }
        }
    }
    page
}

/// The series of ours on a page.
fn read(page: &str) -> BTreeMap<String, f64> {
    page.lines()
        .filter(|line| line.starts_with("oom_"))
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series has a value");
            (series.to_owned(), value.parse().expect("it is a number"))
        })
        .collect()
}

/// Whether so many records went through the filters.
fn has_read(page: &str, count: usize) -> bool {
    page.lines().any(|line| {
        line.starts_with("fluentbit_input_records_total")
            && line.contains("\"tail.0\"")
            && line.ends_with(&format!(" {count}"))
    })
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![journal, kmsg, listens, systemd]
}

/// Every kill of a captured kernel is counted, with its owner's names, and printed.
fn journal() -> Tested {
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("pipeline-journal")?);
    let records = records(Source::Journal);
    let names = names_of(&records);
    let kills = told(&records, &names);
    let expected = page_of(&kills);
    assert!(expected.len() > 50, "{}", expected.len());

    let run = Run::new(&folder, "journal", &records, &names);
    let (_, mut printed) = run.run(&fluent_bit, |page, printed| {
        read(page) == expected && page.contains(START) && printed.len() == kills.len()
    });
    let mut kills: Vec<Value> = kills.iter().map(as_printed).collect();
    for record in &mut printed {
        let date = record
            .as_object_mut()
            .and_then(|record| record.remove("date"));
        assert!(date.is_some_and(|date| date.is_string()), "{record}");
    }
    // Each level leaves by itself.
    printed.sort_by_key(Value::to_string);
    kills.sort_by_key(Value::to_string);
    assert_eq!(printed, kills);
    Ok(())
}

/// What outputs get of a record that left the module.
fn as_printed(record: &Value) -> Value {
    let fields = record.as_object().expect("a record is an object");
    let kept = fields
        .iter()
        .filter(|(key, _)| ["oom", "kubernetes", "MESSAGE", "msg"].contains(&key.as_str()));
    let node = ("node".to_owned(), Value::from("worker-1"));
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .chain([node])
        .collect()
}

/// /dev/kmsg hands in its past at each start. Each kill, and each report that broke off, passes once.
fn kmsg() -> Tested {
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("pipeline-kmsg")?);
    let records = records(Source::Kmsg);
    let all = told(&records, &Names::default());
    assert!(!all.iter().all(is_kill), "one broke off");
    let field = |record: &Value, name: &str| record[name].as_u64().expect("a number");
    let last = field(all.last().expect("there are kills"), "sequence");
    let (middle, middle_second) = {
        let record = &all[all.len() / 2];
        (field(record, "sequence"), field(record, "sec"))
    };
    let after = |name, than| {
        let after = |record: &&Value| field(record, name) > than;
        all.iter().filter(after).count()
    };
    let later = after("sequence", middle);
    let seconds_later = after("sec", middle_second);
    assert!(seconds_later > 0 && seconds_later < all.len());
    let mut run = Run::new(&folder, "kmsg", &records, &Names::default());
    run.add(&folder, "kmsg/once.lua");

    let check = |name: &str, up: u64, expected: usize, state: &str| {
        run.write("boot_id", "this\n");
        run.write("uptime", &format!("{up}.5 1.0\n"));
        let (page, printed) = run.run(&fluent_bit, |page, printed| {
            printed.len() >= expected
                && page.contains(START)
                && has_read(page, records.len())
                && run.read("oom/kmsg") == state
        });
        assert_eq!(printed.len(), expected, "{name}");
        assert_eq!(read(&page), page_of(&printed), "{name}");
        assert!(
            printed.iter().all(|record| record.get("msg").is_some()),
            "{name}"
        );
    };
    // What the file says before, how long the machine is up, how many pass, and what is kept of the
    // first start.
    for (name, before, up, expected, first) in [
        ("first start, up for long", None, 100_000, 0, 100_000),
        ("first start, up for minutes", None, 300, all.len(), 300),
        (
            "nothing so far, and kills from before the first start",
            Some("this 0 100000\n".to_owned()),
            100_100,
            0,
            100_000,
        ),
        (
            // Minutes after the first pod's start.
            "nothing so far, and a kill between two pods",
            Some(format!("this 0 {}\n", middle_second + 601)),
            middle_second + 700,
            seconds_later,
            middle_second + 601,
        ),
        (
            "started again",
            Some(format!("this {last} 5\n")),
            100_000,
            0,
            5,
        ),
        (
            "was away",
            Some(format!("this {middle} 5\n")),
            100_000,
            later,
            5,
        ),
        (
            "another boot",
            Some(format!("that {last} 100000\n")),
            100_000,
            all.len(),
            0,
        ),
    ] {
        run.forget("oom/kmsg");
        if let Some(text) = before {
            run.write("oom/kmsg", &text);
        }
        check(name, up, expected, &format!("this {last} {first}\n"));
    }

    // Where the disk is full, what was kept stays.
    let state = format!("this {middle} 5\n");
    let new = run.write("oom/kmsg", &state).with_extension("new");
    std::os::unix::fs::symlink("/dev/full", new).expect("a link can be made");
    check("full disk", 100_000, later, &state);
    Ok(())
}

/// One address to listen on serves both families of addresses, for the probe and for the metrics.
fn listens() -> Tested {
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("listens")?);
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return Err(Skip::new("this machine has no IPv6"));
    }
    let records = records(Source::Journal);
    let mut run = Run::new(&folder, "journal", &records, &Names::default());
    run.set("OOM_LISTEN", &Ipv6Addr::UNSPECIFIED);
    run.run(&fluent_bit, |_, _| {
        [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            .into_iter()
            .all(|address| run.answers_at(address))
    });
    Ok(())
}

/// Fluent Bit's own `systemd` input, over a journal that grows: what was there before it first ran is
/// not told, and each kill after that once, also one that came while it was away.
fn systemd() -> Tested {
    let (fluent_bit, folder, writer) = (
        FluentBit::find()?,
        Folder::lay_out("pipeline-systemd")?,
        Tool::JOURNAL.find()?,
    );
    let records = records(Source::Journal);
    let names = names_of(&records);
    let mut run = Run::new(&folder, "journal", &[], &names);
    let path = folder.path.join("journal.d");
    std::fs::create_dir(&path).expect("it is a new folder");
    run.set("OOM_JOURNAL", &path.display());
    let journal = path.join("system.journal");
    // A report at a time: what stands before a kill, and the kill.
    let is_last = |record: &Value| {
        let message = record["MESSAGE"].as_str().expect("it is text");
        message.contains("Killed process")
    };
    let mut reports = records.split_inclusive(is_last);
    let mut append = || {
        let report = reports.next().expect("there are many");
        let file = run.write("export", &report.iter().map(exported).collect::<String>());
        let [to, from] = [&journal, &file].map(|path| path.to_str().expect("a path that is text"));
        Tool::run(&writer, &["-o", to, from]);
        told(report, &names).pop().expect("it ends with a kill")["oom"]["summary"].clone()
    };
    let summaries = |printed: &[Value]| -> Vec<Value> {
        let summary = |record: &Value| record["oom"]["summary"].clone();
        printed.iter().map(summary).collect()
    };

    append();
    let (page, printed) = run.run(&fluent_bit, |page, _| page.contains(START));
    assert_eq!(summaries(&printed), [] as [Value; 0]);
    // What the alert for a journal that cannot be read looks at.
    let unread = "\nfluentbit_input_records_total{node=\"worker-1\",name=\"systemd.0\"} 0\n";
    assert!(page.contains(unread), "{page}");

    let live = std::cell::OnceCell::new();
    let append = std::cell::RefCell::new(append);
    let (_, printed) = run.run(&fluent_bit, |page, printed| {
        if page.contains(START) {
            live.get_or_init(|| append.borrow_mut()());
        }
        !printed.is_empty()
    });
    assert_eq!(
        summaries(&printed),
        [live.into_inner().expect("it was written")]
    );

    let away = append.borrow_mut()();
    let (_, printed) = run.run(&fluent_bit, |page, printed| {
        page.contains(START) && !printed.is_empty()
    });
    assert_eq!(summaries(&printed), [away]);
    Ok(())
}

/// A record in the form of the journal's export.
fn exported(record: &Value) -> String {
    let at = record["_SOURCE_MONOTONIC_TIMESTAMP"]
        .as_str()
        .expect("it is text");
    let fields = record.as_object().expect("a record is an object").iter();
    let fields = fields.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let fields: Vec<String> = fields.collect();
    let at: u64 = at.parse().expect("it is a number");
    let since_epoch = 1_795_000_000_000_000 + at;
    format!(
        "__REALTIME_TIMESTAMP={since_epoch}\n__MONOTONIC_TIMESTAMP={at}\n\
         _BOOT_ID=83f19fdb7ba64df4b74449bb26cc7e1a\n{}\n\n",
        fields.join("\n")
    )
}
