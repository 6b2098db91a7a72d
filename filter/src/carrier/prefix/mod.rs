//! What log carriers put in front of a kernel message, one row per shape.
//!
//! The kernel prints `x invoked oom-killer: ...`; what arrives is
//! `Dec 13 07:23:21 node1 kernel: [36370.036951] x invoked oom-killer: ...`.
//! [`strip`] takes such prefixes off and keeps what they tell: the kernel's
//! clock, the machine, the calling task, and who wrote the line.

mod form;
mod reader;
mod syslog;

use alloc::borrow::Cow;

use super::kmsg::{self, Header};
use super::wall_time::WallTime;
use super::wrapping;
use super::{Author, KernelLine, NameBytes};
use crate::text::cursor::{Cursor, find, trim_line_end};

/// A prefix.
#[derive(Clone, Copy)]
enum Prefix {
    /// By its form, see [`form::take`].
    Written(&'static [u8]),
    /// By a function that takes it off the cursor and writes down what it says. Where it declines, neither
    /// matters any more.
    Read(for<'a> fn(&mut Cursor<'a>, &mut Said<'a>) -> Option<()>),
}

use Prefix::{Read, Written};

impl Prefix {
    /// Whether a text that begins with this byte may have it.
    fn may_begin(&self, first: u8) -> bool {
        match self {
            Written(form) => form::may_begin(form, first),
            Read(_) => true,
        }
    }
}

/// What prefixes say.
#[derive(Clone, Copy, Default)]
struct Said<'a> {
    author: Author,
    is_user_space: bool,
    at_us: Option<u64>,
    wall_time: WallTime<'a>,
    sequence: Option<u64>,
    host: Option<&'a [u8]>,
    caller: Option<&'a [u8]>,
    name_bytes: NameBytes,
}

/// Where a prefix stands, the outermost first: a container's log of `dmesg -x` output of `printk.time` lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// What a program writes that reads several logs: `grep -H`, `kubectl logs --prefix`.
    Reader,
    /// What a machine or a container runtime writes that captures the output of another.
    Shipped,
    /// The length of a syslog message, as TCP has it.
    Frame,
    /// Level and facility.
    Priority,
    /// Time, machine and program, of syslog, the journal and `/dev/kmsg`.
    Program,
    /// The kernel's clock, or what `dmesg` writes in its place.
    Clock,
    /// The task that printed the line.
    Caller,
}

impl Place {
    /// The next further in.
    fn next(self) -> Option<Self> {
        Some(match self {
            Self::Reader => Self::Shipped,
            Self::Shipped => Self::Frame,
            Self::Frame => Self::Priority,
            Self::Priority => Self::Program,
            Self::Program => Self::Clock,
            Self::Clock => Self::Caller,
            Self::Caller => return None,
        })
    }
}

