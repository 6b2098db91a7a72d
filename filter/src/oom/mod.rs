//! The `oom` object: what is added to a record.

mod claim;
mod memory;
mod names;
#[cfg(feature = "deserialize")]
mod read;
mod repeats;
pub(crate) mod summary;

pub(crate) use memory::Figures;
pub use memory::{Allocation, CgroupShare, Figure, Memory, Mostly};
pub use names::{KubeletDir, KubeletDirs};
pub(crate) use names::{KubeletNames, NameFinder, Names};
pub(crate) use repeats::Repeats;

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::cgroup::{Container, Identity, Level, Pod, UNKNOWN_TAG, Workload};
use crate::printable;

/// The kernel, as the one who killed.
pub(crate) const KERNEL: &str = "kernel";

/// One of the words that a field can have. The name is for serde, which would borrow a plain reference from the
/// text that it reads.
pub type Word = &'static str;

/// What a record tells of an OOM kill. A field the kernel did not print is
/// absent, never null, 0 or empty.
///
/// Memory is in bytes, time in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[cfg_attr(feature = "deserialize", serde(default))]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the record, present or absent"
)]
pub struct Oom {
    /// What the line is.
    pub event: Event,
    /// `oom.<level>`, or `oom.unknown`: what a router matches on.
    #[cfg_attr(feature = "deserialize", serde(deserialize_with = "read::tag"))]
    pub tag: Word,
    /// Who killed: `kernel`, or another program's name. On every kill.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "deserialize", serde(deserialize_with = "read::killer"))]
    pub killer: Option<Word>,
    /// Whose limit was hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// `memcg`, `none`, `cpuset`, `memory_policy`, or another word of the
    /// kernel's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// A name imitates a field of the line, so that it can be read in several
    /// ways: nothing that depends on the choice is written.
    #[serde(skip_serializing_if = "is_false")]
    pub ambiguous: bool,
    /// The same on every line and kill of one report.
    pub id: String,
    /// One sentence for a person, of fields that are present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Another program's own words for why it killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How a kill got its cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    /// The kill is older than the filter.
    #[serde(skip_serializing_if = "is_false")]
    pub replayed: bool,
    /// Killed because of `memory.oom.group`.
    #[serde(skip_serializing_if = "is_false")]
    pub group: bool,
    /// SysRq-f asked for it.
    #[serde(skip_serializing_if = "is_false")]
    pub manual: bool,
    /// Lines of the report are known to be missing.
    #[serde(skip_serializing_if = "is_false")]
    pub incomplete: bool,
    /// The process killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub victim: Option<Victim>,
    /// The task whose allocation failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// Paths of the memory cgroups, and the cpuset's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<Cgroup>,
    /// Accounts of the cgroup that hit its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// The victim's pod; the limit's where only that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// The victim's container; the limit's where only that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The systemd unit of a cgroup that is no pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whoever else owns the cgroup: of several containers in each other the outermost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// The cgroup lies inside another container, whose owner can have made up pod, container and unit.
    #[serde(skip_serializing_if = "is_false")]
    pub nested: bool,
    /// The five largest tasks by resident and swapped memory together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// Rows of the task table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_count: Option<u32>,
    /// Resident memory of all rows together. Pages that processes share are counted in each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks_rss_bytes: Option<u64>,
    /// Tasks of the table left alive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survivors: Option<u32>,
    /// What becomes of the container, where the report tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_outcome: Option<ContainerOutcome>,
    /// A task of the victim's pod that is older than the victim is left: where the pod has one container,
    /// that lives on. It is no field of the record.
    #[serde(skip)]
    pub(crate) pod_survives: bool,
    /// What the table says of those whom the kill leaves: by itself, and if it is a pod's. It is no field of the
    /// record.
    #[serde(skip)]
    pub(crate) left: Option<[Left; 2]>,
    /// The names of the pod, where the line itself tells them. They are no field of `oom`: each host has its own for
    /// them.
    #[serde(skip)]
    pub(crate) names: Option<Names>,
    /// Release, as `uname -r` gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The kernel's clock at the kill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// When the line of the kill was written, in microseconds since 1970, where its carrier says so without
    /// doubt: with a year and a zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_us: Option<u64>,
    /// The carrier's time as it stands in the line, where that lacks a year or a zone: `Dec 13 07:23:21`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Kills seen before this one for the same container, else pod, else cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// Made of text that anybody could have written, which the host was told to read.
    #[cfg(feature = "unproven")]
    #[serde(skip_serializing_if = "is_false")]
    pub unproven: bool,
    /// How sure it is that the kernel wrote the lines. On kills and on reports that broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Whom a kill leaves, by the report's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many, where the table shows all.
    pub(crate) tasks: Option<u32>,
    /// One of them is known to be older than the victim, and it was not killed with it.
    pub(crate) has_older: bool,
}

