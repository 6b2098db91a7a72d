//! Syslog, and `journalctl`, which writes the same.

use super::form::{may_begin, skip, take, taken};
use super::{CLOCK, Place, Said};
use crate::carrier::wall_time::WallTime;
use crate::text::cursor::Cursor;

/// Times, each with a space behind it.
const TIMES: [&[u8]; 11] = [
    // Of a fraction behind a comma `dmesg` is the writer, which has neither machine nor program behind it.
    b"%4-%2-%2T%C%y ",
    // `journalctl -o short-full`
    b"%a %4-%2-%2 %C %w ",
    b"%4-%2-%2 %C%z ",
    b"%4/%2/%2 %C%z ",
    b"%2/%2/%4 %C%z ",
    b"%e ",
    b"%M %s%d %C %4 ",
    b"%M %s%d %C ",
    b"%M %s%M %s%d %C %4 ",
    b"%M %s%M %s%d %C ",
    b"%C ",
];

/// rsyslog, journalctl, logread: a time, then, of these, what there is: `<0.4>`, the machine, facility and
/// level, the program. `Dec 13 07:23:21 host kernel: `, `Thu Jan  1 00:00:00 2020 kern.err kernel: `.
///
/// A machine in front of the kernel's own clock needs no program.
pub(super) fn syslog<'a>(cursor: &mut Cursor<'a>, said: &mut Said<'a>) -> Option<()> {
    /// What stands in front of the program, a part after the other: what `logread -t` writes, since no machine
    /// runs that long; what FreeBSD's syslogd writes; facility and level, which stand behind a machine too.
    const PARTS: [&[u8]; 6] = [
        b"[%e] ",
        b"<%k.%l> ",
        b"<%k.%d> ",
        b"%k.%l ",
        b"%h %s",
        b"%k.%l ",
    ];
    /// The program. The kernel has no process id.
    const PROGRAM: [&[u8]; 2] = [b"%p:%b", b"%p[%j]:%b"];
    let text = cursor.rest();
    let first = cursor.peek()?;
    let mut times = TIMES.iter().filter(|form| may_begin(form, first));
    times.find_map(|form| skip(form, cursor))?;
    said.wall_time = WallTime::read(taken(text, *cursor));
    cursor.blanks();
    for form in PARTS {
        take(form, Place::Program, cursor, said);
    }
    if skip(CLOCK, &mut { *cursor }).is_some() {
        return Some(());
    }
    let mut forms = PROGRAM.iter();
    forms.find_map(|form| take(form, Place::Program, cursor, said))
}
