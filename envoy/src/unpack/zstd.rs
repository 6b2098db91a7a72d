//! zstd: frames one behind the other, each of blocks (RFC 8878).

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Broken, Step};

/// The largest window that a body may ask for: the most that RFC 9659 allows where zstd is a content
/// encoding.
const LARGEST_WINDOW: u64 = 8 << 20;
/// The most that comes out of a block.
const LARGEST_BLOCK: usize = 128 << 10;
/// What a frame's tables take, and the blocks that come out at once.
const STATE: usize = 512 << 10;
/// A frame begins so, and one that is to be skipped so but for its last four bits.
const FRAME: u32 = 0xfd2f_b528;
const SKIPPED_FRAME: u32 = 0x184d_2a50;

/// A body of zstd.
#[derive(Default)]
pub(super) struct Zstd {
    place: Place,
}

#[derive(Default)]
enum Place {
    #[default]
    Header,
    Blocks(Box<Frame>),
    /// Bytes of a frame that says nothing.
    Skipped(u32),
}

/// The frame under way.
struct Frame {
    decoder: FrameDecoder,
    header: Header,
    /// What came out of it.
    length: u64,
}

/// What a frame's header says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    length: usize,
    has_checksum: bool,
    window: u64,
    /// Absent where it does not say how long the frame's content is.
    content: Option<u64>,
}

impl Zstd {
    pub(super) fn is_between_frames(&self) -> bool {
        matches!(self.place, Place::Header)
    }

    pub(super) fn held(&self) -> usize {
        match &self.place {
            Place::Blocks(frame) => {
                let blocks = frame.decoder.blocks_decoded().saturating_mul(LARGEST_BLOCK);
                let window = usize::try_from(frame.header.window).unwrap_or(usize::MAX);
                // Its buffer grows to a power of two.
                let buffer = window.min(blocks).checked_next_power_of_two();
                buffer.unwrap_or(usize::MAX).saturating_add(STATE)
            }
            Place::Header | Place::Skipped(_) => 0,
        }
    }

    pub(super) fn step(&mut self, input: &[u8]) -> Result<Step, Broken> {
        let mut step = Step {
            taken: 0,
            piece: Vec::new(),
        };
        match &mut self.place {
            Place::Header => {
                let Some(magic) = input.first_chunk().copied().map(u32::from_le_bytes) else {
                    return Ok(step);
                };
                if magic & !0xf == SKIPPED_FRAME {
                    if let Some(length) = input.get(4..).and_then(|rest| rest.first_chunk()) {
                        step.taken = 8;
                        self.skip(u32::from_le_bytes(*length));
                    }
                } else if let Some(header) = header(magic, input)? {
                    let mut decoder = FrameDecoder::new();
                    decoder.set_max_window_size(LARGEST_WINDOW);
                    let read = input.get(..header.length).unwrap_or_default();
                    decoder.init(read).map_err(|_| Broken)?;
                    step.taken = header.length;
                    self.place = Place::Blocks(Box::new(Frame {
                        decoder,
                        header,
                        length: 0,
                    }));
                }
            }
            Place::Skipped(left) => {
                let bytes = u32::try_from(input.len()).unwrap_or(u32::MAX).min(*left);
                step.taken = usize::try_from(bytes).map_err(|_| Broken)?;
                let left = left.saturating_sub(bytes);
                self.skip(left);
            }
            Place::Blocks(frame) => {
                if let Some(block) = block(input, frame.header.has_checksum) {
                    step = frame.step(block)?;
                    if frame.decoder.is_finished() {
                        frame.check()?;
                        self.place = Place::Header;
                    }
                }
            }
        }
        Ok(step)
    }

    fn skip(&mut self, left: u32) {
        self.place = match left {
            0 => Place::Header,
            left => Place::Skipped(left),
        };
    }
}

