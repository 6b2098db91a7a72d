//! Numbers by chance, the same for the same seed (`SplitMix64`), for tests that make their own input.

/// A source of them.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A source that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` on, below `high`, which must be above it.
    pub fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    /// Below `count`.
    ///
    /// # Panics
    ///
    /// Where `count` is 0.
    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).expect("it is below a usize")
    }

    /// True once in so many times.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.index(count) == 0
    }

    /// True in `percent` of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of the values, of which there must be some.
    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.index(values.len())]
    }

    /// So many hexadecimal digits, in lower case.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.index(16)]))
            .collect()
    }

    /// Puts the values in another order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for at in (1..values.len()).rev() {
            values.swap(at, self.index(at + 1));
        }
    }
}
