//! `cargo xtask demo`: the kills in a log, as Fluent Bit would see them.

mod form;
mod input;
mod kill;
mod layout;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::{FLUENT_BIT, built};
use crate::work::Work;
use crate::{tools, workspace};
use input::{Feed, Input};
use kill::Totals;

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "demo",
    arguments: "[--record | --json] [FILE | - | --live]",
    about: "shows the OOM kills in a log, found by the module in the engine that Fluent Bit uses",
    details: "
Without FILE it runs over a bundled log of a kernel that killed a lot.

  FILE      a log: plain lines (dmesg, syslog, journalctl), one JSON object to a
            line, or raw /dev/kmsg records; which, is guessed from its first lines
  -         the same from standard input, for example: dmesg | cargo xtask demo -
  --live    this machine's kernel log: what it holds now and what follows, until
            Ctrl-C

  --record  the whole record of each kill, not only the `oom` object
  --json    the whole records, one to a line, and nothing else on standard output

Kills go to standard output, everything else to standard error.",
    run,
};

/// How a kill is shown.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Style {
    /// The sentence, then the `oom` object.
    Oom,
    /// The sentence, then the whole record.
    Record,
    /// The whole record as it came, on one line.
    Json,
}

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let (style, chosen) = arguments(parser)?;
    // What cannot be read is told before anything is built.
    let input = Input::find(chosen)?;

    let module = step("building the module", "demo-module", |work| {
        FLUENT_BIT.build(work)
    })?;
    let heading = "building the harness with the engine that Fluent Bit uses (WAMR)";
    let host = step(heading, "demo-harness", |work| {
        tools::engine(work)?;
        let mut cargo = workspace::cargo();
        cargo.args(["build", "--package", "oom-host-test", "--bin", "oom-host"]);
        cargo.args(["--no-default-features", "--features", "wamr"]);
        cargo.args(["--release", "--locked"]);
        built(work, &mut cargo, "")
    })?;

    eprintln!("running over {}", input.describe());
    let feed = input.open()?;
    eprintln!("reading it as {}\n", feed.form.about());
    let mut command = Command::new(host);
    command.args(["--engine", "wamr", "--mode", "events"]);
    command.args(["--input", feed.form.name()]);
    command.arg("--module").arg(module);
    play(&mut command, feed, style)
}

/// How to show, and what.
fn arguments(parser: &mut lexopt::Parser) -> Result<(Style, Chosen), Failure> {
    use lexopt::Arg;
    let mut style = Style::Oom;
    let mut chosen = Chosen::Bundled;
    while let Some(argument) = parser.next()? {
        let next = match argument {
            Arg::Long("record") => {
                style = Style::Record;
                continue;
            }
            Arg::Long("json") => {
                style = Style::Json;
                continue;
            }
            Arg::Long("live") => Chosen::Live,
            Arg::Value(value) => Chosen::named(value),
            other => return Err(unexpected(&other)),
        };
        if !matches!(chosen, Chosen::Bundled) {
            return Err(Failure::Usage("one log at a time".to_owned()));
        }
        chosen = next;
    }
    Ok((style, chosen))
}

/// What the command line asks to read.
enum Chosen {
    Bundled,
    File(PathBuf),
    StandardInput,
    Live,
}

impl Chosen {
    fn named(value: OsString) -> Self {
        if value == "-" {
            Self::StandardInput
        } else if value == input::KERNEL_LOG {
            Self::Live
        } else {
            Self::File(value.into())
        }
    }
}

/// A piece of work of its own.
fn step<T>(
    heading: &str,
    log: &str,
    work: impl FnOnce(&Work) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let under_way = Work::start(heading, log)?;
    let result = work(&under_way);
    under_way.finish(if result.is_ok() { "done" } else { "failed" });
    result
}

/// Runs the harness, and shows each kill as it is found.
fn play(command: &mut Command, feed: Feed, style: Style) -> Result<(), Failure> {
    command.arg("--").arg(&feed.path);
    command.stdin(match feed.stream {
        Some(_) => Stdio::piped(),
        None => Stdio::null(),
    });
    // Piped, for to a terminal it would draw its progress between the kills.
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| Failure::Failed(format!("the harness cannot be run: {error}")))?;

    if let (Some(mut stream), Some(mut stdin)) = (feed.stream, child.stdin.take()) {
        // Never joined: it may wait for standard input for ever.
        thread::spawn(move || {
            // The harness tells what it could not read, and its end is seen below.
            let _ = io::copy(&mut stream, &mut stdin);
        });
    }
    let said = child.stderr.take().map(|stderr| {
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("{line}");
            }
        })
    });
    let Some(records) = child.stdout.take() else {
        return Err(Failure::Failed("the harness has no output".to_owned()));
    };
    let child = Arc::new(Mutex::new(child));
    let interrupted = interruptible(&child)?;

    let mut totals = Totals::default();
    let shown = show(BufReader::new(records), style, &mut totals);
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    if shown.is_err() {
        // The reader has gone away, as `head` does; so the rest is of no interest.
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|error| Failure::Failed(format!("the harness was lost: {error}")))?;
    if let Some(said) = said {
        let _ = said.join();
    }
    match shown {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        Err(error) => return Err(Failure::Failed(format!("cannot write: {error}"))),
        Ok(()) => {}
    }
    let interrupted = interrupted.load(Ordering::Relaxed);
    if interrupted {
        // The terminal has just shown `^C`.
        eprintln!();
    }
    if style == Style::Json {
        eprintln!("{totals}");
    } else {
        // A reader that has gone away meanwhile wants no totals.
        let _ = writeln!(io::stdout(), "{totals}");
    }
    if status.success() || interrupted {
        Ok(())
    } else {
        Err(Failure::Failed(format!("the harness failed ({status})")))
    }
}

/// From here on Ctrl-C ends the harness, and this program goes on to its last line.
fn interruptible(child: &Arc<Mutex<Child>>) -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let (child, flag) = (Arc::clone(child), Arc::clone(&interrupted));
    ctrlc::set_handler(move || {
        flag.store(true, Ordering::Relaxed);
        // Where the lock is held, the end of the harness is being waited for already.
        if let Ok(mut child) = child.try_lock() {
            let _ = child.kill();
        }
    })
    .map_err(|error| Failure::Failed(format!("Ctrl-C cannot be handled: {error}")))?;
    Ok(interrupted)
}

/// Shows the records that are kills; an error is one of writing.
fn show(mut records: impl BufRead, style: Style, totals: &mut Totals) -> io::Result<()> {
    let bold = io::stdout().is_terminal();
    let mut stdout = io::stdout().lock();
    let mut line = Vec::new();
    // An error of reading is the end of the harness, whose exit code tells.
    while records
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        if let Some(kill) = kill::read(&line) {
            totals.count(&kill);
            match style {
                Style::Json => stdout.write_all(&line)?,
                Style::Oom => kill.show(&mut stdout, kill.oom, bold)?,
                Style::Record => kill.show(&mut stdout, kill.record, bold)?,
            }
            stdout.flush()?;
        }
        line.clear();
    }
    Ok(())
}
