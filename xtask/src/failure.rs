//! Why a command did not do what it was asked for.

use std::fmt::Display;
use std::path::Path;

/// Why a command ended. Every text is a sentence or several, for a person.
#[derive(Debug)]
pub enum Failure {
    /// No failure: its help was asked for.
    Help,
    /// It was called wrongly. Exit code 2.
    Usage(String),
    /// The machine lacks something, and the text says what to do. Exit code 2.
    Missing(String),
    /// It went wrong. Exit code 1.
    Failed(String),
    /// It went wrong and has said so. Exit code 1.
    Told,
}

impl Failure {
    /// A file could not be used: `cannot read x: permission denied`.
    pub fn file(verb: &str, path: &Path, error: &dyn Display) -> Self {
        Self::Failed(format!("cannot {verb} {}: {error}", path.display()))
    }

    /// What there is to tell.
    pub fn text(&self) -> &str {
        match self {
            Self::Help | Self::Told => "",
            Self::Usage(text) | Self::Missing(text) | Self::Failed(text) => text,
        }
    }

    /// Why, in one line: the first that a missing thing has to tell, the last that a program said,
    /// which names the cause in most.
    pub fn reason(&self) -> &str {
        let mut lines = self.text().lines();
        let line = if matches!(self, Self::Missing(_)) {
            lines.next()
        } else {
            lines.next_back()
        };
        line.unwrap_or_default().trim()
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

/// What an argument that a command does not take comes to: [`Failure::Help`] for the help option,
/// else [`Failure::Usage`].
pub fn unexpected(argument: &lexopt::Arg<'_>) -> Failure {
    use lexopt::Arg;
    match argument {
        Arg::Long("help") | Arg::Short('h') => Failure::Help,
        Arg::Long(name) => Failure::Usage(format!("there is no option --{name}")),
        Arg::Short(name) => Failure::Usage(format!("there is no option -{name}")),
        Arg::Value(value) => Failure::Usage(format!(
            "'{}' is more than is asked for",
            value.to_string_lossy()
        )),
    }
}
