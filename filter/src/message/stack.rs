//! The head of the stack dump, `lib/dump_stack.c:dump_stack_print_info()`.

use super::Message;
use crate::bytes::{Cursor, rfind, split_at};
use crate::escape::Fidelity;

/// The only line with the trigger's process id and the kernel's release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackHead<'a> {
    /// The running task.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// As `uname -r` gives it. Absent where the line was cut.
    pub release: Option<&'a [u8]>,
}

pub(super) fn parse(text: &[u8], fidelity: Fidelity) -> Option<Message<'_>> {
    let mut cursor = Cursor::new(text);
    let pid = if cursor.tag(b"Pid: ").is_some() {
        // Up to 3.9.
        let pid = cursor.pid()?;
        cursor.tag(b", comm: ")?;
        pid
    } else {
        cursor.tag(b"CPU: ")?;
        cursor.unsigned()?;
        if cursor.tag(b" UID: ").is_some() {
            // 6.12 and newer.
            cursor.unsigned()?;
        }
        cursor.tag(b" PID: ")?;
        let pid = cursor.pid()?;
        cursor.tag(b" Comm: ")?;
        pid
    };
    let named = cursor.rest();
    // Of two keys the later is the kernel's, as long as the name still fits.
    let (comm, release) = [&b" Not tainted "[..], b" Tainted: "]
        .iter()
        .filter_map(|key| last_fitting(named, key, fidelity))
        .max_by_key(|(comm, _)| comm.len())?;
    Some(Message::StackHead(StackHead {
        pid,
        comm,
        release: release_of(release),
    }))
}

/// Splits at the last `key` before which a process name fits.
fn last_fitting<'a>(
    text: &'a [u8],
    key: &[u8],
    fidelity: Fidelity,
) -> Option<(&'a [u8], &'a [u8])> {
    let mut end = text.len().min(128);
    loop {
        let position = rfind(text.get(..end)?, key)?;
        let (comm, rest) = split_at(text, position, key.len())?;
        // With a crash kernel loaded it says so behind the name (3.10 and newer).
        let comm = comm.strip_suffix(b" Kdump: loaded").unwrap_or(comm);
        if fidelity.fits_comm(comm) {
            // %.20s pads nothing; some kernels print two spaces here.
            return Some((comm, rest));
        }
        end = position;
    }
}

/// The first word that begins with a digit: taint flags are letters.
fn release_of(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| *byte == b' ')
        .find(|word| word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b'.'))
}
