//! Vector's own language engine, to run its programs as `remap` does.

use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{TargetValue, TimeZone};
use vrl::diagnostic::Formatter;
use vrl::value::{Secrets, Value};

/// A compiled program, and the engine that runs it.
pub struct Program {
    program: vrl::compiler::Program,
    runtime: Runtime,
}

impl Program {
    /// Compiles a program with every function that a `remap` transform has.
    ///
    /// # Errors
    ///
    /// What the compiler says, warnings too: a program that is handed out has none.
    pub fn compile(source: &str) -> Result<Self, String> {
        let formatted = |diagnostics| Formatter::new(source, diagnostics).to_string();
        let compiled = vrl::compiler::compile(source, &vrl::stdlib::all()).map_err(&formatted)?;
        if !compiled.warnings.is_empty() {
            return Err(formatted(compiled.warnings));
        }
        Ok(Self {
            program: compiled.program,
            runtime: Runtime::new(RuntimeState::default()),
        })
    }

    /// Runs the program on an event, in place, and gives what its last expression came to.
    ///
    /// # Errors
    ///
    /// Where the program ended early: a failed expression that nothing handles, or an `abort`.
    pub fn run(&mut self, event: &mut Value) -> Result<Value, Terminate> {
        let mut target = TargetValue {
            value: std::mem::replace(event, Value::Null),
            metadata: Value::Object(std::collections::BTreeMap::new()),
            secrets: Secrets::default(),
        };
        let outcome = self
            .runtime
            .resolve(&mut target, &self.program, &TimeZone::default());
        self.runtime.clear();
        *event = target.value;
        outcome
    }
}
