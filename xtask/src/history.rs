//! `cargo xtask history`: the kills in log files, by the module in ClickHouse's engine.

use std::env;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::CLICKHOUSE;
use crate::{Subcommand, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "history",
    arguments: "[--json] FILE...",
    about: "shows the OOM kills in log files, found inside ClickHouse's engine, without a server",
    details: "
  FILE    a log: plain lines (dmesg, syslog, journalctl), one JSON object to a line, or raw
          /dev/kmsg records; also packed (.gz, .zst, .xz). Each is a stream of its own
  --json  the whole records, one to a line, and nothing else on standard output

The engine is chDB, a package of PyPI of about 150 MB, which is installed below the target
folder at the first time; the line that does it is shown first. A file that cannot be read is
told, the others are read all the same, and the exit code is 1. The script that is run is
clickhouse/history.py, which needs nothing of this repository but the files beside it.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut arguments = Vec::new();
    let mut files = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("json") => arguments.push("--json"),
            lexopt::Arg::Value(file) => files.push(file),
            other => return Err(other.unexpected().into()),
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage("no file is named".to_owned()));
    }
    tools::install(&[COMMAND.name]);
    tools::require(COMMAND.name)?;
    let module = CLICKHOUSE.build()?;
    let folder = workspace::root().join("clickhouse");
    let mut python = workspace::command(tools::python());
    // The files are named from where the caller stands.
    python.current_dir(env::current_dir().unwrap_or_else(|_| PathBuf::from(".")));
    python.arg(folder.join("history.py")).args(arguments);
    python.arg("--module").arg(module).arg("--").args(files);
    let status = python
        .status()
        .map_err(|error| Failure::Failed(format!("cannot run Python: {error}")))?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::Told(code)),
        None => Err(Failure::Failed(format!("history.py failed: {status}"))),
    }
}
