//! The real Vector with the configurations that ship.
//!
//! The program is `VECTOR`, else `vector` on the PATH; where there is none, the tests say so and are
//! counted as skipped.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_suite::trial::{Skip, Tested};
use oom_suite::trials;
use serde_json::Value;

/// Longest time for a run to give all its kills.
const PATIENCE: Duration = Duration::from_mins(2);

/// The Vector to test with; without one, the test is skipped.
fn vector() -> Result<PathBuf, Skip> {
    let chosen = env::var_os("VECTOR").map(PathBuf::from);
    let is_chosen = chosen.is_some();
    let program = chosen.unwrap_or_else(|| "vector".into());
    match Command::new(&program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(program),
        _ if is_chosen => panic!("VECTOR names {}, which does not run", program.display()),
        _ => Err(Skip::new(
            "there is no `vector` on the PATH, and VECTOR names none",
        )),
    }
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

/// A shipped configuration with a data directory of its own.
fn shipped(name: &str, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(top().join("vector/config").join(name)).expect("it ships");
    let copy = folder.join(name);
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("a folder");
    fs::write(&copy, format!("data_dir: {}\n{text}", data.display())).expect("written");
    copy
}

fn main() -> ExitCode {
    oom_suite::trial::run([trials![
        every_configuration_is_valid,
        the_agent_gives_each_kill_of_a_capture_once
    ]])
}

fn every_configuration_is_valid() -> Tested {
    let vector = vector()?;
    let folder = folder("valid");
    for name in ["agent.yaml", "pipeline.yaml"] {
        let output = Command::new(&vector)
            .args(["validate", "--no-environment"])
            .arg(shipped(name, &folder))
            .output()
            .expect("it runs");
        assert!(
            output.status.success(),
            "{name}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// The agent reads a capture, ends with it, and is started again, by which no kill may come twice.
fn the_agent_gives_each_kill_of_a_capture_once() -> Tested {
    let vector = vector()?;
    let folder = folder("agent");
    let runner = env!("CARGO_BIN_EXE_oom-wasi");
    let module = top().join("dist/oom-vector.wasm");
    let fixtures = top().join("fixtures");
    // The script that vector/README.md shows, with our own runner in wasmtime's place.
    let program = folder.join("oom-vector");
    let (directory, module_name) = (fixtures.display(), module.display());
    fs::write(
        &program,
        format!("#!/bin/sh\nexec '{runner}' --dir '{directory}' '{module_name}' \"$@\"\n"),
    )
    .expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    let out = folder.join("kills.ndjson");
    let extra = folder.join("extra.yaml");
    fs::write(
        &extra,
        format!(
            "sinks:\n  test:\n    type: file\n    inputs: [oom_once]\n    path: {}\n    \
             encoding:\n      codec: json\n",
            out.display()
        ),
    )
    .expect("written");

    let capture = fixtures.join("demo.kmsg");
    let expected = ooms(
        &Command::new(&program)
            .args(["--mode", "events", "--input", "kmsg"])
            .arg(&capture)
            .output()
            .expect("it runs")
            .stdout,
    );
    assert!(expected.len() > 5, "the capture has kills");

    let mut running = Command::new(&vector)
        .arg("--config")
        .arg(shipped("agent.yaml", &folder))
        .arg("--config")
        .arg(&extra)
        .env("OOM_PROGRAM", &program)
        .env("OOM_KMSG", &capture)
        .env("LOKI_URL", "http://127.0.0.1:9")
        .stdin(Stdio::null())
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    let found = || ooms(&fs::read(&out).unwrap_or_default());
    while found().len() < expected.len() && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(200));
    }
    // Long enough for the program to be started again and to read everything anew.
    sleep(Duration::from_secs(15));
    let found = found();
    let ended = running.try_wait().expect("a child");
    assert!(ended.is_none(), "Vector ended by itself: {ended:?}");
    running.kill().expect("it runs still");
    running.wait().expect("it ends");
    assert_eq!(found, expected);
    Ok(())
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
