//! Where a body of snappy ends. It says how long it is unpacked, and nothing marks its end.

/// How far a body has been looked at.
#[derive(Debug, Default)]
pub(in super::super) struct Elements {
    /// Bytes that have been looked at.
    seen: usize,
    /// How many bytes come out of all of it, once that is known.
    length: Option<usize>,
    /// How many come out of what has been looked at.
    out: usize,
}

impl Elements {
    /// Looks at what came since; whether all of the body is there.
    pub(in super::super) fn are_complete(&mut self, data: &[u8]) -> bool {
        if data.is_empty() {
            return false;
        }
        if self.length.is_none() {
            let Ok(length) = snap::raw::decompress_len(data) else {
                return false;
            };
            let end = data.iter().position(|byte| *byte < 0x80);
            self.seen = end.map_or(0, |end| end.saturating_add(1));
            self.length = Some(length);
        }
        while let Some((bytes, out)) = data.get(self.seen..).and_then(element)
            && self.seen.saturating_add(bytes) <= data.len()
        {
            self.seen = self.seen.saturating_add(bytes);
            self.out = self.out.saturating_add(out);
        }
        self.length.is_some_and(|length| self.out >= length)
    }
}

/// How many bytes the first element takes, and how many come out of it.
fn element(data: &[u8]) -> Option<(usize, usize)> {
    let (tag, rest) = data.split_first()?;
    let upper = usize::from(tag >> 2);
    let length = upper.saturating_add(1);
    Some(match tag & 3 {
        // Bytes as they are; where there are more than 60, their number stands behind the tag.
        0 if length <= 60 => (length.saturating_add(1), length),
        0 => {
            let size = length.saturating_sub(60);
            let mut number = [0; 4];
            for (slot, byte) in number.iter_mut().zip(rest.get(..size)?) {
                *slot = *byte;
            }
            let length = usize::try_from(u32::from_le_bytes(number)).ok()?;
            let length = length.saturating_add(1);
            let bytes = length.saturating_add(size).saturating_add(1);
            (bytes, length)
        }
        // Copies of what came out before, from one, two or four bytes of distance.
        1 => (2, (upper & 7).saturating_add(4)),
        2 => (3, length),
        _ => (5, length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_complete_with_its_last_byte() {
        let long: Vec<u8> = (0..3000_u32).flat_map(u32::to_le_bytes).collect();
        let repeated = b"usb 1-1: new device, usb 1-1: new device".repeat(400);
        for text in [&b""[..], b"a", &long, &repeated, &[7; 100]] {
            let packed = snap::raw::Encoder::new().compress_vec(text).unwrap();
            let mut elements = Elements::default();
            let ends = (0..=packed.len()).find(|end| elements.are_complete(&packed[..*end]));
            assert_eq!(ends, Some(packed.len()), "{}", text.len());
        }
    }
}