impl Oom {
    /// Writes what the table says of those who are left, once it is known whose limit it was.
    pub(crate) fn set_left(&mut self, is_own_limit: bool) {
        let is_of_pod = self.level == Some(Level::Pod);
        let Some(left) = self
            .left
            .map(|[left, of_pod]| if is_of_pod { of_pod } else { left })
        else {
            return;
        };
        self.survivors = left.tasks;
        // A cgroup inside a container tells of its own tasks only.
        let is_in_pod = is_of_pod && self.container.is_some();
        let shows_container = self.level == Some(Level::Container) || is_in_pod;
        if shows_container && left.tasks == Some(0) {
            self.container_outcome = Some(ContainerOutcome::Dies);
        } else if left.has_older {
            if is_own_limit {
                self.container_outcome = Some(ContainerOutcome::Survives);
            }
            self.pod_survives = is_in_pod;
        }
    }

    /// Whether somebody's end is told here for the first time.
    pub(crate) fn is_kill(&self) -> bool {
        !matches!(self.event, Event::Pressure | Event::Confirmed)
    }

    /// Marks a kill that `memory.oom.group` asked for.
    pub(crate) fn mark_group(&mut self) {
        self.group = true;
        if self.container.is_some() || self.level == Some(Level::Container) {
            self.container_outcome = Some(ContainerOutcome::Dies);
        }
    }

    /// Writes what a path tells.
    pub(crate) fn set_identity(&mut self, identity: Identity<'_>) {
        self.pod = identity.pod;
        self.container = identity.container;
        self.unit = identity.unit.map(printable);
        self.workload = identity.workload;
        self.nested = identity.is_nested;
    }

    /// Writes whose limit was hit, and the tag that follows from it.
    pub(crate) fn set_level(&mut self, level: Option<Level>) {
        self.level = level;
        self.tag = level.map_or(UNKNOWN_TAG, Level::tag);
    }

    /// The container's id, where there is a container and the path has its id.
    pub(crate) fn container_id(&self) -> Option<&str> {
        self.container.as_ref()?.id.as_deref()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// A user's id as the kernel's type has it, of 32 bits without a sign: the kernel prints the same one as -2
/// in one line and as 4294967294 in another.
pub(crate) fn one_form_of_uid(uid: i64) -> i64 {
    uid & i64::from(u32::MAX)
}

/// What a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A process was killed, or by another program than the kernel a whole cgroup.
    Kill,
    /// A pod was evicted because its node was short of memory.
    Evicted,
    /// Memory is short, says a program that kills for it; nobody was killed.
    Pressure,
    /// A kill that is told elsewhere, told once more by somebody who saw it.
    Confirmed,
    /// A report was released without its kill.
    Truncated,
    /// The header of a report.
    Invoked,
    /// An account of the cgroup.
    Usage,
    /// The heading of the task table.
    Tasks,
    /// A row of it.
    Task,
    /// Whose limit was hit.
    Constraint,
    /// A whole cgroup is to be killed.
    Group,
    /// The memory of a killed process was taken back.
    Reaped,
    /// The kernel panicked over memory.
    Panic,
    /// Nobody could be killed.
    NoVictim,
    /// Any other line inside a report.
    #[default]
    Report,
}

impl Event {
    /// Every event, with its word in the record.
    const WORDS: [(&[u8], Self); 15] = [
        (b"kill", Self::Kill),
        (b"evicted", Self::Evicted),
        (b"pressure", Self::Pressure),
        (b"confirmed", Self::Confirmed),
        (b"truncated", Self::Truncated),
        (b"invoked", Self::Invoked),
        (b"usage", Self::Usage),
        (b"tasks", Self::Tasks),
        (b"task", Self::Task),
        (b"constraint", Self::Constraint),
        (b"group", Self::Group),
        (b"reaped", Self::Reaped),
        (b"panic", Self::Panic),
        (b"no_victim", Self::NoVictim),
        (b"report", Self::Report),
    ];

