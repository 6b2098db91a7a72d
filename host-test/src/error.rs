//! What goes wrong between a host and a module.

use std::fmt;

/// Longest piece of a result that a message quotes, in characters.
const QUOTE: usize = 120;

/// Why a module was refused, or how it lost a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HostError {
    /// The engine cannot read the module: its own words.
    Load(String),
    /// The engine cannot make an instance of it: its own words.
    Instantiate(String),
    /// The engine has no way to do what this option asks.
    Unsupported {
        /// The engine's name.
        engine: &'static str,
        /// The field of [`crate::Options`].
        option: &'static str,
    },
    /// No such export. Fluent Bit logs an error for every record and drops it.
    MissingExport(String),
    /// The export is no function of the type the host calls.
    WrongType(String),
    /// The guest trapped: the engine's own words. Fluent Bit drops the record.
    Trap(String),
    /// An earlier call trapped. Fluent Bit goes on with the damaged instance; a test must not.
    Poisoned,
    /// `malloc` gave an address whose buffer does not lie in linear memory.
    OutOfMemoryAllocation(u32),
    /// The result is no string in linear memory: its address, or no NUL up to the end. Fluent Bit
    /// drops the record, and the engine's exception that it leaves behind fails the next one too.
    OutOfMemoryPointer(u32),
    /// The result is no JSON. Fluent Bit drops the record, or aborts with a double free.
    NotJson {
        /// The result up to its first NUL.
        text: Vec<u8>,
        /// What the JSON parser says.
        reason: String,
    },
    /// More than one JSON value. Fluent Bit loses the rest of the append.
    SeveralValues(Vec<u8>),
    /// One JSON value that is no object. Fluent Bit drops the record.
    NotAnObject(Vec<u8>),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(text) => write!(f, "the module cannot be loaded: {text}"),
            Self::Instantiate(text) => write!(f, "the module cannot be instantiated: {text}"),
            Self::Unsupported { engine, option } => {
                write!(f, "the engine {engine} has no {option}")
            }
            Self::MissingExport(name) => write!(f, "the module exports no {name}"),
            Self::WrongType(name) => write!(f, "the export {name} has another type"),
            Self::Trap(text) => write!(f, "the module trapped: {text}"),
            Self::Poisoned => f.write_str("the instance trapped before"),
            Self::OutOfMemoryAllocation(address) => {
                write!(f, "malloc gave {address:#x}, outside linear memory")
            }
            Self::OutOfMemoryPointer(address) => {
                write!(
                    f,
                    "the result at {address:#x} is no string in linear memory"
                )
            }
            Self::NotJson { text, reason } => {
                write!(f, "the result is no JSON ({reason}): {}", Quoted(text))
            }
            Self::SeveralValues(text) => {
                write!(f, "the result is several JSON values: {}", Quoted(text))
            }
            Self::NotAnObject(text) => {
                write!(f, "the result is no JSON object: {}", Quoted(text))
            }
        }
    }
}

impl std::error::Error for HostError {}

/// The start of a result, on one line.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.0);
        let start: String = text.chars().take(QUOTE).collect();
        write!(f, "{start:?}")?;
        if start.len() < text.len() {
            f.write_str("...")
        } else {
            Ok(())
        }
    }
}
