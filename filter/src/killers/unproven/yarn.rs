//! YARN, whose daemon of a machine kills containers that use more memory than they asked for
//! (`ContainersMonitorImpl` and `DefaultOOMHandler` of Hadoop 2 and 3).

use alloc::boxed::Box;
use alloc::string::String;

use crate::cgroup::Workload;
use crate::killers::of_cgroup;
use crate::oom::{Oom, Victim, Word};
use crate::printable;
use crate::text::cursor::{Cursor, part};

pub(super) const NAME: Word = "yarn";

pub(super) const TELLING_WORDS: [&[u8]; 2] =
    [b". Killing container.", b" killed by elastic cgroups "];

/// `Container [pid=3730,containerID=container_1725006692302_0009_01_000003] is running 1723304448B beyond the 'VIRTUAL'
/// memory limit. Current usage: ... Killing container.`, or
/// `container container_e78_1742465778745_0034_02_000006 killed by elastic cgroups OOM handler.`
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    if let Some((before, behind)) = part(text, TELLING_WORDS[1]) {
        (behind == b"OOM handler.").then_some(())?;
        let start = before.iter().rposition(|byte| *byte == b' ')?;
        let container = before.get(start.saturating_add(1)..)?;
        return of_container(container, "elastic cgroups OOM handler");
    }
    let (_, rest) = part(text, b"Container [pid=")?;
    let mut cursor = Cursor::new(rest.strip_suffix(TELLING_WORDS[0])?);
    let pid = cursor.pid()?;
    cursor.tag(b",containerID=")?;
    let container = cursor.until(b"] is ")?;
    let (why, _) = part(cursor.rest(), b". Current usage: ")?;
    let is_memory = why.ends_with(b" memory limit") || why.ends_with(b" memory limits");
    (is_memory && why.starts_with(b"running ")).then_some(())?;
    let mut oom = of_container(container, &printable(why))?;
    oom.victim = Some(Victim {
        pid,
        ..Victim::default()
    });
    Some(oom)
}

/// `container_e78_1742465778745_0034_02_000006` is of `application_1742465778745_0034`.
fn of_container(container: &[u8], reason: &str) -> Option<Box<Oom>> {
    let mut parts = container
        .strip_prefix(b"container_")?
        .split(|byte| *byte == b'_');
    let mut number = || {
        let part = parts.next()?;
        let digits = part.strip_prefix(b"e").unwrap_or(part);
        (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(part)
    };
    let mut cluster = number()?;
    if cluster.starts_with(b"e") {
        cluster = number()?;
    }
    let mut id = String::from("application_");
    id.push_str(&printable(cluster));
    id.push('_');
    id.push_str(&printable(number()?));
    let mut oom = of_cgroup(None);
    oom.workload = Some(Workload::of_program("yarn", id, Some(printable(container))));
    oom.reason = Some(reason.into());
    Some(oom)
}
