//! The module in the real Envoy.

mod clients;
mod configs;
mod faults;
mod suites;
mod undamaged;
mod unread;
mod ways;
