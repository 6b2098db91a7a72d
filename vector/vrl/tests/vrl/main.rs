//! `oom.vrl` and the configurations, in Vector's own language engine.

mod config;
mod lines;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use vrl::compiler::runtime::Runtime;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{TargetValue, TimeZone};
use vrl::diagnostic::Formatter;
use vrl::value::Secrets;

/// A file of the folder `vector`.
fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A compiled program, and the engine that runs it.
struct Program {
    program: vrl::compiler::Program,
    runtime: Runtime,
}

impl Program {
    /// Compiles a program with every function that a `remap` transform has. A warning is an error: a
    /// program that ships has none.
    fn compile(source: &str) -> Self {
        let formatted = |diagnostics| Formatter::new(source, diagnostics).to_string();
        let compiled = vrl::compiler::compile(source, &vrl::stdlib::all())
            .unwrap_or_else(|errors| panic!("{}", formatted(errors)));
        let warnings = compiled.warnings;
        assert!(warnings.is_empty(), "{}", formatted(warnings));
        Self {
            program: compiled.program,
            runtime: Runtime::new(RuntimeState::default()),
        }
    }

    /// Runs the program as `remap` does. Gives the event after it, and the program's value.
    fn run(&mut self, event: &Value) -> (Value, Value) {
        let mut target = TargetValue {
            value: event.clone().into(),
            metadata: vrl::value::Value::Object(BTreeMap::new()),
            secrets: Secrets::default(),
        };
        let value = self
            .runtime
            .resolve(&mut target, &self.program, &TimeZone::default())
            .unwrap_or_else(|error| panic!("{error}\n{event}"));
        self.runtime.clear();
        let json = |value: vrl::value::Value| value.try_into().expect("it is JSON");
        (json(target.value), json(value))
    }
}
