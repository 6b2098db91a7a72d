//! Whose limit was hit: `oom-kill:`, `Task in ...`, and the cpuset line.
//!
//! These are the hardest lines to read safely. Of `oom-kill:` an attacker may choose the cpuset's name, the
//! tail of both paths and the victim's name, and may write any of the line's own keywords there. What can be
//! relied on: the last `,pid=N,uid=N` is the kernel's; a cgroup's name holds no `/`, so the first
//! `,oom_memcg=/` or `,global_oom,task_memcg=/` is the kernel's too; the victim lies in the limit's subtree;
//! a process name has at most 15 bytes.

use alloc::vec::Vec;

use super::message::{Cpuset, Message};
use super::pieces::Values;
use crate::carrier::{LONGEST_NAME, NameBytes};
use crate::text::cursor::{Cursor, rfind, rsplit_once, split_at, split_once, trim_end};

/// Readings of one ambiguous line that are kept until the kill line settles them. A name of 15 bytes allows
/// three; nested cgroups that imitate fields allow more, and then nothing is believed.
pub(crate) const MOST_READINGS: usize = 8;
/// Longest line that is looked at for several readings: two paths of the
/// kernel's `PATH_MAX` and the rest. It bounds the work on hostile text.
const LONGEST: usize = 2 * 4096 + 512;

/// Whose limit was hit, and who is to be killed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraint<'a> {
    /// The kernel's word, as printed (`CONSTRAINT_MEMCG`). It is wrong in 5.0,
    /// which prints `CONSTRAINT_NONE` for every kill. Absent on a `Task in` line, and where a vendor's kernel
    /// leaves it out.
    pub word: Option<&'a [u8]>,
    /// The nodes of a memory policy, as printed: `0-1,3`. Absent where there is none.
    pub nodemask: Option<&'a [u8]>,
    /// The name of the trigger's cpuset, the last component of its path.
    pub cpuset: Option<&'a [u8]>,
    /// The nodes that the cpuset allows, as printed. Absent without cpusets (`CONFIG_CPUSETS=n`).
    pub mems_allowed: Option<&'a [u8]>,
    /// The ways the rest can be read: one, unless a name imitates a field.
    pub readings: Vec<Reading<'a>>,
    /// The victim's process id. Absent on a `Task in` line.
    pub pid: Option<u32>,
    /// The victim's user id, signed as the kernel prints it here.
    pub uid: Option<i64>,
}

/// One way to read the names of a [`Constraint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading<'a> {
    /// Whose limit was hit.
    pub limit: Limit<'a>,
    /// The victim's memory cgroup. Absent where the kernel has none
    /// (`CONFIG_MEMCG=n`) or could not print it.
    pub task: Option<&'a [u8]>,
    /// The victim's name. Absent on a `Task in` line.
    pub comm: Option<&'a [u8]>,
}

/// Whose limit was hit, as far as the line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit<'a> {
    /// The memory cgroup with this path.
    Cgroup(&'a [u8]),
    /// A memory cgroup whose path the kernel could not print.
    UnprintableCgroup,
    /// `global_oom`: the whole machine, a cpuset or a memory policy.
    Global,
    /// The line does not say (`CONFIG_MEMCG=n`).
    Unsaid,
}

impl<'a> Constraint<'a> {
    /// The only reading; `None` where a name makes the line ambiguous.
    pub fn reading(&self) -> Option<&Reading<'a>> {
        match self.readings.as_slice() {
            [reading] => Some(reading),
            _ => None,
        }
    }
}

/// `oom-kill:constraint=...`, or what the kernel split off its beginning. Some vendors' kernels print neither
/// the constraint nor the nodes.
pub(super) fn summary<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    within(values)?;
    let fields = values.text.get(b"oom-kill:".len()..)?;
    match constraint(fields, values.name_bytes) {
        Some(constraint) => Some(Message::Constraint(constraint)),
        None => begins_as_printed(values.rest).then_some(Message::ConstraintStart(
            without_blanks_behind(values.text, values.name_bytes),
        )),
    }
}

/// A part of a line, without the blanks that a carrier put behind it. In an exact one they are a name's.
pub(crate) fn without_blanks_behind(part: &[u8], name_bytes: NameBytes) -> &[u8] {
    match name_bytes {
        NameBytes::Exact => part,
        NameBytes::MaybeEscaped => trim_end(part),
    }
}

