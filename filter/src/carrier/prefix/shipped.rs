//! What captures the output of a machine or a container, with a time of its own.

use super::{Place, has_inside, time, word};
use crate::carrier::{Author, KernelLine};
use crate::text::cursor::Cursor;

/// A container runtime's log of a pod: `2023-10-06T00:17:09.669794202Z stdout F `.
pub(super) fn cri<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    time::rfc3339(cursor)?;
    cursor.tag(b" std")?;
    cursor.tag(b"out ").or_else(|| cursor.tag(b"err "))?;
    cursor.tag(b"F ").or_else(|| cursor.tag(b"P "))
}

/// A hypervisor's capture of a guest console: `2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: `, before 8.0
/// `2019-12-04T10:49:30.127Z| vcpu-5| I125: Guest: `.
pub(super) fn hypervisor<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    time::rfc3339(cursor)?;
    if cursor.tag(b"| ").is_none() {
        cursor.tag(b" ")?;
        word(cursor)?;
    }
    cursor.tag(b"vcpu-")?;
    cursor.unsigned()?;
    if cursor.tag(b"| ").is_some() {
        cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
        return cursor.tag(b": Guest: ");
    }
    cursor.tag(b" - Guest: ")
}

/// macOS's unified log of Docker Desktop's virtual machine:
/// `2019-10-06 12:57:33.928398+0200 0x1f0f     Default     0x0                  737    0    com.docker.hyperkit: `.
pub(super) fn unified_log<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    time::date_and_time(cursor)?;
    cursor.blanks();
    cursor.tag(b"0x")?;
    // Thread, type, activity, process, time to live.
    for _ in 0..5 {
        word(cursor)?;
    }
    cursor.tag(b"com.docker.")?;
    cursor.until(b": ")?;
    Some(())
}

/// Android's kernel log in `logcat`: `05-05 10:11:12.345     0     0 E kernel  : `, or, in its brief form,
/// `E/kernel  (    0): `. The kernel is process 0.
pub(super) fn logcat<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let mut ahead = *cursor;
    let date = ahead.take_while(|byte| byte.is_ascii_digit() || byte == b'-');
    let has_time = matches!(
        date,
        [.., b'0'..=b'9', b'0'..=b'9', b'-', b'0'..=b'9', b'0'..=b'9']
    ) && ahead.tag(b" ").is_some()
        && time::clock(&mut ahead).is_some();
    if has_time {
        ahead.blanks();
        *cursor = ahead;
    }
    let is_level = |byte: u8| matches!(byte, b'V' | b'D' | b'I' | b'W' | b'E' | b'F');
    let mut process = None;
    if has_time && cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        process = Some(cursor.unsigned()?);
        cursor.blanks();
        cursor.unsigned()?;
        cursor.tag(b" ")?;
        cursor.take_some(is_level)?;
        cursor.tag(b" ")?;
    } else {
        cursor.take_some(is_level)?;
        cursor.tag(b"/")?;
    }
    let tag = cursor.take_while(|byte| !matches!(byte, b' ' | b':' | b'('));
    cursor.blanks();
    if process.is_none() {
        cursor.tag(b"(")?;
        cursor.blanks();
        process = Some(cursor.unsigned()?);
        cursor.tag(b")")?;
    }
    cursor.tag(b":")?;
    let _ = cursor.tag(b" ");
    line.author = line.author.and(if process == Some(0) {
        Author::of_program(tag)
    } else {
        Author::Other
    });
    Some(())
}

/// A time in front of a line that has a prefix of its own, as `kubectl logs --timestamps` writes it.
pub(super) fn stamp<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    time::rfc3339(cursor)?;
    cursor.tag(b" ")?;
    has_inside(Place::Shipped, *cursor).then_some(())
}
