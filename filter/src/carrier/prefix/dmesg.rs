//! What `dmesg` writes, and the kernel itself, in front of a text.

use super::syslog::LEVELS;
use super::time;
use crate::carrier::{Author, KernelLine};
use crate::text::cursor::{Cursor, find, trim_start, unsigned};

/// `dmesg -x`: `kern  :err   : `.
pub(super) fn decoded<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let facility = facility_and_level(cursor)?;
    cursor.blanks();
    cursor.tag(b": ")?;
    line.author = line.author.and(Author::of_facility(facility));
    Some(())
}

/// Talos: `kern:     err: [2025-04-22T10:37:36.727637155Z]: `.
pub(super) fn talos<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let facility = facility_and_level(cursor)?;
    cursor.tag(b": [")?;
    time::rfc3339(cursor)?;
    cursor.tag(b"]: ")?;
    line.author = line.author.and(Author::of_facility(facility));
    Some(())
}

fn facility_and_level<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let facility = cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
    cursor.blanks();
    cursor.tag(b":")?;
    cursor.blanks();
    let level = cursor.take_some(|byte| byte.is_ascii_alphabetic())?;
    LEVELS.contains(&level).then_some(facility)
}

/// `dmesg --time-format iso`: `2024-05-05T10:11:12,123456+00:00 `.
pub(super) fn iso_time<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    time::rfc3339(cursor)?;
    cursor.tag(b" ")
}

/// `[36370.036951] `, and every other time `dmesg` writes in brackets:
/// `[Sat Apr 27 22:56:09 2019] ` in any language, `[  +0.000003] `,
/// `[36370.036951 <    0.000003>] `. A task row, `[ 123] `, is none of them.
pub(super) fn bracket_time<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    if line.at_us.is_some() {
        // The journal has one clock, and took the kernel's own away.
        return None;
    }
    if let Some(at_us) = clock_in_brackets(cursor) {
        line.at_us = Some(at_us);
    } else {
        time_in_brackets(cursor)?;
    }
    let _ = cursor.tag(b" ");
    Some(())
}

/// The kernel's clock in brackets, and what `dmesg -d` and `journalctl -o short-delta` write beside it.
pub(super) fn clock_in_brackets(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut ahead = *cursor;
    let mut clock = Cursor::new(trim_start(in_brackets(&mut ahead)?));
    let at_us = boot_clock(&mut clock)?;
    clock.blanks();
    matches!(clock.peek(), None | Some(b'<')).then_some(())?;
    *cursor = ahead;
    Some(at_us)
}

/// Any other time in brackets.
fn time_in_brackets(cursor: &mut Cursor<'_>) -> Option<()> {
    let inside = in_brackets(cursor)?;
    let mut clock = Cursor::new(trim_start(inside));
    if clock.tag(b"+").is_some() {
        boot_clock(&mut clock)?;
        return clock.end();
    }
    if clock.tag(b"<").is_some() {
        clock.blanks();
        boot_clock(&mut clock)?;
        return clock.tag(b">");
    }
    let is_time = |part: &[u8]| {
        matches!(
            part,
            [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
        )
    };
    inside.windows(5).any(is_time).then_some(())
}

fn in_brackets<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    /// Longer than any date of any locale in use.
    const LONGEST: usize = 96;
    cursor.tag(b"[")?;
    let within = cursor.rest().get(..LONGEST).unwrap_or(cursor.rest());
    let inside = within.split(|byte| *byte == b']').next()?;
    cursor.tag(inside)?;
    cursor.tag(b"]")?;
    Some(inside)
}

/// `journalctl -o short-monotonic` and `short-delta`: `[36370.036951] host kernel: `.
pub(super) fn journal_monotonic<'a>(
    cursor: &mut Cursor<'a>,
    line: &mut KernelLine<'a>,
) -> Option<()> {
    let at_us = clock_in_brackets(cursor)?;
    cursor.tag(b" ")?;
    let host = cursor.take_some(|byte| !matches!(byte, b' ' | b':' | b'['))?;
    cursor.tag(b" kernel:")?;
    let _ = cursor.tag(b" ");
    line.at_us = Some(at_us);
    line.host = Some(host);
    Some(())
}

/// The same with `--no-hostname`: `[36370.036951] kernel: `. Where a task's name begins a line, `kernel: ` may
/// be a part of it.
pub(super) fn journal_monotonic_without_host<'a>(
    cursor: &mut Cursor<'a>,
    line: &mut KernelLine<'a>,
) -> Option<()> {
    /// A name's length, less what would be its beginning.
    const REST: usize = 15 - b"kernel: ".len();
    let at_us = clock_in_brackets(cursor)?;
    cursor.tag(b" kernel: ")?;
    let may_be_named = [&b" invoked oom-killer:"[..], b" cpuset="]
        .iter()
        .any(|key| find(cursor.rest(), key).is_some_and(|at| at <= REST));
    if may_be_named {
        return None;
    }
    line.at_us = Some(at_us);
    Some(())
}

/// `[ T9185]` or `[C0]`, behind the time (`CONFIG_PRINTK_CALLER`).
pub(super) fn bracket_caller<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    cursor.tag(b"[")?;
    cursor.blanks();
    let caller = cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
    let (kind, number) = caller.split_first()?;
    matches!(kind, b'T' | b'C').then_some(())?;
    unsigned(number)?;
    cursor.tag(b"]")?;
    line.caller = Some(caller);
    let _ = cursor.tag(b" ");
    Some(())
}

/// Seconds with a fraction of two to six decimals, as microseconds. The kernel prints six.
fn boot_clock(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut ahead = *cursor;
    let seconds = ahead.unsigned()?;
    ahead.tag(b".")?;
    let fraction = ahead.take_some(|byte| byte.is_ascii_digit())?;
    let scale = match fraction.len() {
        2 => 10_000,
        3 => 1_000,
        6 => 1,
        _ => return None,
    };
    let at_us = seconds
        .checked_mul(1_000_000)?
        .checked_add(unsigned(fraction)?.checked_mul(scale)?)?;
    *cursor = ahead;
    Some(at_us)
}
