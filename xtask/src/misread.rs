//! `cargo xtask misread`: what the filter takes of each line of a log, for a kill that is not found.

use std::env;

use crate::failure::Failure;
use crate::{Subcommand, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "misread",
    arguments: "[--input auto|text|kmsg|ndjson] [--fixture NAME|PATH] [--line N] FILE|-",
    about: "shows what the filter takes of each line of a log, when a kill is not found",
    details: "
Of every line that has to do with OOM it prints the number, what became of it, the message
that it was read as, and the kernel's text; in front of lines that have it in common the
prefix, what that says, and who wrote them; below, the row of docs/wordings.md at its first
use, what was not understood of a line about a kill, and what is told of a kill. Lines that
look like a kill and were not read are marked with ! and listed again at the end.

  FILE        a log in any form that the program for Vector reads, also packed by gzip or
              zstd; - is standard input
  --input     the form of its lines; auto (the default) decides for each line
  --fixture   writes filter/suites/NAME.toml, or PATH where that has a slash or ends with
              .toml: the lines concerned, with the names of machines, processes, pods and
              cgroups, ids, addresses and e-mail addresses replaced. It must not exist yet.
              Look it over before you share it
  --line      the fixture is of the report that this line is of; else of the first line that
              could not be read, else of the first report

Exit code 0: every line was read that looks like a kill; 1: some was not; 2: an error.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let mut parser = parser;
    let arguments: Vec<_> = parser.raw_args()?.collect();
    let trouble = |text: String| {
        eprintln!("xtask: {text}");
        Failure::Told(2)
    };
    workspace::run(&mut workspace::cargo(&[
        "build",
        "--quiet",
        "--package=oom-misread",
        "--locked",
    ]))
    .map_err(|failure| trouble(failure.text().to_owned()))?;
    let mut program = workspace::command(workspace::target().join("debug/oom-misread"));
    // The files are named from where the caller stands.
    if let Ok(here) = env::current_dir() {
        program.current_dir(here);
    }
    let status = program
        .args(arguments)
        .status()
        .map_err(|error| trouble(format!("cannot run oom-misread: {error}")))?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::Told(code)),
        None => Err(trouble(format!("oom-misread failed: {status}"))),
    }
}