/// Every known prefix. At most one of each place is taken off, and none after one that stands further in,
/// so that a name behind the genuine prefixes is never taken for one.
static PREFIXES: [(Place, Prefix); 34] = [
    // `kubectl logs --prefix`, `docker compose logs`, stern with one namespace and with all.
    (Place::Reader, Written(b"[pod/%f] %>")),
    (Place::Reader, Written(b"%f%s| %>")),
    (Place::Reader, Written(b"%P %f %>")),
    (Place::Reader, Written(b"%f %P %f %>")),
    (Place::Reader, Read(reader::grep)),
    // A container runtime's log of a pod.
    (Place::Shipped, Written(b"%T std%a %a ")),
    // ESXi's capture of a guest's console, from 8.0 on and before.
    (Place::Shipped, Written(b"%T %w%svcpu-%d - Guest: ")),
    (Place::Shipped, Written(b"%T| vcpu-%d| %a: Guest: ")),
    // macOS's unified log of Docker Desktop's machine: thread, type, activity, process, time to live.
    (
        Place::Shipped,
        Written(b"%4-%2-%2 %C%z%s0x%a%s%a%s0x%a%s%d%s%d%scom.docker.%f: "),
    ),
    // Android's logcat, its form with the time, its brief form.
    (Place::Shipped, Written(b"%2-%2 %C%s%Z%s%d %a %p%s: ")),
    (Place::Shipped, Written(b"%2-%2 %C %a/%p%s(%s%Z): ")),
    (Place::Shipped, Written(b"%a/%p%s(%s%Z): ")),
    // `kubectl logs --timestamps`
    (Place::Shipped, Written(b"%T %>")),
    (Place::Program, Read(kmsg)),
    // Syslog over TCP.
    (Place::Frame, Written(b"%d %<")),
    (Place::Program, Written(b"<%n>1 %T %h %q %i %w %S %m")),
    (Place::Program, Written(b"1 %T %h %q %i %w %S %m")),
    // syslog(2), `dmesg -r`
    (Place::Priority, Written(b"<%n>")),
    (Place::Priority, Written(b"%k.%l %>")),
    (Place::Priority, Written(b"%k.%l: %>")),
    (Place::Program, Read(syslog::syslog)),
    (Place::Program, Written(b"kernel:%b")),
    (Place::Program, Written(b"kernel[%j]:%b")),
    // Talos, and `talosctl` with a node's name in front.
    (Place::Clock, Written(b"%k:%s%l: [%T]: ")),
    (Place::Clock, Written(b"%w %k:%s%l: [%T]: ")),
    // `dmesg -x`
    (Place::Program, Written(b"%k%s:%l%s: ")),
    // `journalctl -o short-monotonic`, `-o short-delta`, and both with `--no-hostname`.
    (Place::Program, Written(b"[%s%K] %h kernel:%b")),
    (Place::Program, Written(b"[%s%K] kernel: %!")),
    // `dmesg --time-format iso`
    (Place::Clock, Written(b"%T ")),
    // The kernel, also with what `dmesg -d` writes beside its clock; `dmesg -e`; `dmesg --time-format delta`;
    // `dmesg -T` in any language. A task row, `[ 123] `, is none of them.
    (Place::Clock, Written(b"[%s%K]%b")),
    (Place::Clock, Written(b"[%s+%d.%d]%b")),
    (Place::Clock, Written(b"[<%s%d.%d>]%b")),
    (Place::Clock, Written(b"[%H]%b")),
    // `CONFIG_PRINTK_CALLER`
    (Place::Caller, Written(b"[%s%c]%b")),
];

/// The facility of what programs write into the kernel's log.
const USER: u64 = 1;

/// The kernel's clock.
const CLOCK: &[u8] = b"[%s%K]";

/// The names that util-linux, Talos and syslog give to the eight levels.
const LEVELS: [&[u8]; 11] = [
    b"emerg", b"alert", b"crit", b"err", b"warn", b"notice", b"info", b"debug", b"warning",
    b"error", b"panic",
];

/// Takes every prefix off `line`.
pub(super) fn strip(line: &[u8]) -> KernelLine<'_> {
    let line = trim_line_end(line);
    let Some(clean) = wrapping::cleaned(line) else {
        return strip_clean(line);
    };
    let stripped = strip_clean(&clean);
    // What a prefix names is one word: it stands in the line as it came, too.
    let word = |word: Option<&[u8]>| {
        let word = word?;
        line.get(find(line, word)?..)?.get(..word.len())
    };
    KernelLine {
        when: word(stripped.when),
        host: word(stripped.host),
        caller: word(stripped.caller),
        text: Cow::Owned(stripped.text.into_owned()),
        ..stripped
    }
}

fn strip_clean(line: &[u8]) -> KernelLine<'_> {
    let mut cursor = Cursor::new(wrapping::unwrapped(line));
    let mut said = Said::default();
    // What reads other logs may write nearly anything: it is looked for where nothing else fits.
    let mut place = take_one(Place::Shipped, &mut cursor, &mut said)
        .or_else(|| take_one(Place::Reader, &mut cursor, &mut said));
    // Nothing stands in front of the text of a `/dev/kmsg` record.
    while said.author != Author::Other && said.name_bytes != NameBytes::Exact {
        let Some(next) = place.and_then(Place::next) else {
            break;
        };
        place = take_one(next, &mut cursor, &mut said);
    }
    let text = match said.name_bytes {
        NameBytes::Exact if said.author != Author::Other => kmsg::decode(cursor.rest()),
        _ => Cow::Borrowed(cursor.rest()),
    };
    let (time_us, when) = match said.wall_time {
        WallTime::Unsaid => (None, None),
        WallTime::Certain(time_us) => (Some(time_us), None),
        WallTime::Written(when) => (None, Some(when)),
    };
    KernelLine {
        text,
        name_bytes: said.name_bytes,
        at_us: said.at_us,
        time_us,
        when,
        sequence: said.sequence,
        host: said.host,
        caller: said.caller,
        author: said.author,
        is_user_space: said.is_user_space,
    }
}

