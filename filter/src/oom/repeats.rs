//! How often the same container was hit.

use alloc::vec::Vec;

/// Kills counted per container, pod or cgroup, for as many of them as were hit
/// most recently.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeats {
    /// Least recently hit first.
    counts: Vec<(u64, u32)>,
}

/// A node runs far fewer containers; a machine that gathers a fleet's logs may
/// forget one that was quiet for long.
const MOST: usize = 1024;

impl Repeats {
    pub(crate) const fn new() -> Self {
        Self { counts: Vec::new() }
    }

    /// Counts a kill and returns how many came before it.
    pub(crate) fn count(&mut self, key: u64) -> u32 {
        let before = match self.counts.iter().position(|(known, _)| *known == key) {
            Some(position) => self.counts.remove(position).1,
            None => 0,
        };
        if self.counts.len() >= MOST {
            self.counts.remove(0);
        }
        self.counts.push((key, before.saturating_add(1)));
        before
    }

    /// How many came so far.
    pub(crate) fn seen(&self, key: u64) -> u32 {
        let mut counts = self.counts.iter();
        let known = counts.find(|(known, _)| *known == key);
        known.map_or(0, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut repeats = Repeats::new();
        assert_eq!(repeats.count(0), 0);
        assert_eq!(repeats.count(0), 1);
        for key in 1..=MOST as u64 {
            assert_eq!(repeats.count(key), 0);
        }
        assert_eq!(repeats.count(MOST as u64), 1);
        assert_eq!(repeats.count(0), 0);
    }
}
