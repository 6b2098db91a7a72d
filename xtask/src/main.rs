//! The project's commands, called as `cargo xtask <command>`.

mod bench;
mod cluster;
mod demo;
mod dist;
mod events;
mod failure;
mod fuzz;
mod history;
mod kernels;
mod misread;
mod module;
mod mutants;
mod oci;
mod published;
mod release;
mod soak;
mod test;
mod tools;
mod web;
mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use failure::Failure;

/// A command of this program.
struct Subcommand {
    name: &'static str,
    /// What may follow the name.
    arguments: &'static str,
    /// What it does, in one line.
    about: &'static str,
    /// What else there is to know.
    details: &'static str,
    /// Reads the rest of the command line and does it.
    run: fn(lexopt::Parser) -> Result<(), Failure>,
}

/// Every command. A new one is a file beside this one and a row here.
const COMMANDS: &[Subcommand] = &[
    bench::COMMAND,
    cluster::COMMAND,
    demo::COMMAND,
    dist::COMMAND,
    events::COMMAND,
    fuzz::COMMAND,
    history::COMMAND,
    kernels::COMMAND,
    misread::COMMAND,
    mutants::COMMAND,
    oci::COMMAND,
    release::COMMAND,
    soak::COMMAND,
    test::COMMAND,
    web::COMMAND,
];

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let name = arguments
        .first()
        .map(|name| name.to_string_lossy().into_owned());
    let wants_help = name.as_deref() == Some("help")
        || arguments
            .iter()
            .any(|argument| argument == "--help" || argument == "-h");
    let command = COMMANDS
        .iter()
        .find(|command| Some(command.name) == name.as_deref());
    let usage = command.map_or_else(usage, Subcommand::usage);
    if wants_help {
        // A reader that has gone away wants no help.
        let _ = io::stdout().write_all(usage.as_bytes());
        return ExitCode::SUCCESS;
    }
    let outcome = match command {
        Some(command) => (command.run)(lexopt::Parser::from_args(arguments.drain(1..))),
        None => Err(Failure::Usage(match name {
            Some(name) => format!("there is no command '{name}'"),
            None => "no command is given".to_owned(),
        })),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(text)) => {
            eprintln!("xtask: {text}\n\n{}", usage.trim_end());
            ExitCode::from(2)
        }
        Err(Failure::Failed(text)) => {
            eprintln!("xtask: {text}");
            ExitCode::FAILURE
        }
        Err(Failure::Told(code)) => ExitCode::from(code),
    }
}

impl Subcommand {
    fn call(&self) -> String {
        format!("cargo xtask {} {}", self.name, self.arguments)
            .trim_end()
            .to_owned()
    }

    fn usage(&self) -> String {
        let Self { about, details, .. } = self;
        format!("usage: {}\n\n{about}.\n\n{}\n", self.call(), details.trim())
    }
}

/// Every command with its line.
fn usage() -> String {
    let commands: Vec<String> = COMMANDS
        .iter()
        .map(|command| format!("  {}\n      {}\n", command.call(), command.about))
        .collect();
    format!(
        "usage: cargo xtask <command> [arguments]\n\n{}\n\
         `cargo xtask <command> --help` tells more of one.\n",
        commands.concat()
    )
}

/// Reads a command line that may hold these options, each without a value: whether each is there.
///
/// # Errors
///
/// [`Failure::Usage`] for every other argument.
fn switches<const N: usize>(
    mut parser: lexopt::Parser,
    names: [&str; N],
) -> Result<[bool; N], Failure> {
    let mut given = [false; N];
    while let Some(argument) = parser.next()? {
        let place = match &argument {
            lexopt::Arg::Long(name) => names.iter().position(|known| known == name),
            _ => None,
        };
        match place {
            Some(place) => given[place] = true,
            None => return Err(argument.unexpected().into()),
        }
    }
    Ok(given)
}
