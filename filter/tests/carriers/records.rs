//! Records that shippers and exports make of a line.

use crate::carrier::Carrier;

pub const CARRIERS: &[Carrier] = &[];
