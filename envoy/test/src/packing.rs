//! How a sender packs a body.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A packing that the module unpacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// One member of gzip.
    Gzip,
    /// Three members of gzip, one of them empty, as a file is to which was appended.
    GzipMembers,
    /// One frame of zstd with a checksum.
    Zstd,
    /// Two frames of zstd, one of another level than the other, and one between them that says nothing.
    ZstdFrames,
}

impl Packing {
    /// Every packing.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::GzipMembers, Self::Zstd, Self::ZstdFrames];

    /// What `content-encoding` calls it.
    pub const fn encoding(self) -> &'static str {
        match self {
            Self::Gzip | Self::GzipMembers => "gzip",
            Self::Zstd | Self::ZstdFrames => "zstd",
        }
    }

    /// A body in zstd with the largest window that the module takes, and the end of it by itself.
    ///
    /// # Panics
    ///
    /// Where the library refuses.
    pub fn with_large_window(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut zstd = zstd::Encoder::new(Vec::new(), 3).expect("a level");
        zstd.window_log(23).expect("an option");
        zstd.write_all(body).expect("memory");
        zstd.flush().expect("memory");
        let mut packed = zstd.finish().expect("memory");
        // An empty block ends it.
        let end = packed.split_off(packed.len() - 3);
        (packed, end)
    }

    /// A body, packed.
    pub fn pack(self, body: &[u8]) -> Vec<u8> {
        let (first, second) = body.split_at(body.len() / 3);
        match self {
            Self::Gzip => gzip(body, Compression::fast()),
            Self::GzipMembers => [
                gzip(first, Compression::best()),
                gzip(b"", Compression::fast()),
                gzip(second, Compression::none()),
            ]
            .concat(),
            Self::Zstd => zstd(body, 3),
            Self::ZstdFrames => [
                zstd(first, 19),
                b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(),
                zstd(second, 1),
            ]
            .concat(),
        }
    }
}

fn gzip(body: &[u8], level: Compression) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), level);
    gzip.write_all(body).expect("memory");
    gzip.finish().expect("memory")
}

fn zstd(body: &[u8], level: i32) -> Vec<u8> {
    let mut zstd = zstd::Encoder::new(Vec::new(), level).expect("a level");
    zstd.include_checksum(true).expect("an option");
    zstd.write_all(body).expect("memory");
    zstd.finish().expect("memory")
}