/// Takes off the first prefix that fits, from this place inwards.
#[inline(never)]
fn take_one<'a>(first: Place, cursor: &mut Cursor<'a>, said: &mut Said<'a>) -> Option<Place> {
    let begins_with = cursor.peek()?;
    for (place, prefix) in &PREFIXES {
        // The journal has one clock, and took the kernel's own away.
        let has_clock = *place == Place::Clock && said.at_us.is_some();
        if *place < first || has_clock || !prefix.may_begin(begins_with) {
            continue;
        }
        let before = (*cursor, *said);
        let taken = match prefix {
            Written(form) => form::take(form, *place, cursor, said),
            Read(read) => read(cursor, said),
        };
        if taken.is_some() {
            return Some(*place);
        }
        (*cursor, *said) = before;
    }
    None
}

/// Whether a prefix that stands further in than `outer` comes next.
fn has_inside(outer: Place, cursor: Cursor<'_>) -> bool {
    let mut ahead = cursor;
    let next = outer.next();
    next.is_some_and(|next| take_one(next, &mut ahead, &mut Said::default()).is_some())
}

/// `/dev/kmsg` and extended netconsole.
fn kmsg<'a>(cursor: &mut Cursor<'a>, said: &mut Said<'a>) -> Option<()> {
    let header = Header::read(cursor)?;
    said.at_us = Some(header.at_us);
    said.sequence = Some(header.sequence);
    said.caller = header.caller;
    said.author = Author::of_priority(header.priority);
    said.is_user_space = header.priority >> 3 == USER;
    said.name_bytes = NameBytes::Exact;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix, and what it tells of the kernel's clock, the machine and the task.
    type Telling = (
        &'static str,
        Option<u64>,
        Option<&'static str>,
        Option<&'static str>,
    );

    const CLOCK_US: Option<u64> = Some(36_370_036_951);

    const CARRIERS: &[Telling] = &[
        ("", None, None, None),
        ("[36370.036951] ", CLOCK_US, None, None),
        ("[    5.000001] ", Some(5_000_001), None, None),
        ("[36370.036951][ T9185] ", CLOCK_US, None, Some("T9185")),
        ("[36370.036951] [   T9185] ", CLOCK_US, None, Some("T9185")),
        ("[36370.036951][    C0] ", CLOCK_US, None, Some("C0")),
        ("<6>[36370.036951] ", CLOCK_US, None, None),
        ("[Sat Apr 27 22:56:09 2019] ", None, None, None),
        ("[dim. avril 19 22:56:09 2020] ", None, None, None),
        ("kern  :err   : [36370.036951] ", CLOCK_US, None, None),
        ("2024-05-05T10:11:12,123456+00:00 ", None, None, None),
        ("[Apr27 22:56] ", None, None, None),
        ("[  +0.000003] ", None, None, None),
        ("[36370.036951 <    0.000003>] ", CLOCK_US, None, None),
        (
            "3,196,36370036951,-,caller=T12;",
            CLOCK_US,
            None,
            Some("T12"),
        ),
        ("6,416,36370036951,-,ncfrag=0/33;", CLOCK_US, None, None),
        (
            "Dec 13 07:23:21 n1 kernel: [36370.036951] ",
            CLOCK_US,
            Some("n1"),
            None,
        ),
        ("Dec  3 07:23:21 n1 kernel: ", None, Some("n1"), None),
        ("Dec 13 07:23:21 kernel: ", None, None, None),
        (
            "Dec 13 07:23:21 n1 kernel:[36370.036951] ",
            CLOCK_US,
            Some("n1"),
            None,
        ),
        (
            "Thu Jan  1 00:00:00 2020 kern.err kernel: [36370.036951] ",
            CLOCK_US,
            None,
            None,
        ),
        (
            "2024-05-05T10:11:12.123456+00:00 n1 kernel: [36370.036951] ",
            CLOCK_US,
            Some("n1"),
            None,
        ),
        (
            "<6>1 2024-05-05T10:11:12.123456+00:00 n1 kernel - - - [36370.036951] ",
            CLOCK_US,
            Some("n1"),
            None,
        ),
        (
            "2023-10-06T00:17:09.669794202Z stdout F [36370.036951] ",
            CLOCK_US,
            None,
            None,
        ),
        (
            "2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6>[36370.036951] ",
            CLOCK_US,
            None,
            None,
        ),
        ("May 05 10:11:14 kernel: ", None, None, None),
        ("5月 05 10:11:14 n1 kernel: ", None, Some("n1"), None),
        (
            "Sun 2024-05-05 10:11:14 UTC n1 kernel: ",
            None,
            Some("n1"),
            None,
        ),
        ("1714903874.414000 n1 kernel: ", None, Some("n1"), None),
        ("1714903874 n1 [36370.036951] ", CLOCK_US, Some("n1"), None),
        ("[36370.036951] n1 kernel: ", CLOCK_US, Some("n1"), None),
        (
            "[36370.036951 <    0.000218 >] n1 kernel: ",
            CLOCK_US,
            Some("n1"),
            None,
        ),
        (
            "[36370.036951                ] kernel: ",
            CLOCK_US,
            None,
            None,
        ),
        ("10:11:14 kernel: ", None, None, None),
        ("2024/05/05 10:11:14 n1 kernel: ", None, Some("n1"), None),
        ("May  5 10:11:14 <0.6> n1 kernel: ", None, Some("n1"), None),
        (
            "kern.err: May  5 10:11:14 n1 kernel: ",
            None,
            Some("n1"),
            None,
        ),
        (
            "172.16.0.11: kern:     err: [2025-04-22T10:37:36.727637155Z]: ",
            None,
            None,
            None,
        ),
        (
            "/var/log/kern.log-12-May  5 10:11:14 n1 kernel: ",
            None,
            Some("n1"),
            None,
        ),
        (
            "[pod/dmesg-1/dmesg] 2023-10-06T00:17:09.6Z [36370.036951] ",
            CLOCK_US,
            None,
            None,
        ),
        (
            "05-05 10:11:12.345     0     0 E kernel  : [36370.036951] ",
            CLOCK_US,
            None,
            None,
        ),
        (
            "\u{1b}[32m[36370.036951] \u{1b}[0m\u{1b}[33m",
            CLOCK_US,
            None,
            None,
        ),
        (
            "\u{1b}[32mMay  5 10:11:14 n1 kernel: \u{1b}[0m",
            None,
            Some("n1"),
            None,
        ),
        ("> > \t", None, None, None),
        ("\u{a0}\u{a0}", None, None, None),
        ("kernel: [36370.036951] ", CLOCK_US, None, None),
        ("    [36370.036951] ", CLOCK_US, None, None),
    ];

    /// Every prefix, in front of one message.
    #[test]
    fn every_carrier_leaves_the_same_text() {
        const MESSAGE: &str = "Killed process 7 (a) total-vm:1kB";
        for (prefix, at_us, host, caller) in CARRIERS.iter().copied() {
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
            "/a:[1.000000] x",
            "10:11:12 k: x",
            "a-b c [1.00] x",
            "a | kernel: x",
            "n1 kernel: x",
            "kern.err k: x",
            "<1.3> x",
            "[10:11] x",
            "9 <13>a",
            "> x",
            "\"x\"",
            "E/k(0): x",
            "[1.0] k kernel:",
        ] {
            for prefix in [
                "Dec 13 07:23:21 n1 kernel: [    5.000001] ",
                "[    5.000001] ",
                "kern  :err   : [    5.000001] ",
                "<3>[    5.000001] ",
                "[    5.000001] n1 kernel: ",
                "/var/log/kern.log:Dec 13 07:23:21 n1 kernel: [    5.000001] ",
                "[pod/dmesg-1/dmesg] [    5.000001] ",
            ] {
                let rest = " invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0";
                let plain = [prefix, "x", rest].concat();
                let plain = strip(plain.as_bytes());
                let line = [prefix, name, rest].concat();
                let stripped = strip(line.as_bytes());
                assert_eq!(stripped.at_us, Some(5_000_001), "{prefix}{name}");
                assert_eq!(stripped.author, plain.author, "{prefix}{name}");
                // Kernels may print the caller there. Behind a clock alone, the journal names the machine where
                // a name begins.
                let may_be_journal = name == "n1 kernel: x" && !prefix.contains("kern");
                if name != "[ T5] x" && !may_be_journal {
                    let text = [name, rest].concat();
                    assert_eq!(stripped.host, plain.host, "{prefix}{name}");
                    assert_eq!(*stripped.text, *text.as_bytes(), "{prefix}{name}");
                }
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