/// Whether the kernel can have printed the beginning of the line: people who retype one put spaces behind
/// the commas, or leave fields out.
fn begins_as_printed(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.take_while(is_of_word);
    let rest = cursor.rest();
    // Any carrier may have cut it.
    [NODES, CPUSET].iter().any(|next| {
        next.starts_with(rest)
            || rest
                .strip_prefix(*next)
                .is_some_and(|value| !value.starts_with(b" "))
    })
}

const NODES: &[u8] = b",nodemask=";
const CPUSET: &[u8] = b",cpuset=";

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The limit's record of 3.15 to 3.17.
pub(super) fn limit<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    within(values)?;
    let limit = values.rest;
    let is_printed = path(limit).is_some() || UNPRINTABLE.contains(&limit);
    is_printed.then_some(Message::LimitOf(limit))
}

fn within(values: &Values<'_>) -> Option<()> {
    (values.text.len() <= LONGEST).then_some(())
}

/// What stands behind `oom-kill:`.
fn constraint(text: &[u8], name_bytes: NameBytes) -> Option<Constraint<'_>> {
    let mut cursor = Cursor::new(text);
    let _ = cursor.tag(b"constraint=");
    let word = cursor.take_while(is_of_word);
    let mut nodemask = None;
    if cursor.tag(NODES).is_some() {
        if cursor.tag(b"(null)").is_none() {
            nodemask = Some(range_list(&mut cursor)?);
        }
    } else if !cursor.rest().starts_with(CPUSET) {
        return None;
    }
    let word = (!word.is_empty()).then_some(word);
    let (names, pid, uid) = victim_at_end(cursor.rest())?;
    let (head, readings) = match anchor(names) {
        Anchor::Cgroup(start) => {
            let (head, tail) = split_at(names, start, b",oom_memcg=".len())?;
            (head, cgroup_readings(tail, name_bytes))
        }
        Anchor::Global(start) => {
            let (head, tail) = split_at(names, start, b",global_oom,task_memcg=".len())?;
            let readings = victims(tail, name_bytes)
                .map(|(task, comm)| Reading {
                    limit: Limit::Global,
                    task: path(task),
                    comm: Some(comm),
                })
                .collect();
            (head, readings)
        }
        Anchor::Doubtful => (names, Vec::new()),
        Anchor::None => without_cgroups(names, name_bytes)?,
    };
    let (head, readings) = if readings.is_empty() {
        // What looked like a path may stand in the victim's name.
        without_cgroups(names, name_bytes)
            .filter(|(head, _)| cpuset_part(head).is_some())
            .unwrap_or((head, readings))
    } else {
        (head, readings)
    };
    let (cpuset, mems_allowed) = cpuset_part(head).unzip();
    Some(Constraint {
        word,
        nodemask,
        cpuset,
        mems_allowed,
        readings,
        pid: Some(pid),
        uid: Some(uid),
    })
}

/// No memory cgroups in this kernel: `,task=` follows the cpuset's part.
fn without_cgroups(names: &[u8], name_bytes: NameBytes) -> Option<(&[u8], Vec<Reading<'_>>)> {
    let readings = victims(names, name_bytes).map(|(_, comm)| Reading {
        limit: Limit::Unsaid,
        task: None,
        comm: Some(comm),
    });
    Some((victims(names, name_bytes).next()?.0, readings.collect()))
}

fn is_range_list(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b',' | b'-')
}

/// `0,2-3`, without the comma that ends the field.
pub(super) fn range_list<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let whole = cursor.rest();
    cursor.take_some(|byte| byte.is_ascii_digit())?;
    loop {
        let mut next = *cursor;
        if next.tag(b",").or_else(|| next.tag(b"-")).is_none()
            || next.take_some(|byte| byte.is_ascii_digit()).is_none()
        {
            return whole.get(..whole.len().saturating_sub(cursor.rest().len()));
        }
        *cursor = next;
    }
}

/// Splits off `,pid=N,uid=N` at the end, behind which nobody can write.
fn victim_at_end(text: &[u8]) -> Option<(&[u8], u32, i64)> {
    let (names, numbers) = rsplit_once(text, b",pid=")?;
    let mut cursor = Cursor::new(numbers);
    let pid = cursor.pid()?;
    cursor.tag(b",uid=")?;
    let uid = cursor.signed()?;
    cursor.end()?;
    Some((names, pid, uid))
}

