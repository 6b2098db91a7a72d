//! The command `oom-host`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::guests::guest_file;

/// Long enough for a loaded machine, short enough for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The command with a guest, its pipes open.
pub fn command(guest: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oom-host"));
    command
        .arg("--module")
        .arg(guest_file(guest))
        .args(arguments)
        .env_remove("OOM_MODULE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command with that standard input.
fn run(guest: &str, arguments: &[&str], input: &[u8]) -> Output {
    finish(command(guest, arguments), input)
}

fn finish(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A command that refuses its arguments does not read.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    })
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// An empty directory of that name.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn lines_become_records() {
    for engine in ["wamr", "wasmtime"] {
        let output = run(
            "identity",
            &["--engine", engine],
            b"one\n\nt\"wo\\ \xff\r\nlast",
        );
        assert_eq!(
            stdout(&output),
            "{\"log\":\"one\"}\n{\"log\":\"\"}\n{\"log\":\"t\\\"wo\\\\ \u{fffd}\"}\n\
             {\"log\":\"last\"}\n"
        );
        assert_eq!(stderr(&output), "");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_packed_log_is_read_as_what_it_holds() {
    let packed = |text: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    };
    let members = [packed(b"one\ntw"), packed(b"o\n")].concat();
    let file = directory("packed").join("kern.log.1.gz");
    fs::write(&file, &members).unwrap();
    let named = run("identity", &[file.to_str().unwrap()], b"");
    for output in [named, run("identity", &[], &members)] {
        assert_eq!(stdout(&output), "{\"log\":\"one\"}\n{\"log\":\"two\"}\n");
        assert_eq!(output.status.code(), Some(0));
    }
    let refused = run("identity", &[], b"\xfd7zXZ\0...");
    assert!(stderr(&refused).contains("xz -dc"), "{}", stderr(&refused));
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn dropped_and_replaced_records() {
    let output = run("drops", &[], b"one\ntwo\n");
    assert_eq!((stdout(&output), output.status.code()), ("", Some(0)));
    // The guest's line break between tokens is none in NDJSON.
    let output = run("replaces", &[], b"one\n");
    assert_eq!(stdout(&output), "{\"oom\": {\"event\":\"kill\"}}\n");
}

#[test]
fn every_mode_calls_its_function() {
    for mode in ["annotate", "rewrite", "events"] {
        let output = run("identity", &["--mode", mode], b"x\n");
        assert_eq!(stdout(&output), "{\"log\":\"x\"}\n", "{mode}");
    }
    let output = run("drops", &["--mode", "events"], b"x\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("exports no oom_events"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn json_lines_pass_as_they_are() {
    let input = "{\"a\" : 1}\n[1]\nnot json\n{\"b\":2}{}\n{\"c\":3}";
    let output = run("identity", &["--input", "ndjson"], input.as_bytes());
    assert_eq!(stdout(&output), format!("{input}\n"));
    assert_eq!(output.status.code(), Some(0), "nothing is lost");
    let said = stderr(&output);
    for line in 2..=4 {
        assert!(
            said.contains(&format!("standard input:{line}: not of this input form")),
            "{said}"
        );
    }
    assert!(said.contains("passed unchanged: 3"), "{said}");

    let output = run("identity", &["--input", "ndjson"], &b"x\n".repeat(1000));
    assert_eq!(
        stderr(&output).lines().count(),
        11,
        "told ten times, then counted"
    );
}

#[test]
fn kernel_lines_are_wrapped_as_by_fluent_bit() {
    let input = "3,505,3136498470,-;Out of memory\n6,506,7,-;pci\n SUBSYSTEM=pci\n\
                 12,507,1000000,c,caller=T1;a;b \\x22\n";
    let expected = concat!(
        r#"{"priority":3,"sequence":505,"sec":3136,"usec":498470,"msg":"Out of memory"}"#,
        "\n",
        r#"{"priority":6,"sequence":506,"sec":0,"usec":7,"msg":"pci\n SUBSYSTEM=pci"}"#,
        "\n",
        r#"{"priority":4,"sequence":507,"sec":1,"usec":0,"msg":"a;b \\x22"}"#,
        "\n"
    );
    let output = run("identity", &["--input", "kmsg"], input.as_bytes());
    assert_eq!(stdout(&output), expected);
    assert_eq!(stderr(&output), "");
}

#[test]
fn lost_records_are_told_and_the_rest_goes_on() {
    for engine in ["wamr", "wasmtime"] {
        let input = b"\"\"\n";
        let arguments = ["--engine", engine, "--input", "ndjson"];
        let output = run(
            "traps",
            &arguments,
            b"{\"a\":1}\n{\"long\":\"yes\"}\n{\"b\":2}\n",
        );
        assert_eq!(stdout(&output), "{\"a\":1}\n{\"b\":2}\n");
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(
            said.contains("standard input:2: record lost: the module trapped"),
            "{said}"
        );
        assert!(said.contains("records lost: 1"), "{said}");
        let output = run("two_objects", &["--engine", engine], input);
        assert_eq!((stdout(&output), output.status.code()), ("", Some(1)));
    }
}

#[test]
fn open_reports_are_released_at_the_end() {
    let output = run("open_reports", &[], b"x\n");
    assert_eq!(
        stdout(&output),
        "{\"log\":\"x\"}\n{\"open\":3}\n{\"open\":2}\n{\"open\":1}\n"
    );
    assert_eq!(output.status.code(), Some(0));
    let output = run("open_reports", &["--fresh-instance"], b"x\n");
    assert_eq!(stdout(&output), "{\"log\":\"x\"}\n");
    let output = run("never_done", &[], b"");
    assert_eq!(stdout(&output).lines().count(), 512);
}

#[test]
fn a_fresh_instance_for_every_record() {
    let output = run("counts", &["--fresh-instance"], b"x\ny\n");
    assert_eq!(stdout(&output), "{\"n\":1}\n{\"n\":1}\n");
}

#[test]
fn files_and_standard_input_in_order() {
    let directory = directory("files");
    let (one, two) = (directory.join("one.log"), directory.join("two.log"));
    fs::write(&one, "one").unwrap();
    fs::write(&two, "two\n").unwrap();
    let missing = directory.join("missing.log");
    let paths =
        [&one, &missing, &directory, Path::new("-"), &two].map(|path| path.to_str().unwrap());
    let output = run("identity", &paths, b"in\n");
    assert_eq!(
        stdout(&output),
        "{\"log\":\"one\"}\n{\"log\":\"in\"}\n{\"log\":\"two\"}\n"
    );
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.contains(&format!("cannot read {}: ", missing.display())),
        "{said}"
    );
    assert!(
        said.contains(&format!("cannot read {}: ", directory.display())),
        "{said}"
    );
}

#[test]
fn bad_usage() {
    for arguments in [
        &["--engine", "v8"][..],
        &["--mode", "drop"],
        &["--input", "ntext"],
        &["--input"],
        &["--no-such"],
        &["-x"],
        &["--fresh-instance=yes"],
    ] {
        let output = run("identity", arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "");
        assert!(
            stderr(&output).contains("usage: oom-host"),
            "{}",
            stderr(&output)
        );
    }
    let output = run("identity", &["--engine", "v8"], b"");
    assert!(stderr(&output).contains("--engine is one of wamr, wasmtime, wasmi, not 'v8'"));
}

#[test]
fn help_and_version() {
    let help = run("identity", &["--help"], b"");
    assert!(stdout(&help).starts_with("usage: oom-host"));
    assert_eq!(help.status.code(), Some(0));
    assert!(stdout(&run("identity", &["--version"], b"")).starts_with("oom-host 0."));
}

#[test]
fn the_module_is_looked_for() {
    let directory = directory("module");
    let plain = |variable: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oom-host"));
        command
            .current_dir(&directory)
            .env_remove("OOM_MODULE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = variable {
            command.env("OOM_MODULE", path);
        }
        finish(command, b"x\n")
    };
    let output = plain(None);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("`cargo xtask dist`"),
        "{}",
        stderr(&output)
    );

    let built = directory.join("target/wasm32v1-none/module");
    fs::create_dir_all(&built).unwrap();
    fs::copy(guest_file("counts"), built.join("oom_fluentbit.wasm")).unwrap();
    assert!(stdout(&plain(None)).starts_with("{\"n\":1}\n"));
    fs::create_dir(directory.join("dist")).unwrap();
    fs::copy(
        guest_file("identity"),
        directory.join("dist/oom-fluentbit.wasm"),
    )
    .unwrap();
    assert_eq!(stdout(&plain(None)), "{\"log\":\"x\"}\n");
    assert_eq!(stdout(&plain(Some(&guest_file("drops")))), "");

    let output = plain(Some(Path::new("/no/such.wasm")));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot read the module /no/such.wasm"));
    let output = plain(Some(&guest_file("imports")));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("env.log is imported"));
}

