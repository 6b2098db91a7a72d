//! The program as a process: its pipes, its end, and what stands around it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::Value;

use super::path;

/// Longest time to wait for what must come.
const PATIENCE: Duration = Duration::from_mins(2);

fn kill(pid: u32) -> String {
    format!("Out of memory: Killed process {pid} (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n")
}

/// The program, run by wasmtime with these options in front of its name.
fn command(lent: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oom-wasi"));
    for directory in lent {
        command.args(["--dir", directory]);
    }
    command.arg(path()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

/// A process that ends with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }

    fn stdin(&mut self) -> ChildStdin {
        self.0.stdin.take().expect("a pipe")
    }

    fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("a pipe")
    }

    /// The records it writes, as they come.
    fn records(&mut self) -> Receiver<Value> {
        let (sender, records) = mpsc::channel();
        let out = BufReader::new(self.stdout());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let record = serde_json::from_str(&line).expect("every line is JSON");
                if sender.send(record).is_err() {
                    return;
                }
            }
        });
        records
    }

    /// Its end: the exit code, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut err = self.0.stderr.take().expect("a pipe");
        err.read_to_string(&mut said).expect("text");
        (self.0.wait().expect("it ends").code(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pid(records: &Receiver<Value>) -> u64 {
    let record = records.recv_timeout(PATIENCE).expect("a record in time");
    record["oom"]["victim"]["pid"].as_u64().expect("a kill")
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_line_leaves_before_the_next_one_comes,
        a_closed_output_ends_it_quietly,
        a_full_output_loses_nothing,
        one_that_is_killed_loses_what_it_had_read_and_no_more,
        a_file_that_is_rotated_is_followed,
        a_device_is_followed_from_its_beginning_or_its_end
    ]
}

fn a_line_leaves_before_the_next_one_comes() {
    for (form, mark) in [("text", ""), ("kmsg", "3,1,1,-;"), ("auto", "3,1,1,-;")] {
        let mut running = Running::start(&mut command(&[], &["--input", form]));
        let mut stdin = running.stdin();
        let records = running.records();
        for number in 1..=3 {
            write!(stdin, "{mark}{}", kill(number)).expect("it reads");
            assert_eq!(pid(&records), u64::from(number), "{form}");
        }
        drop(stdin);
        assert_eq!(running.end(), (Some(0), String::new()));
    }
}

fn a_closed_output_ends_it_quietly() {
    let mut running = Running::start(&mut command(&[], &[]));
    drop(running.stdout());
    let mut stdin = running.stdin();
    // Until it has ended and the pipe breaks.
    while stdin.write_all(kill(1).as_bytes()).is_ok() {}
    assert_eq!(running.end(), (Some(0), String::new()));
}

fn a_full_output_loses_nothing() {
    const RECORDS: u32 = 20_000;
    let mut running = Running::start(&mut command(&[], &[]));
    let mut stdin = running.stdin();
    let writer = thread::spawn(move || {
        for number in 1..=RECORDS {
            stdin.write_all(kill(number).as_bytes()).expect("it reads");
        }
    });
    // Both pipes are full by far before anything is read.
    let mut out = running.stdout();
    thread::sleep(Duration::from_secs(1));
    assert!(!writer.is_finished(), "the input waits for the output");
    let mut all = String::new();
    out.read_to_string(&mut all).expect("text");
    writer.join().expect("all was written");
    let pids: Vec<u64> = all
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a record"))
        .map(|record| record["oom"]["victim"]["pid"].as_u64().expect("a kill"))
        .collect();
    assert_eq!(pids, (1..=u64::from(RECORDS)).collect::<Vec<_>>());
    assert_eq!(running.end(), (Some(0), String::new()));
}

/// As Vector does it: killed in the middle of its work, started again on the same pipe.
fn one_that_is_killed_loses_what_it_had_read_and_no_more() {
    let folder = folder("killed");
    let fifo = folder.join("pipe");
    let made = Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    // Both ends, so that the pipe outlives its reader, as a log does.
    let mut pipe = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&fifo)
        .expect("a pipe");
    let start = || {
        let input = File::open(&fifo).expect("the pipe");
        Running::start(command(&[], &["--mode", "events"]).stdin(input))
    };
    let mut first = start();
    let records = first.records();
    pipe.write_all(kill(1).as_bytes()).expect("written");
    assert_eq!(pid(&records), 1);
    pipe.write_all(b"Out of memory: Killed process 2 (a) tot")
        .expect("written");
    first.0.kill().expect("killed");
    first.0.wait().expect("it ended");
    // A process that dies in the middle of a line leaves the rest of it to the next one.
    pipe.write_all(format!("al-vm:8kB\n{}{}", kill(3), kill(4)).as_bytes())
        .expect("written");
    let mut second = start();
    let records = second.records();
    let next = pid(&records);
    // Unless the first one had not come to read it yet.
    let next = if next == 2 { pid(&records) } else { next };
    assert_eq!(next, 3);
    assert_eq!(pid(&records), 4);
}

