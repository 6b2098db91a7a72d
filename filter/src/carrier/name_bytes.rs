//! How long a process name may look in a line.

/// How the bytes of a name stand in a line.
///
/// ```
/// use oom_filter::NameBytes;
///
/// // Five bytes, each written as four.
/// let name = br"\x0a\x0a\x0a\x0a\x0a";
/// assert!(NameBytes::MaybeEscaped.fits_comm(name));
/// assert!(!NameBytes::Exact.fits_comm(name));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NameBytes {
    /// As the kernel has them: a record of `/dev/kmsg` once decoded.
    Exact,
    /// The carrier may have written one byte as `\xNN`, as `#NNN`, as U+FFFD or as one of U+E080 to
    /// U+E0FF (Fluent Bit's JSON), so a name may look longer than it is.
    #[default]
    MaybeEscaped,
}

/// Most bytes of a process name: `TASK_COMM_LEN` less its NUL.
const COMM_BYTES: usize = 15;
/// The same with "sched: Add support for long task name", which is under discussion, and in logs whose names
/// people replaced.
const LONG_COMM_BYTES: usize = 63;
/// Most bytes of a long name as a carrier may write it, in its longest escape.
pub(crate) const LONGEST_NAME: usize = LONG_COMM_BYTES * 4;

impl NameBytes {
    /// Whether `name` can be a process name of at most 15 bytes.
    pub fn fits_comm(self, name: &[u8]) -> bool {
        self.fits(name, COMM_BYTES)
    }

    /// Whether `name` can be one of at most 63 bytes, as kernels to come may have them. What carriers put in
    /// front of a name is no part of one: it ends with a colon or a bracket.
    pub(crate) fn fits_long_comm(self, name: &[u8]) -> bool {
        let is_prefix_end = |part: &[u8]| matches!(part, [b':' | b']' | b'|', b' ']);
        self.fits(name, LONG_COMM_BYTES) && !name.windows(2).any(is_prefix_end)
    }

    fn fits(self, name: &[u8], most: usize) -> bool {
        name.len() <= most
            || (self == Self::MaybeEscaped
                // No escape is longer than four bytes for one.
                && name.len() <= most.saturating_mul(4)
                && shortest_form(name) <= most)
    }
}

/// How many bytes `name` was before a carrier wrote some of them as escapes.
fn shortest_form(name: &[u8]) -> usize {
    let mut rest = name;
    let mut count = 0_usize;
    while let Some((first, tail)) = rest.split_first() {
        count = count.saturating_add(1);
        rest = match (first, tail) {
            (b'\\', [b'x', high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            (b'#', [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', after @ ..])
            | (0xef, [0xbf, 0xbd, after @ ..])
            | (0xee, [0x82 | 0x83, 0x80..=0xbf, after @ ..]) => after,
            _ => tail,
        };
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_name_may_look_longer_than_it_was() {
        assert!(NameBytes::MaybeEscaped.fits_comm(br"\x0a\x0a\x0a\x0a\x0a"));
        assert!(!NameBytes::Exact.fits_comm(br"\x0a\x0a\x0a\x0a\x0a"));
        assert!(!NameBytes::MaybeEscaped.fits_comm(b"sixteen letters!"));
        assert!(NameBytes::MaybeEscaped.fits_comm("\u{e0ff}".repeat(15).as_bytes()));
        assert!(!NameBytes::MaybeEscaped.fits_comm("\u{e0ff}".repeat(16).as_bytes()));
        assert!(NameBytes::MaybeEscaped.fits_comm("\u{fffd}".repeat(6).as_bytes()));
    }
}
