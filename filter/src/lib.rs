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
//! ```
//! use oom_filter::{KernelLine, Machine, Streams, Told};
//! use oom_filter::cgroup::Level;
//!
//! let mut streams: Streams = Streams::new();
//! let line = KernelLine::read(
//!     b"[ 9.000001] Out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
//! );
//! let Told::Kill(kill) = streams.read(&line, b"", Machine::default()) else { panic!() };
//! assert_eq!(kill.level, Some(Level::Node));
//! assert_eq!(kill.victim.unwrap().anon_rss_bytes, Some(4096));
//! ```
//!
//! - [`Streams`] reads lines and turns reports into kills; [`KernelLine`] takes off what a log's carrier
//!   put in front of a line.
//! - [`Filter`] does the same in log records of JSON, whose bytes stay as they are.
//! - [`lines`] makes records of lines, where a host has no records.
//! - [`Oom`] is what is told of a kill. With the feature `deserialize` it is read from JSON again.
//! - With the feature `rules`, `Rules` tell whose a cgroup is by a user's own expressions.
//! - With the feature `unproven`, a [`Filter`] can be told to read what other killers write into text that
//!   anybody could have written.
//! - [`kernel::parse`] reads one kernel text, [`cgroup::identify`] one cgroup path.
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
#[cfg(feature = "rules")]
extern crate std;

mod carrier;
pub mod cgroup;
mod filter;
mod journal_names;
pub mod kernel;
mod killers;
pub mod oom;
mod record;
mod report;
#[cfg(feature = "rules")]
mod rules;
mod text;
mod units;

pub use carrier::{Author, KernelLine, NameBytes};
pub use filter::{Filter, Mode, Outcome, RecordContext, kernel_lines};
pub use oom::{KubeletDir, KubeletDirs, Oom};
pub use record::{IdentityKeys, lines};
pub use report::{Machine, ReportLine, Streams, Told, Unfinished};
#[cfg(feature = "rules")]
pub use rules::{BadRule, Rules};
pub use text::printable::printable;
