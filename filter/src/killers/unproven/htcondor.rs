//! HTCondor, whose starter tells when it holds a job in which the kernel killed, or which it could not start for want
//! of memory (`vanilla_proc.cpp`, `docker_proc.cpp` and `os_proc.cpp` of 8.0 to 25): neither which job nor which slot.
//!
//! Its lines stand in the starter's log, and behind the name of a slot in those of the machine that a job came from.

use alloc::borrow::Cow;

use crate::cgroup::Workload;
use crate::killers::form::{Runs, bytes, read as read_form};
use crate::oom::{Figure, Figures, Memory, Oom, Word};
use crate::text::cursor::{part, rfind};

/// As cgroups' owners are called.
pub(crate) const NAME: Word = "htcondor";

/// One of these stands in every line that is read.
pub(super) const TELLING_WORDS: [&[u8]; 4] = [
    b"ob has gone over ",
    b" out-of-memory event.",
    b"OOM killed by cgroup memory limit",
    b"because system is out of memory",
];

const MIB: u64 = 1 << 20;

/// What a line tells of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) limit_bytes: Option<u64>,
    /// The most that it used, or the last that was measured, by release. It may repeat the limit.
    pub(crate) usage_bytes: Option<u64>,
    /// It ran in a container of Docker's.
    pub(crate) is_in_docker: bool,
}

impl Job {
    /// Adds what it tells.
    pub(crate) fn add_to(&self, oom: &mut Oom) {
        oom.workload = Some(Workload {
            system: Cow::Borrowed(NAME),
            id: None,
            part: None,
        });
        let mut figures = Figures::default();
        figures.set(Figure::Limit, self.limit_bytes);
        figures.set(Figure::Usage, self.usage_bytes);
        oom.memory = (!figures.is_empty()).then(|| Memory::of(&figures));
    }
}

/// A form that a line ends with, and what its runs say.
type Form = (&'static [u8], fn(&Runs<'_>) -> Job);

/// The longer first: all of a line has to be one.
static FORMS: [Form; 8] = [
    // 23.2 to 24.2, and later.
    (
        b"Job has gone over cgroup memory limit of # megabytes. Peak usage: # megabytes.  Consider resubmitting with a higher request_memory.",
        of_limit,
    ),
    (
        b"Job has gone over cgroup memory limit of # megabytes. Last measured usage: # megabytes.  Consider resubmitting with a higher request_memory.",
        of_limit,
    ),
    // 8.5 to 23.1, and before.
    (
        b"Job has gone over memory limit of # megabytes. Peak usage: # megabytes.",
        of_limit,
    ),
    (b"Job has gone over memory limit of # megabytes.", of_limit),
    (b"Job has encountered an out-of-memory event.", of_nothing),
    (
        b"Job was OOM killed by cgroup memory limit before it could start. Consider requesting more memory.",
        of_nothing,
    ),
    (
        b"Docker job has gone over memory limit of # Mb",
        of_container,
    ),
    (
        b"Evicting job because system is out of memory, even though the job is below requested memory: Usage is # Mb limit is #",
        of_machine,
    ),
];

/// What a line says: `11/19/24 10:00:00 Job was held due to OOM event: Job has gone over ...`, or
/// `Error from slot1_1@node1: Job has gone over ...`.
pub(crate) fn read(text: &[u8]) -> Option<Job> {
    const CHECKPOINTING: &[u8] = b"  This occurred while the job was checkpointing.";
    const HELD: &[u8] = b", going on hold";
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(CHECKPOINTING).unwrap_or(text);
    let text = text.strip_suffix(HELD).unwrap_or(text);
    FORMS.iter().find_map(|(form, says)| {
        let (begin, _) = part(form, b"#").unwrap_or((form, b""));
        let (before, message) = text.split_at_checked(rfind(text, begin)?)?;
        let is_apart = matches!(before, [] | [.., b' ']);
        let (runs, behind) = read_form(form, message).filter(|_| is_apart)?;
        behind.is_empty().then(|| says(&runs))
    })
}

fn of_limit([limit, usage, ..]: &Runs<'_>) -> Job {
    Job {
        limit_bytes: bytes(limit, MIB),
        usage_bytes: bytes(usage, MIB),
        is_in_docker: false,
    }
}

fn of_container(runs: &Runs<'_>) -> Job {
    Job {
        is_in_docker: true,
        ..of_limit(runs)
    }
}

/// The limit stands there in bytes.
fn of_machine([usage, limit, ..]: &Runs<'_>) -> Job {
    Job {
        limit_bytes: bytes(limit, 1),
        usage_bytes: bytes(usage, MIB),
        is_in_docker: false,
    }
}

fn of_nothing(_: &Runs<'_>) -> Job {
    Job::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wording_tells_what_it_says() {
        for (text, limit, usage) in [
            (
                "Job has gone over cgroup memory limit of 10624 megabytes. Last measured usage: 404 megabytes.  Consider resubmitting with a higher request_memory.",
                Some(10624 << 20),
                Some(404 << 20),
            ),
            (
                "Job has gone over cgroup memory limit of 128 megabytes. Peak usage: 127 megabytes.  Consider resubmitting with a higher request_memory.  This occurred while the job was checkpointing.",
                Some(128 << 20),
                Some(127 << 20),
            ),
            (
                "Job has gone over memory limit of 2048 megabytes. Peak usage: 2047 megabytes.",
                Some(2048 << 20),
                Some(2047 << 20),
            ),
            (
                "Job has gone over memory limit of 2048 megabytes.",
                Some(2048 << 20),
                None,
            ),
            ("Job has encountered an out-of-memory event.", None, None),
            (
                "Job was OOM killed by cgroup memory limit before it could start. Consider requesting more memory.",
                None,
                None,
            ),
            (
                "Docker job has gone over memory limit of 512 Mb, going on hold",
                Some(512 << 20),
                None,
            ),
            (
                "Evicting job because system is out of memory, even though the job is below requested memory: Usage is 64 Mb limit is 134217728",
                Some(128 << 20),
                Some(64 << 20),
            ),
        ] {
            let expected = Job {
                limit_bytes: limit,
                usage_bytes: usage,
                is_in_docker: text.starts_with("Docker"),
            };
            for before in [
                "",
                "05/05/24 10:11:12 (pid:7) ",
                "Job was held due to OOM event: ",
            ] {
                let line = alloc::format!("{before}{text}");
                assert_eq!(read(line.as_bytes()), Some(expected), "{line}");
            }
        }
    }

    #[test]
    fn what_is_more_or_less_is_nothing() {
        for text in [
            "Job has gone over memory limit of many megabytes.",
            "Job has gone over memory limit of 2048 megabytes. And more.",
            "myJob has gone over memory limit of 2048 megabytes.",
            "Spurious OOM event, usage is 7, slot size is 9 megabytes, ignoring OOM (read 8 bytes)",
            "job has gone over disk limit of 9 megabytes.",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
