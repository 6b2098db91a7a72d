//! Fluent Bit's side of the filter as a command: lines in, records out.

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_host_test::cli::main()
}
