//! The same job as one would write it in an afternoon, with `serde_json` and `regex-lite`, to measure the
//! module against: every record is parsed, every text is searched for three patterns, and a record in
//! which one is found gains what it captured.
//!
//! It is kind to itself: a record that holds nothing goes back by its own pointer. It knows one wording
//! of the kernel, keeps no state and believes every name.
//!
//! On any other target than WebAssembly this crate is empty.

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(target_family = "wasm")]
mod annotate;
