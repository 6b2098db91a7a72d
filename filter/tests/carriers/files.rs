//! Files that are no lines.

use crate::carrier::Carrier;

pub const CARRIERS: &[Carrier] = &[];
