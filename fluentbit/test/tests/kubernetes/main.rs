//! What ships in `fluentbit/kubernetes`: rendered and checked, and run in the real Fluent Bit.

mod dashboard;
mod outputs;
mod pipeline;
mod rendered;
mod rules;
