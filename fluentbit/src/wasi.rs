//! The directories that the host opened before the module began: the five functions of WASI preview 1
//! that read them, and none that writes.
//!
//! A number that is no directory's, a directory that is gone, a right that is missing: the host gives
//! a number other than 0 for it, and this gives `None`.
#![expect(unsafe_code, reason = "the host's functions take addresses")]

/// An open directory, by the host's number of it.
pub(crate) struct Directory(u32);

/// A [`Directory`] that is closed when it is no longer used.
pub(crate) struct Opened(Directory);

/// One of the directories that were open before the module began.
pub(crate) struct Preopened {
    pub(crate) directory: Directory,
    /// Bytes of the path that the host knows it by.
    path_length: usize,
}

/// What a number stands for.
#[repr(C)]
struct Prestat {
    /// 0 is a directory.
    kind: u8,
    path_length: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn fd_prestat_get(directory: u32, prestat: *mut Prestat) -> u32;
    fn fd_prestat_dir_name(directory: u32, path: *mut u8, length: usize) -> u32;
    fn path_open(
        directory: u32,
        lookup: u32,
        path: *const u8,
        length: usize,
        how: u32,
        rights: u64,
        inherited: u64,
        flags: u32,
        opened: *mut u32,
    ) -> u32;
    fn fd_readdir(
        directory: u32,
        entries: *mut u8,
        length: usize,
        cookie: u64,
        used: *mut usize,
    ) -> u32;
    safe fn fd_close(directory: u32) -> u32;
}

/// Every directory that was open before the module began.
pub(crate) fn preopened() -> impl Iterator<Item = Preopened> {
    /// The first number behind the standard streams.
    const FIRST: u32 = 3;
    /// More than anybody configures.
    const LAST: u32 = 66;
    (FIRST..=LAST).map_while(|number| {
        let mut prestat = Prestat {
            kind: 0,
            path_length: 0,
        };
        // SAFETY: the host writes a `Prestat`, to the address of one.
        let error = unsafe { fd_prestat_get(number, &raw mut prestat) };
        (error == 0 && prestat.kind == 0).then_some(Preopened {
            directory: Directory(number),
            path_length: prestat.path_length,
        })
    })
}

impl Preopened {
    /// The path that the host knows it by, which is what its configuration says. `None` where
    /// `buffer` is shorter.
    pub(crate) fn path<'a>(&self, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let path = buffer.get_mut(..self.path_length)?;
        // SAFETY: the host writes at most as many bytes as it is told, and the slice has them.
        let error = unsafe { fd_prestat_dir_name(self.directory.0, path.as_mut_ptr(), path.len()) };
        (error == 0).then_some(path)
    }
}

impl Directory {
    /// Opens a directory below it, to be read.
    pub(crate) fn open(&self, name: &str) -> Option<Opened> {
        const FOLLOW_LINKS: u32 = 1;
        const DIRECTORY_ONLY: u32 = 1 << 1;
        const READ: u64 = 1 << 1;
        const LIST: u64 = 1 << 14;
        let mut opened = 0;
        // SAFETY: the host reads the name, all of which is there, and writes a number to the address
        // of one.
        let error = unsafe {
            path_open(
                self.0,
                FOLLOW_LINKS,
                name.as_ptr(),
                name.len(),
                DIRECTORY_ONLY,
                READ | LIST,
                0,
                0,
                &raw mut opened,
            )
        };
        (error == 0).then_some(Opened(Self(opened)))
    }

    /// Reads entries into `buffer`, from the one that `cookie` stands for; 0 is the first. What it
    /// gives is full where there may be more; the last entry in it may be cut.
    pub(crate) fn read<'a>(&self, cookie: u64, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut used = 0;
        // SAFETY: the host writes at most as many bytes as it is told, which the slice has, and how
        // many they are to the address of a number.
        let error = unsafe {
            fd_readdir(
                self.0,
                buffer.as_mut_ptr(),
                buffer.len(),
                cookie,
                &raw mut used,
            )
        };
        buffer.get(..used).filter(|_| error == 0)
    }
}

impl AsRef<Directory> for Opened {
    fn as_ref(&self) -> &Directory {
        &self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // An error leaves nothing to be done.
        fd_close(self.0.0);
    }
}

/// WAMR calls it before anything else. It has nothing to do; without it, a module that knows WASI is
/// taken for a mistake, and a warning is printed each time it is loaded.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {}
