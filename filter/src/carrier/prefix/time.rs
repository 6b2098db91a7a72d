//! When a line was written, as syslog and the journal write it.

use super::form::skip;
use crate::text::cursor::{Cursor, unsigned};

/// Times, each with a space behind it.
const TIMES: [&[u8]; 7] = [
    b"%4-%2-%2T%C%z ",
    // `journalctl -o short-full`
    b"%a %4-%2-%2 %C %u ",
    b"%4-%2-%2 %C%z UTC ",
    b"%4-%2-%2 %C%z ",
    b"%4/%2/%2 %C%z ",
    b"%2/%2/%4 %C%z ",
    b"%e ",
];

/// Any time in front of a line, and the blanks behind it.
pub(super) fn any(cursor: &mut Cursor<'_>) -> Option<()> {
    let before = cursor.rest();
    let taken = TIMES.iter().find_map(|form| skip(form, cursor));
    if taken.is_none() {
        words_and_time(cursor)?;
    }
    let length = before.len().saturating_sub(cursor.rest().len());
    cursor.blanks();
    // `dmesg` alone writes a comma behind a `T`, and neither host nor program behind it.
    let time = before.get(..length)?;
    (!(time.contains(&b',') && time.contains(&b'T'))).then_some(())
}

/// `Dec 13 07:23:21`, `Thu Jan  1 00:00:00 2020`, in the words of any language, or the time alone.
fn words_and_time(cursor: &mut Cursor<'_>) -> Option<()> {
    /// In bytes; what a language calls a month is short.
    const LONGEST: usize = 24;
    let mut words = 0_u8;
    let mut has_number = false;
    while skip(b"%C ", cursor).is_none() {
        words = words.checked_add(1).filter(|count| *count <= 4)?;
        let word = cursor
            .take_some(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || !byte.is_ascii())?;
        has_number |= word.len() <= 4 && unsigned(word).is_some();
        (word.len() <= LONGEST).then_some(())?;
        cursor.tag(b" ")?;
        cursor.blanks();
    }
    skip(b"%4 ", cursor);
    (words == 0 || has_number).then_some(())
}
