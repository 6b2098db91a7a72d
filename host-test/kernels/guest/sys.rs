//! The two system calls that no safe wrapper offers.
#![expect(
    unsafe_code,
    reason = "the system calls that the nix crate does not wrap"
)]

use std::ffi::CStr;
use std::io;

use nix::libc;

/// `MPOL_BIND` of `linux/mempolicy.h`.
const MPOL_BIND: libc::c_int = 2;

/// Lets the calling thread take memory from one NUMA node only.
pub fn bind_memory_to(node: u32) -> io::Result<()> {
    let mask: libc::c_ulong = 1 << node;
    let bits: libc::c_ulong = libc::c_ulong::from(libc::c_ulong::BITS);
    // SAFETY: the kernel reads at most `bits` bits behind the pointer, which is a live variable of
    // that size, and changes nothing of ours.
    let result =
        unsafe { libc::syscall(libc::SYS_set_mempolicy, MPOL_BIND, &raw const mask, bits) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Swaps to the device.
pub fn swap_on(device: &CStr) -> io::Result<()> {
    // SAFETY: the pointer is a string that ends in NUL and lives during the call.
    let result = unsafe { libc::swapon(device.as_ptr(), 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Stops swapping to the device.
pub fn swap_off(device: &CStr) -> io::Result<()> {
    // SAFETY: the pointer is a string that ends in NUL and lives during the call.
    let result = unsafe { libc::swapoff(device.as_ptr()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
