//! Kernel OOM-killer lines in, structured records out.
//!
//! When Linux runs out of memory it kills a process and prints a report, in
//! words that changed with nearly every release. This crate reads all of them,
//! 2.6.18 to 7.x and the RHEL backports, and adds to a log record who was
//! killed, in which pod and container, at whose limit, and the memory figures.
//!
//! It knows no host: no file, clock or network is touched, and nothing of a log
//! shipper is in here. It needs an allocator and no standard library.
//!
//! - [`Filter`] reads log records, line after line, and turns reports into kills.
//! - [`form`] makes records of lines, where a host has no records.
//! - [`message::parse`] reads one kernel text.
//! - [`cgroup::identify`] reads one cgroup path.
//!
//! Every process name, cgroup path and record is taken for an attacker's. No
//! input panics, costs more than linear time, or grows memory without bound.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::panic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

mod bytes;
mod carrier;
pub mod cgroup;
mod escape;
mod filter;
pub mod form;
mod hash;
mod json;
pub mod message;
mod names;
pub mod oom;
mod record;
mod scan;
mod state;
mod summary;

pub use escape::{Fidelity, printable};
pub use filter::{Arrival, Filter, Mode, Outcome};
pub use names::{Listing, LogDirectory};
pub use oom::Oom;
pub use record::IdentityKeys;
