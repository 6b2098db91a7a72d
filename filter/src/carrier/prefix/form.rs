//! Prefixes as forms: what is written in them stands for itself, but for marks of two bytes.

use super::{LEVELS, Place, Said, has_inside};
use crate::carrier::Author;
use crate::carrier::kmsg::is_caller;
use crate::carrier::wall_time::WallTime;
use crate::carrier::wrapping::BYTE_ORDER_MARK;
use crate::text::cursor::{Cursor, find, unsigned};

/// Takes the form off, and writes what it says into the line. Where it does not fit, both are as they were.
///
/// | mark | stands for |
/// |---|---|
/// | `%T` | `2024-05-05T10:11:12.123+00:00` |
/// | `%C` | `10:11:12.123` |
/// | `%z`, `%y` | a fraction behind a comma and a zone, or nothing; a zone, or nothing |
/// | `%M` | a month or a day of the week, in any language |
/// | `%H` | what stands in brackets, with a time of day in it |
/// | `%e` | seconds since 1970, with or without a fraction |
/// | `%K` | the kernel's clock, and what `dmesg -d` writes behind it |
/// | `%4`, `%2`, `%d` | so many digits, any number of them |
/// | `%a` | letters and digits |
/// | `%w` | anything but blanks |
/// | `%f` | what a file's name may have |
/// | `%P` | the same, of a pod |
/// | `%h` | the machine |
/// | `%p`, `%q` | the program, up to a colon or bracket; up to a blank |
/// | `%i`, `%j` | its number, or a hyphen; its number. The kernel has none |
/// | `%Z` | the number of a process; the kernel's is 0 |
/// | `%n` | level and facility in one number |
/// | `%k`, `%l` | a facility, a level |
/// | `%S` | structured data |
/// | `%c` | the task that printed the line |
/// | `%s`, `%b` | blanks, or none; one, or none |
/// | `%m` | a mark of the order of bytes, or none |
/// | `%!` | no name of a task, which the prefix may be a part of |
/// | `%<` | the priority, which is not taken |
/// | `%>` | another prefix, which is not taken |
#[inline(never)]
pub(super) fn take<'a>(
    form: &[u8],
    place: Place,
    cursor: &mut Cursor<'a>,
    said: &mut Said<'a>,
) -> Option<()> {
    let before = (*cursor, *said);
    let taken = read(form, place, cursor, said);
    if taken.is_none() {
        (*cursor, *said) = before;
    }
    taken
}

/// Whether a text that begins with this byte may have the form: most have not, and are told at once.
pub(super) fn may_begin(form: &[u8], first: u8) -> bool {
    match form {
        [b'%', b'T', ..] => first.is_ascii_digit(),
        // What these stand for begins with anything, or is read from behind it.
        [
            b'%',
            b'K' | b'S' | b's' | b'b' | b'm' | b'!' | b'<' | b'>',
            ..,
        ]
        | [] => true,
        [b'%', mark, ..] => may_have(*mark, first),
        [byte, ..] => *byte == first,
    }
}

/// Takes the form off, whatever it says.
pub(super) fn skip(form: &[u8], cursor: &mut Cursor<'_>) -> Option<()> {
    take(form, Place::Caller, cursor, &mut Said::default())
}

/// What was taken off `text`.
pub(super) fn taken<'a>(text: &'a [u8], cursor: Cursor<'a>) -> &'a [u8] {
    let length = text.len().saturating_sub(cursor.rest().len());
    text.get(..length).unwrap_or_default()
}

fn read<'a>(form: &[u8], place: Place, cursor: &mut Cursor<'a>, said: &mut Said<'a>) -> Option<()> {
    let mut rest = form;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let (mark, behind) = rest.split_first()?;
            rest = behind;
            read_mark(*mark, place, cursor, said)?;
        } else {
            cursor.tag(&[*first])?;
        }
    }
    Some(())
}

fn read_mark<'a>(
    mark: u8,
    place: Place,
    cursor: &mut Cursor<'a>,
    said: &mut Said<'a>,
) -> Option<()> {
    match mark {
        b'T' => {
            let text = cursor.rest();
            read(b"%4-%2-%2T%C%z", place, cursor, said)?;
            if place > Place::Shipped {
                said.wall_time = WallTime::read(taken(text, *cursor));
            }
        }
        b'K' => {
            said.at_us = Some(kernel_clock(cursor)?);
            cursor.blanks();
            if cursor.peek() == Some(b'<') {
                cursor.take_while(|byte| byte != b']');
            }
        }
        b'S' => {
            if cursor.tag(b"-").is_none() {
                structured_data(cursor)?;
            }
        }
        b's' => cursor.blanks(),
        b'b' => drop(cursor.tag(b" ")),
        b'm' => drop(cursor.tag(BYTE_ORDER_MARK)),
        b'!' => (!may_be_name(cursor.rest())).then_some(())?,
        b'<' => (cursor.peek() == Some(b'<')).then_some(())?,
        b'>' => has_inside(place, *cursor).then_some(())?,
        _ => {
            let run = cursor.take_while(|byte| may_have(mark, byte));
            is_whole(mark, run).then_some(())?;
            // Further out it is syslog's, and anybody's.
            said.is_user_space |= mark == b'k' && place > Place::Priority && run == b"user";
            said_by(mark, run, said)?;
        }
    }
    Some(())
}

