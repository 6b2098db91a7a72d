//! The kubelet's directories, among those of `accessible_paths`.
//!
//! Fluent Bit opens each path of that setting and tells the module the very words of it. A path that
//! ends with `containers` or `pods` is that directory; in one that ends with `log` the two are looked
//! for. One that ends with `kubepods` is not listed: it says where the kubelet keeps its cgroups. All others are
//! left alone.

use alloc::vec;
use core::ops::ControlFlow;

use oom_filter::{KubeletDir, KubeletDirs};

use crate::wasi::{self, Directory};

/// Bytes of entries that are asked for at once: some hundred of the kubelet's.
pub(crate) const BUFFER: usize = 16 * 1024;

/// What [`KubeletDirs::list`] calls for each name.
type Each<'a> = &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>;

/// The host's directories.
#[derive(Debug)]
pub(crate) struct Directories;

impl KubeletDirs for Directories {
    fn list(&mut self, listing: KubeletDir<'_>, each: Each<'_>) {
        let mut buffer = vec![0; BUFFER];
        let (name, below) = (listing.directory(), listing.below());
        for preopened in wasi::preopened() {
            let Some(path) = preopened.path(&mut buffer) else {
                continue;
            };
            let end = last_part(path);
            let opened = match below {
                None if end == name.as_bytes() => {
                    return entries(&preopened.directory, &mut buffer, each);
                }
                Some(below) if end == name.as_bytes() => preopened.directory.open(below),
                None if end == b"log" => preopened.directory.open(name),
                // What is opened lets nothing be opened below it: this is one way.
                Some(below) if end == b"log" => preopened.directory.open(&[name, below].join("/")),
                _ => None,
            };
            if let Some(directory) = opened {
                return entries(directory.as_ref(), &mut buffer, each);
            }
        }
    }

    /// A path that ends with `/mygroup/kubepods` says that the kubelet's cgroups lie below `mygroup`.
    fn is_root(&self, directory: &[u8]) -> bool {
        let end = [b"/", directory, b"/kubepods"].concat();
        let mut buffer = vec![0; BUFFER];
        wasi::preopened().any(|preopened| {
            let path = preopened.path(&mut buffer).unwrap_or_default();
            path.strip_suffix(b"/").unwrap_or(path).ends_with(&end)
        })
    }
}

/// `containers` of `/var/log/containers/`
fn last_part(path: &[u8]) -> &[u8] {
    path.split(|byte| *byte == b'/')
        .rfind(|part| !part.is_empty())
        .unwrap_or_default()
}

/// Hands over the name of each entry.
fn entries(directory: &Directory, buffer: &mut [u8], each: Each<'_>) {
    let mut cookie = 0;
    let full = buffer.len();
    while let Some(mut rest) = directory.read(cookie, buffer) {
        let is_last = rest.len() < full;
        let mut is_stuck = true;
        while let Some(entry) = Entry::first(rest) {
            if each(entry.name).is_break() {
                return;
            }
            cookie = entry.next;
            rest = entry.rest;
            is_stuck = false;
        }
        if is_last || is_stuck {
            return;
        }
    }
}

/// An entry, as WASI preview 1 writes it.
struct Entry<'a> {
    name: &'a [u8],
    /// The cookie of the one that follows.
    next: u64,
    /// What is behind it.
    rest: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The entry at the start; `None` where it is not whole.
    fn first(bytes: &'a [u8]) -> Option<Self> {
        // The next cookie, the inode, the length of the name, and its kind in as many bytes.
        let (next, bytes) = bytes.split_first_chunk()?;
        let (_inode, bytes) = bytes.split_first_chunk::<8>()?;
        let (length, bytes) = bytes.split_first_chunk()?;
        let (_kind, bytes) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let (name, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        Some(Self {
            name,
            next: u64::from_le_bytes(*next),
            rest,
        })
    }
}
