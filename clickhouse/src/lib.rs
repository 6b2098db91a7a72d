//! The OOM filter as functions of ClickHouse: rows of log lines in, rows of kills out.
//!
//! Nothing of OOM kills is known here. ClickHouse hands over a block of rows as `RowBinary` and wants as many rows
//! back (`ABI BUFFERED_V1`). Each row is an array of lines, and a world of its own: what is remembered between two
//! lines ends with the row. The functions and the types of their columns stand in `sql/functions.sql`.
//!
//! A fault of the module would fail the query that calls it. So what cannot be read gives a row that says so, and
//! what does not fit into memory is left out with a row that says how much.
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
        clippy::panic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that finds a fault panics"
    )
)]

#[cfg(target_family = "wasm")]
mod abi;
mod columns;
mod function;
mod input;
mod kills;
mod output;

pub use function::Function;
pub use output::{push_length, push_text};
