//! Reads a log that may be packed: rotated logs are, and what people hand on is.
//!
//! gzip (joined members too) and zstd (joined frames too) are unpacked as they are read, in bounded memory. What is
//! packed in another way is refused with a sentence, since a search in packed bytes finds no kill and says so.
//! A WebAssembly module refuses gzip and zstd as well: their decoders are larger than what is left of its size.
#![forbid(unsafe_code)]
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::panic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that fails panics"
    )
)]

#[cfg(not(target_family = "wasm"))]
mod zstd;

use std::io::{self, Chain, Cursor, Read};

/// A way to pack a file.
struct Packing {
    /// What a file begins with.
    begins: &'static [u8],
    /// The program that unpacks it, for a person.
    command: &'static str,
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "a module refuses them all")
    )]
    reader: Reader,
}

/// Who reads what is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Gzip,
    Zstd,
    Nobody,
}

/// Every way. A new one is a row here.
#[rustfmt::skip]
const PACKINGS: &[Packing] = &[
    Packing { begins: &[0x1f, 0x8b], command: "gzip -dc", reader: Reader::Gzip },
    Packing { begins: &[0x28, 0xb5, 0x2f, 0xfd], command: "zstd -dc", reader: Reader::Zstd },
    Packing { begins: b"BZh91AY&SY", command: "bzip2 -dc", reader: Reader::Nobody },
    Packing { begins: &[0x04, 0x22, 0x4d, 0x18], command: "lz4 -dc", reader: Reader::Nobody },
    Packing { begins: b"\xfd7zXZ\0", command: "xz -dc", reader: Reader::Nobody },
    Packing { begins: b"PK\x03\x04", command: "unzip -p", reader: Reader::Nobody },
];

/// The input from its first byte on, after that was looked at.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// An input, unpacked.
pub struct Unpacked<R: Read>(Way<R>);

/// How an input is read.
enum Way<R: Read> {
    Plain(Whole<R>),
    #[cfg(not(target_family = "wasm"))]
    Gzip(Box<flate2::read::MultiGzDecoder<Whole<R>>>),
    #[cfg(not(target_family = "wasm"))]
    Zstd(Box<zstd::Frames<Whole<R>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes of an input. A pipe is waited for, until it gives a byte.
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// let mut log = String::new();
    /// oom_unpack::Unpacked::new(&b"oom_reaper: ..."[..])?.read_to_string(&mut log)?;
    /// assert_eq!(log, "oom_reaper: ...");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error of the input, and [`io::ErrorKind::Unsupported`] with a sentence for the user where it is
    /// packed in a way that is not read here.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        let packing = loop {
            let mut byte = [0];
            match input.read(&mut byte) {
                Ok(0) => break None,
                Ok(_) => head.extend_from_slice(&byte),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            match PACKINGS.iter().find(|row| row.begins.starts_with(&head)) {
                Some(row) if row.begins.len() > head.len() => {}
                found => break found,
            }
        };
        let whole = Cursor::new(head).chain(input);
        let way = match packing {
            None => Way::Plain(whole),
            #[cfg(not(target_family = "wasm"))]
            Some(Packing {
                reader: Reader::Gzip,
                ..
            }) => Way::Gzip(Box::new(flate2::read::MultiGzDecoder::new(whole))),
            #[cfg(not(target_family = "wasm"))]
            Some(Packing {
                reader: Reader::Zstd,
                ..
            }) => Way::Zstd(Box::new(zstd::Frames::new(whole))),
            Some(Packing { command, .. }) => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    [
                        "it is packed in a way that is not read here. It is unpacked by ",
                        command,
                    ]
                    .concat(),
                ));
            }
        };
        Ok(Self(way))
    }

    /// An input that is not looked at, for a device: its reads need room for a whole record.
    pub fn plain(input: R) -> Self {
        Self(Way::Plain(Cursor::new(Vec::new()).chain(input)))
    }

    /// Whether the input is read as it is.
    pub const fn is_plain(&self) -> bool {
        matches!(self.0, Way::Plain(_))
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Way::Plain(input) => input.read(buffer),
            #[cfg(not(target_family = "wasm"))]
            Way::Gzip(input) => input.read(buffer),
            #[cfg(not(target_family = "wasm"))]
            Way::Zstd(input) => input.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::{PACKINGS, Reader, Unpacked};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn unpacked(input: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Unpacked::new(input)?.read_to_end(&mut text).map(|_| text)
    }

    #[test]
    fn what_was_packed_is_read_as_it_was() {
        let first: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let joined = [&first[..], b"second"].concat();
        for pack in [gzip as fn(&[u8]) -> Vec<u8>, zstd] {
            assert_eq!(unpacked(&pack(b"")).unwrap(), b"");
            assert_eq!(unpacked(&pack(b"line\n")).unwrap(), b"line\n");
            let packed = [pack(&first), pack(b""), pack(b"second")].concat();
            assert_eq!(unpacked(&packed).unwrap(), joined);
        }
    }

    #[test]
    fn what_zstd_may_skip_is_skipped() {
        // As pzstd writes in front of each frame.
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let packed = [zstd(b"a"), skipped.clone(), zstd(b"b")].concat();
        assert_eq!(unpacked(&packed).unwrap(), b"ab");
        let cut = [zstd(b"a"), skipped[..10].to_vec()].concat();
        assert!(unpacked(&cut).is_err());
    }

    #[test]
    fn a_cut_or_damaged_file_is_an_error_and_no_end() {
        let text = b"Out of memory: Killed process 42 (java) total-vm:8kB".repeat(9);
        for pack in [gzip as fn(&[u8]) -> Vec<u8>, zstd] {
            let packed = pack(&text);
            for length in 12..packed.len() {
                assert!(unpacked(&packed[..length]).is_err(), "{length} bytes");
            }
            let mut damaged = packed.clone();
            *damaged.last_mut().unwrap() ^= 1;
            assert!(unpacked(&damaged).is_err(), "a wrong checksum");
        }
    }

    #[test]
    fn plain_text_stays() {
        for text in [
            &b""[..],
            b"P",
            b"PK\n",
            b"BZh91AY&S",
            b"\x1f",
            b"\x1fx",
            b"{}\n",
        ] {
            let input = Unpacked::new(text).unwrap();
            assert!(input.is_plain());
            assert_eq!(unpacked(text).unwrap(), text);
        }
    }

    #[test]
    fn what_is_not_read_is_refused() {
        let refused = PACKINGS.iter().filter(|row| row.reader == Reader::Nobody);
        for row in refused {
            let error = unpacked(&[row.begins, &b"..."[..]].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().ends_with(row.command), "{error}");
        }
    }
}
