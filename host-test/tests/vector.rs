//! The real Vector with the configurations that ship.
//!
//! The program is `VECTOR`, else `vector` on the PATH; where there is none, the tests say so and are
//! counted as skipped.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_fluentbit_test::{Received, Receiver, free_port, get};
use oom_suite::program;
use oom_suite::trial::{Skip, Tested};
use oom_suite::trials;
use serde_json::Value;

/// Longest time for a run to give all its kills.
const PATIENCE: Duration = Duration::from_mins(1);
/// Long enough for what was read anew to leave.
const AGAIN: Duration = Duration::from_secs(3);
/// A kill whose process has a name that Slack and Mattermost would obey.
const HOSTILE: &str = "3,{number},90000000,-;Out of memory: Killed process 4242 (<!channel> @all) \
    total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n";

/// The counter of lost lines.
const LOST: &str = "oom_kernel_lines_lost_total";

/// The Vector to test with; without one, the test is skipped.
fn vector() -> Result<PathBuf, Skip> {
    program::find("vector", "VECTOR")
}

fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the repository").to_path_buf()
}

/// A folder of the test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("vector-{test}"));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("it can be made anew");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A shipped configuration with a data directory of its own, and with each text of a pair in the place of
/// the one before it.
fn shipped(name: &str, folder: &Path, edits: &[(&str, &str)]) -> PathBuf {
    let mut text = fs::read_to_string(top().join("vector/config").join(name)).expect("it ships");
    for (from, to) in edits {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    let copy = folder.join(name);
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("a folder");
    fs::write(&copy, format!("data_dir: {}\n{text}", data.display())).expect("written");
    copy
}

fn main() -> ExitCode {
    oom_suite::trial::run([trials![
        every_configuration_is_valid,
        the_agent_tells_each_kill_once_with_the_native_program,
        the_agent_tells_each_kill_once_with_the_module
    ]])
}

/// As an operator asks, with what each part finds where it runs: a Loki that is ready, a free port.
fn every_configuration_is_valid() -> Tested {
    let vector = vector()?;
    let folder = folder("valid");
    let loki = Receiver::start("ready");
    let (loki, metrics) = (loki.address.to_string(), local(free_port()));
    let port = free_port().to_string();
    for (name, edits) in [
        (
            "agent.yaml",
            [("loki:3100", loki.as_str()), ("127.0.0.1:9598", &metrics)],
        ),
        (
            "pipeline.yaml",
            [("9091", port.as_str()), ("127.0.0.1:9598", &metrics)],
        ),
    ] {
        let output = Command::new(&vector)
            .arg("validate")
            .arg(shipped(name, &folder, &edits))
            .output()
            .expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{name}: {said}");
        assert!(!said.contains("warning"), "{name}: {said}");
    }
    Ok(())
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn the_agent_tells_each_kill_once_with_the_native_program() -> Tested {
    let vector = vector()?;
    let program = program::build("oom-vector", env!("CARGO_BIN_EXE_oom-wasi"));
    agent(&vector, "native", &program);
    Ok(())
}

fn the_agent_tells_each_kill_once_with_the_module() -> Tested {
    let vector = vector()?;
    // The script that vector/README.md shows. Where wasmtime is not there, our own runner stands in for it.
    let wasmtime = env::var_os("WASMTIME").map(PathBuf::from);
    let runner = wasmtime.map_or_else(
        || env!("CARGO_BIN_EXE_oom-wasi").to_owned(),
        |program| format!("{} run", program.display()),
    );
    let folder = folder("script");
    let program = folder.join("oom-vector");
    let lent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vector-module");
    let script = format!(
        "#!/bin/sh\nexec {runner} --dir '{}' '{}' \"$@\"\n",
        lent.display(),
        top().join("dist/oom-vector.wasm").display()
    );
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    agent(&vector, "module", &program);
    Ok(())
}

/// A child that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The agent reads a capture, ends with it, and is started again, by which no kill may come twice.
fn agent(vector: &Path, test: &str, program: &Path) {
    let folder = folder(test);
    let capture = folder.join("kmsg");
    let mut log = fs::read_to_string(top().join("fixtures/demo.kmsg")).expect("the demo");
    // The capture was cut out of a longer log, so that numbers are missing in it.
    let numbers: Vec<u64> = log.lines().filter_map(number).collect();
    let gaps = numbers.windows(2).map(|pair| pair[1] - pair[0] - 1);
    let missing: u64 = gaps.sum();
    assert!(missing > 0, "the capture has gaps");
    let newest = numbers.last().expect("a record");
    log.push_str(&HOSTILE.replace("{number}", &(newest + 1).to_string()));
    fs::write(&capture, log).expect("written");
    let expected = ooms(
        &Command::new(program)
            .args(["--mode", "events", "--input", "kmsg"])
            .arg(&capture)
            .output()
            .expect("it runs")
            .stdout,
    );
    assert!(expected.len() > 5, "the capture has kills");

    let (loki, slack, metrics) = (Receiver::start("ready"), Receiver::start("ok"), free_port());
    let config = shipped(
        "agent.yaml",
        &folder,
        &[
            ("/usr/local/bin/oom-vector", &program.display().to_string()),
            ("- /dev/kmsg", &format!("- {}", capture.display())),
            ("respawn_interval_secs: 5", "respawn_interval_secs: 1"),
            // Else a body is packed protobuf.
            (
                "http://loki:3100",
                &format!("http://{}\n    compression: none", loki.address),
            ),
            ("http://127.0.0.1:9/", &format!("http://{}/", slack.address)),
            ("127.0.0.1:9598", &local(metrics)),
        ],
    );
    let child = Command::new(vector)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut running = Running(child);
    let begun = Instant::now();
    let page = || get(([127, 0, 0, 1], metrics).into(), "/metrics").unwrap_or_default();
    // A file keeps its gaps, so each start of the program tells them: two starts have been.
    let is_whole = || {
        kept(&loki.received()).len() >= expected.len()
            && messages(&slack.received()).len() > expected.len()
            && sum(&page(), LOST) >= 2 * missing
    };
    while !is_whole() && begun.elapsed() < PATIENCE {
        let ended = running.0.try_wait().expect("a child");
        assert!(ended.is_none(), "Vector ended by itself: {ended:?}");
        sleep(Duration::from_millis(100));
    }
    sleep(AGAIN);

    let kept = kept(&loki.received());
    let mut found = kept.iter().map(|record| record["oom"].clone()).collect();
    assert_eq!(sorted(&mut found), sorted(&mut expected.clone()), "in Loki");
    for record in &kept {
        for key in ["command", "pid", "labels"] {
            assert!(record.get(key).is_none(), "{key} is not the kernel's");
        }
    }
    let messages = messages(&slack.received());
    let (lost, kills): (Vec<_>, Vec<_>) = messages
        .iter()
        .partition(|text| text.contains("lines of the kernel's log were lost"));
    let mut summaries: Vec<_> = expected.iter().map(escaped).collect();
    summaries.sort();
    let mut told: Vec<_> = kills
        .iter()
        .map(|text| text.split_once(": ").expect("a place").1.to_owned())
        .collect();
    told.sort();
    assert_eq!(told, summaries, "in Slack");
    assert!(!lost.is_empty(), "the gap was told");
    assert!(
        told.iter()
            .any(|text| text.contains("&lt;!channel&gt; @\u{200b}all"))
    );

    let page = page();
    assert_eq!(
        sum(&page, "oom_kills_total"),
        expected.len() as u64,
        "{page}"
    );
    let lost = sum(&page, LOST);
    assert!(
        lost >= 2 * missing && lost.is_multiple_of(missing),
        "{page}"
    );
}

/// The number of a record of `/dev/kmsg`.
fn number(line: &str) -> Option<u64> {
    let is_record = line.starts_with(|first: char| first.is_ascii_digit());
    line.split(',').nth(1).filter(|_| is_record)?.parse().ok()
}

/// The `oom` objects of an output.
fn ooms(out: &[u8]) -> Vec<Value> {
    let lines = out
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .map(|record| record["oom"].clone())
        .collect()
}

/// In an order that does not depend on who sent what first.
fn sorted(ooms: &mut Vec<Value>) -> &Vec<Value> {
    ooms.sort_by_key(Value::to_string);
    ooms
}

/// The records that Loki was sent.
fn kept(received: &[Received]) -> Vec<Value> {
    let pushes = received
        .iter()
        .filter(|one| one.path == "/loki/api/v1/push");
    let bodies = pushes.map(|one| serde_json::from_slice::<Value>(&one.body).expect("JSON"));
    let mut kept = Vec::new();
    for body in bodies {
        for stream in body["streams"].as_array().expect("streams") {
            for value in stream["values"].as_array().expect("values") {
                let line = value[1].as_str().expect("a line");
                let record: Value = serde_json::from_str(line).expect("JSON");
                let level = record["oom"]["level"].as_str().unwrap_or("unknown");
                assert_eq!(stream["stream"]["tag"], format!("oom.{level}"));
                kept.push(record);
            }
        }
    }
    kept
}

/// The texts that Slack was sent.
fn messages(received: &[Received]) -> Vec<String> {
    let bodies = received.iter().map(|one| {
        let body: Value = serde_json::from_slice(&one.body).expect("one message");
        body["text"].as_str().expect("a text").to_owned()
    });
    bodies.collect()
}

/// The sentence of a kill, as it may stand in a message.
fn escaped(oom: &Value) -> String {
    let summary = oom["summary"].as_str().expect("a sentence");
    let summary = summary.replace('&', "&amp;").replace('<', "&lt;");
    summary.replace('>', "&gt;").replace('@', "@\u{200b}")
}

/// All series of a counter together.
fn sum(page: &str, name: &str) -> u64 {
    let series = page.lines().filter(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    // A value may be followed by its time.
    let value = |line: &str| {
        let rest = line.rsplit_once('}').map_or(line, |(_, rest)| rest);
        let value = rest.split_whitespace().find(|word| *word != name)?;
        value.parse::<u64>().ok()
    };
    series.filter_map(value).sum()
}
