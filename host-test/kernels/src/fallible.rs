//! Errors of a command-line program: text for a person.

use std::error::Error;

/// Any error, to be printed.
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// Puts the step that failed in front of an error.
pub trait At<T> {
    /// `step: error`.
    fn at(self, step: impl std::fmt::Display) -> Fallible<T>;
}

impl<T, E: std::fmt::Display> At<T> for Result<T, E> {
    fn at(self, step: impl std::fmt::Display) -> Fallible<T> {
        self.map_err(|error| format!("{step}: {error}").into())
    }
}
