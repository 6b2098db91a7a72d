//! Prints the literal texts of the kernel's wordings as a dictionary of libFuzzer's.

use std::collections::BTreeSet;

use oom_filter::kernel::{prefixes, wordings};

fn main() {
    let texts = wordings().flat_map(|row| row.texts);
    let texts: BTreeSet<&[u8]> = texts.chain(prefixes()).collect();
    for text in texts {
        // None of them has a byte that the dictionary would want escaped.
        println!("\"{}\"", String::from_utf8_lossy(text));
    }
}
