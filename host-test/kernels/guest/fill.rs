//! What a process fills memory with.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::{sys, system};

/// Memory taken at a time.
const BITE: usize = 256 * 1024;
/// Where a process mounts a file system that nobody else sees, and that ends with the process.
const MOUNT: &str = "/filled";
/// Address space that page tables describe.
const SPAN: usize = 64 << 30;
/// What one page table describes.
const TABLE: usize = 2 << 20;

/// What is taken once a victim is let loose. Where that ends before the process does, the rest is anonymous
/// memory.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Fill {
    /// Anonymous memory.
    Anon,
    /// So much anonymous memory, in KiB, and nothing behind it: the process stays.
    SomeAnon(usize),
    /// Anonymous memory in pieces that transparent huge pages fit into.
    HugePages,
    /// A file of so many MiB in a tmpfs.
    Tmpfs(usize),
    /// A file of so many MiB in a ramfs: page cache that the kernel cannot give back, and no shared memory.
    PageCache(usize),
    /// Address space of which nothing is there but its page tables.
    PageTables,
    /// Buffers of TCP connections to itself, until the cgroup counts so many MiB of them.
    TcpBuffers(u64),
    /// Buffers of pairs of Unix sockets.
    UnixBuffers,
    /// Empty files in a tmpfs: their inodes and names.
    Files,
    /// Threads that sleep.
    Threads,
}

impl Fill {
    /// See [`oom_kernels::truth::Kill::filled`].
    pub fn kind(self) -> &'static str {
        match self {
            Self::Anon | Self::SomeAnon(_) | Self::HugePages => "anon",
            Self::Tmpfs(_) => "shmem",
            Self::PageCache(_) => "file",
            Self::PageTables | Self::UnixBuffers | Self::Files | Self::Threads => "kernel",
            Self::TcpBuffers(_) => "sock",
        }
    }

    /// Takes it. `entrance` is the `cgroup.procs` of the process.
    pub fn take(self, entrance: Option<&Path>) -> Result<(), Failure> {
        match self {
            Self::Anon => {}
            Self::SomeAnon(kib) => {
                take(kib * 1024);
                loop {
                    thread::park();
                }
            }
            Self::HugePages => loop {
                take(BITE * 32);
            },
            Self::Tmpfs(mib) => file("tmpfs", "size=100%", mib)?,
            Self::PageCache(mib) => file("ramfs", "", mib)?,
            Self::PageTables => {
                prctl::set_thp_disable(true)?;
                sys::look_at_each(SPAN, TABLE)?;
            }
            Self::TcpBuffers(mib) => {
                let statistics = entrance
                    .and_then(Path::parent)
                    .ok_or_else(|| Failure::Wrong("a process without a cgroup".to_owned()))?
                    .join("memory.stat");
                tcp_buffers(&statistics, mib << 20)?;
            }
            Self::UnixBuffers => unix_buffers()?,
            Self::Files => files()?,
            Self::Threads => threads()?,
        }
        loop {
            take(BITE);
        }
    }
}

/// Takes memory for good; writing to every byte makes it real, and the compiler must not see that
/// nobody reads it.
pub fn take(bytes: usize) {
    std::hint::black_box(vec![0x5a_u8; bytes].leak());
}

fn mount_for_itself(kind: &str, options: &str) -> Result<(), Failure> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    system::mount_one(kind, MOUNT, options)
}

fn file(kind: &str, options: &str, mib: usize) -> Result<(), Failure> {
    mount_for_itself(kind, options)?;
    let mut file = File::create(Path::new(MOUNT).join("data"))?;
    let bite = vec![0x5a_u8; BITE];
    for _ in 0..(mib << 20) / BITE {
        file.write_all(&bite)?;
    }
    Ok(())
}

fn files() -> Result<(), Failure> {
    mount_for_itself("tmpfs", "nr_inodes=0")?;
    for number in 0_u32.. {
        // A name that is too long for the entry itself has memory of its own.
        File::create(Path::new(MOUNT).join(format!("{number:0200}")))?;
    }
    Ok(())
}

fn threads() -> Result<(), Failure> {
    loop {
        thread::Builder::new().stack_size(16 * 1024).spawn(|| {
            loop {
                thread::park();
            }
        })?;
    }
}

/// Writes what a peer that does not read takes.
fn stuff(writer: &mut impl Write) -> Result<(), Failure> {
    let bite = vec![0x5a_u8; 64 * 1024];
    loop {
        match writer.write(&bite) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(Failure::at("a socket", error)),
        }
    }
}

fn unix_buffers() -> Result<(), Failure> {
    let mut kept = Vec::new();
    loop {
        let (mut writer, reader) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        stuff(&mut writer)?;
        kept.push((writer, reader));
    }
}

fn tcp_buffers(statistics: &Path, wanted: u64) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut kept = Vec::new();
    while counted(statistics, "sock ")? < wanted {
        let mut writer = TcpStream::connect(address)?;
        let (reader, _) = listener.accept()?;
        writer.set_nonblocking(true)?;
        stuff(&mut writer)?;
        kept.push((writer, reader));
    }
    // They live as long as the process.
    std::mem::forget(kept);
    Ok(())
}

/// A row of a cgroup's statistics.
fn counted(statistics: &Path, key: &str) -> Result<u64, Failure> {
    let text =
        fs::read_to_string(statistics).map_err(|error| Failure::at(statistics.display(), error))?;
    let row = text.lines().find_map(|line| line.strip_prefix(key));
    row.and_then(|bytes| bytes.parse().ok()).ok_or_else(|| {
        let key =
            String::from_utf8_lossy(statistics.as_os_str().as_bytes()).into_owned() + ": " + key;
        Failure::at(key, "no such row")
    })
}