/// Whether what a mark stands for may have this byte.
fn may_have(mark: u8, byte: u8) -> bool {
    match mark {
        b'4' | b'2' | b'd' | b'j' | b'Z' | b'n' => byte.is_ascii_digit(),
        b'a' | b'k' | b'l' | b'c' => byte.is_ascii_alphanumeric(),
        b'C' => byte.is_ascii_digit() || matches!(byte, b':' | b'.'),
        b'e' => byte.is_ascii_digit() || byte == b'.',
        b'z' | b'y' => {
            byte.is_ascii_digit()
                || matches!(byte, b'+' | b'-' | b':' | b'Z')
                || byte == b',' && mark == b'z'
        }
        b'M' => byte.is_ascii_alphanumeric() || byte == b'.' || !byte.is_ascii(),
        b'H' => byte != b']',
        b'f' | b'P' => is_of_file(byte),
        b'p' => !matches!(byte, b' ' | b':' | b'['),
        b'h' => !matches!(byte, b' ' | b'['),
        _ => byte != b' ',
    }
}

/// Whether it may be all of it.
fn is_whole(mark: u8, run: &[u8]) -> bool {
    match mark {
        b'4' => run.len() == 4,
        b'2' => run.len() == 2,
        b'C' => matches!(run, [_, _, b':', _, _, b':', _, _, ..]),
        b'e' => {
            let (seconds, fraction) = run.split_at_checked(10).unwrap_or_default();
            unsigned(seconds).is_some() && matches!(fraction, [] | [b'.', ..])
        }
        b'l' => LEVELS.contains(&run),
        b'P' => run.contains(&b'-'),
        // A program's name ends with a colon.
        b'h' => !run.is_empty() && !run.ends_with(b":"),
        b'z' | b'y' => true,
        // In bytes; no language needs more.
        b'M' => (1..=24).contains(&run.len()),
        b'H' => run.len() <= 96 && run.windows(5).any(is_time_of_day),
        _ => !run.is_empty(),
    }
}

fn is_time_of_day(part: &[u8]) -> bool {
    matches!(
        part,
        [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
    )
}

/// What a mark's text says.
fn said_by<'a>(mark: u8, run: &'a [u8], said: &mut Said<'a>) -> Option<()> {
    let author = match mark {
        b'p' | b'q' => Author::of_program(run),
        b'k' => Author::of_facility(run),
        b'n' => Author::of_priority(unsigned(run)?),
        b'i' if run != b"-" => Author::Other,
        b'j' => Author::Other,
        b'Z' if unsigned(run) != Some(0) => Author::Other,
        b'e' | b'H' => {
            // Behind it `dmesg -Td` writes how long ago the line before was.
            let time = run.split(|byte| *byte == b'<').next()?;
            said.wall_time = WallTime::read(time);
            return Some(());
        }
        b'h' => {
            said.host = (run != b"-").then_some(run);
            return Some(());
        }
        b'c' => {
            is_caller(run).then_some(())?;
            said.caller = Some(run);
            return Some(());
        }
        _ => return Some(()),
    };
    said.author = said.author.and(author);
    Some(())
}

/// Whether a task's name may begin with `kernel: ` in front of this: such lines begin with one.
fn may_be_name(text: &[u8]) -> bool {
    /// A name's length, less that of its beginning.
    const REST: usize = 15 - b"kernel: ".len();
    [&b" invoked oom-killer:"[..], b" cpuset="]
        .iter()
        .any(|key| find(text, key).is_some_and(|at| at <= REST))
}

/// Seconds with a fraction of two, three or six decimals, as microseconds. The kernel prints six.
fn kernel_clock(cursor: &mut Cursor<'_>) -> Option<u64> {
    let seconds = cursor.unsigned()?;
    cursor.tag(b".")?;
    let fraction = cursor.take_some(|byte| byte.is_ascii_digit())?;
    let scale = match fraction.len() {
        2 => 10_000,
        3 => 1_000,
        6 => 1,
        _ => return None,
    };
    seconds
        .checked_mul(1_000_000)?
        .checked_add(unsigned(fraction)?.checked_mul(scale)?)
}

/// `[origin ip="10.0.0.1"][meta x="]"]`. Inside a value a bracket has a backslash in front.
fn structured_data(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.tag(b"[")?;
    loop {
        let element = cursor.until(b"]")?;
        if !element.ends_with(b"\\") && cursor.tag(b"[").is_none() {
            return Some(());
        }
    }
}

pub(super) fn is_of_file(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@' | b'+' | b'~' | b'%')
}
