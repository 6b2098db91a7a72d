//! The module that ships, in every engine, against what it must do.

mod adapter;
mod captures;
mod corpus;
mod counts;
mod imports;
mod live;
mod logs;
mod memory;
mod names;
mod runs;
mod skip;
mod suites;
mod table;
mod vector;
