//! Slurm: what `slurmstepd` says when a step ends in which the kernel killed (`task_cgroup_memory.c`, 18.08 on), and
//! the steps that it kills itself (`slurm_jobacct_gather.c`, 20.11 on).
//!
//! The processes of a job may run in the same unit, but not as root. What a program of root's that they may start
//! writes to syslog begins with words of its own.

use alloc::boxed::Box;
use alloc::string::String;

use super::witness::Witness;
use super::{is_of_root, of_cgroup, set_usage};
use crate::cgroup::Workload;
use crate::oom::Oom;
use crate::printable;
use crate::record::program::Entry;
use crate::text::cursor::{Cursor, part};

/// Where its daemons run; jobs too.
pub(super) const UNITS: [&[u8]; 2] = [b"slurmd.service", b"slurmstepd.scope"];

/// Stands in each line of a kill of its own.
pub(super) const TELLING_WORD: &[u8] = b"memory limit (";

/// How it tells kills of the kernel's: up to 22.05, and from 23.02 on. One of them stands in each such line.
pub(super) const DETECTED: [&[u8]; 2] = [b" oom-kill event", b" oom_kill event"];

/// `error: StepId=440575.0 exceeded memory limit (2147483648 > 1073741824), being killed`
pub(super) fn read(entry: &Entry<'_>) -> Option<Box<Oom>> {
    killed(text_of_root(entry)?)
}

/// The same without the word of its level.
pub(super) fn killed(text: &[u8]) -> Option<Box<Oom>> {
    let mut cursor = Cursor::new(text.strip_prefix(b"StepId=")?);
    let workload = step(&mut cursor)?;
    cursor.tag(b" ")?;
    let reason = cursor.rest();
    cursor.tag(b"exceeded ")?;
    let is_virtual = cursor.tag(b"virtual ").is_some();
    cursor.tag(TELLING_WORD)?;
    let usage = cursor.unsigned()?;
    cursor.tag(b" > ")?;
    let limit = cursor.unsigned()?;
    cursor.tag(b"), being killed")?;
    cursor.end()?;
    let mut oom = of_cgroup(None);
    if !is_virtual {
        set_usage(&mut oom, usage, limit);
    }
    oom.workload = Some(workload);
    oom.reason = Some(printable(reason));
    Some(oom)
}

/// `error: Detected 1 oom_kill event in StepId=440575.0. Some of the step tasks have been OOM Killed.`
pub(super) fn witness(entry: &Entry<'_>) -> Option<Witness> {
    UNITS.contains(&entry.unit).then_some(())?;
    let rest = text_of_root(entry)?.strip_prefix(b"Detected ")?;
    let (count, rest) = (DETECTED.iter()).find_map(|words| part(rest, words))?;
    (count != b"0" && count.iter().all(u8::is_ascii_digit)).then_some(())?;
    let (_, rest) = part(rest, b" in ")?;
    let rest = rest
        .strip_prefix(b"StepId=")
        .or_else(|| rest.strip_prefix(b"step "))?;
    let mut cursor = Cursor::new(rest);
    let job = step(&mut cursor)?;
    cursor.tag(b".").or_else(|| cursor.tag(b" cgroup."))?;
    Some(Witness {
        job: Some(job),
        ..Witness::of(b"")
    })
}

fn text_of_root<'a>(entry: &'a Entry<'_>) -> Option<&'a [u8]> {
    let is_its = entry.transport == b"syslog" && is_of_root(entry);
    is_its.then(|| entry.text.strip_prefix(b"error: "))?
}

/// `440575.0`, `123.batch`. Where a job has several parts (`440575+1.0`), the cgroups have other numbers.
fn step(cursor: &mut Cursor<'_>) -> Option<Workload> {
    let id = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
    cursor.tag(b".")?;
    let part = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
    (!id.is_empty() && !part.is_empty()).then_some(())?;
    let mut step = String::from("step_");
    step.push_str(&printable(part));
    Some(Workload::of_program("slurm", printable(id), Some(step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_by_job_and_step() {
        for (text, expected) in [
            ("440575.0", Some(("440575", "step_0"))),
            ("123.batch", Some(("123", "step_batch"))),
            ("sEKNKTV3WPV500.1", Some(("sEKNKTV3WPV500", "step_1"))),
            ("440575+1.0", None),
            ("440575", None),
        ] {
            let step = step(&mut Cursor::new(text.as_bytes()));
            let found = step
                .as_ref()
                .and_then(|step| Some((step.id.as_deref()?, step.part.as_deref()?)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
