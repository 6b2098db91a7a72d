//! The SQL that ships, over tables made of the captures.

use oom_suite::trial::Trial;

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    Vec::new()
}
