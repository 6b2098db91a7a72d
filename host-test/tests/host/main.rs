//! The harness itself: what it makes of guests that do each thing a module can do wrong.

mod check;
mod command;
mod guests;
mod options;
mod per_call;
mod streaming;
mod verdicts;
