//! The OOM filter as a proxy-wasm module: log deliveries are rewritten on their way through Envoy.
//!
//! Nothing of OOM kills is known here, and nothing of proxies or deliveries in `oom-filter`. This
//! crate holds the formats in which log shippers send records over HTTP ([`delivery`]), the state
//! of each sender ([`senders`]), the configuration ([`settings`]), and, on WebAssembly alone, the
//! calls of the proxy (`host`).
//!
//! A delivery is somebody's evidence: what cannot be read goes on byte for byte, and of what can,
//! only the records that gain something are changed, by splicing.
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "tests may fail by panicking"
    )
)]

pub mod delivery;
#[cfg(target_family = "wasm")]
mod host;
mod json;
pub mod senders;
pub mod settings;
pub mod tally;
pub mod unpack;
