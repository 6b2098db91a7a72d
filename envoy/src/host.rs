//! What the proxy calls: one root for each configuration of a worker, one stream for each request.

mod metrics;
mod request;
mod root;

use cap::Cap;
use proxy_wasm::traits::RootContext;
use std::alloc::System;

/// The allocator of Rust's standard library, which says how much is allocated.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(root::Root::default()) });
}}