/// Where the memory cgroup's part begins.
enum Anchor {
    Cgroup(usize),
    Global(usize),
    /// A path the kernel could not print stands before one it could: either
    /// may be a name's doing.
    Doubtful,
    None,
}

const CGROUP: &[u8] = b",oom_memcg=";
const GLOBAL: &[u8] = b",global_oom,task_memcg=";

fn anchor(names: &[u8]) -> Anchor {
    let mut unprintable = None;
    for (start, _) in names.iter().enumerate().filter(|(_, byte)| **byte == b',') {
        let rest = names.get(start..).unwrap_or_default();
        for (key, make) in [
            (CGROUP, Anchor::Cgroup as fn(usize) -> Anchor),
            (GLOBAL, Anchor::Global),
        ] {
            let Some(value) = rest.strip_prefix(key) else {
                continue;
            };
            if value.starts_with(b"/") {
                return match unprintable {
                    None => make(start),
                    Some(_) => Anchor::Doubtful,
                };
            }
            if unprintable.is_none() && UNPRINTABLE.iter().any(|mark| value.starts_with(mark)) {
                unprintable = Some(make(start));
            }
        }
    }
    unprintable.unwrap_or(Anchor::None)
}

/// What stands where a path could not be built (3.15 and newer).
const UNPRINTABLE: [&[u8]; 3] = [b"(name too long)", b"<name too long>", b"(error)"];

/// A path, or nothing where the kernel could not print it.
fn path(text: &[u8]) -> Option<&[u8]> {
    text.starts_with(b"/").then_some(text)
}

/// Every split of `text` at a `,task=` that leaves a possible process name. Names longer than 15 bytes are
/// only there where none of that length is.
fn victims(text: &[u8], name_bytes: NameBytes) -> impl Iterator<Item = (&[u8], &[u8])> {
    const KEY: &[u8] = b",task=";
    // The key itself may stand in a name.
    const REACH: usize = LONGEST_NAME + KEY.len();
    let shortest = rsplit_once(text, KEY).map(|(_, comm)| comm);
    let has_short = shortest.is_some_and(|comm| name_bytes.fits_comm(comm));
    (text.len().saturating_sub(REACH)..text.len())
        .filter(|start| text.get(*start..).is_some_and(|rest| rest.starts_with(KEY)))
        .filter_map(|start| split_at(text, start, KEY.len()))
        .filter(move |(_, comm)| {
            if has_short {
                name_bytes.fits_comm(comm)
            } else {
                name_bytes.fits_long_comm(comm)
            }
        })
}

/// The readings of `<limit>,task_memcg=<task>,task=<comm>`.
fn cgroup_readings(text: &[u8], name_bytes: NameBytes) -> Vec<Reading<'_>> {
    let mut inside = Vec::new();
    let mut outside = Vec::new();
    for (paths, comm) in victims(text, name_bytes) {
        for (limit, task) in splits(paths, b",task_memcg=") {
            let reading = Reading {
                limit: path(limit).map_or(Limit::UnprintableCgroup, Limit::Cgroup),
                task: path(task),
                comm: Some(comm),
            };
            match (path(limit), path(task)) {
                (Some(limit), Some(task)) if is_below(task, limit) => {
                    inside.push(reading);
                    if inside.len() > MOST_READINGS {
                        return inside;
                    }
                }
                _ if UNPRINTABLE.contains(&limit) || UNPRINTABLE.contains(&task) => {
                    inside.push(reading);
                }
                (Some(_), Some(_)) if outside.len() <= MOST_READINGS => outside.push(reading),
                _ => {}
            }
        }
    }
    // The victim lies in the limit's subtree. Where no reading says so the line
    // is odd, but if it has one reading only, that one is what it says.
    if inside.is_empty() { outside } else { inside }
}

/// Every split of `text` at `key`.
fn splits<'a>(text: &'a [u8], key: &[u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    text.windows(key.len())
        .enumerate()
        .filter(move |(_, window)| *window == key)
        .filter_map(move |(start, _)| split_at(text, start, key.len()))
}

/// Whether `path` is `ancestor` or lies below it.
pub(crate) fn is_below(path: &[u8], ancestor: &[u8]) -> bool {
    // Looked at first: of a text that repeats itself it is never right, and then nothing long is compared.
    let is_whole = match path.get(ancestor.len()) {
        None => path.len() == ancestor.len(),
        Some(next) => *next == b'/' || ancestor == b"/",
    };
    is_whole && path.starts_with(ancestor)
}

