//! How bytes become lines.

mod lines;
mod source;

pub(crate) use lines::{Line, Lines};
pub(crate) use source::{Event, Source};
