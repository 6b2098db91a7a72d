//! Why a scenario did not do what it says.

use std::fmt;

/// The two ways of not doing it.
#[derive(Debug)]
pub enum Failure {
    /// This kernel or hierarchy has no such thing; the run is still good.
    Cannot(String),
    /// Something went wrong.
    Wrong(String),
}

impl Failure {
    /// A step that went wrong, with the system's reason.
    pub fn at(step: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Wrong(format!("{step}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cannot(why) | Self::Wrong(why) => formatter.write_str(why),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl From<nix::Error> for Failure {
    fn from(error: nix::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}
