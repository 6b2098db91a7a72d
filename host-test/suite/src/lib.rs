//! The suites of `filter/suites`, which the tests of every host read, and how lines become records.
//!
//! A suite is one TOML file. `about`, `form` and `input` say what goes in, and `fresh = true` that each
//! record meets a new instance of the filter. What the filter finds stands below: `lines` has a letter
//! for each record ([`event_of`]), `reports` tells whose line it is where there are several reports,
//! `ids` are those reports' ids. What else an `oom` object has stands in `[line]`, or for a kill in a
//! table of its own, `[kill.23]`, by the record's number, from 1. `[[truncated]]` are the reports that
//! were released without their kill. [`Suite::expected`] derives from this what must leave in each mode.
//!
//! All but the forms stands behind the feature `suites`: the harness needs the forms alone, and its
//! build for the demo is to be short.

#[cfg(feature = "suites")]
pub mod dice;
#[cfg(feature = "suites")]
mod difference;
#[cfg(feature = "suites")]
mod expected;
#[cfg(feature = "suites")]
mod file;
pub mod form;
pub mod json;
#[cfg(feature = "suites")]
pub mod program;
#[cfg(feature = "suites")]
mod suite;
#[cfg(feature = "suites")]
pub mod trial;
#[cfg(feature = "suites")]
mod write;

#[cfg(feature = "suites")]
pub use self::{
    expected::{Identity, Mode},
    file::event_of,
    suite::{Suite, value},
    write::Left,
};
