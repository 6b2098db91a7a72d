//! Packs what is released. The same files give the same bytes on every machine, at every time.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

pub mod archive;
pub mod layout;

/// The time of everything that is packed, in seconds: 1 January 1980, the oldest that every format of
/// archives can tell.
pub const TIME: u64 = 315_532_800;

/// The same, as OCI's documents write it.
const CREATED: &str = "1980-01-01T00:00:00Z";

/// SHA-256, in hex digits.
fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
