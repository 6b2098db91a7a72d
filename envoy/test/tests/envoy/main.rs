//! The module in the real Envoy.

mod configs;
mod faults;
mod suites;
mod unread;
mod ways;
