//! Packed bodies, unpacked piece by piece.
//!
//! Envoy's own decompressor in front of this filter would lose what it cannot unpack: all members of a
//! gzip body but the first, the rest of a broken one, of zstd what is packed tighter than a hundred to
//! one. Its sender would be told that all was accepted.

mod gzip;
mod zstd;

use gzip::Gzip;
use zstd::Zstd;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip, of one member or several.
    Gzip,
    /// zstd, of one frame or several.
    Zstd,
}

impl Packing {
    /// What `content-encoding` says, where it is one that is unpacked here.
    ///
    /// ```
    /// use oom_envoy::unpack::Packing;
    ///
    /// assert_eq!(Packing::of(b"gzip"), Some(Packing::Gzip));
    /// assert_eq!(Packing::of(b"br"), None);
    /// ```
    pub fn of(content_encoding: &[u8]) -> Option<Self> {
        let encoding = content_encoding.trim_ascii();
        let is = |name: &[u8]| encoding.eq_ignore_ascii_case(name);
        if is(b"gzip") || is(b"x-gzip") {
            Some(Self::Gzip)
        } else if is(b"zstd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }
}

/// A body that is not packed as it says, or whose checksum is wrong, or that breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Unpacks one body.
///
/// ```
/// use oom_envoy::unpack::{Packing, Unpacker};
///
/// let mut unpacker = Unpacker::new(Packing::Gzip);
/// unpacker.feed(b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0");
/// assert_eq!(unpacker.next_piece().unwrap().unwrap(), b"a");
/// assert_eq!(unpacker.next_piece().unwrap(), None);
/// assert!(unpacker.finish().is_ok());
/// ```
pub struct Unpacker {
    format: Format,
    /// What was fed.
    input: Vec<u8>,
    /// How much of that is unpacked. It is taken out when more is fed: what is packed tight comes out in
    /// many pieces, and to move the rest for each would take long.
    done: usize,
}

enum Format {
    Gzip(Gzip),
    Zstd(Zstd),
}

/// What one step of unpacking came to.
struct Step {
    /// Bytes of the input that are done with.
    taken: usize,
    /// What came out.
    piece: Vec<u8>,
}

impl Unpacker {
    /// One for a body that is packed so.
    pub fn new(packing: Packing) -> Self {
        Self {
            format: match packing {
                Packing::Gzip => Format::Gzip(Gzip::default()),
                Packing::Zstd => Format::Zstd(Zstd::default()),
            },
            input: Vec::new(),
            done: 0,
        }
    }

    /// Takes the next bytes of the body.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.input.drain(..self.done.min(self.input.len()));
        self.done = 0;
        self.input.extend_from_slice(chunk);
    }

    /// The next piece of what was fed; `None` where more has to be fed.
    ///
    /// A piece is small, however tight it was packed: of gzip 64 KiB at most, of zstd a few MiB.
    ///
    /// # Errors
    ///
    /// [`Broken`], and nothing of use comes any more.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        loop {
            let rest = self.input.get(self.done..).unwrap_or_default();
            let step = match &mut self.format {
                Format::Gzip(gzip) => gzip.step(rest)?,
                Format::Zstd(zstd) => zstd.step(rest)?,
            };
            self.done = self.done.saturating_add(step.taken);
            if !step.piece.is_empty() {
                return Ok(Some(step.piece));
            }
            if step.taken == 0 {
                return Ok(None);
            }
        }
    }

    /// Says whether the body may end here.
    ///
    /// # Errors
    ///
    /// [`Broken`] where more would have to come.
    pub fn finish(&self) -> Result<(), Broken> {
        let is_between = match &self.format {
            Format::Gzip(gzip) => gzip.is_between_members(),
            Format::Zstd(zstd) => zstd.is_between_frames(),
        };
        if is_between && self.done >= self.input.len() {
            Ok(())
        } else {
            Err(Broken)
        }
    }

    /// About how many bytes it holds.
    pub fn held(&self) -> usize {
        let held = match &self.format {
            Format::Gzip(gzip) => gzip.held(),
            Format::Zstd(zstd) => zstd.held(),
        };
        let rest = self.input.len().saturating_sub(self.done);
        rest.saturating_add(held)
    }
}
