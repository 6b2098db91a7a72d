//! The module in the real Envoy.

mod clients;
mod configs;
mod faults;
mod suites;
mod unread;
mod ways;
