//! Why a command did not do what it was asked for.

use std::fmt::Display;
use std::path::Path;

/// Why a command ended. Every text is for a person.
#[derive(Debug)]
pub enum Failure {
    /// It was called with arguments that it does not take. Exit code 2.
    Usage(String),
    /// It went wrong. Exit code 1.
    Failed(String),
    /// The program that was run has said what there is to say, and ended with this exit code.
    Told(u8),
}

impl Failure {
    /// A file could not be used: `cannot read x: permission denied`.
    pub fn file(verb: &str, path: &Path, error: &dyn Display) -> Self {
        Self::Failed(format!("cannot {verb} {}: {error}", path.display()))
    }

    /// What happened.
    pub fn text(&self) -> &str {
        match self {
            Self::Usage(text) | Self::Failed(text) => text,
            Self::Told(_) => "the program said why",
        }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
