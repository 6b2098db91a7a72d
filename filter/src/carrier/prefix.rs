//! What log carriers put in front of a kernel message, one row per shape.
//!
//! The kernel prints `x invoked oom-killer: ...`; what arrives is
//! `Dec 13 07:23:21 node1 kernel: [36370.036951] x invoked oom-killer: ...`.
//! [`strip`] takes such prefixes off and keeps what they tell: the kernel's
//! clock, the machine, the calling task, and who wrote the line.

use alloc::borrow::Cow;

use super::kmsg::{self, Header};
use super::{Author, KernelLine, NameBytes};
use crate::text::cursor::{Cursor, split_at, trim_line_end, trim_start, unsigned};

/// Takes a prefix off the cursor and writes what it says into the line. Where it declines, the line is
/// as it was; where the cursor is then does not matter.
type Prefix = for<'a> fn(&mut Cursor<'a>, &mut KernelLine<'a>) -> Option<()>;

/// Every known prefix, the outermost first: a container's log of `dmesg -x` output
/// of `printk.time` lines. Each is tried once and none after one that stands
/// further in, so that a name behind the genuine prefixes is never taken for one.
const PREFIXES: [Prefix; 13] = [
    cri,
    hypervisor_console,
    kmsg,
    rfc5424,
    priority,
    kernel_tag_in_full,
    syslog,
    syslog_without_host,
    kernel_tag,
    dmesg_decoded,
    iso_time,
    bracket_time,
    bracket_caller,
];

/// Takes every prefix off `line`.
pub(super) fn strip(line: &[u8]) -> KernelLine<'_> {
    let mut cursor = Cursor::new(trim_start(trim_line_end(line)));
    let mut stripped = KernelLine::default();
    for prefix in PREFIXES {
        // Nothing stands in front of the text of a `/dev/kmsg` record.
        if stripped.author == Author::Other || stripped.name_bytes == NameBytes::Exact {
            break;
        }
        let mut ahead = cursor;
        if prefix(&mut ahead, &mut stripped).is_some() {
            cursor = ahead;
        }
    }
    stripped.text = match stripped.name_bytes {
        NameBytes::Exact if stripped.author != Author::Other => kmsg::decode(cursor.rest()),
        _ => Cow::Borrowed(cursor.rest()),
    };
    stripped
}

/// `/dev/kmsg` and extended netconsole.
fn kmsg<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let header = Header::read(cursor)?;
    line.at_us = Some(header.at_us);
    line.sequence = Some(header.sequence);
    line.caller = header.caller;
    line.author = Author::of_priority(header.priority);
    line.name_bytes = NameBytes::Exact;
    Some(())
}

/// A container runtime's log of a pod: `2023-10-06T00:17:09.669794202Z stdout F `.
fn cri<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    rfc3339(cursor)?;
    cursor.tag(b" std")?;
    cursor.tag(b"out ").or_else(|| cursor.tag(b"err "))?;
    cursor.tag(b"F ").or_else(|| cursor.tag(b"P "))
}

/// A hypervisor's capture of a guest console:
/// `2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: `.
fn hypervisor_console<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    rfc3339(cursor)?;
    cursor.tag(b" ")?;
    word(cursor)?;
    cursor.tag(b"vcpu-")?;
    cursor.unsigned()?;
    cursor.tag(b" - Guest: ")
}

/// `<6>1 2024-05-05T10:11:12.123456+00:00 host kernel - - - `.
fn rfc5424<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let author = bracketed_priority(cursor)?;
    cursor.tag(b"1 ")?;
    rfc3339(cursor)?;
    cursor.tag(b" ")?;
    let host = word(cursor)?;
    let program = word(cursor)?;
    let process_id = word(cursor)?;
    word(cursor)?;
    cursor.tag(b"- ")?;
    line.host = Some(host);
    line.author = author.and(Author::of_program(program));
    if process_id != b"-" {
        // The kernel has none.
        line.author = Author::Other;
    }
    Some(())
}

/// syslog(2), `dmesg -r`: `<6>`.
fn priority<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    line.author = bracketed_priority(cursor)?;
    Some(())
}

fn bracketed_priority(cursor: &mut Cursor<'_>) -> Option<Author> {
    cursor.tag(b"<")?;
    let author = Author::of_priority(cursor.unsigned()?);
    cursor.tag(b">")?;
    Some(author)
}

/// rsyslog, journalctl: `Dec 13 07:23:21 host kernel: `, with an ISO time, or
/// with a facility and level before the program (logread of OpenWrt).
fn syslog<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    syslog_time(cursor)?;
    let host = word(cursor)?;
    if facility_before_level(host).is_some() {
        return None;
    }
    program(cursor, line)?;
    line.host = Some(host);
    Some(())
}