impl Frame {
    /// Unpacks one block.
    fn step(&mut self, block: &[u8]) -> Result<Step, Broken> {
        self.decoder
            .decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| Broken)?;
        let piece = self.decoder.collect().unwrap_or_default();
        self.length = self.length.saturating_add(piece.len() as u64);
        Ok(Step {
            taken: block.len(),
            piece,
        })
    }

    /// Compares what came out of a whole frame with what it says.
    fn check(&self) -> Result<(), Broken> {
        let stated = self.decoder.get_checksum_from_data();
        let has_wrong_checksum =
            stated.is_some() && stated != self.decoder.get_calculated_checksum();
        let content = self.header.content;
        if has_wrong_checksum || content.is_some_and(|content| content != self.length) {
            return Err(Broken);
        }
        Ok(())
    }
}

/// Reads a frame's header; `None` where it is not complete.
fn header(magic: u32, input: &[u8]) -> Result<Option<Header>, Broken> {
    if magic != FRAME {
        return Err(Broken);
    }
    let Some(descriptor) = input.get(4).copied() else {
        return Ok(None);
    };
    let is_single_segment = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4_usize];
    let content = [usize::from(is_single_segment), 2, 4, 8];
    let bytes = |table: [usize; 4], bits: u8| {
        let bytes = table.get(usize::from(bits & 3)).copied();
        bytes.unwrap_or_default()
    };
    let dictionary = bytes(dictionary, descriptor);
    let content = bytes(content, descriptor >> 6);
    let behind_window = 5_usize.saturating_add(usize::from(!is_single_segment));
    let behind_dictionary = behind_window.saturating_add(dictionary);
    let length = behind_dictionary.saturating_add(content);
    let Some(text) = input.get(behind_dictionary..length) else {
        return Ok(None);
    };
    let mut number = [0; 8];
    for (slot, byte) in number.iter_mut().zip(text) {
        *slot = *byte;
    }
    let stated = u64::from_le_bytes(number);
    let content = match content {
        0 => None,
        // Smaller ones take one byte.
        2 => Some(stated.saturating_add(256)),
        _ => Some(stated),
    };
    let window = match (is_single_segment, input.get(5)) {
        (true, _) => content.unwrap_or_default(),
        (false, Some(byte)) => {
            let base = 1_u64.wrapping_shl(u32::from(byte >> 3).saturating_add(10));
            base.saturating_add((base >> 3).saturating_mul(u64::from(byte & 7)))
        }
        (false, None) => return Ok(None),
    };
    if window > LARGEST_WINDOW {
        return Err(Broken);
    }
    Ok(Some(Header {
        length,
        has_checksum: descriptor & 4 != 0,
        window,
        content,
    }))
}

/// The next block, with the checksum behind the last; `None` where it is not complete.
fn block(input: &[u8], has_checksum: bool) -> Option<&[u8]> {
    const HEADER: usize = 3;
    const REPEATED_BYTE: u32 = 1;
    let [a, b, c] = *input.first_chunk::<HEADER>()?;
    let header = u32::from_le_bytes([a, b, c, 0]);
    let is_last = header & 1 == 1;
    let size = match header >> 1 & 3 {
        REPEATED_BYTE => 1,
        _ => usize::try_from(header >> 3).ok()?,
    };
    let checksum = if is_last && has_checksum { 4 } else { 0 };
    input.get(..HEADER.saturating_add(size).saturating_add(checksum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_how_long_it_is() {
        let header = |rest: &[u8]| header(FRAME, &[&FRAME.to_le_bytes()[..], rest].concat());
        let found = |length, has_checksum, window, content| {
            Ok(Some(Header {
                length,
                has_checksum,
                window,
                content,
            }))
        };
        // A window of 2 MiB, a checksum, nothing of the content.
        assert_eq!(header(b"\x04\x58"), found(6, true, 2 << 20, None));
        assert_eq!(header(b"\x20\x07"), found(6, false, 7, Some(7)));
        assert_eq!(header(b"\x60\x01\0"), found(7, false, 257, Some(257)));
        assert_eq!(header(b"\xa0\0\0\0\x01"), Err(Broken));
        assert_eq!(header(b"\x80\0\0\0\0"), Ok(None));
        // A dictionary's number of two bytes.
        assert_eq!(header(b"\x02\0\x01\x02"), found(8, false, 1024, None));
        assert_eq!(header(b"\0\x68"), found(6, false, 8 << 20, None));
        assert_eq!(header(b"\0\x69"), Err(Broken));
        assert_eq!(header(b""), Ok(None));
    }
}
