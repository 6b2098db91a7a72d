//! The OOM filter as a program, for Vector's `exec` source or any pipe.
//!
//! It reads kernel lines from a file, a device or standard input and writes one JSON object per line.
//! It is built for the machine itself, or for WASI preview 1, which a runtime such as wasmtime runs in
//! a sandbox. Everything about OOM kills is in `oom_filter`.
#![forbid(unsafe_code)]
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::panic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that fails panics"
    )
)]

mod arguments;
mod backlog;
mod buffer;
mod gaps;
mod names;
mod notes;
mod output;
mod session;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::ExitCode;

use arguments::{Options, Request};
use oom_filter::Rules;
use oom_unpack::Unpacked;
use session::Session;

/// Bytes that are read of a file of rules: more than the most rules have.
const LONGEST_RULES: u64 = 256 << 10;

fn main() -> ExitCode {
    match arguments::read(lexopt::Parser::from_env()) {
        Ok(Request::Help) => {
            output::say_out(arguments::USAGE);
            ExitCode::SUCCESS
        }
        Ok(Request::Version) => {
            output::say_out(concat!("oom-vector ", env!("CARGO_PKG_VERSION"), "\n"));
            ExitCode::SUCCESS
        }
        Ok(Request::Run(options)) => run(&options),
        Err(problem) => {
            notes::say(&format!("{problem}\n\n{}", arguments::USAGE.trim_end()));
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> ExitCode {
    if let Some(names) = &options.names
        && let Err(error) = std::fs::read_dir(names)
    {
        notes::say(&format!(
            "cannot read {}: {error}. Kills get no names.{}",
            names.display(),
            runtime_hint(" For wasmtime, name the directory with --dir too.")
        ));
    }
    let rules = match options.rules.as_deref().map(read_rules).transpose() {
        Ok(rules) => rules,
        Err(problem) => {
            notes::say(&problem);
            return ExitCode::from(2);
        }
    };
    let (input, is_device) = match open(options) {
        Ok(opened) => opened,
        Err(problem) => {
            notes::say(&problem);
            return ExitCode::from(2);
        }
    };
    let mut session = Session::new(options, rules, is_device);
    let read = pump(input, is_device, &mut session);
    let written = session.finish();
    match read.and(written) {
        Err(error) if !output::is_closed(&error) => {
            notes::say(&format!("it ends here: {error}"));
            ExitCode::FAILURE
        }
        // A closed output is how a pipeline usually ends, not an error.
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// The user's own rules.
fn read_rules(path: &Path) -> Result<Rules, String> {
    let name = path.display();
    let mut text = String::new();
    let file = File::open(path).map_err(|error| {
        let hint = runtime_hint(". For wasmtime, name its directory with --dir too.");
        format!("cannot open {name}: {error}{hint}")
    })?;
    (file.take(LONGEST_RULES))
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read {name}: {error}"))?;
    Rules::read(&text).map_err(|problem| format!("{name}: {problem}"))
}

/// Advice that applies only inside a WASI runtime; elsewhere nothing.
fn runtime_hint(advice: &str) -> &str {
    if cfg!(target_os = "wasi") { advice } else { "" }
}

/// The input, and whether it is a device.
fn open(options: &Options) -> Result<(Box<dyn Read>, bool), String> {
    let (input, name): (Box<dyn Read>, _) = match &options.file {
        None => (Box::new(io::stdin().lock()), "standard input".to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let problem = |error: io::Error| {
                format!(
                    "cannot open {name}: {error}{}",
                    runtime_hint(
                        ". A WASI runtime opens no directory unless it is told to: for wasmtime, \
                         by --dir and the file's directory, before the module's name."
                    )
                )
            };
            let file = File::open(path).map_err(problem)?;
            let kind = file.metadata().map_err(problem)?.file_type();
            if kind.is_dir() {
                return Err(format!("{name} is a directory"));
            }
            if !kind.is_file() {
                return Ok((Box::new(file), true));
            }
            (Box::new(file), name)
        }
    };
    let input = Unpacked::new(input).map_err(|error| format!("cannot read {name}: {error}"))?;
    Ok((Box::new(input), false))
}

/// Reads to the end of the input. An output error comes from [`Session::take`].
fn pump(mut input: Box<dyn Read>, is_device: bool, session: &mut Session) -> io::Result<()> {
    loop {
        match session.read(&mut *input) {
            Ok(0) => return Ok(()),
            Ok(length) => session.take(length)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // `/dev/kmsg` overwrote records that were not read yet. It reports that once; the next
            // read gives the oldest record it still holds.
            Err(error) if is_device && error.kind() == ErrorKind::BrokenPipe => session.overrun(),
            Err(error) => {
                return Err(io::Error::other(format!("cannot read the input: {error}")));
            }
        }
    }
}