/// The same with the host cut out: `Dec 13 07:23:21 kernel: `.
fn syslog_without_host<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    syslog_time(cursor)?;
    program(cursor, line)
}

/// The program's name in a syslog line, `kernel: ` or `sshd[123]: `.
fn program<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let mut name = cursor.take_some(|byte| !matches!(byte, b' ' | b':' | b'['))?;
    let mut author = line.author;
    if cursor.peek() == Some(b' ')
        && let Some(facility) = facility_before_level(name)
    {
        author = author.and(Author::of_facility(facility));
        cursor.blanks();
        name = cursor.take_some(|byte| !matches!(byte, b' ' | b':' | b'['))?;
    }
    author = author.and(Author::of_program(name));
    if cursor.tag(b"[").is_some() {
        // The kernel has no process id.
        author = Author::Other;
        cursor.unsigned()?;
        cursor.tag(b"]")?;
    }
    cursor.tag(b":")?;
    let _ = cursor.tag(b" ");
    line.author = author;
    Some(())
}

/// `dmesg -x`: `kern  :err   : `.
fn dmesg_decoded<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let facility = cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
    cursor.blanks();
    cursor.tag(b":")?;
    let level = cursor.take_some(|byte| byte.is_ascii_alphabetic())?;
    LEVELS.contains(&level).then_some(())?;
    cursor.blanks();
    cursor.tag(b": ")?;
    line.author = line.author.and(Author::of_facility(facility));
    Some(())
}

/// `kern` of `kern.err`.
fn facility_before_level(word: &[u8]) -> Option<&[u8]> {
    let dot = word.iter().position(|byte| *byte == b'.')?;
    let (facility, level) = split_at(word, dot, 1)?;
    LEVELS.contains(&level).then_some(facility)
}

/// The names util-linux gives to the eight levels.
const LEVELS: [&[u8]; 8] = [
    b"emerg", b"alert", b"crit", b"err", b"warn", b"notice", b"info", b"debug",
];

/// `dmesg --time-format iso`: `2024-05-05T10:11:12,123456+00:00 `.
fn iso_time<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    rfc3339(cursor)?;
    cursor.tag(b" ")
}

/// `[36370.036951] `, and every other time `dmesg` writes in brackets:
/// `[Sat Apr 27 22:56:09 2019] ` in any language, `[  +0.000003] `,
/// `[36370.036951 <    0.000003>] `. A task row, `[ 123] `, is none of them.
fn bracket_time<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    /// Longer than any date of any locale in use.
    const LONGEST: usize = 64;
    cursor.tag(b"[")?;
    let inside = cursor.until(b"]")?;
    if inside.len() > LONGEST {
        return None;
    }
    let mut clock = Cursor::new(trim_start(inside));
    if let Some(at_us) = boot_clock(&mut clock) {
        clock.blanks();
        let delta = clock.rest();
        if !(delta.is_empty() || delta.starts_with(b"<")) {
            return None;
        }
        line.at_us = Some(at_us);
    } else if clock.tag(b"+").is_some() {
        boot_clock(&mut clock)?;
        clock.end()?;
    } else {
        inside
            .windows(5)
            .any(|part| {
                matches!(
                    part,
                    [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
                )
            })
            .then_some(())?;
    }
    let _ = cursor.tag(b" ");
    Some(())
}

/// `[ T9185]` or `[C0]`, behind the time (`CONFIG_PRINTK_CALLER`).
fn bracket_caller<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
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

/// A program name with nothing before it: `kernel: `.
fn kernel_tag<'a>(cursor: &mut Cursor<'a>, _: &mut KernelLine<'a>) -> Option<()> {
    cursor.tag(b"kernel:")?;
    let _ = cursor.tag(b" ");
    Some(())
}

/// The same with facility and level before it, or a process id behind: `kern.err kernel: `, `kernel[77]: `.
fn kernel_tag_in_full<'a>(cursor: &mut Cursor<'a>, line: &mut KernelLine<'a>) -> Option<()> {
    let mut name = *cursor;
    let first = name.take_some(|byte| !matches!(byte, b' ' | b':' | b'['))?;
    if facility_before_level(first).is_some() {
        name.blanks();
        name.tag(b"kernel:").or_else(|| name.tag(b"kernel["))?;
    } else if first != b"kernel" || name.peek() != Some(b'[') {
        return None;
    }
    program(cursor, line)
}

/// Seconds with six decimals, as microseconds.
fn boot_clock(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut ahead = *cursor;
    let seconds = ahead.unsigned()?;
    ahead.tag(b".")?;
    let fraction = ahead.take_some(|byte| byte.is_ascii_digit())?;
    if fraction.len() != 6 {
        return None;
    }
    let at_us = seconds
        .checked_mul(1_000_000)?
        .checked_add(unsigned(fraction)?)?;
    *cursor = ahead;
    Some(at_us)
}

