//! What Fluent Bit calls (`src/wasm/flb_wasm.c`).
//!
//! `malloc` and `free` must be exported with these very types: then the engine
//! takes blocks from here, of any size, in place of 8 KiB of its own.
#![expect(unsafe_code, reason = "the host speaks in addresses")]

use core::arch::wasm32;
use core::cell::UnsafeCell;
use core::slice;

use oom_filter::Mode;
use rlsf::GlobalTlsf;

use crate::blocks::Blocks;
use crate::module::{Answer, Module};

#[global_allocator]
static ALLOCATOR: GlobalTlsf = GlobalTlsf::new();

/// The instance's state, alone in its memory.
struct Alone<T>(UnsafeCell<T>);

// SAFETY: the module is built without threads, and its memory is not shared.
unsafe impl<T> Sync for Alone<T> {}

impl<T> Alone<T> {
    /// Lends the state to one call of the host.
    fn with<R>(&self, lend: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the host makes one call at a time, none of ours calls back, and
        // each export lends each state once: nobody else refers to it.
        lend(unsafe { &mut *self.0.get() })
    }
}

static BLOCKS: Alone<Blocks> = Alone(UnsafeCell::new(Blocks::new()));
static MODULE: Alone<Module> = Alone(UnsafeCell::new(Module::new()));

/// The empty string: the host drops the record.
static EMPTY: [u8; 1] = [0];

/// Gives the host a block to write into; 0 where there is no memory.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    BLOCKS.with(|blocks| blocks.allocate(size))
}

/// Takes a block back.
#[unsafe(no_mangle)]
extern "C" fn free(block: *mut u8) {
    BLOCKS.with(|blocks| blocks.free(block));
}

/// Lets every record pass, with what it says of an OOM kill added.
#[unsafe(no_mangle)]
extern "C" fn oom_annotate(
    tag: *const u8,
    tag_length: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    record_length: usize,
) -> *const u8 {
    call(Mode::Annotate, (tag, tag_length), (record, record_length))
}

/// Drops the lines of a report, and lets its kills and all other records pass.
#[unsafe(no_mangle)]
extern "C" fn oom_rewrite(
    tag: *const u8,
    tag_length: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    record_length: usize,
) -> *const u8 {
    call(Mode::Rewrite, (tag, tag_length), (record, record_length))
}

/// Lets kills pass, and drops everything else.
#[unsafe(no_mangle)]
extern "C" fn oom_events(
    tag: *const u8,
    tag_length: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    record_length: usize,
) -> *const u8 {
    call(Mode::Events, (tag, tag_length), (record, record_length))
}

/// What nearly every record takes is all in here, and short: an interpreter pays
/// for each instruction, and for each local that a function might need.
#[inline]
fn call(mode: Mode, tag: (*const u8, usize), record: (*const u8, usize)) -> *const u8 {
    BLOCKS.with(|blocks| blocks.keep_only(tag.0, record.0));
    // Where the host could not copy the record in, it passes 0 and goes on.
    let Some(text) = text(record.0, record.1) else {
        return EMPTY.as_ptr();
    };
    if MODULE.with(|module| module.needs_reading(text)) {
        return read(mode, tag, text);
    }
    match mode {
        Mode::Annotate | Mode::Rewrite => record.0,
        Mode::Events => EMPTY.as_ptr(),
    }
}

#[cold]
#[inline(never)]
fn read(mode: Mode, tag: (*const u8, usize), record: &'static [u8]) -> *const u8 {
    let tag = text(tag.0, tag.1).unwrap_or_default();
    MODULE.with(|module| match module.read(mode, tag, record) {
        Answer::Same => record.as_ptr(),
        Answer::Nothing => EMPTY.as_ptr(),
        Answer::Text(answer) => answer.as_ptr(),
    })
}

/// The bytes the host points to. `None` unless all of them are in memory.
fn text(address: *const u8, length: usize) -> Option<&'static [u8]> {
    const PAGE: usize = 65_536;
    let memory = wasm32::memory_size::<0>().checked_mul(PAGE);
    let end = address.addr().checked_add(length)?;
    // All four gigabytes of memory are one more than an address can say.
    let is_too_long = isize::try_from(length).is_err();
    if address.is_null() || is_too_long || memory.is_some_and(|memory| end > memory) {
        return None;
    }
    // SAFETY: the address is not null, the length is one that a slice can have, and
    // address and end lie in linear memory, all of which is initialised. The host does not write during the call. What
    // the module writes meanwhile are its own blocks: the host's, which this is,
    // stays untouched until the call is over.
    Some(unsafe { slice::from_raw_parts(address, length) })
}

/// A panic cannot be told to anybody from here; the engine reports the trap.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
