//! Texts whose newest line stands first: `dmesg --reverse`, `journalctl -r`, what log viewers let people copy.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::carrier::KernelLine;
use crate::kernel::{self, Message};
use crate::text::cursor::{Cursor, unsigned};

/// Steps back in time that prove it, with none forward.
const PROOF: u32 = 3;

/// Whether the newest of these lines stands first. `None` where their times do not tell yet.
///
/// Only lines of one day are compared: people put together what they found of several. A machine that was
/// booted anew goes back once.
///
/// ```
/// use oom_filter::lines::is_newest_first;
///
/// assert_eq!(is_newest_first(b"[4.000000] d\n[3.000000] c\n[2.000000] b\n[1.000000] a\n"), Some(true));
/// assert_eq!(is_newest_first(b"[1.000000] a\n[2.000000] b\n"), Some(false));
/// assert_eq!(is_newest_first(b"a\nb\n"), None);
/// ```
pub fn is_newest_first(lines: &[u8]) -> Option<bool> {
    let mut back = 0_u32;
    let mut before: Option<Time<'_>> = None;
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(now) = Time::of(line) else {
            continue;
        };
        if let Some(before) = before.replace(now).filter(|before| before.day == now.day) {
            let order = now.us.cmp(&before.us);
            match order.then_with(|| now.at_us.cmp(&before.at_us)) {
                Ordering::Greater => return Some(false),
                Ordering::Less => back = back.saturating_add(1),
                Ordering::Equal => {}
            }
        }
        if back >= PROOF {
            return Some(true);
        }
    }
    by_first_kill(lines)
}

/// By the first kill whose report names it: the kernel prints the name first. Within one second nothing else
/// tells.
fn by_first_kill(lines: &[u8]) -> Option<bool> {
    /// Kills that are looked at.
    const MOST: usize = 64;
    let (mut killed, mut named) = (Vec::new(), Vec::new());
    for line in lines.split(|byte| *byte == b'\n') {
        if killed.len().max(named.len()) >= MOST {
            return None;
        }
        if !kernel::is_telling(line) {
            continue;
        }
        let line = KernelLine::read(line);
        match kernel::parse(&line.text, line.name_bytes) {
            Some(Message::Killed(kill)) if named.contains(&kill.pid) => return Some(false),
            Some(Message::Killed(kill)) => killed.push(kill.pid),
            Some(Message::Constraint(constraint)) => {
                let Some(pid) = constraint.pid else {
                    continue;
                };
                if killed.contains(&pid) {
                    return Some(true);
                }
                named.push(pid);
            }
            _ => {}
        }
    }
    None
}

/// The same lines, the last first. Those that begin with a blank stay behind the one before them.
///
/// ```
/// assert_eq!(oom_filter::lines::reversed(b"c\nb\n more of b\na"), b"a\nb\n more of b\nc\n");
/// ```
pub fn reversed(lines: &[u8]) -> Vec<u8> {
    let mut starts = Vec::new();
    let mut at = 0_usize;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        if starts.is_empty() || !matches!(line.first(), Some(b' ' | b'\t')) {
            starts.push(at);
        }
        at = at.saturating_add(line.len());
    }
    let mut out = Vec::with_capacity(lines.len().saturating_add(1));
    let mut end = lines.len();
    for start in starts.into_iter().rev() {
        let group = lines.get(start..end).unwrap_or_default();
        out.extend_from_slice(group);
        if !group.ends_with(b"\n") {
            out.push(b'\n');
        }
        end = start;
    }
    out
}

/// When a line was written, as it says.
#[derive(Clone, Copy)]
struct Time<'a> {
    /// What stands in front of the time of day; nothing where it is the kernel's clock.
    day: &'a [u8],
    us: u64,
    /// The kernel's clock, which tells lines of one second apart.
    at_us: Option<u64>,
}

impl<'a> Time<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let at_us = KernelLine::read(line).at_us;
        match Self::of_day(line) {
            Some(time) => Some(Self { at_us, ..time }),
            None => at_us.map(|us| Self {
                day: b"",
                us,
                at_us,
            }),
        }
    }

    /// `07:23:21.123456`, somewhere at the beginning.
    fn of_day(line: &'a [u8]) -> Option<Self> {
        /// How far in front of it a carrier writes.
        const REACH: usize = 64;
        let start = line.get(..REACH).unwrap_or(line);
        let is_time = |part: &[u8]| {
            let mut places = part.iter().enumerate();
            places.all(|(at, byte)| match at {
                2 | 5 => *byte == b':',
                _ => byte.is_ascii_digit(),
            })
        };
        let at = start.windows(8).position(is_time)?;
        let mut cursor = Cursor::new(line.get(at..)?);
        let mut us = 0_u64;
        for _ in 0..3 {
            us = us.checked_mul(60)?.checked_add(cursor.unsigned()?)?;
            let _ = cursor.tag(b":");
        }
        us = us.checked_mul(1_000_000)?;
        if matches!(cursor.peek(), Some(b'.' | b',')) {
            let fraction = cursor.rest().get(1..7).and_then(unsigned);
            us = us.saturating_add(fraction.unwrap_or_default());
        }
        Some(Self {
            day: line.get(..at)?,
            us,
            at_us: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_goes_back_and_never_forward_is_turned() {
        for (text, expected) in [
            (
                "19:51:01 a\n19:51:01 b\n19:50:59 c\n19:50:58 d\n17:57:25 e",
                Some(true),
            ),
            (
                "May  5 10:00:03 n1 a\nMay  5 10:00:02 n1 b\nMay  5 10:00:01 n1 c",
                None,
            ),
            ("May  5 10:00:03 n1 a\nMay  5 10:00:04 n1 b", Some(false)),
            // Found in the logs of a year.
            (
                "Sep 26 19:25:13 a\nSep 27 18:00:00 b\nDec 20 17:00:00 c\nDec 21 16:00:00 d",
                None,
            ),
            // A boot.
            ("[9.000001] a\n[1.000001] b\n[2.000001] c", Some(false)),
            (
                "10:00:00 kernel: Memory cgroup out of memory: Killed process 7 (a) total-vm:1kB\n\
                 10:00:00 kernel: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,\
                 mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=a,pid=7,uid=0",
                Some(true),
            ),
            ("", None),
        ] {
            assert_eq!(is_newest_first(text.as_bytes()), expected, "{text}");
        }
    }
}
