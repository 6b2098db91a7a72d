//! What must hold of the filter beside the suites. One program, so that a change is linked once and the tests share
//! the processors.

#[path = "../common/mod.rs"]
mod common;

mod bounded;
mod broken_logs;
mod carriers;
mod cgroup_paths;
mod claimed;
mod filled;
mod journal_names;
mod nested;
mod one_container;
mod owners;
mod properties;
mod records;
mod refusal;
mod reports;
#[cfg(feature = "rules")]
mod rules;
mod schema;
#[cfg(feature = "deserialize")]
mod typed;
#[cfg(feature = "unproven")]
mod unproven;