/// The name and the list in `,cpuset=<name>,mems_allowed=<list>`, all of `head`.
fn cpuset_part(head: &[u8]) -> Option<(&[u8], &[u8])> {
    let named = head.strip_prefix(CPUSET)?;
    let (name, allowed) = rsplit_once(named, b",mems_allowed=")?;
    let is_list = allowed.iter().all(|byte| is_range_list(*byte));
    is_list.then_some((name, allowed))
}

/// `Task in /a killed as a result of limit of /b`.
pub(super) fn task_and_limit<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    const KEY: &[u8] = b" killed as a result of limit of ";
    within(values)?;
    let paths = values.rest;
    let whole: Vec<_> = splits(paths, KEY)
        .filter(|(task, limit)| {
            [task, limit]
                .iter()
                .all(|side| path(side).is_some() || UNPRINTABLE.contains(side))
        })
        .collect();
    if whole.is_empty() {
        // 3.6 to 4.19 write out what they have when the line grows long.
        let behind = paths.len().saturating_sub(trim_end(paths).len());
        let end = values.text.len().saturating_sub(behind).saturating_add(1);
        return values
            .text
            .get(..end)
            .filter(|start| start.ends_with(KEY))
            .map(Message::ConstraintStart);
    }
    let mut readings: Vec<_> = whole
        .iter()
        .filter(|(task, limit)| whole.len() == 1 || is_below(task, limit))
        .map(|(task, limit)| Reading {
            limit: path(limit).map_or(Limit::UnprintableCgroup, Limit::Cgroup),
            task: path(task),
            comm: None,
        })
        .collect();
    readings.dedup();
    Some(Message::Constraint(Constraint {
        word: None,
        nodemask: None,
        cpuset: None,
        mems_allowed: None,
        readings,
        pid: None,
        uid: None,
    }))
}

/// The task's record of 3.15 to 3.17.
pub(super) fn task<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    within(values)?;
    path(without_blanks_behind(values.rest, values.name_bytes)).map(Message::TaskIn)
}

/// `java cpuset=/ mems_allowed=0-1`.
pub(super) fn cpuset<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    let text = values.rest;
    text.last().filter(|byte| byte.is_ascii_digit())?;
    let (names, allowed) = rsplit_once(text, b" mems_allowed=")?;
    if allowed.is_empty() || !allowed.iter().all(|byte| is_range_list(*byte)) {
        return None;
    }
    // The name of the task cannot reach past 15 bytes; the cpuset's may hold anything. Where either holds
    // the key nobody can tell which.
    let (comm, cpuset) = split_once(names, b" cpuset=")?;
    let is_certain = rfind(names, b" cpuset=") == Some(comm.len());
    let fits = values.name_bytes.fits_comm(comm) || values.name_bytes.fits_long_comm(comm);
    fits.then_some(Message::Cpuset(Cpuset {
        name: is_certain.then_some(cpuset),
        mems_allowed: allowed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::parse;
    use alloc::format;

    #[test]
    fn the_longest_paths_are_read_and_no_line_beyond_them() {
        let limit = format!("/{}", "a".repeat(4093));
        let line = |cpuset: &str| {
            format!(
                "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={cpuset},\
                 mems_allowed=0,oom_memcg={limit},task_memcg={limit}/b,task=a,pid=88,uid=0"
            )
        };
        let line_of_both = line("/");
        let message = parse(line_of_both.as_bytes(), NameBytes::Exact);
        let Some(Message::Constraint(constraint)) = message else {
            panic!("{message:?}");
        };
        let reading = constraint.reading().unwrap();
        assert_eq!(reading.limit, Limit::Cgroup(limit.as_bytes()));

        let longer = line(&"c".repeat(LONGEST));
        assert_eq!(parse(longer.as_bytes(), NameBytes::Exact), None);
    }

    #[test]
    fn of_a_line_that_can_be_read_in_many_ways_few_are_kept() {
        let line = format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
             oom_memcg=/a,task_memcg={}/b,task=a,pid=88,uid=0",
            "/b,task_memcg=".repeat(100),
        );
        let message = parse(line.as_bytes(), NameBytes::Exact);
        let Some(Message::Constraint(constraint)) = message else {
            panic!("{message:?}");
        };
        assert_eq!(constraint.readings.len(), MOST_READINGS + 1);
    }
}
