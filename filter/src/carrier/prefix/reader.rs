//! What programs write that read several logs. It may be nearly anything, so it counts only in front of
//! another prefix.

use super::{Place, has_inside};
use crate::carrier::KernelLine;
use crate::text::cursor::{Cursor, split_at};

/// Longest name that is looked at.
const LONGEST: usize = 512;

/// Whether another prefix comes next.
fn then_another(cursor: &Cursor<'_>) -> Option<()> {
    has_inside(Place::Reader, *cursor).then_some(())
}

/// `kubectl logs --prefix`: `[pod/dmesg-7xk2p/dmesg] `.
pub(super) fn kubectl<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    cursor.tag(b"[pod/")?;
    cursor.take_some(is_of_file)?;
    cursor.tag(b"] ")?;
    then_another(cursor)
}

/// `docker compose logs`: `dmesg-1  | `.
pub(super) fn compose<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    cursor.take_some(is_of_file)?;
    cursor.blanks();
    cursor.tag(b"| ")?;
    then_another(cursor)
}

/// stern: pod and container, `dmesg-7xk2p dmesg `, with the namespace in front where it reads them all.
pub(super) fn stern<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    let mut names_pod = false;
    for count in 1..=3 {
        let name = cursor.take_some(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })?;
        cursor.tag(b" ")?;
        // A pod's name has a hyphen, unless somebody gave it one by hand.
        names_pod |= count < 3 && name.contains(&b'-');
        if count > 1 && names_pod && then_another(cursor).is_some() {
            return Some(());
        }
    }
    None
}

/// `talosctl dmesg` of several nodes: `172.16.0.11: `.
pub(super) fn node<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    let name = cursor.take_some(|byte| byte == b':' || is_of_file(byte))?;
    let name = name.strip_suffix(b":")?;
    cursor.tag(b" ")?;
    let is_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let is_talos = super::dmesg::talos(&mut cursor.clone(), &mut KernelLine::default()).is_some();
    let is_node = is_talos || name.iter().all(is_address) && name.iter().any(u8::is_ascii_digit);
    is_node.then(|| then_another(cursor))?
}

/// `grep -H`, `-n` and both, zgrep's: `/var/log/messages-20240505.gz:12:`, with hyphens for colons beside a
/// hit; `cat -n`.
pub(super) fn grep<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    /// What `grep` calls a log that has no name.
    const STANDARD_INPUT: &[u8] = b"(standard input)";
    let mut ahead = *cursor;
    ahead.tag(STANDARD_INPUT);
    ahead.take_while(|byte| byte == b':' || byte == b'\t' || is_of_file(byte));
    let length = cursor.rest().len().saturating_sub(ahead.rest().len());
    let name = cursor.rest().get(..length.min(LONGEST))?;
    for separator in [b':', b'-', b'\t'] {
        for (at, byte) in name.iter().enumerate() {
            if *byte != separator {
                continue;
            }
            let (name, rest) = split_at(cursor.rest(), at, 1)?;
            let rest = Cursor::new(rest);
            if names_log(name) && then_another(&rest).is_some() {
                *cursor = rest;
                return Some(());
            }
        }
    }
    None
}

/// Whether a text may be what `grep` calls a log: a file, or the number of a line.
fn names_log(name: &[u8]) -> bool {
    /// Files that lie in `/var/log`.
    const LOGS: [&[u8]; 6] = [
        b"messages",
        b"syslog",
        b"kern",
        b"dmesg",
        b"journal",
        b"log",
    ];
    let is_number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    let is_path = name.iter().any(|byte| matches!(byte, b'/' | b'.'));
    is_number || is_path || name.starts_with(b"(") || LOGS.iter().any(|log| name.starts_with(log))
}

fn is_of_file(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@' | b'+' | b'~' | b'%')
}
