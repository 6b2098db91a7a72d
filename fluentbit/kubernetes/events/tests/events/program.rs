//! The program, started and stopped.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oom_fluentbit_test::{Running, free_port, get};
use serde_json::{Value, json};

/// Longest time for what shall come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running one.
pub struct Program {
    pub kills: SocketAddr,
    pub figures: SocketAddr,
    process: Running,
}

impl Program {
    /// Starts it with an API server at `api`, and a second that is a twentieth of one.
    pub fn start(api: SocketAddr, arguments: &[&str]) -> Self {
        let address = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (kills, figures) = (address(), address());
        let mut command = Command::new(env!("CARGO_BIN_EXE_oom-events"));
        command
            .arg("--node=worker-1")
            .arg(format!("--api-server=http://{api}"))
            .arg(format!("--listen={kills}"))
            .arg(format!("--metrics={figures}"))
            .args(["--interval=0.05", "--timeout=0.5"])
            .args(arguments)
            .stderr(Stdio::null());
        let process = Running::start(&mut command);
        until("it listens", || get(figures, "/").is_some());
        Self {
            kills,
            figures,
            process,
        }
    }

    /// Hands records over, and says how long the answer took, which has to be a success.
    pub fn take(&self, records: &[Value]) -> Duration {
        self.take_body(&json!(records).to_string())
    }

    /// Hands a body over.
    pub fn take_body(&self, body: &str) -> Duration {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(self.kills).expect("it listens");
        let head = format!(
            "POST /kills HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(body.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        begun.elapsed()
    }

    /// A figure, with its labels as they stand on the page.
    pub fn figure(&self, name: &str) -> u64 {
        let page = get(self.figures, "/metrics").unwrap_or_default();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map_or(0, |value| value.parse().expect("a number"))
    }

    /// Waits until it has told so many kills.
    pub fn told(&self, kills: u64) {
        until("all is told", || {
            self.figure("oom_events_told_total") >= kills
        });
        assert_eq!(self.figure("oom_events_told_total"), kills);
    }

    /// Whether it runs, and the most memory that it had, in KiB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.expect("a line of it").parse().expect("a number")
    }

    /// Asks it to end, and waits until it has.
    pub fn end(mut self) {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").arg(id).status();
        assert!(asked.expect("there is a kill").success());
        until("it ends", || self.process.ended().is_some());
    }
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    let mut holds = holds;
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The record of a kill of process `pid` in pod `pod`.
pub fn kill(pod: u64, pid: u64) -> Value {
    json!({
        "kubernetes": {
            "pod_id": format!("c301aa9c-d87b-464f-a5da-{pod:012}"), "pod_name": format!("hog-{pod}"),
            "namespace_name": "shop", "container_name": "api",
        },
        "oom": {
            "event": "kill", "killer": "kernel", "level": "pod", "id": format!("{pid:016x}"),
            "origin": "kernel", "summary": format!("'tail' (pid {pid}) was killed."),
            "victim": {"pid": pid, "comm": "tail"}, "container_outcome": "survives",
        },
    })
}
