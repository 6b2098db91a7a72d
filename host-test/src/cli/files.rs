//! What is read: a file, standard input or a device.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use oom_unpack::Unpacked;

/// An open input.
pub(super) struct Opened {
    pub file: Unpacked<File>,
    /// As it is named in messages.
    pub name: String,
    /// The tag of its records, as Fluent Bit makes it: the path with dots, or the input's name.
    pub tag: String,
    /// Bytes to come, where a regular file tells: one that is packed does not.
    pub bytes: Option<u64>,
    /// A device that gives one record with each read, as `/dev/kmsg` does.
    pub device: bool,
}

impl Opened {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let standard_input = path.as_os_str() == "-";
        let (file, name, tag) = if standard_input {
            // Not the locked, buffered handle: its lines would wait in a buffer that nobody sees.
            let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
            (file, "standard input".to_owned(), "stdin.0".to_owned())
        } else {
            let name = path.display().to_string();
            let tag = name.replace('/', ".").trim_start_matches('.').to_owned();
            (File::open(path)?, name, tag)
        };
        let metadata = file.metadata()?;
        let device = metadata.file_type().is_char_device() && !file.is_terminal();
        let file = if device {
            // It gives whole records only, to a reader with room for one.
            Unpacked::plain(file)
        } else {
            Unpacked::new(file)?
        };
        let tells_length = metadata.is_file() && file.is_plain();
        Ok(Self {
            bytes: tells_length.then_some(metadata.len()),
            file,
            name,
            tag,
            device,
        })
    }
}
