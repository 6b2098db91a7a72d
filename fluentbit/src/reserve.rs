//! Memory is asked for before it is needed.
//!
//! Rust's collections abort where an allocation fails, and an abort in here is a
//! trap. So before a record is read, a block larger than everything that reading
//! it may allocate is taken and given back: what follows is carved out of it. If
//! it cannot be had, the record passes as it came.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::hint::black_box;

/// Whatever the record's length: the newest task table while it grows.
const BASE: usize = 384 * 1024;
/// A part of a directory, and twice the names that are found in it.
#[cfg(feature = "names")]
const NAMES: usize = crate::directories::BUFFER + 8 * 1024;
#[cfg(not(feature = "names"))]
const NAMES: usize = 0;
/// Of a short record, each byte of a hostile path may be copied and escaped
/// several times.
const PER_BYTE_SHORT: usize = 24;
/// Paths have an end; beyond it a byte is decoded, unescaped and copied.
const PER_BYTE: usize = 4;
/// A byte that is no plain text may be written as five more.
const PER_ODD_BYTE: usize = 5;
/// Longest record whose bytes are all taken for such: counting them costs more than it saves.
const UNCOUNTED: usize = 4 * 1024;
/// Longest text that can be all path.
const SHORT: usize = 16 * 1024;

/// Makes sure that reading `record` finds its memory.
#[expect(
    unsafe_code,
    reason = "an allocation that may fail is asked for by hand"
)]
pub(crate) fn for_record(record: &[u8]) -> bool {
    let length = record.len();
    let odd = if length <= UNCOUNTED {
        length
    } else {
        record
            .iter()
            .filter(|byte| !matches!(byte, b' '..=b'~'))
            .fold(0_usize, |count, _| count.saturating_add(1))
    };
    let bytes = (BASE + NAMES)
        .saturating_add(length.min(SHORT).saturating_mul(PER_BYTE_SHORT))
        .saturating_add(length.saturating_mul(PER_BYTE))
        .saturating_add(odd.saturating_mul(PER_ODD_BYTE));
    let Ok(layout) = Layout::from_size_align(bytes, 16) else {
        return false;
    };
    // SAFETY: the layout has a size other than 0; the block is given back with
    // the layout it was taken with, and nothing is read from or written to it.
    unsafe {
        let block = alloc(layout);
        // The compiler may leave out a block that nobody looks at.
        let block = black_box(block);
        if block.is_null() {
            return false;
        }
        dealloc(block, layout);
    }
    true
}
