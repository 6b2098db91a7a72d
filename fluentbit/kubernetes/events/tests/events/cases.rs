//! What is to hold, whatever the API server does.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oom_fluentbit_test::{
    FluentBit, Folder, Run, Source, free_port, is_kill, names_of, records, told,
};
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

use crate::program::{Program, kill, until};
use crate::server::{Mood, Server};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        storm,
        restart,
        moods,
        unanswered,
        terminating,
        away,
        bound,
        forged,
        node,
        last_writes,
        bodies,
        fluent_bit,
    ]
}

/// The second of these tests.
const SECOND: Duration = Duration::from_millis(50);

/// 1,000 kills over 50 pods: at most one write a second for a pod, all counted.
fn storm() {
    let server = Server::start(Mood::Well);
    let program = Program::start(server.address, &[]);
    for first in (1..=1000).step_by(100) {
        let kills: Vec<Value> = (first..first + 100)
            .map(|pid| kill(pid % 50, pid))
            .collect();
        program.take(&kills);
    }
    program.told(1000);
    let state = server.state();
    assert_eq!((state.events.len(), state.count()), (50, 1000));
    for event in state.events.values() {
        assert_eq!(event["series"]["count"], 20);
    }
    let mut last: HashMap<&str, Instant> = HashMap::new();
    for asked in &state.asked {
        if let Some(before) = last.insert(&asked.event, asked.at) {
            // What is seen here is later by the way there, which differs.
            let between = asked.at - before + SECOND / 5;
            assert!(between >= SECOND, "{between:?}");
        }
    }
}

/// After a restart nothing is told twice, and more is counted in the same Event.
fn restart() {
    let server = Server::start(Mood::Well);
    let kills: Vec<Value> = (1..=9).map(|pid| kill(pid % 3, pid)).collect();
    let program = Program::start(server.address, &[]);
    program.take(&kills);
    program.told(9);
    program.end();
    let program = Program::start(server.address, &[]);
    program.take(&kills);
    program.take(&[kill(1, 10)]);
    program.told(1);
    until("all are known", || {
        program.figure("oom_events_skipped_total{reason=\"told_before\"}") == 9
    });
    let state = server.state();
    assert_eq!((state.events.len(), state.count()), (3, 10));
    // Nothing is asked for but to make and to change.
    assert!(
        state
            .asked
            .iter()
            .all(|asked| ["POST", "PATCH"].contains(&&*asked.method))
    );
}

/// Refused, not served, left without an answer: what comes is taken at once, and told later, once.
fn moods() {
    for (mood, code) in [
        (Mood::Forbidden, "403"),
        (Mood::Quota, "403"),
        (Mood::TooMany(1), "429"),
        (Mood::Stalled, "none"),
        (Mood::Broken, "none"),
    ] {
        let server = Server::start(mood);
        let program = Program::start(server.address, &[]);
        let failures = format!("oom_events_api_failures_total{{code=\"{code}\"}}");
        for pid in 1..=6 {
            let took = program.take(&[kill(pid % 3, pid)]);
            assert!(took < Duration::from_millis(400), "{mood:?}: {took:?}");
            if pid == 3 {
                until("it fails", || program.figure(&failures) > 0);
            }
        }
        assert_eq!(program.figure("oom_events_told_total"), 0, "{mood:?}");
        assert_eq!(program.figure("oom_events_waiting"), 6, "{mood:?}");
        let before = server.state().asked.len();
        assert!(before < 10, "{mood:?}: {before} requests");
        server.turn(Mood::Well);
        program.told(6);
        let state = server.state();
        assert_eq!((state.events.len(), state.count()), (3, 6), "{mood:?}");
    }
}

/// Written, and the answer lost: not written again.
fn unanswered() {
    let server = Server::start(Mood::Silent);
    let program = Program::start(server.address, &[]);
    program.take(&[kill(1, 1)]);
    until("it is written", || server.state().count() == 1);
    server.turn(Mood::Well);
    until("it is known", || program.figure("oom_events_waiting") == 0);
    assert_eq!(server.state().count(), 1);
    // The same of a change.
    server.turn(Mood::Silent);
    program.take(&[kill(1, 2)]);
    until("it is counted", || server.state().count() == 2);
    server.turn(Mood::Well);
    until("it is known", || program.figure("oom_events_waiting") == 0);
    assert_eq!(server.state().count(), 2);
}

/// A namespace that is about to go takes nothing more; others do.
fn terminating() {
    let server = Server::start(Mood::Terminating);
    let program = Program::start(server.address, &[]);
    program.take(&[kill(1, 1), kill(1, 2)]);
    let dropped = "oom_events_dropped_total{reason=\"namespace_gone\"}";
    until("they are dropped", || program.figure(dropped) == 2);
    server.turn(Mood::Well);
    program.take(&[kill(1, 3)]);
    program.told(1);
    assert_eq!(server.state().count(), 1);
}

/// Away, and back.
fn away() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let program = Program::start(address, &[]);
    program.take(&[kill(1, 1), kill(2, 2)]);
    until("it is asked for", || {
        program.figure("oom_events_api_failures_total{code=\"none\"}") > 1
    });
    let server = Server::start_at(address, Mood::Well);
    program.told(2);
    assert_eq!(server.state().count(), 2);
}

