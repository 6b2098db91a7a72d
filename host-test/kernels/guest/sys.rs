//! The system calls that no safe wrapper offers.
#![expect(
    unsafe_code,
    reason = "the system calls that the nix crate does not wrap"
)]

use std::ffi::CStr;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

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

/// Maps so much address space and reads one byte in each `step` of it. The kernel shows its page of zeros there,
/// so that nothing takes memory but the page tables.
pub fn look_at_each(span: usize, step: usize) -> io::Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: without an address the kernel takes none that is in use.
    let start = unsafe { libc::mmap(ptr::null_mut(), span, libc::PROT_READ, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    for offset in (0..span).step_by(step) {
        // SAFETY: the byte lies within the mapping, which may be read and stays.
        unsafe { start.cast::<u8>().add(offset).read_volatile() };
    }
    Ok(())
}

/// Switches the loopback interface on. The kernel gives it its address.
pub fn loopback_up() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // SAFETY: it consists of numbers alone, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(b"lo") {
        *place = byte.cast_signed();
    }
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).map_err(io::Error::other)?;
    // SAFETY: the kernel reads the request, which is a live variable of its type.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw mut request,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