fn syslog_time(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut ahead = *cursor;
    if rfc3339(&mut ahead).is_some() {
        // `dmesg` alone writes a comma, and neither host nor program behind it.
        let length = cursor.rest().len().saturating_sub(ahead.rest().len());
        if cursor.rest().get(..length)?.contains(&b',') {
            return None;
        }
        ahead.tag(b" ")?;
        *cursor = ahead;
        return Some(());
    }
    // "Dec 13 07:23:21", "Thu Jan  1 00:00:00 2020".
    let mut words = 0_u8;
    while !clock_time(&mut ahead) {
        words = words.checked_add(1).filter(|count| *count <= 3)?;
        let word = ahead.take_some(|byte| byte.is_ascii_alphanumeric())?;
        if word.len() > 3 {
            return None;
        }
        ahead.tag(b" ")?;
        ahead.blanks();
    }
    if words < 2 {
        return None;
    }
    ahead.tag(b" ")?;
    let mut year = ahead;
    if year.take_while(|byte| byte.is_ascii_digit()).len() == 4 && year.tag(b" ").is_some() {
        ahead = year;
    }
    *cursor = ahead;
    Some(())
}

/// `07:23:21`, with or without a fraction.
fn clock_time(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    let time = ahead.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    let met = matches!(time, [_, _, b':', _, _, b':', ..]);
    if met {
        *cursor = ahead;
    }
    met
}

/// `2024-05-05T10:11:12`, a fraction behind `.` or `,`, and a zone.
fn rfc3339(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut ahead = *cursor;
    let date = ahead.take_while(|byte| byte.is_ascii_digit() || byte == b'-');
    if !matches!(date, [_, _, _, _, b'-', _, _, b'-', _, _]) {
        return None;
    }
    ahead.tag(b"T")?;
    if !clock_time(&mut ahead) {
        return None;
    }
    ahead.take_while(|byte| {
        byte.is_ascii_digit() || matches!(byte, b',' | b'+' | b'-' | b':' | b'Z')
    });
    *cursor = ahead;
    Some(())
}

