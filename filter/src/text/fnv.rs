//! FNV-1a, 64 bits: small, the same everywhere, and no secret is kept by it.

/// A hash that grows with what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one field. Its end counts: `ab`, `c` differs from `a`, `bc`.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        self.write(bytes);
        self
    }

    /// Adds another hash. The order of several does not count.
    pub(crate) fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    pub(crate) fn value(self) -> u64 {
        self.0
    }
}
