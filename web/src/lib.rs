//! The OOM filter for JavaScript: browsers and Node.
//!
//! Nothing of OOM kills is known here. [`Filter`] takes records and gives
//! records, as in every other host; [`Reader`] takes the bytes of a log. What
//! JavaScript's users call, with its types, is written in JavaScript, in
//! `package/` beside this crate.
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod bindings;
mod reader;

pub use bindings::{Filter, Reader, level_of};
