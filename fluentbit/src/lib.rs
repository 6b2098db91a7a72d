//! The OOM filter as a module for Fluent Bit's `filter_wasm`.
//!
//! Nothing of OOM kills is known here, and nothing of Fluent Bit in
//! `oom-filter`. This crate holds what the host demands: the functions it calls
//! (`abi`), blocks of memory it fills (`blocks`), memory set aside so that no
//! allocation fails in the middle of a record (`reserve`), and the names its
//! users give to Kubernetes identity. With the feature `names` it reads the
//! kubelet's directories (`directories`), through WASI (`wasi`).
//!
//! A trap costs a record, and on Fluent Bit 4.1 and newer the instance lives as
//! long as the process: it must not be possible.
//!
//! On any other target than WebAssembly this crate is empty.
#![cfg_attr(target_family = "wasm", no_std)]
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(target_family = "wasm")]
extern crate alloc;

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(target_family = "wasm")]
mod blocks;
#[cfg(all(target_family = "wasm", feature = "names"))]
mod directories;
#[cfg(target_family = "wasm")]
mod module;
#[cfg(target_family = "wasm")]
mod reserve;
#[cfg(all(target_family = "wasm", feature = "names"))]
mod wasi;
