//! The module that ships, in every engine, against what it must do.

mod adapter;
mod captures;
mod corpus;
mod imports;
mod live;
mod memory;
mod runs;
mod skip;
mod suites;
mod table;
mod vector;
