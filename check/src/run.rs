//! Runs a host's program for as long as something is expected of it.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

/// How often is looked whether what is expected is there.
const PAUSE: Duration = Duration::from_millis(100);
/// What a program gets to end by itself.
const PATIENCE: Duration = Duration::from_secs(8);

/// A folder for one call, which goes with it.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one. An error is a sentence.
    pub fn new() -> Result<Self, String> {
        let path = env::temp_dir().join(format!("oom-check-{}", process::id()));
        let failed = |error| format!("cannot make {}: {error}", path.display());
        // Not one that somebody else made.
        fs::create_dir(&path).map_err(failed)?;
        Ok(Self(path))
    }

    /// An empty folder in it.
    pub fn inner(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.0.join(name);
        let failed = |error| format!("cannot make {}: {error}", path.display());
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed)?;
        }
        fs::create_dir(&path).map_err(failed)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The loopback.
pub const HERE: &str = "127.0.0.1";

/// A port of it that nobody has now. An error is a sentence.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((HERE, 0)).and_then(|listener| listener.local_addr());
    listener
        .map(|address| address.port())
        .map_err(|error| format!("no port is free: {error}"))
}

/// Writes a file. An error is a sentence.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// What a program did.
pub struct Ran {
    /// What it printed to both outputs.
    pub said: String,
    /// It ended before it was told to.
    pub has_ended: bool,
}

/// The version that a program tells of itself, one line; an error is a sentence.
pub fn version(program: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .map_err(|error| {
            format!(
                "cannot run {}: {error}. --program names another one",
                program.display()
            )
        })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find(|line| line.bytes().any(|byte| byte.is_ascii_digit()));
    Ok(line.unwrap_or_default().trim().to_owned())
}

/// Starts a program, hands it this input, which stays open, waits until `is_done` or until the time is over, a
/// moment more, and ends it. An error is a sentence.
pub fn run(
    command: &mut Command,
    folder: &Path,
    input: &str,
    time: Duration,
    more: Duration,
    is_done: &mut dyn FnMut() -> bool,
) -> Result<Ran, String> {
    let said = folder.join("said");
    let failed = |error| {
        format!(
            "cannot run {}: {error}",
            command.get_program().to_string_lossy()
        )
    };
    let log = File::create(&said).map_err(failed)?;
    let other = log.try_clone().map_err(failed)?;
    command.stdin(Stdio::piped()).stdout(log).stderr(other);
    let failed = |error| format!("cannot run it: {error}");
    let mut child = command.spawn().map_err(failed)?;
    let mut stdin = child.stdin.take();
    if let Some(stdin) = &mut stdin {
        // A program that has ended reads nothing more, which is told below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let started = Instant::now();
    let mut has_ended = false;
    while started.elapsed() < time && !has_ended {
        if is_done() {
            thread::sleep(more);
            break;
        }
        thread::sleep(PAUSE);
        has_ended = child.try_wait().map_err(failed)?.is_some();
    }
    // Asked first, so that it ends the programs that it has started.
    let ask = format!("kill -TERM {}", child.id());
    let _ = Command::new("sh")
        .args(["-c", &ask])
        .stderr(Stdio::null())
        .status();
    let asked = Instant::now();
    while child.try_wait().map_err(failed)?.is_none() {
        if asked.elapsed() > PATIENCE {
            child.kill().map_err(failed)?;
        }
        thread::sleep(PAUSE);
    }
    let said = fs::read(&said).map_err(failed)?;
    Ok(Ran {
        said: String::from_utf8_lossy(&said).into_owned(),
        has_ended,
    })
}
