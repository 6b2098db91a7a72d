//! What ClickHouse calls (`src/Functions/UserDefined/UserDefinedWebAssembly.cpp`, `ABI BUFFERED_V1`).
//!
//! A buffer is handed over by the address of its [`Buffer`]. ClickHouse asks for one, fills it, calls a function with
//! it and the number of rows, reads the buffer that this gives, and gives both back.
#![expect(unsafe_code, reason = "the host speaks in addresses")]

use core::ptr;
use core::slice;

use crate::Function;

/// A block of memory, as the host reads it; what it was allocated with stands behind.
#[repr(C)]
struct Buffer {
    data: *mut u8,
    size: usize,
    capacity: usize,
}

impl Buffer {
    /// The address of a buffer that holds these bytes. Null where there is no memory for it.
    fn hand_over(bytes: Vec<u8>) -> *mut Self {
        let mut place: Vec<Self> = Vec::new();
        if place.try_reserve_exact(1).is_err() {
            return ptr::null_mut();
        }
        let mut bytes = core::mem::ManuallyDrop::new(bytes);
        place.push(Self {
            data: bytes.as_mut_ptr(),
            size: bytes.len(),
            capacity: bytes.capacity(),
        });
        // One place was asked for, and one there is: `Box` gives back what it was allocated with.
        Box::into_raw(place.into_boxed_slice()).cast()
    }
}

/// Gives the host a buffer to write into; null where there is no memory, which it tells its user.
#[unsafe(no_mangle)]
extern "C" fn clickhouse_create_buffer(size: usize) -> *mut Buffer {
    let mut bytes = Vec::new();
    if isize::try_from(size).is_err() || bytes.try_reserve_exact(size).is_err() {
        return ptr::null_mut();
    }
    bytes.resize(size, 0);
    Buffer::hand_over(bytes)
}

/// Takes a buffer back.
#[unsafe(no_mangle)]
extern "C" fn clickhouse_destroy_buffer(buffer: *mut Buffer) {
    if buffer.is_null() {
        return;
    }
    let buffer = ptr::slice_from_raw_parts_mut(buffer, 1);
    // SAFETY: the host gives back what it was given by `hand_over`, once: a boxed slice of one buffer, of a vector
    // with this address and this capacity. The size is the host's to change, so no byte is taken for written.
    unsafe {
        let buffer = Box::from_raw(buffer);
        for Buffer { data, capacity, .. } in &buffer {
            drop(Vec::from_raw_parts(*data, 0, *capacity));
        }
    }
}

/// The kills in an array of lines.
#[unsafe(no_mangle)]
extern "C" fn oom_kills(input: *const Buffer, rows: u32) -> *mut Buffer {
    call(Function::Kills, input, rows)
}

/// The kills in an array of lines with their times, hosts and attributes.
#[unsafe(no_mangle)]
extern "C" fn oom_kills_at(input: *const Buffer, rows: u32) -> *mut Buffer {
    call(Function::KillsAt, input, rows)
}

/// What one line says.
#[unsafe(no_mangle)]
extern "C" fn oom_line(input: *const Buffer, rows: u32) -> *mut Buffer {
    call(Function::Line, input, rows)
}

/// Whose a cgroup path is.
#[unsafe(no_mangle)]
extern "C" fn oom_cgroup(input: *const Buffer, rows: u32) -> *mut Buffer {
    call(Function::Cgroup, input, rows)
}

fn call(function: Function, input: *const Buffer, rows: u32) -> *mut Buffer {
    let input = if input.is_null() {
        &[][..]
    } else {
        // SAFETY: the host hands over a buffer that `clickhouse_create_buffer` gave it and has not taken back; it
        // makes one call at a time, and does not write during one. All of the bytes are written since then.
        unsafe {
            let Buffer {
                data,
                size,
                capacity,
            } = &*input;
            slice::from_raw_parts(*data, (*size).min(*capacity))
        }
    };
    Buffer::hand_over(function.call(input, rows))
}
