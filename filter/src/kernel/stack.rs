//! What stands behind the process id in the head of the stack dump.

use super::message::{Message, StackHead};
use super::pieces::Values;
use crate::carrier::{LONGEST_NAME, NameBytes};
use crate::text::cursor::{rfind, split_at};

/// `java Not tainted 6.1.0-50-cloud-amd64 #1`, `java Kdump: loaded Tainted: G W 5.10 #1`.
pub(super) fn head<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    // Of two keys the later is the kernel's, as long as the name still fits.
    // Names longer than 15 bytes are only there where none of that length is.
    let (comm, release) = [NameBytes::fits_comm, NameBytes::fits_long_comm]
        .iter()
        .find_map(|fits| {
            [&b" Not tainted "[..], b" Tainted: "]
                .iter()
                .filter_map(|key| {
                    last_fitting(values.rest, key, |comm| fits(values.name_bytes, comm))
                })
                .max_by_key(|(comm, _)| comm.len())
        })?;
    Some(Message::StackHead(StackHead {
        pid: values.pid,
        comm,
        release: release_of(release),
    }))
}

/// Splits at the last `key` before which a process name fits.
fn last_fitting<'a>(
    text: &'a [u8],
    key: &[u8],
    fits: impl Fn(&[u8]) -> bool,
) -> Option<(&'a [u8], &'a [u8])> {
    let mut end = text.len().min(LONGEST_NAME.saturating_add(64));
    loop {
        let position = rfind(text.get(..end)?, key)?;
        let (comm, rest) = split_at(text, position, key.len())?;
        // With a crash kernel loaded it says so behind the name (3.10 and newer).
        let comm = comm.strip_suffix(b" Kdump: loaded").unwrap_or(comm);
        if fits(comm) {
            return Some((comm, rest));
        }
        end = position;
    }
}

/// The first word that begins with a digit: taint flags are letters. Some kernels print two spaces in
/// front of it.
fn release_of(text: &[u8]) -> Option<&[u8]> {
    text.split(|byte| *byte == b' ')
        .find(|word| word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b'.'))
}
