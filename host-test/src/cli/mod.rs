//! The command `oom-host`: reads log lines, hands each to the module as Fluent Bit does, and writes
//! what comes back as NDJSON.

mod arguments;
mod clock;
mod files;
mod module;
mod notes;
mod session;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;

use arguments::{Arguments, Command, USAGE};
use files::Opened;
use notes::Notes;
use oom_suite::form::FORMS;
use session::{Session, Stop};

use crate::options::{Lifetime, Options};

/// A record, or a file, was lost.
const LOST: u8 = 1;
/// The command line asks for what there is not.
const BAD_USAGE: u8 = 2;

/// Runs the command with the process's arguments.
///
/// 0: every record went through; 1: a record or a file was lost; 2: it was called wrongly, or the
/// module is not one it can use. A closed standard output ends it without a word.
pub fn main() -> ExitCode {
    match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Command::Print(text)) => {
            // A reader that has gone away wants no help.
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Ok(Command::Run(arguments)) => {
            let mut notes = Notes::default();
            let stop = run(&arguments, &mut notes).err();
            notes.summary();
            ExitCode::from(match stop {
                Some(Stop::Module(text)) => {
                    notes.say(&text);
                    BAD_USAGE
                }
                Some(Stop::Output(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    notes.say(&format!("cannot write: {error}"));
                    LOST
                }
                Some(Stop::Output(_)) | None if notes.is_lossless() => 0,
                Some(Stop::Output(_)) | None => LOST,
            })
        }
        Err(text) => {
            Notes::default().say(&format!("{text}\n{USAGE}"));
            ExitCode::from(BAD_USAGE)
        }
    }
}

fn run(arguments: &Arguments, notes: &mut Notes) -> Result<(), Stop> {
    let wasm = module::read(arguments.module.as_deref()).map_err(Stop::Module)?;
    let lifetime = if arguments.fresh_instance {
        Lifetime::Record
    } else {
        Lifetime::Process
    };
    let options = Options {
        lifetime,
        ..Options::default()
    };
    let instance = arguments
        .engine
        .load(&wasm, &options)
        .map_err(|error| Stop::Module(format!("{}: {error}", arguments.engine.name())))?;
    let stdout = io::stdout().lock();
    let mut session = Session::new(instance, arguments.function, arguments.show, stdout, notes);
    for path in &arguments.files {
        match Opened::open(path) {
            Ok(opened) => session.file(opened, (FORMS[arguments.form].1)().as_mut())?,
            Err(error) => session.unreadable(&path.display(), &error),
        }
    }
    if !arguments.fresh_instance {
        session.release()?;
    }
    session.finish()
}
