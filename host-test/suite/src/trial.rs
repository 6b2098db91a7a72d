//! Tests that may find that they cannot be done here, for binaries with `harness = false`: the runner is
//! libtest-mimic, which prints `ignored (<reason>)` and counts them.
//!
//! Such a binary's test functions have no `#[test]`. Each module lists its own with [`trials!`], and one
//! that is forgotten is dead code, which the compiler tells.
//!
//! [`trials!`]: crate::trials

use std::fmt;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed};

pub use libtest_mimic::Trial;

/// Why a test cannot be done here.
#[derive(Debug)]
pub struct Skip(String);

impl Skip {
    /// With the reason, as the runner prints it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a test function gives that may skip. A failure is a panic.
pub type Tested = Result<(), Skip>;

/// What a test function may give.
pub trait Outcome {
    /// The same, as the runner has it.
    fn completion(self) -> Completion;
}

impl Outcome for () {
    fn completion(self) -> Completion {
        Completion::Completed
    }
}

impl Outcome for Tested {
    fn completion(self) -> Completion {
        match self {
            Ok(()) => Completion::Completed,
            Err(Skip(reason)) => Completion::ignored_with(reason),
        }
    }
}

/// A test of that name in a module of a test binary, whose own name is left out.
pub fn trial<T: Outcome>(
    module: &str,
    name: &str,
    test: impl FnOnce() -> T + Send + 'static,
) -> Trial {
    let name = match module.split_once("::") {
        Some((_, module)) => format!("{module}::{name}"),
        None => name.to_owned(),
    };
    Trial::ignorable_test(name, move || Ok::<_, Failed>(test().completion()))
}

/// The tests of a module: functions without arguments that give nothing, or [`Tested`].
///
/// [`Tested`]: crate::trial::Tested
#[macro_export]
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$($crate::trial::trial(module_path!(), stringify!($test), $test)),*]
    };
}

/// Runs the tests of all modules, as the command line asks.
pub fn run(modules: impl IntoIterator<Item = Vec<Trial>>) -> ExitCode {
    let tests = modules.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
