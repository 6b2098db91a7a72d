//! What the host side and the guest side of the boxed kernels agree on.
//!
//! The guest boots as `/init`, makes OOM kills happen and knows what it did ([`truth`]); it hands
//! that and the bytes of `/dev/kmsg` to the host over a serial line ([`wire`]).

pub mod truth;
pub mod wire;