/// A word and the blanks behind it.
fn word<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let word = ahead.take_some(|byte| byte != b' ')?;
    ahead.tag(b" ")?;
    ahead.blanks();
    *cursor = ahead;
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// Every prefix, in front of one message.
    #[test]
    fn every_carrier_leaves_the_same_text() {
        const MESSAGE: &str = "Killed process 7 (a) total-vm:1kB";
        let clock = Some(36_370_036_951);
        for (prefix, at_us, host, caller) in [
            ("", None, None, None),
            ("[36370.036951] ", clock, None, None),
            ("[    5.000001] ", Some(5_000_001), None, None),
            ("[36370.036951][ T9185] ", clock, None, Some("T9185")),
            ("[36370.036951] [   T9185] ", clock, None, Some("T9185")),
            ("[36370.036951][    C0] ", clock, None, Some("C0")),
            ("<6>[36370.036951] ", clock, None, None),
            ("[Sat Apr 27 22:56:09 2019] ", None, None, None),
            ("[dim. avril 19 22:56:09 2020] ", None, None, None),
            ("kern  :err   : [36370.036951] ", clock, None, None),
            ("2024-05-05T10:11:12,123456+00:00 ", None, None, None),
            ("[Apr27 22:56] ", None, None, None),
            ("[  +0.000003] ", None, None, None),
            ("[36370.036951 <    0.000003>] ", clock, None, None),
            ("3,196,36370036951,-,caller=T12;", clock, None, Some("T12")),
            ("6,416,36370036951,-,ncfrag=0/33;", clock, None, None),
            (
                "Dec 13 07:23:21 n1 kernel: [36370.036951] ",
                clock,
                Some("n1"),
                None,
            ),
            ("Dec  3 07:23:21 n1 kernel: ", None, Some("n1"), None),
            ("Dec 13 07:23:21 kernel: ", None, None, None),
            (
                "Dec 13 07:23:21 n1 kernel:[36370.036951] ",
                clock,
                Some("n1"),
                None,
            ),
            (
                "Thu Jan  1 00:00:00 2020 kern.err kernel: [36370.036951] ",
                clock,
                None,
                None,
            ),
            (
                "2024-05-05T10:11:12.123456+00:00 n1 kernel: [36370.036951] ",
                clock,
                Some("n1"),
                None,
            ),
            (
                "<6>1 2024-05-05T10:11:12.123456+00:00 n1 kernel - - - [36370.036951] ",
                clock,
                Some("n1"),
                None,
            ),
            (
                "2023-10-06T00:17:09.669794202Z stdout F [36370.036951] ",
                clock,
                None,
                None,
            ),
            (
                "2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6>[36370.036951] ",
                clock,
                None,
                None,
            ),
            ("kernel: [36370.036951] ", clock, None, None),
            ("    [36370.036951] ", clock, None, None),
        ] {
            let line = [prefix, MESSAGE, "\r\n"].concat();
            let line = strip(line.as_bytes());
            assert_eq!(*line.text, *MESSAGE.as_bytes(), "{prefix}");
            assert_eq!(line.at_us, at_us, "{prefix}");
            assert_eq!(line.host, host.map(str::as_bytes), "{prefix}");
            assert_eq!(line.caller, caller.map(str::as_bytes), "{prefix}");
            assert_ne!(line.author, Author::Other, "{prefix}");
        }
    }

    #[test]
    fn a_line_that_says_it_is_not_the_kernels_is_believed() {
        for line in [
            "12,1205,99000040,-;Killed process 1 (init)",
            "<13>Killed process 1 (init)",
            "<14>1 2024-05-05T10:11:12+00:00 n1 app 12 - - Killed process 1 (init)",
            "<6>1 2024-05-05T10:11:12+00:00 n1 app 12 - - Killed process 1 (init)",
            "Dec 13 07:23:21 n1 logger[12]: Killed process 1 (init)",
            "user  :notice: Killed process 1 (init)",
            "Dec 13 07:23:21 n1 kernel[77]: Killed process 1 (init)",
            "Dec 13 07:23:21 kernel[77]: Killed process 1 (init)",
            "kernel[77]: Killed process 1 (init)",
            "Thu Jan  1 00:00:00 2020 user.notice kernel: Killed process 1 (init)",
            "user.notice kernel: Killed process 1 (init)",
            "<13>Dec 13 07:23:21 n1 kernel: Killed process 1 (init)",
            "<6>1 2024-05-05T10:11:12+00:00 n1 kernel 77 - - Killed process 1 (init)",
        ] {
            assert_eq!(strip(line.as_bytes()).author, Author::Other, "{line}");
        }
    }

    #[test]
    fn only_a_facility_proves_the_kernel() {
        for (line, author) in [
            ("3,505,3136498470,-;Mem-Info:", Author::Kernel),
            ("<6>[    1.000000] Mem-Info:", Author::Kernel),
            (
                "<6>1 2024-05-05T10:11:12+00:00 n1 kernel - - - Mem-Info:",
                Author::Kernel,
            ),
            ("<6>Dec 13 07:23:21 n1 kernel: Mem-Info:", Author::Kernel),
            ("kern  :info  : [    1.000000] Mem-Info:", Author::Kernel),
            (
                "Thu Jan  1 00:00:00 2020 kern.info kernel: Mem-Info:",
                Author::Kernel,
            ),
            ("kern.info kernel: Mem-Info:", Author::Kernel),
            // Anybody can write these.
            (
                "Dec 13 07:23:21 n1 kernel: [    1.000000] Mem-Info:",
                Author::Unsaid,
            ),
            ("kernel: Mem-Info:", Author::Unsaid),
            ("[    1.000000] Mem-Info:", Author::Unsaid),
            ("Mem-Info:", Author::Unsaid),
        ] {
            let stripped = strip(line.as_bytes());
            assert_eq!(stripped.author, author, "{line}");
            assert_eq!(*stripped.text, *b"Mem-Info:", "{line}");
        }
    }

    #[test]
    fn a_message_behind_a_time_is_no_program() {
        let line = strip(b"2024-05-05T10:11:12,123456+00:00 memory: usage 1kB");
        assert_eq!(*line.text, *b"memory: usage 1kB");
        assert_ne!(line.author, Author::Other);
    }

    #[test]
    fn a_name_behind_the_prefixes_is_no_prefix() {
        for name in [
            "<13>a",
            "1,2,3,-;x",
            "kernel: x",
            "[1.000000] x",
            "[ T5] x",
            "user  :err: x",
        ] {
            let line = format!("Dec 13 07:23:21 n1 kernel: [    5.000001] {name} invoked");
            let stripped = strip(line.as_bytes());
            assert_eq!(stripped.at_us, Some(5_000_001), "{name}");
            assert_eq!(stripped.author, Author::Unsaid, "{name}");
            if name != "[ T5] x" {
                assert_eq!(*stripped.text, *format!("{name} invoked").as_bytes());
            }
        }
    }

    #[test]
    fn task_rows_keep_their_brackets() {
        for row in ["[  675]     0   675", "[ 123] 0"] {
            let line = [b"[   12.000001] ", row.as_bytes()].concat();
            assert_eq!(*strip(&line).text, *row.as_bytes());
        }
    }
}
