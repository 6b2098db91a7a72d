//! The module that ships, in every engine, against what it must do.

mod adapter;
mod captures;
mod corpus;
mod counts;
mod imports;
mod journals;
mod live;
mod logs;
mod memory;
mod names;
mod runs;
mod suites;
mod table;
mod vector;

use std::process::ExitCode;

fn main() -> ExitCode {
    oom_suite::trial::run([
        adapter::tests(),
        captures::tests(),
        corpus::tests(),
        counts::tests(),
        imports::tests(),
        journals::tests(),
        live::tests(),
        memory::tests(),
        names::tests(),
        suites::tests(),
        vector::tests(),
    ])
}
