//! The way of a kernel's log through the shipped configuration to the metrics page.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use oom_fluentbit_test::{
    FluentBit, Folder, Names, Run, Source, Tool, is_kill, names_of, records, told,
};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::{Suite, trials};
use serde_json::{Value, json};

/// Where a record has what a label tells.
pub const LABELS: [(&str, &str); 9] = [
    ("level", "/oom/level"),
    ("k8s_namespace_name", "/kubernetes/namespace_name"),
    ("k8s_pod_name", "/kubernetes/pod_name"),
    ("k8s_container_name", "/kubernetes/container_name"),
    ("container_outcome", "/oom/container_outcome"),
    ("attribution", "/oom/attribution"),
    ("workload", "/oom/workload/system"),
    ("killer", "/oom/killer"),
    ("origin", "/oom/origin"),
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

/// The page that `kills` make: one counter, and three gauges that say what the newest had. No line was lost.
fn page_of(kills: &[Value]) -> BTreeMap<String, f64> {
    let none_lost = "oom_kernel_lines_lost_total{node=\"worker-1\"}".to_owned();
    let mut page = BTreeMap::from([(none_lost, 0.0)]);
    for kill in kills.iter().filter(|record| is_kill(record)) {
        *page
            .entry(series("oom_kills_total", kill, LABELS.len()))
            .or_default() += 1.0;
        let is_of_container = ["container", "pod"]
            .iter()
            .any(|level| kill["oom"]["level"] == *level);
        let has_report = ["report", "constraint"]
            .iter()
            .any(|attribution| kill["oom"]["attribution"] == *attribution);
        if is_of_container && has_report {
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
    trials![journal, kmsg, listens, systemd, lost, forged]
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
    // Fluent Bit's filter takes upper and lower case for the same.
    let kept = fields
        .iter()
        .filter(|(key, _)| ["oom", "kubernetes", "message", "msg"].contains(&&*key.to_lowercase()));
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
    let number = |record: &Value| record["sequence"].as_u64().expect("a number");
    let last = all.iter().map(number).max().expect("there are kills");
    let middle = number(&all[all.len() / 2]);
    let later = all.iter().filter(|record| number(record) > middle).count();
    assert!(later > 0 && later < all.len());
    let mut run = Run::new(&folder, "kmsg", &records, &Names::default());
    run.add(&folder, "kmsg/once.lua");
    run.write("boot_id", "this\n");

    let check = |name: &str, expected: usize, state: &str| {
        let (page, printed) = run.run(&fluent_bit, |page, printed| {
            printed.len() >= expected
                && page.contains(START)
                && has_read(page, records.len())
                && run.read("oom/kmsg") == state
        });
        assert_eq!(printed.len(), expected, "{name}");
        assert!(
            printed.iter().all(|record| record.get("msg").is_some()),
            "{name}"
        );
        (page, printed)
    };
    // What the file says before, the newest record at the start, how many pass, and what is kept.
    for (name, before, at_start, expected, newest) in [
        ("first start, all is old", None, last, 0, last),
        ("first start, some is old", None, middle, later, last),
        ("first start, all is new", None, 0, all.len(), last),
        (
            "nothing is new",
            Some(format!("this {last}\n")),
            last,
            0,
            last,
        ),
        (
            "away while kills came",
            Some(format!("this {middle}\n")),
            last,
            later,
            last,
        ),
        (
            "a file of the version before",
            Some(format!("this {middle} 5\n")),
            last,
            later,
            last,
        ),
        (
            "another boot",
            Some(format!("that {last}\n")),
            last,
            all.len(),
            last,
        ),
    ] {
        run.forget("oom/kmsg");
        if let Some(text) = before {
            run.write("oom/kmsg", &text);
        }
        run.write("device", &format!("6,{at_start},1,-;newest\n"));
        let is_kept = expected > 0 || run.read("oom/kmsg").is_empty();
        let state = if is_kept {
            format!("this {newest}\n")
        } else {
            run.read("oom/kmsg")
        };
        check(name, expected, &state);
    }

    // Where the disk is full, what was kept stays.
    let state = format!("this {middle}\n");
    let new = run.write("oom/kmsg", &state).with_extension("new");
    std::os::unix::fs::symlink("/dev/full", new).expect("a link can be made");
    check("full disk", later, &state);

    // A Fluent Bit that is to stop reads on, and hands nothing to the outputs: those kills are not told.
    run.forget("oom/kmsg.new");
    let own = run.read("fluent-bit.yaml");
    let stopped = own.replace("$oom['event'] ^(kill|evicted)$ ", "$oom['event'] ^none$ ");
    let stopped = stopped.replace(
        " ^(truncated|no_victim|panic)$ truncated",
        " ^none$ truncated",
    );
    assert_eq!(stopped.matches("^none$").count(), 2);
    run.write("fluent-bit.yaml", &stopped);
    run.run(&fluent_bit, |page, _| has_read(page, records.len()));
    assert_eq!(run.read("oom/kmsg"), state);
    run.write("fluent-bit.yaml", &own);
    check("after it", later, &format!("this {last}\n"));
    Ok(())
}

/// Lines that are known to be lost are counted: by the numbers of /dev/kmsg, and by journald's own word,
/// which no client can say in its place.
fn lost() -> Tested {
    const MISSED: &str = "e9bf28e6e834481bb6f48f548ad13606";
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("lost")?);
    let notice = |transport: &str, count: u32| {
        json!({
            "_TRANSPORT": transport,
            "MESSAGE_ID": MISSED,
            "MESSAGE": format!("Missed {count} kernel messages"),
        })
    };
    let mut journal = records(Source::Journal);
    journal.truncate(20);
    journal.insert(7, notice("driver", 7));
    journal.insert(9, notice("journal", 1000));
    journal.insert(12, notice("driver", 5));
    let mut kmsg = records(Source::Kmsg);
    kmsg.truncate(30);
    kmsg.drain(10..14);
    kmsg.drain(20..21);
    for (source, records, expected) in [("journal", journal, 12), ("kmsg", kmsg, 5)] {
        let mut run = Run::new(&folder, source, &records, &Names::default());
        if source == "kmsg" {
            run.add(&folder, "kmsg/once.lua");
        }
        let series = format!("oom_kernel_lines_lost_total{{node=\"worker-1\"}} {expected}\n");
        run.run(&fluent_bit, |page, _| page.contains(&series));
    }
    Ok(())
}

/// What somebody else wrote, or made up, leaves for no output, and what is a kill has no more than it
/// should: the suites of authors, of paths in containers, and of records that bring an `oom` object.
fn forged() -> Tested {
    const SUITES: [&str; 12] = [
        "author-dmesg",
        "author-foreign",
        "author-journal",
        "author-prefix",
        "author-syslog",
        "forged-pod",
        "node-in-container",
        "oom-of-others",
        "oom-of-others-between",
        "origin",
        "own-lines",
        "pod-in-container",
    ];
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("forged")?);
    let records: Vec<Value> = SUITES
        .iter()
        .flat_map(|name| Suite::named(name).records())
        .filter_map(|record| serde_json::from_slice(&record).ok())
        .filter(Value::is_object)
        .collect();
    let mut expected: Vec<Value> = told(&records, &Names::default())
        .iter()
        .map(as_printed)
        .collect();
    assert!(expected.len() > 20 && expected.len() < records.len() / 4);
    let run = Run::new(&folder, "journal", &records, &Names::default());
    let (_, mut printed) = run.run(&fluent_bit, |page, printed| {
        has_read(page, records.len()) && printed.len() >= expected.len()
    });
    for record in &mut printed {
        record.as_object_mut().map(|record| record.remove("date"));
    }
    for record in &printed {
        let found = expected.iter().position(|expected| expected == record);
        expected.swap_remove(found.unwrap_or_else(|| panic!("{record} is not to leave")));
    }
    assert_eq!(expected, [] as [Value; 0]);
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
    let write = |records: &[Value]| {
        let file = run.write("export", &records.iter().map(exported).collect::<String>());
        let [to, from] = [&journal, &file].map(|path| path.to_str().expect("a path that is text"));
        Tool::run(&writer, &["-o", to, from]);
    };
    let mut append = || {
        let report = reports.next().expect("there are many");
        write(report);
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

    // systemd-oomd's own unit is read as well, and nobody else's word for it.
    let text = "Killed /system.slice/web.service due to swap used (85) / total (90) being more than 90.00%";
    write(&[("cron.service", "1"), ("systemd-oomd.service", "2")].map(|(unit, at)| {
        json!({
            "MESSAGE": text, "_TRANSPORT": "journal", "_SYSTEMD_UNIT": unit, "_HOSTNAME": "worker-1",
            "_SOURCE_MONOTONIC_TIMESTAMP": at,
        })
    }));
    let (_, printed) = run.run(&fluent_bit, |page, printed| {
        page.contains(START) && !printed.is_empty()
    });
    let by_oomd = "Processes in unit web.service were killed by systemd-oomd: swap used (85) / total (90) being more than 90.00%.";
    assert_eq!(summaries(&printed), [by_oomd]);
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
