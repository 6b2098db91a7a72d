//! Rows as ClickHouse's `RowBinary` has them.

/// The bytes that are left of a block of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The number in front of a text or an array: seven bits a byte, the lowest first. `None` where it is cut off,
    /// or more than 32 bits can say.
    pub(crate) fn length(&mut self) -> Option<usize> {
        let mut value: u32 = 0;
        for place in 0..5_u32 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u32::from(byte & 0x7f);
            let shifted = bits << place.saturating_mul(7);
            if shifted >> place.saturating_mul(7) != bits {
                return None;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return usize::try_from(value).ok();
            }
        }
        None
    }

    /// A text, or the bytes of what is called one.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    /// A whole number of 64 bits.
    pub(crate) fn number(&mut self) -> Option<i64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn lengths_that_lie_are_none() {
        assert_eq!(Input::new(&[0xac, 0x02]).length(), Some(300));
        assert_eq!(
            Input::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).length(),
            Some(0xffff_ffff)
        );
        for bytes in [
            &[][..],
            &[0x80],
            &[0xff, 0xff, 0xff, 0xff, 0x1f],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
        ] {
            assert_eq!(Input::new(bytes).length(), None, "{bytes:?}");
        }
        assert_eq!(Input::new(b"\x03ab").text(), None);
        assert_eq!(Input::new(b"\x02ab").text(), Some(&b"ab"[..]));
        assert_eq!(Input::new(&[1; 7]).number(), None);
    }
}