    /// The event of that word.
    pub(crate) fn of_word(word: &[u8]) -> Option<Self> {
        let (_, event) = Self::WORDS.iter().find(|(known, _)| *known == word)?;
        Some(*event)
    }
}

/// How a kill got its cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// From its own report.
    Report,
    /// The kernel suppressed the report; the process stands in the task table of
    /// the newest one.
    Table,
    /// Not at all.
    None,
    /// The report chose its victim, and its kill line was lost or filtered out on the way.
    Constraint,
    /// Only another program's line tells of it.
    Witness,
    /// The kernel's lines of the kill were lost or suppressed: the reaper, which took the memory of the
    /// killed process away, is the only one to name it.
    Reaper,
}

/// How sure it is that the kernel wrote what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The carrier of every line that tells it proves it: by the facility of `/dev/kmsg` or of syslog, or by
    /// the journal's transport.
    Kernel,
    /// Of some line nothing says who wrote it.
    Unsaid,
}

/// What becomes of the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum ContainerOutcome {
    /// Nobody of it is left.
    Dies,
    /// Only a child was killed: Kubernetes never reports this one.
    Survives,
}

/// The process killed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Victim {
    /// In the host's numbering.
    pub pid: u32,
    /// At most 15 bytes; the process chose them. Absent where the line is
    /// ambiguous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<String>,
    /// Its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<i64>,
    /// -1000 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i64>,
    /// Its badness, where the kernel printed it (up to 5.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// Virtual size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_vm_bytes: Option<u64>,
    /// All resident memory, where another program than the kernel told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    /// Resident anonymous memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anon_rss_bytes: Option<u64>,
    /// Resident file pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_rss_bytes: Option<u64>,
    /// Resident shared memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shmem_rss_bytes: Option<u64>,
    /// Page tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgtables_bytes: Option<u64>,
    /// In swap, from its row of the task table. Absent where it has none, or the size of a page is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
}

/// The task whose allocation failed; often not the victim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Trigger {
    /// Absent on 2.6.18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<String>,
    /// From the stack dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// As printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gfp_mask: Option<String>,
    /// log2 of the pages asked for; -1 for SysRq-f.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// -1000 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i64>,
}

/// Paths from the root of the memory hierarchy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Cgroup {
    /// Whose limit was hit. Absent for the whole machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// The killed task's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub victim: Option<String>,
    /// The name of the trigger's cpuset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpuset: Option<String>,
}

/// A row of the report's task table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Task {
    /// A thread that still had its memory; usually the process.
    pub pid: u32,
    /// Its name.
    pub comm: String,
    /// Its user.
    pub uid: i64,
    /// Resident memory. Absent where the report does not tell the size of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    /// In swap. Absent as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
    /// Page tables. Absent where the table counts them in pages of its own (up to 4.14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgtables_bytes: Option<u64>,
    /// Virtual size. Absent where the report does not tell the size of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_vm_bytes: Option<u64>,
    /// -1000 to 1000. Absent before 2.6.36.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn the_words_of_events_are_those_that_are_written() {
        for (word, event) in Event::WORDS {
            let written = serde_json::to_string(&event).unwrap();
            assert_eq!(written.trim_matches('"').as_bytes(), word);
        }
    }
}