/// As the README has it for log files: `tail -F` follows the name, the program reads the pipe.
fn a_file_that_is_rotated_is_followed() {
    let folder = folder("rotated");
    let log = folder.join("kern.log");
    fs::write(&log, "").expect("a log");
    let mut tail = Command::new("tail")
        .args(["-n", "0", "-s", "0.1", "-F"])
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("tail");
    let input = tail.stdout.take().expect("a pipe");
    let tail = Running(tail);
    let mut running = Running::start(command(&[], &["--mode", "events"]).stdin(input));
    let records = running.records();
    let append = |text: &str| {
        let file = OpenOptions::new().append(true).create(true).open(&log);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("written");
    };
    // Before it is there to see it, a line might be before the place where tail begins.
    let mut number = 1;
    let seen = loop {
        append(&kill(number));
        if let Ok(record) = records.recv_timeout(Duration::from_millis(500)) {
            break record["oom"]["victim"]["pid"].as_u64().expect("a kill");
        }
        number += 1;
        assert!(number < 200, "nothing comes");
    };
    for later in seen + 1..=u64::from(number) {
        assert_eq!(pid(&records), later);
    }
    append(&kill(1001));
    fs::rename(&log, folder.join("kern.log.1")).expect("rotated");
    fs::write(&log, kill(1002)).expect("a new log");
    append(&kill(1003));
    for expected in 1001..=1003 {
        assert_eq!(pid(&records), expected);
    }
    drop(tail);
    assert_eq!(running.end().0, Some(0));
}

/// The kernel log of this machine. A line that root writes into it ends the wait.
fn a_device_is_followed_from_its_beginning_or_its_end() -> Tested {
    let write = |text: String| {
        // One write is one record.
        let device = OpenOptions::new().write(true).open("/dev/kmsg");
        device.and_then(|mut device| device.write_all(text.as_bytes()))
    };
    let before = format!("oom-vector: a test begins, {}", std::process::id());
    if let Err(error) = File::open("/dev/kmsg").and_then(|_| write(before.clone())) {
        return Err(Skip::new(format!("/dev/kmsg cannot be used: {error}")));
    }
    for (start, has_old) in [("end", false), ("beginning", true)] {
        let mark = format!("oom-vector: {start}, {}", std::process::id());
        let arguments = ["--start", start, "/dev/kmsg"];
        let mut running = Running::start(&mut command(&["/dev"], &arguments));
        let records = running.records();
        let mut seen = Vec::new();
        // Its compilation takes a while, and then it has to wait once.
        for number in 0..120 {
            write(format!("{mark} {number}")).expect("it was written to before");
            thread::sleep(Duration::from_secs(1));
            seen.extend(records.try_iter());
            if seen.iter().any(|record| begins(record, &mark)) {
                break;
            }
        }
        let marked = seen.iter().find(|record| begins(record, &mark));
        let marked = marked.expect("it follows the device");
        assert_eq!(marked["facility"], 1, "root's own, not the kernel's");
        let has_before = seen.iter().any(|record| begins(record, &before));
        assert_eq!(has_before, has_old, "from the {start}");
    }
    Ok(())
}

fn begins(record: &Value, mark: &str) -> bool {
    let message = record["message"].as_str();
    message.is_some_and(|message| message.starts_with(mark))
}

/// A folder of the test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("it can be made anew");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
