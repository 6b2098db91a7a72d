//! Records of `/dev/kmsg`, read just well enough to check what the guest knows. Deliberately no use
//! of the filter's own parser: a capture must not depend on what it is there to test.

use crate::fallible::Fallible;

const MARK: &[u8] = b"@@SCENARIO ";
const KILLED: &[u8] = b": Killed process ";
/// Beginnings of a kill line.
const MESSAGES: [&[u8]; 3] = [
    b"Out of memory",
    b"Memory cgroup out of memory",
    b"Out of memory (oom_kill_allocating_task)",
];

/// One record's first line.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The kernel's own, and not a program's.
    pub genuine: bool,
    /// Behind the first semicolon, still escaped.
    pub text: &'a [u8],
}

/// A kill line.
#[derive(Debug, PartialEq)]
pub struct Killed {
    /// Scenario of the latest mark.
    pub scenario: String,
    /// The process.
    pub pid: u32,
    /// See [`oom_kernels::truth::Kill::attribution`].
    pub attribution: &'static str,
}

/// From the first mark's line to the last's.
pub fn trim(kmsg: &[u8]) -> Fallible<Vec<u8>> {
    let mut kept = Vec::new();
    let mut begun = false;
    for line in kmsg.split_inclusive(|byte| *byte == b'\n') {
        let mark = record(line)
            .filter(|record| !record.genuine)
            .and_then(|record| mark(record.text));
        begun |= mark.is_some();
        if begun {
            kept.extend_from_slice(line);
        }
        if mark == Some("end") {
            return Ok(kept);
        }
    }
    Err("the capture has no end mark".into())
}

/// The kills in a capture, in order; a process that is named twice within a scenario counts once.
pub fn kills(capture: &[u8]) -> Vec<Killed> {
    let mut found: Vec<Killed> = Vec::new();
    let mut scenario = "";
    // Since the latest kill line: whose `oom-kill:` line there was. The latest report's table stays
    // valid longer.
    let (mut reported, mut table) = (None, Vec::new());
    for line in capture.split(|byte| *byte == b'\n') {
        let Some(Record { genuine, text }) = record(line) else {
            continue;
        };
        if !genuine {
            scenario = mark(text).unwrap_or(scenario);
            continue;
        }
        if text.starts_with(b"[  pid  ]") {
            table.clear();
        } else if let Some(pid) = row(text) {
            table.push(pid);
        } else if let Some(pid) = constraint(text) {
            reported = Some(pid);
        } else if let Some(pid) = killed(text) {
            let attribution = match reported.take() {
                Some(reported) if reported == pid => "report",
                _ if table.contains(&pid) => "table",
                _ => "none",
            };
            if !found
                .iter()
                .any(|kill| kill.pid == pid && kill.scenario == scenario)
            {
                found.push(Killed {
                    scenario: scenario.to_owned(),
                    pid,
                    attribution,
                });
            }
        }
    }
    found
}

/// Reads `<pri>,<seq>,<usec>,<flags>;<text>`.
fn record(line: &[u8]) -> Option<Record<'_>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let semicolon = line.iter().position(|byte| *byte == b';')?;
    let (head, text) = (&line[..semicolon], &line[semicolon + 1..]);
    let priority = number(head.split(|byte| *byte == b',').next()?)?;
    Some(Record {
        genuine: priority < 8,
        text,
    })
}

fn mark(text: &[u8]) -> Option<&str> {
    str::from_utf8(text.strip_prefix(MARK)?).ok()
}

/// The pid of a kill line.
fn killed(text: &[u8]) -> Option<u32> {
    let at = text
        .windows(KILLED.len())
        .position(|window| window == KILLED)?;
    if !MESSAGES.contains(&&text[..at]) {
        return None;
    }
    let rest = &text[at + KILLED.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..]
        .starts_with(b" (")
        .then(|| number(&rest[..digits]))
        .flatten()
}

/// The pid at the end of an `oom-kill:` line, or of the last part of a split one: `,pid=N,uid=M`.
fn constraint(text: &[u8]) -> Option<u32> {
    let part = |text: &'_ [u8], key: &[u8]| -> Option<(usize, u32)> {
        let equals = text.iter().rposition(|byte| *byte == b'=')?;
        let start = (equals + 1).checked_sub(key.len())?;
        (text[start..=equals] == *key).then_some(())?;
        Some((start, number(&text[equals + 1..])?))
    };
    let (start, _uid) = part(text, b",uid=")?;
    part(&text[..start], b",pid=").map(|(_, pid)| pid)
}

/// The pid of a row of the task table: `[    123] …`.
fn row(text: &[u8]) -> Option<u32> {
    let rest = text.strip_prefix(b"[")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    number(rest[..end].trim_ascii())
}

fn number(digits: &[u8]) -> Option<u32> {
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Killed, kills, trim};

    const CAPTURE: &[u8] = b"6,1,0,-;boot\n\
        13,2,0,-;@@SCENARIO a\n\
        6,3,0,-;[  pid  ]   uid  tgid total_vm name\n\
        6,4,0,-;[      7]     0     7      100 x\n\
        6,5,0,-;[      8]     0     8      100 y\n\
        6,6,0,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=a,pid=1,uid=0,pid=7,uid=0\n\
        3,7,0,-;Memory cgroup out of memory: Killed process 7 (a,pid=1,uid=0) total-vm:1kB\n \
        SUBSYSTEM=x\n\
        3,8,0,-;Memory cgroup out of memory: Killed process 8 (y) total-vm:1kB\n\
        11,9,0,-;Out of memory: Killed process 1 (init) total-vm:1kB\n\
        3,10,0,-;Out of memory: Killed process 9 (z) total-vm:1kB\n\
        13,11,0,-;@@SCENARIO end\n\
        6,12,0,-;after\n";

    #[test]
    fn keeps_what_lies_between_the_marks() {
        let kept = trim(CAPTURE).unwrap();
        assert!(kept.starts_with(b"13,2,"));
        assert!(kept.ends_with(b"@@SCENARIO end\n"));
    }

    #[test]
    fn finds_the_kills_and_what_ties_them_to_a_cgroup() {
        let kill = |pid, attribution| Killed {
            scenario: "a".to_owned(),
            pid,
            attribution,
        };
        assert_eq!(
            kills(CAPTURE),
            [kill(7, "report"), kill(8, "table"), kill(9, "none")]
        );
    }
}
