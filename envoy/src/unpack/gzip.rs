//! gzip: members one behind the other, each a deflate stream between a header and a checksum (RFC 1952).

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::{Broken, Step};

/// Bytes that are unpacked at once.
const PIECE: usize = 64 << 10;
/// A longer header is none. Its extra field has 64 KiB at most; a name and a comment have no bound.
const LONGEST_HEADER: usize = 96 << 10;
/// What the state of a deflate stream takes, with its window.
const STATE: usize = 48 << 10;

/// Bits of a header's flags: what stands in it.
const HEADER_CHECKSUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// A body of gzip.
#[derive(Default)]
pub(super) struct Gzip {
    place: Place,
    /// Checksum and length of what came out of the member under way.
    checksum: Crc32,
    length: u32,
}

#[derive(Default)]
enum Place {
    #[default]
    Header,
    Deflated(Box<InflateState>),
    Checksum,
}

impl Gzip {
    pub(super) fn is_between_members(&self) -> bool {
        matches!(self.place, Place::Header)
    }

    pub(super) fn held(&self) -> usize {
        match self.place {
            Place::Deflated(_) => STATE,
            Place::Header | Place::Checksum => 0,
        }
    }

    pub(super) fn step(&mut self, input: &[u8]) -> Result<Step, Broken> {
        let mut step = Step {
            taken: 0,
            piece: Vec::new(),
        };
        match &mut self.place {
            Place::Header => {
                if let Some(length) = header_length(input)? {
                    (self.checksum, self.length) = (Crc32::default(), 0);
                    self.place = Place::Deflated(InflateState::new_boxed(DataFormat::Raw));
                    step.taken = length;
                }
            }
            Place::Deflated(state) => {
                step.piece = vec![0; PIECE];
                let came = inflate(state, input, &mut step.piece, MZFlush::None);
                step.taken = came.bytes_consumed;
                step.piece.truncate(came.bytes_written);
                self.checksum.add(&step.piece);
                // The format has room for the lowest 32 bits.
                let length = u32::try_from(came.bytes_written).unwrap_or(u32::MAX);
                self.length = self.length.wrapping_add(length);
                match came.status {
                    Ok(MZStatus::StreamEnd) => self.place = Place::Checksum,
                    // More input is needed.
                    Ok(_) | Err(MZError::Buf) => {}
                    Err(_) => return Err(Broken),
                }
                // The end of a stream is a step too, also where its last byte was taken before.
                if matches!(self.place, Place::Checksum) && step.taken == 0 && step.piece.is_empty()
                {
                    return self.step(input);
                }
            }
            Place::Checksum => {
                if let Some((trailer, _)) = input.split_first_chunk::<8>() {
                    let expected = u64::from(self.length) << 32 | u64::from(self.checksum.value());
                    if u64::from_le_bytes(*trailer) != expected {
                        return Err(Broken);
                    }
                    self.place = Place::Header;
                    step.taken = trailer.len();
                }
            }
        }
        Ok(step)
    }
}

/// How long a member's header is; `None` where it is not complete.
fn header_length(input: &[u8]) -> Result<Option<usize>, Broken> {
    const FIXED: usize = 10;
    for (byte, expected) in input.iter().zip([0x1f, 0x8b, 8]) {
        if *byte != expected {
            return Err(Broken);
        }
    }
    let Some(flags) = input.get(3).filter(|_| input.len() >= FIXED).copied() else {
        return Ok(None);
    };
    if flags & RESERVED != 0 {
        return Err(Broken);
    }
    let mut length = FIXED;
    let mut is_complete = true;
    if flags & EXTRA != 0 {
        let size = input
            .get(length..)
            .and_then(|rest| rest.first_chunk::<2>())
            .map(|size| usize::from(u16::from_le_bytes(*size)));
        is_complete &= size.is_some();
        length = length.saturating_add(2).saturating_add(size.unwrap_or(0));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = input.get(length..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == 0);
            is_complete &= end.is_some();
            length = length.saturating_add(end.unwrap_or(0)).saturating_add(1);
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        length = length.saturating_add(2);
    }
    if is_complete && length <= input.len() {
        Ok(Some(length))
    } else if input.len() > LONGEST_HEADER {
        Err(Broken)
    } else {
        Ok(None)
    }
}

/// The checksum of gzip, in the form in which it is continued.
struct Crc32(u32);

/// What a byte does to a checksum, and what it does where up to three more follow it: four are looked up
/// at once.
const TABLES: [[u32; 256]; 4] = {
    let mut tables = [[0; 256]; 4];
    let mut place: u32 = 0;
    #[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
    while place < 4 * 256 {
        let (table, byte) = (place as usize / 256, place as usize % 256);
        tables[table][byte] = if table > 0 {
            let before = tables[table - 1][byte];
            before >> 8 ^ tables[0][before as usize % 256]
        } else {
            let mut value = place;
            let mut bit = 0;
            while bit < 8 {
                let is_odd = value & 1 == 1;
                value >>= 1;
                if is_odd {
                    value ^= 0xedb8_8320;
                }
                bit += 1;
            }
            value
        };
        place += 1;
    }
    tables
};

impl Default for Crc32 {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc32 {
    fn add(&mut self, bytes: &[u8]) {
        let [one, two, three, four] = &TABLES;
        let change = |table: &[u32; 256], byte: u8| {
            let change = table.get(usize::from(byte)).copied();
            change.unwrap_or_default()
        };
        let (fours, rest) = bytes.as_chunks::<4>();
        for bytes in fours {
            let [a, b, c, d] = (self.0 ^ u32::from_le_bytes(*bytes)).to_le_bytes();
            self.0 = change(four, a) ^ change(three, b) ^ change(two, c) ^ change(one, d);
        }
        for byte in rest {
            let [low, ..] = self.0.to_le_bytes();
            self.0 = self.0 >> 8 ^ change(one, low ^ byte);
        }
    }

    fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        let mut checksum = Crc32::default();
        checksum.add(b"123456789");
        assert_eq!(checksum.value(), 0xcbf4_3926);
    }

    #[test]
    fn a_header_is_as_long_as_its_parts() {
        let header = |flags: u8, rest: &[u8]| [&[0x1f, 0x8b, 8, flags][..], &[0; 6], rest].concat();
        for (header, length) in [
            (header(0, b""), Ok(Some(10))),
            (header(0, b"more"), Ok(Some(10))),
            (header(NAME, b"a.log\0more"), Ok(Some(16))),
            (header(EXTRA, b"\x03\0abcmore"), Ok(Some(15))),
            (
                header(EXTRA | NAME | COMMENT | HEADER_CHECKSUM, b"\x01\0xa\0b\0cc"),
                Ok(Some(19)),
            ),
            (header(HEADER_CHECKSUM, b"c"), Ok(None)),
            (header(NAME, b"a.log"), Ok(None)),
            (header(EXTRA, b"\x03"), Ok(None)),
            (vec![0x1f, 0x8b], Ok(None)),
            (vec![], Ok(None)),
            (header(0x20, b""), Err(Broken)),
            (vec![0x1f, 0x8c], Err(Broken)),
            (vec![0x1f, 0x8b, 9], Err(Broken)),
            (header(NAME, &[b'a'].repeat(LONGEST_HEADER)), Err(Broken)),
        ] {
            assert_eq!(header_length(&header), length, "{header:?}");
        }
    }
}
