//! Archives of tar, without anything of the machine that writes them: no times, no owners, no order of a
//! directory's own.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

use crate::TIME;

/// The files of a folder, below `prefix`. A file that its owner may execute stays so.
///
/// # Errors
///
/// Where a file cannot be read, or is neither a file nor a folder.
pub fn of_folder(folder: &Path, prefix: &str) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let mut archive = tar::Builder::new(Vec::new());
    for path in files {
        let name = path.strip_prefix(folder).map_err(io::Error::other)?;
        let is_program = fs::metadata(&path)?.permissions().mode() & 0o100 != 0;
        let mode = if is_program { 0o755 } else { 0o644 };
        let name = Path::new(prefix).join(name);
        append(&mut archive, &name, &fs::read(&path)?, mode)?;
    }
    archive.into_inner()
}

/// One file as an archive, with the permissions `mode`.
///
/// # Errors
///
/// Where the name is too long for an archive.
pub fn of_file(name: &str, content: &[u8], mode: u32) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, Path::new(name), content, mode)?;
    archive.into_inner()
}

/// Packs by gzip.
///
/// # Errors
///
/// None that a vector in memory can have.
pub fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    gzip.write_all(content)?;
    gzip.finish()
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    name: &Path,
    content: &[u8],
    mode: u32,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, name, content)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        } else {
            let path = entry.path();
            return Err(io::Error::other(format!(
                "{} is neither a file nor a folder",
                path.display()
            )));
        }
    }
    Ok(())
}
