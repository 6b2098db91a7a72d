//! The program, against an API server that answers as the real one does, refuses, stalls and goes away.

mod cases;
mod program;
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([cases::tests()])
}
