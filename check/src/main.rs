//! `oom-check`: runs a user's own configuration of Fluent Bit, Vector or Envoy against a sample kill, and says what
//! came out and what did not.
//!
//! The configuration is copied into a folder of its own. There its inputs are the sample, and its outputs are files:
//! nothing is sent anywhere, and no place in a log moves. All between the two is the user's, run by the user's program.
#![forbid(unsafe_code)]

mod envoy;
mod fluentbit;
mod kill;
mod report;
mod run;
mod sample;
mod vector;
mod yaml;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::ValueExt as _;
use report::Report;

const USAGE: &str = "\
usage: oom-check fluent-bit|vector|envoy [--program FILE] CONFIGURATION...

Runs your own configuration against a sample kill, and says what came out and what did not. It works on a copy, in
which the inputs are the sample and the outputs are files: nothing is sent, and no reader's place moves. Filters and
programs of yours run as they are. Call it in the folder, and with the variables, that your host is started with.

  --program FILE  the host, where it is not on the PATH: fluent-bit, vector or envoy
  --help, --version

Of Vector, several files are taken as one. The exit code is 0 where all is well, 1 where something is not, 2 where
nothing could be tried.
";

/// What is to be checked.
struct Task {
    host: String,
    program: Option<PathBuf>,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let task = match read(lexopt::Parser::from_env()) {
        Ok(Some(task)) => task,
        Ok(None) => return ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("oom-check: {problem}\n\n{}", USAGE.trim_end());
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    let program = task.program.unwrap_or_else(|| PathBuf::from(&task.host));
    let outcome = match (task.host.as_str(), task.files.as_slice()) {
        ("fluent-bit", [file]) => fluentbit::check(&program, file, &mut report),
        ("envoy", [file]) => envoy::check(&program, file, &mut report),
        ("vector", files) => vector::check(&program, files, &mut report),
        _ => Err("one configuration is checked at a time".to_owned()),
    };
    if let Err(problem) = outcome {
        eprintln!("oom-check: {problem}");
        return ExitCode::from(2);
    }
    if report.is_good() {
        println!("\nAll is well. Nothing was sent: the outputs were files.");
        return ExitCode::SUCCESS;
    }
    println!("\nSomething is not as it should be: see NOT above.");
    ExitCode::FAILURE
}

fn read(mut parser: lexopt::Parser) -> Result<Option<Task>, String> {
    use lexopt::Arg;
    let (mut host, mut program, mut files) = (None, None, Vec::new());
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => {
                print!("{USAGE}");
                return Ok(None);
            }
            Arg::Long("version") | Arg::Short('V') => {
                println!("oom-check {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            Arg::Long("program") => {
                program = Some(parser.value().map_err(|error| error.to_string())?.into());
            }
            Arg::Value(value) if host.is_none() => {
                host = Some(value.string().map_err(|error| error.to_string())?);
            }
            Arg::Value(value) => files.push(value.into()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let host = host.ok_or("no host is named")?;
    if !["fluent-bit", "vector", "envoy"].contains(&host.as_str()) {
        return Err(format!("there is no host '{host}'"));
    }
    if files.is_empty() {
        return Err("no configuration is named".to_owned());
    }
    Ok(Some(Task {
        host,
        program,
        files,
    }))
}
