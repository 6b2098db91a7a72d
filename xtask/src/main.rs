//! The project's commands, called as `cargo xtask <command>`.

mod bench;
mod demo;
mod dist;
mod failure;
mod fuzz;
mod kernels;
mod module;
mod oci;
mod soak;
mod test;
mod tools;
mod web;
mod work;
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
    /// What there is to know besides.
    details: &'static str,
    /// Reads the rest of the command line and does it.
    run: fn(&mut lexopt::Parser) -> Result<(), Failure>,
}

/// Every command. A new one is a file, or a folder, beside this one and a row here.
const COMMANDS: &[Subcommand] = &[
    bench::COMMAND,
    demo::COMMAND,
    dist::COMMAND,
    fuzz::COMMAND,
    kernels::COMMAND,
    oci::COMMAND,
    soak::COMMAND,
    test::COMMAND,
    web::COMMAND,
];

fn main() -> ExitCode {
    let mut parser = lexopt::Parser::from_env();
    let name = match parser.next() {
        Ok(Some(lexopt::Arg::Value(name))) => name.to_string_lossy().into_owned(),
        Ok(Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h'))) => {
            return help(&usage());
        }
        Ok(None) => return bad_usage("no command is given", &usage()),
        Ok(Some(other)) => return bad_usage(&other.unexpected().to_string(), &usage()),
        Err(error) => return bad_usage(&error.to_string(), &usage()),
    };
    if name == "help" {
        return help(&usage());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return bad_usage(&format!("there is no command '{name}'"), &usage());
    };
    match (command.run)(&mut parser) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Help) => help(&command.help()),
        Err(Failure::Usage(text)) => bad_usage(&text, &command.help()),
        Err(Failure::Missing(text)) => {
            say(&text);
            ExitCode::from(2)
        }
        Err(Failure::Failed(text)) => {
            say(&text);
            ExitCode::FAILURE
        }
        Err(Failure::Told) => ExitCode::FAILURE,
    }
}

impl Subcommand {
    fn call(&self) -> String {
        format!("cargo xtask {} {}", self.name, self.arguments)
            .trim_end()
            .to_owned()
    }

    fn help(&self) -> String {
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

fn help(text: &str) -> ExitCode {
    // A reader that has gone away wants no help.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn bad_usage(problem: &str, usage: &str) -> ExitCode {
    say(&format!("{problem}\n\n{}", usage.trim_end()));
    ExitCode::from(2)
}

fn say(text: &str) {
    // Nowhere is left to complain when standard error is closed.
    let _ = writeln!(io::stderr(), "xtask: {text}");
}
