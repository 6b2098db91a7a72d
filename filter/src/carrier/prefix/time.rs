//! When a line was written, as syslog, the journal and container runtimes write it.

use crate::text::cursor::{Cursor, unsigned};

/// Any time in front of a line, and the blanks behind it.
pub(super) fn any(cursor: &mut Cursor<'_>) -> Option<()> {
    [rfc3339_of_syslog, date_and_time, epoch, words_and_time]
        .into_iter()
        .find_map(|form| {
            let mut ahead = *cursor;
            form(&mut ahead)?;
            ahead.tag(b" ")?;
            ahead.blanks();
            Some(ahead)
        })
        .map(|behind| *cursor = behind)
}

/// `dmesg` alone writes a comma, and neither host nor program behind it.
fn rfc3339_of_syslog(cursor: &mut Cursor<'_>) -> Option<()> {
    let before = cursor.rest();
    rfc3339(cursor)?;
    let length = before.len().saturating_sub(cursor.rest().len());
    (!before.get(..length)?.contains(&b',')).then_some(())
}

/// `2024-05-05T10:11:12`, a fraction behind `.` or `,`, and a zone.
pub(super) fn rfc3339(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut ahead = *cursor;
    date(&mut ahead, b"-")?;
    ahead.tag(b"T")?;
    clock(&mut ahead)?;
    ahead.take_while(|byte| {
        byte.is_ascii_digit() || matches!(byte, b',' | b'+' | b'-' | b':' | b'Z')
    });
    *cursor = ahead;
    Some(())
}

/// `2024-05-05 10:11:12.345+0200`, `2024/05/05 10:11:12`, and the journal's `Sun 2024-05-05 10:11:12 UTC`.
pub(super) fn date_and_time(cursor: &mut Cursor<'_>) -> Option<()> {
    let day = cursor.take_while(|byte| byte.is_ascii_alphabetic());
    if !day.is_empty() {
        cursor.tag(b" ")?;
    }
    date(cursor, b"-/.")?;
    cursor.tag(b" ")?;
    clock(cursor)?;
    if cursor.tag(b",").is_some() {
        cursor.take_some(|byte| byte.is_ascii_digit())?;
    }
    let mut ahead = *cursor;
    let _ = ahead.tag(b" ");
    let zone = ahead.take_while(|byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b':')
    });
    // Where no day of the week stands in front, a word of capitals may be a machine's name.
    let is_zone = match zone.first() {
        None => false,
        Some(b'+' | b'-') => true,
        Some(_) => !day.is_empty() || matches!(zone, b"UTC" | b"GMT" | b"Z"),
    };
    if is_zone && ahead.peek() == Some(b' ') {
        *cursor = ahead;
    }
    Some(())
}

/// Seconds since 1970, of ten digits until 2286, with or without a fraction.
fn epoch(cursor: &mut Cursor<'_>) -> Option<()> {
    let seconds = cursor.take_some(|byte| byte.is_ascii_digit())?;
    (seconds.len() == 10).then_some(())?;
    if cursor.tag(b".").is_some() {
        cursor.take_some(|byte| byte.is_ascii_digit())?;
    }
    Some(())
}

/// `Dec 13 07:23:21`, `Thu Jan  1 00:00:00 2020`, in the words of any language, or the time alone.
fn words_and_time(cursor: &mut Cursor<'_>) -> Option<()> {
    /// In bytes; what a language calls a month is short.
    const LONGEST: usize = 24;
    let mut words = 0_u8;
    let mut has_number = false;
    while clock(cursor).is_none() {
        words = words.checked_add(1).filter(|count| *count <= 4)?;
        let word = cursor
            .take_some(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || !byte.is_ascii())?;
        has_number |= word.len() <= 4 && unsigned(word).is_some();
        (word.len() <= LONGEST).then_some(())?;
        cursor.tag(b" ")?;
        cursor.blanks();
    }
    (words == 0 || has_number).then_some(())?;
    let mut year = *cursor;
    if year.tag(b" ").is_some()
        && year.take_while(|byte| byte.is_ascii_digit()).len() == 4
        && year.peek() == Some(b' ')
    {
        *cursor = year;
    }
    Some(())
}

/// `2024-05-05` or `05/05/2024`, with one of `separators`.
fn date(cursor: &mut Cursor<'_>, separators: &[u8]) -> Option<()> {
    let mut digits = || {
        let digits = cursor.take_some(|byte| byte.is_ascii_digit())?;
        Some((digits.len(), cursor.peek()))
    };
    let (first, separator) = digits()?;
    let separator = separator.filter(|byte| separators.contains(byte))?;
    cursor.tag(&[separator])?;
    let second = cursor.take_some(|byte| byte.is_ascii_digit())?.len();
    cursor.tag(&[separator])?;
    let third = cursor.take_some(|byte| byte.is_ascii_digit())?.len();
    matches!((first, second, third), (4, 2, 2) | (2, 2, 4)).then_some(())
}

/// `07:23:21`, with or without a fraction.
pub(super) fn clock(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut ahead = *cursor;
    let time = ahead.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    matches!(time, [_, _, b':', _, _, b':', _, _, ..]).then_some(())?;
    *cursor = ahead;
    Some(())
}
