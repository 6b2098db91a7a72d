//! Blocks of memory that the host asks for, fills, and ought to give back.
//!
//! Fluent Bit 4.1.0 and 4.1.1 never free what they ask for, and those before 4.1
//! only with the instance
//! ([fluent-bit#11072](https://github.com/fluent/fluent-bit/issues/11072)). So
//! each call of the filter gives back those that are not its own two. An address
//! that is no block's is left alone, and so is one that was freed already, unless
//! the host was given it again meanwhile: then it is what C says it is, the host's
//! fault.
//!
//! With every record the host asks for two: one for the tag, one for the record.
//! An allocator takes longer over them than the filter over the record, so two
//! lie ready from the start. All others, and those too large for these, are
//! allocated and stand on a list.
#![expect(unsafe_code, reason = "a C allocator is made of addresses")]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::ptr;

/// What stands in front of each block.
#[repr(C, align(16))]
struct Header {
    next: *mut Header,
    layout: Layout,
}

/// A block that lies ready. No reference to its bytes is ever made here: they are
/// the host's while it has them.
#[repr(C, align(16))]
struct Ready<const SIZE: usize>(UnsafeCell<[u8; SIZE]>);

// SAFETY: the bytes are not touched through the static, only their address is
// taken.
unsafe impl<const SIZE: usize> Sync for Ready<SIZE> {}

impl<const SIZE: usize> Ready<SIZE> {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; SIZE]))
    }

    const fn address(&self) -> *mut u8 {
        self.0.get().cast()
    }
}

/// Enough for a tag.
const SMALL_SIZE: usize = 256;
/// Enough for nearly every record.
const LARGE_SIZE: usize = 16 * 1024;

static SMALL: Ready<SMALL_SIZE> = Ready::new();
static LARGE: Ready<LARGE_SIZE> = Ready::new();

/// Every block the host has.
pub(crate) struct Blocks {
    /// What can be had of [`SMALL`] is less than this: 0 while the host has it.
    small: usize,
    /// The same of [`LARGE`].
    large: usize,
    /// The list of the others.
    first: *mut Header,
}

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self {
            small: SMALL_SIZE,
            large: LARGE_SIZE,
            first: ptr::null_mut(),
        }
    }

    /// A block of at least `size` bytes; null where there is no memory.
    #[inline]
    pub(crate) fn allocate(&mut self, size: usize) -> *mut u8 {
        if size < self.small {
            self.small = 0;
            SMALL.address()
        } else if size < self.large {
            self.large = 0;
            LARGE.address()
        } else {
            self.allocate_listed(size)
        }
    }

    /// Gives one block back. Any address that is no block's is ignored.
    #[inline]
    pub(crate) fn free(&mut self, address: *const u8) {
        if ptr::eq(address, SMALL.address()) {
            self.small = SMALL_SIZE;
        } else if ptr::eq(address, LARGE.address()) {
            self.large = LARGE_SIZE;
        } else {
            self.free_listed(|block| ptr::eq(block, address));
        }
    }

    /// Gives back every block but two.
    #[inline]
    pub(crate) fn keep_only(&mut self, one: *const u8, other: *const u8) {
        if !is_either(SMALL.address(), one, other) {
            self.small = SMALL_SIZE;
        }
        if !is_either(LARGE.address(), one, other) {
            self.large = LARGE_SIZE;
        }
        if !self.first.is_null() {
            self.keep_listed(one, other);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep_listed(&mut self, one: *const u8, other: *const u8) {
        self.free_listed(|block| !is_either(block, one, other));
    }

    #[cold]
    #[inline(never)]
    fn allocate_listed(&mut self, size: usize) -> *mut u8 {
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

    fn free_listed(&mut self, unwanted: impl Fn(*const u8) -> bool) {
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

fn is_either(block: *const u8, one: *const u8, other: *const u8) -> bool {
    ptr::eq(block, one) || ptr::eq(block, other)
}