#[test]
fn records_do_not_wait_for_the_next_line() {
    for (form, line, record) in [
        ("text", "x\n", "{\"log\":\"x\"}\n"),
        // Whether more of this record follows is only known when nothing does.
        (
            "kmsg",
            "6,1,2,-;x\n",
            "{\"priority\":6,\"sequence\":1,\"sec\":0,\"usec\":2,\"msg\":\"x\"}\n",
        ),
    ] {
        let mut child = command("identity", &["--input", form]).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || {
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap() == 0 || sender.send(line).is_err() {
                    return;
                }
            }
        });
        for _ in 0..2 {
            stdin.write_all(line.as_bytes()).unwrap();
            assert_eq!(receiver.recv_timeout(PATIENCE).unwrap(), record);
        }
        drop(stdin);
        assert!(child.wait().unwrap().success());
        reader.join().unwrap();
    }
}

#[test]
fn a_continuation_may_come_a_moment_later() {
    let mut child = command("identity", &["--input", "kmsg"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"6,1,2,-;x\n").unwrap();
    thread::sleep(Duration::from_millis(20));
    stdin.write_all(b" DEVICE=y\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(
        stdout(&output).ends_with("\"msg\":\"x\\n DEVICE=y\"}\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_closed_output_ends_it_quietly() {
    let mut child = command("identity", &[]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    while stdin.write_all(&[b'\n'; 4096]).is_ok() {}
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_output_that_fails_is_told() {
    let mut command = command("identity", &[]);
    command.stdout(
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let output = finish(command, b"x\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot write: "),
        "{}",
        stderr(&output)
    );
}
