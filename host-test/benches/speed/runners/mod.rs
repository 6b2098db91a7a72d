//! What runs records, each in a file that adds its rows to the table.

pub mod fluent_bit;
pub mod modules;
pub mod native;
