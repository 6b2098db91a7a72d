//! oom.vrl in Vector's own engine against the filter: each field it gives is the filter's.

mod config;
mod fields;
mod input;
mod names;
mod reports;
mod single;
