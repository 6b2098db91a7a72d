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

impl NameBytes {
    /// Whether `name` can be a process name of at most 15 bytes.
    pub fn fits_comm(self, name: &[u8]) -> bool {
        name.len() <= COMM_BYTES
            || (self == Self::MaybeEscaped
                // No escape is longer than four bytes for one.
                && name.len() <= COMM_BYTES.saturating_mul(4)
                && shortest_form(name) <= COMM_BYTES)
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
