//! What `grep` writes in front of the lines that it finds.

use super::form::is_of_file;
use super::{Place, Said, has_inside};
use crate::text::cursor::{Cursor, split_at};

/// `grep -H`, `-n` and both, zgrep's: `/var/log/messages-20240505.gz:12:`, with hyphens for colons beside a
/// hit; `cat -n`. It may be nearly anything, so it counts only in front of another prefix.
pub(super) fn grep<'a>(cursor: &mut Cursor<'a>, _: &mut Said<'a>) -> Option<()> {
    /// Longest name that is looked at.
    const LONGEST: usize = 512;
    let line = cursor.rest();
    let within = line.get(..LONGEST).unwrap_or(line);
    for (at, byte) in within.iter().enumerate() {
        if matches!(byte, b':' | b'-' | b'\t') {
            let (name, rest) = split_at(line, at, 1)?;
            let rest = Cursor::new(rest);
            if names_log(name) && has_inside(Place::Reader, rest) {
                *cursor = rest;
                return Some(());
            }
        } else if !is_of_file(*byte) && !line.starts_with(STANDARD_INPUT) {
            break;
        }
    }
    None
}

/// What `grep` calls a log that has no name.
const STANDARD_INPUT: &[u8] = b"(standard input)";

/// Whether a text may be what `grep` calls a log: a file, or the number of a line.
fn names_log(name: &[u8]) -> bool {
    /// Files that lie in `/var/log`.
    const LOGS: [&[u8]; 4] = [b"messages", b"syslog", b"kern", b"dmesg"];
    let is_number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    let is_path = name.iter().any(|byte| matches!(byte, b'/' | b'.'));
    is_number || is_path || name == STANDARD_INPUT || LOGS.iter().any(|log| name.starts_with(log))
}
