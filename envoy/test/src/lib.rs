//! The real Envoy with the module in it, on loopback: what the tests and the benchmark share.
//!
//! The program is what `OOM_ENVOY` names, else `envoy` on the PATH; `cargo xtask test` installs it.
//! The module is `OOM_ENVOY_MODULE`, else what `cargo xtask dist` built. A test without them is
//! skipped.

mod client;
mod config;
mod envoy;
mod forms;
mod native;
mod packing;
mod protobuf;
mod upstream;

pub use client::{Answer, Piece, Post, Protocol, Sender};
pub use config::{Config, top};
pub use envoy::{Envoy, Program, folder, module};
pub use forms::{Entry, Form, apart, told};
pub use native::{native, oom_of};
pub use packing::Packing;
pub use upstream::{Behaviour, Upstream};

/// A runtime for one test.
///
/// # Panics
///
/// Where the machine gives no threads.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads for the test")
}
