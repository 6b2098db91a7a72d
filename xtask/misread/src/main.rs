//! What a reader of logs does when a kill is not found: shows line by line what the filter took of a log, and
//! writes a suite of it whose names are replaced. `cargo xtask misread` runs it.

mod finding;
mod fixture;
mod log;
mod names;
mod replace;
mod show;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use oom_filter::lines::LineFormat;

use finding::Findings;
use fixture::Fixture;
use log::Log;

/// What the command line asks for.
struct Options {
    format: LineFormat,
    /// The log; `-` is standard input.
    log: PathBuf,
    /// The name or the path of the suite to be written.
    fixture: Option<String>,
    /// A line of the report that the suite is to hold.
    line: Option<usize>,
}

fn main() -> ExitCode {
    match options(Parser::from_env()).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("misread: {problem}");
            ExitCode::from(2)
        }
    }
}

fn options(mut parser: Parser) -> Result<Options, String> {
    let mut options = Options {
        format: LineFormat::Auto,
        log: PathBuf::new(),
        fixture: None,
        line: None,
    };
    let mut logs = 0;
    let text = |error: lexopt::Error| error.to_string();
    while let Some(argument) = parser.next().map_err(text)? {
        match argument {
            Arg::Long("input") => {
                let word = parser.value().and_then(ValueExt::string).map_err(text)?;
                options.format = match word.as_str() {
                    "auto" => LineFormat::Auto,
                    "text" => LineFormat::Text,
                    "kmsg" => LineFormat::Kmsg,
                    "ndjson" => LineFormat::Ndjson,
                    _ => {
                        return Err(format!(
                            "--input is one of: auto, text, kmsg, ndjson; not '{word}'"
                        ));
                    }
                };
            }
            Arg::Long("fixture") => {
                options.fixture = Some(parser.value().and_then(ValueExt::string).map_err(text)?);
            }
            Arg::Long("line") => {
                let line = parser.value().and_then(|value| value.parse());
                options.line = Some(line.map_err(text)?);
            }
            Arg::Value(log) => {
                options.log = log.into();
                logs += 1;
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if logs != 1 {
        return Err("it reads one log: name a FILE, or - for standard input".to_owned());
    }
    Ok(options)
}

/// Shows a log, and writes a suite of it where one is asked for. Whether every line was read that looks like a kill.
fn run(options: &Options) -> Result<bool, String> {
    let name = match options.log.as_path() {
        stdin if stdin == Path::new("-") => "standard input".to_owned(),
        path => path.display().to_string(),
    };
    let log = Log::open(&options.log, options.format)?;
    let (entries, too_long) = log.entries(options.format);
    let found = Findings::of(&entries);
    say(&show::page(
        &name,
        log.line_count(),
        log.is_turned,
        too_long,
        &found,
    ));
    if let Some(fixture) = &options.fixture {
        let (said, is_same) = Fixture::of(&entries, &found, options.line)?.write(fixture)?;
        say(&said);
        if !is_same {
            return Err("the fixture does not tell what the log tells".to_owned());
        }
    }
    Ok(found.unread().next().is_none())
}

/// Prints. A reader that has gone away, as `head` does, is no error.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
