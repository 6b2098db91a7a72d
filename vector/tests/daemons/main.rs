//! The real rsyslog, syslog-ng and journalctl with what ships for them, and the native program behind; and
//! files as these and other programs write them.
//!
//! A daemon is looked for on the PATH, where `cargo xtask test` puts what it unpacked. Without it its test
//! says so and is counted as skipped.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails panics"
)]

mod capture;
mod carriers;
mod journal;
#[path = "../../../filter/tests/filter/carriers/programs.rs"]
mod programs;
mod run;
mod syslog;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([syslog::tests(), journal::tests(), carriers::tests()])
}
