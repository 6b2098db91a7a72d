//! The module in ClickHouse's own engine (chDB), through the SQL that ships.
//!
//! The engine takes a second to start, so it runs once for all tests that ask it the same, side by side with the others.
#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

mod engine;
mod shipped;
mod suites;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([suites::tests(), shipped::tests()])
}
