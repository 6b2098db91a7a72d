//! A piece of work that takes its time: a line that says what is being done and how long it has
//! taken, and a log with what the programs it runs have to say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::workspace;

/// Between two looks at a program that runs.
const LOOK: Duration = Duration::from_millis(50);
/// Between two drawings of the line.
const DRAW: Duration = Duration::from_millis(500);
/// Columns that the line may fill.
const COLUMNS: usize = 78;
/// To the start of the line, and clear it.
const CLEAR: &str = "\r\x1b[K";
/// Most lines of a log that are shown when its program failed.
const SHOWN: usize = 200;
/// Most characters of each.
const WIDTH: usize = 240;

/// Starts of log lines that do not help to understand a failure.
const NOISE: &[&str] = &[
    "   Compiling ",
    "    Checking ",
    " Documenting ",
    "  Downloaded ",
    " Downloading ",
    "    Updating ",
    "     Locking ",
    "     Running ",
    "   Doc-tests ",
    "    Finished ",
    "   Generated ",
    "running ",
    "test result: ok.",
];

/// A piece of work under way.
pub struct Work {
    heading: String,
    log: PathBuf,
    started: Instant,
    /// Whether the line can be drawn anew.
    terminal: bool,
}

impl Work {
    /// Says what begins, and makes its log `<target>/xtask/<log>.log` empty.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] where the log cannot be written.
    pub fn start(heading: &str, log: &str) -> Result<Self, Failure> {
        let folder = workspace::target().join("xtask");
        fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
        let log = folder.join(format!("{log}.log"));
        File::create(&log).map_err(|error| Failure::file("write", &log, &error))?;
        let work = Self {
            heading: heading.to_owned(),
            log,
            started: Instant::now(),
            terminal: io::stderr().is_terminal(),
        };
        write(&format!("{heading} ..."));
        Ok(work)
    }

    /// How long it has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the line with what came of it.
    pub fn finish(&self, result: &str) {
        let time = seconds(self.elapsed());
        let clear = if self.terminal { CLEAR } else { "" };
        let heading = if self.terminal {
            format!("{} ...", self.heading)
        } else {
            String::new()
        };
        write(&format!("{clear}{heading} {result} ({time})\n"));
    }

    /// Runs a program to its end, its output in the log.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] with what the program said, where it cannot be run or fails.
    pub fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let log = self.append()?;
        command.stdout(log);
        self.succeed(command, None)
    }

    /// As [`Work::run`], but gives up after a time.
    ///
    /// # Errors
    ///
    /// As [`Work::run`], and when the time is over.
    pub fn run_within(&self, command: &mut Command, limit: Duration) -> Result<(), Failure> {
        let log = self.append()?;
        command.stdout(log);
        self.succeed(command, Some(limit))
    }

    /// Runs a program to its end, its standard error in the log, and gives its standard output.
    ///
    /// # Errors
    ///
    /// As [`Work::run`].
    pub fn output(&self, command: &mut Command) -> Result<String, Failure> {
        // A file, for a pipe would have to be emptied meanwhile.
        let path = self.log.with_extension("out");
        let file = File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
        command.stdout(file);
        self.succeed(command, None)?;
        fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))
    }

    /// What the programs have said so far.
    pub fn log(&self) -> String {
        fs::read(&self.log).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    fn append(&self) -> Result<File, Failure> {
        OpenOptions::new()
            .append(true)
            .open(&self.log)
            .map_err(|error| Failure::file("write", &self.log, &error))
    }

    fn succeed(&self, command: &mut Command, limit: Option<Duration>) -> Result<(), Failure> {
        let line = line(command);
        let mut log = self.append()?;
        let said = log.metadata().map_or(0, |data| data.len());
        // The log begins with what was run, so that it can be run again.
        let _ = writeln!(log, "$ {line}");
        command.stderr(log).stdin(Stdio::null());
        let status = self
            .wait(command, limit)
            .map_err(|error| Failure::Failed(format!("`{line}` cannot be run: {error}")))?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.failed(&format!("`{line}` failed ({status})"), said)),
            None => Err(self.failed(&format!("`{line}` took too long"), said)),
        }
    }

    /// Waits for the program's end, and keeps the line fresh; nothing when the time is over.
    fn wait(
        &self,
        command: &mut Command,
        limit: Option<Duration>,
    ) -> io::Result<Option<ExitStatus>> {
        let mut child = command.spawn()?;
        let started = Instant::now();
        let mut drawn = started;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if limit.is_some_and(|limit| started.elapsed() > limit) {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            if self.terminal && drawn.elapsed() > DRAW {
                drawn = Instant::now();
                self.draw();
            }
            thread::sleep(LOOK);
        }
    }

    fn draw(&self) {
        let log = self.log();
        let last = log.lines().next_back().unwrap_or_default().trim();
        let time = self.elapsed().as_secs();
        let text = format!("{} ... {time} s  {last}", self.heading);
        let text: String = text.chars().take(COLUMNS).collect();
        write(&format!("{CLEAR}{text}"));
    }

    /// The failure with what the log holds from that place on.
    fn failed(&self, what: &str, from: u64) -> Failure {
        let log = self.log();
        let from = usize::try_from(from).unwrap_or_default();
        let kept = telling(log.get(from..).unwrap_or(&log));
        let cut = kept.len().saturating_sub(SHOWN);
        let log = workspace::short(&self.log);
        let shown: Vec<String> = kept[cut..].iter().map(|line| within(line)).collect();
        let shown = shown.join("\n    ");
        Failure::Failed(format!("{what}. All it said is in {log}:\n    {shown}"))
    }
}

/// The lines of a log that help to understand a failure.
fn telling(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| {
            let noise = line.starts_with("$ ")
                || NOISE.iter().any(|noise| line.starts_with(noise))
                || line.starts_with("test ") && line.ends_with(" ok");
            !noise && !line.trim().is_empty()
        })
        .collect()
}

/// As much of a line as is shown.
fn within(line: &str) -> String {
    let mut characters = line.chars();
    let mut start: String = characters.by_ref().take(WIDTH).collect();
    if characters.next().is_some() {
        start += " ...";
    }
    start
}

/// A duration as a person reads it.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The command as it would be typed.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for argument in command.get_args() {
        line += " ";
        line += &argument.to_string_lossy();
    }
    line
}

fn write(text: &str) {
    let mut stderr = io::stderr();
    // Nowhere is left to complain when standard error is closed.
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

#[cfg(test)]
mod tests {
    use super::telling;

    #[test]
    fn shows_what_tells() {
        let log = "$ cargo test\n   Compiling x v1\n\nrunning 2 tests\ntest a ... ok\n\
                   test b ... FAILED\n\nfailures:\ntest result: FAILED. 1 passed; 1 failed\n\
                   test result: ok. 0 passed\n";
        assert_eq!(
            telling(log),
            [
                "test b ... FAILED",
                "failures:",
                "test result: FAILED. 1 passed; 1 failed"
            ]
        );
    }
}
