//! The harness: programs that play Fluent Bit's `filter_wasm` and judge a module as that host does.
//!
//! A suite takes an [`Engine`] of [`ENGINES`], loads the module with [`Options`] and calls it record
//! by record; [`check`] holds what can be said of a module without running it. The command `oom-host`
//! is [`cli`] over the same parts.

#[cfg(feature = "check")]
pub mod check;
pub mod cli;
mod engine;
mod error;
mod host;
mod input;
#[cfg(any(feature = "check", feature = "wasmi", feature = "wasmtime"))]
mod known;
mod options;
mod verdict;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use engine::{ENGINES, Engine, Instance, directory_engines, engine};
pub use error::HostError;
pub use options::{Frees, Length, Lifetime, Options, Pointer, Proposals};
pub use verdict::Verdict;
