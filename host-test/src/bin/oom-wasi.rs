//! Runs a WASI program as `wasmtime run` does: `oom-wasi [--dir HOST[::GUEST]] PROGRAM [ARGUMENT...]`.
//!
//! For tests that need a process: its pipes, its end.

use std::process::ExitCode;

use oom_host_test::wasi::{Lent, Program};

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Err(problem) => {
            eprintln!("oom-wasi: {problem}");
            ExitCode::from(134)
        }
    }
}

fn run() -> Result<i32, String> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut lent = Vec::new();
    while arguments.next_if_eq("--dir").is_some() {
        let directory = arguments.next().ok_or("--dir needs a directory")?;
        let (host, guest) = directory
            .split_once("::")
            .unwrap_or((&directory, &directory));
        lent.push(Lent {
            host: host.into(),
            guest: guest.to_owned(),
        });
    }
    let path = arguments.next().ok_or("no program is named")?;
    let wasm = std::fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let program = Program::load(&wasm).map_err(|error| error.to_string())?;
    let arguments: Vec<String> = arguments.collect();
    program
        .run(&arguments, &lent)
        .map_err(|error| error.to_string())
}
