//! Blocks of memory that the host asks for, fills, and ought to give back.
//!
//! Fluent Bit 4.1.0 and 4.1.1 never free what they ask for, and those before 4.1
//! only with the instance
//! ([fluent-bit#11072](https://github.com/fluent/fluent-bit/issues/11072)). So
//! every block is on a list, and each call of the filter gives back those that
//! are not its own two. An address the host makes up, or frees twice, is on no
//! list and is left alone.
#![expect(unsafe_code, reason = "a C allocator is made of addresses")]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr;

/// What stands in front of each block.
#[repr(C, align(16))]
struct Header {
    next: *mut Header,
    layout: Layout,
}

/// Every block the host has.
pub(crate) struct Blocks {
    first: *mut Header,
}

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
        }
    }

    /// A block of at least `size` bytes; null where there is no memory.
    pub(crate) fn allocate(&mut self, size: usize) -> *mut u8 {
        let layout = size_of::<Header>()
            .checked_add(size)
            .and_then(|size| Layout::from_size_align(size, align_of::<Header>()).ok());
        let Some(layout) = layout else {
            return ptr::null_mut();
        };
        #[expect(
            clippy::cast_ptr_alignment,
            reason = "the layout has a header's alignment"
        )]
        // SAFETY: the layout holds a header, so its size is not 0.
        let header = unsafe { alloc(layout) }.cast::<Header>();
        if header.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: the block is ours alone, and large and aligned enough for a
        // header; what follows the header is inside the block, or its end.
        unsafe {
            header.write(Header {
                next: self.first,
                layout,
            });
            self.first = header;
            header.add(1).cast()
        }
    }

    /// Gives one block back. Any address that is no block's is ignored.
    pub(crate) fn free(&mut self, address: *const u8) {
        self.free_where(|block| ptr::eq(block, address));
    }

    /// Gives back every block but two.
    pub(crate) fn keep_only(&mut self, one: *const u8, other: *const u8) {
        self.free_where(|block| !ptr::eq(block, one) && !ptr::eq(block, other));
    }

    fn free_where(&mut self, unwanted: impl Fn(*const u8) -> bool) {
        let mut link: *mut *mut Header = &raw mut self.first;
        // SAFETY: `link` is the address of `first` or of the `next` of a header
        // on the list; headers are written whole by `allocate`, the host writes
        // behind them, and a block leaves the list before it is given back with
        // the layout it was taken with.
        unsafe {
            while !(*link).is_null() {
                let header = *link;
                if unwanted(header.add(1).cast()) {
                    *link = (*header).next;
                    dealloc(header.cast(), (*header).layout);
                } else {
                    link = &raw mut (*header).next;
                }
            }
        }
    }
}
