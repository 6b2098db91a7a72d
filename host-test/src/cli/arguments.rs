//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use oom_suite::form::FORMS;

use super::show::Part;
use crate::engine::{ENGINES, Engine};

/// How it is called.
pub(super) const USAGE: &str = "usage: oom-host [--engine wamr|wasmtime|wasmi] \
[--mode annotate|rewrite|events]\n                [--input text|ndjson|kmsg|auto] \
[--show oom|record] [--fresh-instance]\n                [--module PATH] [FILE...]";

const HELP: &str = "
Hands log lines to the filter module as Fluent Bit does; records leave as NDJSON.
Standard input is read where no FILE is named, or where it is `-`.

  --engine NAME     wamr (Fluent Bit's own, the default), wasmtime or wasmi
  --mode MODE       annotate (default): every record, OOM lines with an `oom` object
                    rewrite: every record, the lines of a report as one record per kill
                    events: one record per kill and nothing else
  --input FORM      text (default): a line becomes {\"log\": line}
                    ndjson: a line is a JSON object
                    kmsg: /dev/kmsg, wrapped as by Fluent Bit's input of that name
                    auto: the one that the first line has
  --show PART       for a person: the kills alone, each as a sentence and then its
                    `oom` object (oom) or its whole record (record), and their number
  --fresh-instance  a new instance for every record, as in Fluent Bit up to 4.0
  --module PATH     the module; else $OOM_MODULE, else what `cargo xtask dist` built
  --help, --version

Exit code 1: a record or a file was lost. 2: bad usage.
";

/// The modes, and the module's function for each.
const MODES: &[(&str, &str)] = &[
    ("annotate", "oom_annotate"),
    ("rewrite", "oom_rewrite"),
    ("events", "oom_events"),
];

/// What is shown of a kill.
const PARTS: &[(&str, Part)] = &[("oom", Part::Oom), ("record", Part::Record)];

/// What is to be done.
pub(super) enum Command {
    /// Hand lines to the module.
    Run(Arguments),
    /// Print a text.
    Print(String),
}

/// What lines are handed to which module, and how.
pub(super) struct Arguments {
    pub engine: &'static dyn Engine,
    /// The module's function.
    pub function: &'static str,
    /// A row of [`FORMS`].
    pub form: usize,
    /// What a person is shown of each kill; absent: records leave as they are.
    pub show: Option<Part>,
    pub fresh_instance: bool,
    /// The module, where it is named.
    pub module: Option<PathBuf>,
    /// At least one; `-` is standard input.
    pub files: Vec<PathBuf>,
}

/// Reads the command line; an error is a sentence.
pub(super) fn parse(mut parser: Parser) -> Result<Command, String> {
    let mut arguments = Arguments {
        engine: ENGINES[0],
        function: MODES[0].1,
        form: 0,
        show: None,
        fresh_instance: false,
        module: None,
        files: Vec::new(),
    };
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("engine") => {
                let names = ENGINES.iter().map(|engine| engine.name());
                arguments.engine = ENGINES[choice(&mut parser, "engine", names)?];
            }
            Arg::Long("mode") => {
                let names = MODES.iter().map(|mode| mode.0);
                arguments.function = MODES[choice(&mut parser, "mode", names)?].1;
            }
            Arg::Long("input") => {
                arguments.form = choice(&mut parser, "input", FORMS.iter().map(|form| form.0))?;
            }
            Arg::Long("show") => {
                let names = PARTS.iter().map(|part| part.0);
                arguments.show = Some(PARTS[choice(&mut parser, "show", names)?].1);
            }
            Arg::Long("fresh-instance") => arguments.fresh_instance = true,
            Arg::Long("module") => arguments.module = Some(value(&mut parser)?.into()),
            Arg::Short('h') | Arg::Long("help") => {
                return Ok(Command::Print(format!("{USAGE}\n{HELP}")));
            }
            Arg::Short('V') | Arg::Long("version") => {
                return Ok(Command::Print(format!(
                    "oom-host {}\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            Arg::Value(file) => arguments.files.push(file.into()),
            Arg::Short(_) | Arg::Long(_) => return Err(argument.unexpected().to_string()),
        }
    }
    if arguments.files.is_empty() {
        arguments.files.push("-".into());
    }
    Ok(Command::Run(arguments))
}

fn value(parser: &mut Parser) -> Result<OsString, String> {
    parser.value().map_err(|error| error.to_string())
}

/// The option's value as its place among the names.
fn choice<'a>(
    parser: &mut Parser,
    option: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<usize, String> {
    let value = value(parser)?.string().map_err(|error| error.to_string())?;
    names.clone().position(|name| name == value).ok_or_else(|| {
        let names: Vec<_> = names.collect();
        format!("--{option} is one of {}, not '{value}'", names.join(", "))
    })
}