/// What waits is bounded, and so is memory: the oldest are dropped, and counted.
fn bound() {
    let server = Server::start(Mood::Forbidden);
    let program = Program::start(server.address, &["--capacity=300"]);
    let begun = program.memory();
    for first in (1..=6000).step_by(500) {
        let kills: Vec<Value> = (first..first + 500).map(|pid| kill(pid, pid)).collect();
        program.take(&kills);
    }
    let grown = program.memory() - begun;
    assert!(grown < 16 << 10, "{grown} KiB more than at the start");
    assert_eq!(program.figure("oom_events_waiting"), 300);
    let dropped = "oom_events_dropped_total{reason=\"queue_full\"}";
    assert_eq!(program.figure(dropped), 5700);
    server.turn(Mood::Well);
    program.told(300);
    let state = server.state();
    assert_eq!(state.count(), 300);
    let older = state.events.values().filter(|event| {
        let name = event["regarding"]["name"].as_str().expect("it is a pod");
        let pod: u64 = name["hog-".len()..].parse().expect("it has a number");
        pod <= 5700
    });
    // One may have been on its way.
    assert!(older.count() <= 1);
}

/// What anybody can have made up is told only where that is asked for.
fn forged() {
    let forged: Vec<Value> = [
        ("origin", json!("unsaid")),
        ("unproven", json!(true)),
        ("nested", json!(true)),
    ]
    .into_iter()
    .zip(1..)
    .map(|((field, value), pid)| {
        let mut record = kill(1, pid);
        record["oom"][field] = value;
        record
    })
    .collect();
    let server = Server::start(Mood::Well);
    let program = Program::start(server.address, &[]);
    program.take(&forged);
    assert_eq!(
        program.figure("oom_events_skipped_total{reason=\"unproven\"}"),
        3
    );
    program.take(&[kill(2, 9)]);
    program.told(1);
    assert_eq!(server.state().count(), 1);
    let program = Program::start(server.address, &["--unproven"]);
    program.take(&forged);
    program.told(3);
}

/// A kill without names goes to the node, and says the UID.
fn node() {
    let server = Server::start(Mood::Well);
    let program = Program::start(server.address, &[]);
    let mut unnamed = kill(1, 1);
    unnamed["kubernetes"] = json!({"pod_id": "c301aa9c-d87b-464f-a5da-b757996f6ea6"});
    program.take(&[unnamed]);
    program.told(1);
    let state = server.state();
    let (name, event) = state.events.first_key_value().expect("there is one");
    assert!(name.starts_with("kube-system/worker-1."));
    assert_eq!(event["regarding"]["kind"], "Node");
    let note = event["note"].as_str().expect("it has a note");
    assert!(
        note.contains("UID c301aa9c-d87b-464f-a5da-b757996f6ea6"),
        "{note}"
    );
}

/// Asked to end, it writes what waits first.
fn last_writes() {
    let server = Server::start(Mood::Well);
    let program = Program::start(server.address, &["--interval=3600"]);
    program.take(&[kill(1, 1), kill(2, 2)]);
    assert_eq!(server.state().count(), 0);
    program.end();
    assert_eq!(server.state().count(), 2);
}

/// Lines as well as an array; a body that is none is answered with success, and counted.
fn bodies() {
    let server = Server::start(Mood::Well);
    let program = Program::start(server.address, &[]);
    program.take_body(&format!("{}\n{}\n", kill(1, 1), kill(2, 2)));
    program.take_body("{");
    program.take_body("[{\"oom\":1}]");
    program.told(2);
    assert_eq!(program.figure("oom_events_unreadable_total"), 1);
    assert_eq!(
        program.figure("oom_events_skipped_total{reason=\"no_kill\"}"),
        1
    );
}

/// The real Fluent Bit with what ships: all kills of a log are counted and printed while the API server refuses, and
/// told once it does not.
fn fluent_bit() -> Tested {
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("events")?);
    let records = records(Source::Journal);
    let names = names_of(&records);
    let all = told(&records, &names);
    // A report that broke off is no kill.
    let kills = all.iter().filter(|record| is_kill(record)).count() as u64;
    let server = Server::start(Mood::Forbidden);
    let program = Program::start(server.address, &[]);
    let mut run = Run::new(&folder, "journal", &records, &names);
    run.add(&folder, "outputs/events/output-events.yaml");
    let shipped = run.read("output-events.yaml");
    let own = shipped.replace("port: 2023\n", &format!("port: {}\n", program.kills.port()));
    assert_ne!(own, shipped);
    run.write("output-events.yaml", &own);
    run.run(&fluent_bit, |_, printed| {
        printed.len() == all.len() && program.figure("oom_events_received_total") == kills
    });
    assert!(server.state().events.is_empty());
    server.turn(Mood::Well);
    let known = "oom_events_skipped_total{reason=\"told_before\"}";
    let unproven = "oom_events_skipped_total{reason=\"unproven\"}";
    until("all is told", || program.figure("oom_events_waiting") == 0);
    let left_out = program.figure(known) + program.figure(unproven);
    assert_eq!(program.figure("oom_events_told_total") + left_out, kills);
    let state = server.state();
    let pods = state
        .events
        .values()
        .filter(|event| event["regarding"]["kind"] == "Pod");
    assert!(pods.count() > 1);
    Ok(())
}
