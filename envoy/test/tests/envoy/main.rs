//! The module in the real Envoy.

mod bulk;
mod clients;
mod configs;
mod faults;
mod senders;
mod suites;
mod undamaged;
mod unread;
mod ways;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([
        bulk::tests(),
        clients::tests(),
        configs::tests(),
        faults::tests(),
        senders::tests(),
        suites::tests(),
        undamaged::tests(),
        unread::tests(),
        ways::tests(),
    ])
}
