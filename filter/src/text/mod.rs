//! Bytes: read from the left, made printable, hashed.

pub(crate) mod cursor;
pub(crate) mod fnv;
pub(crate) mod printable;
