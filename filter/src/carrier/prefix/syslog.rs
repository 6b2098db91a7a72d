//! Syslog, and `journalctl`, which writes the same.

use super::{Place, has_inside, time, word};
use crate::carrier::{Author, KernelLine};
use crate::text::cursor::{Cursor, split_at};

/// The length of a message, as syslog over TCP has it: `123 <6>`.
pub(super) fn octet_count<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    cursor.unsigned()?;
    cursor.tag(b" ")?;
    (cursor.peek() == Some(b'<')).then_some(())
}

/// `<6>1 2024-05-05T10:11:12.123456+00:00 host kernel - - - `.
pub(super) fn rfc5424<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let author = bracketed_priority(cursor).unwrap_or(Author::Unsaid);
    cursor.tag(b"1 ")?;
    time::rfc3339(cursor)?;
    cursor.tag(b" ")?;
    let host = word(cursor)?;
    let program = word(cursor)?;
    let process_id = word(cursor)?;
    word(cursor)?;
    if cursor.tag(b"-").is_none() {
        structured_data(cursor)?;
    }
    cursor.tag(b" ")?;
    let _ = cursor.tag(b"\xef\xbb\xbf");
    line.host = (host != b"-").then_some(host);
    line.author = author.and(Author::of_program(program));
    if process_id != b"-" {
        // The kernel has none.
        line.author = Author::Other;
    }
    Some(())
}

/// `[origin ip="10.0.0.1"][meta x="]"]`. Inside a value a bracket has a backslash in front.
fn structured_data(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.tag(b"[")?;
    loop {
        let element = cursor.until(b"]")?;
        if !element.ends_with(b"\\") && cursor.tag(b"[").is_none() {
            break;
        }
    }
    Some(())
}

/// syslog(2), `dmesg -r`: `<6>`.
pub(super) fn priority<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    line.author = line.author.and(bracketed_priority(cursor)?);
    Some(())
}

fn bracketed_priority(cursor: &mut Cursor<'_>) -> Option<Author> {
    let mut ahead = *cursor;
    ahead.tag(b"<")?;
    let author = Author::of_priority(ahead.unsigned()?);
    ahead.tag(b">")?;
    *cursor = ahead;
    Some(author)
}

/// `kern.err ` or `kern.err: ` in front of another prefix.
pub(super) fn facility_in_front<'a>(
    cursor: &mut Cursor<'a>,
    line: &mut KernelLine<'a>,
) -> Option<()> {
    let words = word(cursor)?;
    let facility = facility_before_level(words.strip_suffix(b":").unwrap_or(words))?;
    has_inside(Place::Priority, *cursor).then_some(())?;
    line.author = line.author.and(Author::of_facility(facility));
    Some(())
}

/// rsyslog, journalctl, logread: a time, then, of these, what there is: `<0.4>`, the machine, facility and
/// level, the program. `Dec 13 07:23:21 host kernel: `, `Thu Jan  1 00:00:00 2020 kern.err kernel: `.
///
/// A machine in front of the kernel's own clock needs no program.
pub(super) fn syslog<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    time::any(cursor)?;
    milliseconds(cursor);
    let mut author = line.author;
    if let Some(facility) = bracketed_facility(cursor) {
        author = author.and(Author::of_facility(facility));
    }
    let mut host = None;
    let mut ahead = *cursor;
    if !is_kernel_clock(ahead)
        && let Some(first) = word(&mut ahead)
        // A program's name ends with a colon.
        && !first.ends_with(b":")
        && facility_before_level(first).is_none()
    {
        host = Some(first);
        *cursor = ahead;
    }
    let mut ahead = *cursor;
    if let Some(facility) = word(&mut ahead).and_then(facility_before_level) {
        author = author.and(Author::of_facility(facility));
        *cursor = ahead;
    }
    if !is_kernel_clock(*cursor) {
        author = author.and(program(cursor)?);
    }
    line.host = host;
    line.author = author;
    Some(())
}

/// What the program's name tells of the author: `kernel: ` or `sshd[123]: `.
fn program(cursor: &mut Cursor<'_>) -> Option<Author> {
    let name = cursor.take_some(|byte| !matches!(byte, b' ' | b':' | b'['))?;
    let mut author = Author::of_program(name);
    if cursor.tag(b"[").is_some() {
        // The kernel has no process id.
        author = Author::Other;
        cursor.unsigned()?;
        cursor.tag(b"]")?;
    }
    cursor.tag(b":")?;
    let _ = cursor.tag(b" ");
    Some(author)
}

/// Whether the clock of the kernel's own lines comes next.
fn is_kernel_clock(mut cursor: Cursor<'_>) -> bool {
    cursor.peek() == Some(b'[') && super::dmesg::clock_in_brackets(&mut cursor).is_some()
}

/// What `logread -t` writes behind the time: `[1714903872.123] `. No machine runs that long.
fn milliseconds(cursor: &mut Cursor<'_>) {
    let mut ahead = *cursor;
    let mut read = || {
        ahead.tag(b"[")?;
        let seconds = ahead.take_some(|byte| byte.is_ascii_digit())?;
        (seconds.len() == 10).then_some(())?;
        ahead.tag(b".")?;
        ahead.unsigned()?;
        ahead.tag(b"] ")
    };
    if read().is_some() {
        *cursor = ahead;
    }
}

/// `kern` of `<kern.err> `, `0` of `<0.4> `, as FreeBSD's syslogd writes them.
fn bracketed_facility<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    ahead.tag(b"<")?;
    let words = ahead.until(b"> ")?;
    let facility = facility_before_level(words).or_else(|| {
        let facility = words.strip_suffix(&[*words.last()?])?.strip_suffix(b".")?;
        facility.iter().all(u8::is_ascii_digit).then_some(facility)
    })?;
    *cursor = ahead;
    Some(facility)
}

/// A program name with nothing before it: `kernel: `, or with a process id behind, `kernel[77]: `.
pub(super) fn kernel_tag<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let rest = cursor.rest();
    (rest.starts_with(b"kernel:") || rest.starts_with(b"kernel[")).then_some(())?;
    line.author = line.author.and(program(cursor)?);
    Some(())
}

/// `kern` of `kern.err`.
fn facility_before_level(word: &[u8]) -> Option<&[u8]> {
    let dot = word.iter().position(|byte| *byte == b'.')?;
    let (facility, level) = split_at(word, dot, 1)?;
    LEVELS.contains(&level).then_some(facility)
}

/// The names that util-linux, Talos and syslog give to the eight levels.
pub(super) const LEVELS: [&[u8]; 11] = [
    b"emerg", b"alert", b"crit", b"err", b"warn", b"notice", b"info", b"debug", b"warning",
    b"error", b"panic",
];
