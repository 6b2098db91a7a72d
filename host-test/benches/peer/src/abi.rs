//! What Fluent Bit calls.
#![expect(unsafe_code, reason = "the host speaks in addresses")]

use std::alloc::{Layout, alloc, dealloc};
use std::cell::RefCell;
use std::slice;

use crate::annotate::annotate;

/// What stands in front of each block.
const HEADER: Layout = Layout::new::<Layout>();

thread_local! {
    /// The answer that was given last; the host copies it before it calls again.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives the host a block to write into; 0 where there is no memory.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    let layout = HEADER
        .size()
        .checked_add(size)
        .and_then(|size| Layout::from_size_align(size, HEADER.align()).ok());
    let Some(layout) = layout else {
        return std::ptr::null_mut();
    };
    #[expect(
        clippy::cast_ptr_alignment,
        reason = "the layout has a header's alignment"
    )]
    // SAFETY: the layout holds at least the header; the header is written where it was made room for,
    // and what follows it is inside the block or its end.
    unsafe {
        let block = alloc(layout).cast::<Layout>();
        if block.is_null() {
            return std::ptr::null_mut();
        }
        block.write(layout);
        block.add(1).cast()
    }
}

/// Takes a block back.
#[unsafe(no_mangle)]
extern "C" fn free(block: *mut u8) {
    if block.is_null() {
        return;
    }
    #[expect(
        clippy::cast_ptr_alignment,
        reason = "`malloc` gave it right behind a header"
    )]
    // SAFETY: the host hands back what `malloc` gave it, once; the layout stands in front of it.
    unsafe {
        let header = block.cast::<Layout>().sub(1);
        dealloc(header.cast(), header.read());
    }
}

/// Lets every record pass, with what its line says of a kill.
#[unsafe(no_mangle)]
extern "C" fn oom_annotate(
    _tag: *const u8,
    _tag_length: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    length: usize,
) -> *const u8 {
    if record.is_null() {
        return record;
    }
    // SAFETY: the host wrote the record into a block of that length and waits for the end of the call.
    let text = unsafe { slice::from_raw_parts(record, length) };
    let Some(mut answer) = annotate(text) else {
        return record;
    };
    answer.push(0);
    ANSWER.with_borrow_mut(|kept| {
        *kept = answer;
        kept.as_ptr()
    })
}
