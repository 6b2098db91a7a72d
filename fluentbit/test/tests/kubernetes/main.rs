//! What ships in `fluentbit/kubernetes`: rendered and checked, and run in the real Fluent Bit.

mod dashboard;
mod mapping;
mod outputs;
mod pipeline;
mod rendered;
mod rules;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([
        dashboard::tests(),
        mapping::tests(),
        outputs::tests(),
        pipeline::tests(),
        rendered::tests(),
        rules::tests(),
    ])
}
