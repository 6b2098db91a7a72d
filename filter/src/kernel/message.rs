//! What a kernel text says.

use super::constraint::Constraint;
use super::table::Columns;

/// A kernel message that belongs to an OOM report, or is one by itself.
///
/// Borrowed from the text; bytes are the kernel's, not necessarily UTF-8. The wording of each is in
/// `docs/wordings.md`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// The first line of a report.
    Invoked(Invoked<'a>),
    /// The head of the stack dump.
    StackHead(StackHead<'a>),
    /// The trigger's cpuset (2.6.29 to 4.20).
    Cpuset(Cpuset<'a>),
    /// Whose limit was hit, and who is to be killed.
    Constraint(Constraint<'a>),
    /// The first part of an `oom-kill:` line that the kernel split, or of a `Task in` line without the
    /// limit.
    ConstraintStart(&'a [u8]),
    /// The victim's cgroup, the first of the three records that 3.15 to 3.17 print.
    TaskIn(&'a [u8]),
    /// The limit's cgroup, the second of them, or what stands where the kernel could not print it.
    LimitOf(&'a [u8]),
    /// An account of the cgroup whose limit was hit.
    Usage(Usage),
    /// The heading of a cgroup's statistics.
    Stats(Statistics<'a>),
    /// The title of the task table (4.19 and newer).
    TasksTitle,
    /// The heading of the task table.
    TasksHeading(Columns),
    /// Who was selected (up to 5.0), which need not be who is killed.
    Selected(Selected<'a>),
    /// The kill itself.
    Killed(Killed<'a>),
    /// All of this cgroup is to be killed (4.19 and newer, cgroup v2).
    Group(&'a [u8]),
    /// The memory of a killed process was taken back (4.6 and newer).
    Reaped(Process<'a>),
    /// `oom_reaper: unable to reap pid:1 (systemd)`: it was killed, and keeps its memory.
    NotReaped(Process<'a>),
    /// The process is about to end by itself (5.9 and newer): no kill.
    AlreadyExiting(Process<'a>),
    /// A line about a process beside the victim. No kill of its own.
    Companion,
    /// Nobody can be killed, or a limit was reached without a kill.
    NoVictim,
    /// The kernel panics over memory.
    Panic,
    /// The first line of a boot.
    Boot,
}

impl<'a> Message<'a> {
    /// The part of `text`, which this message was read from, that others than the kernel chose: there a
    /// line end may be a name's.
    pub(crate) fn foreign_words(&self, text: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Invoked(invoked) => invoked.comm.unwrap_or_default(),
            Self::StackHead(head) => head.comm,
            Self::Selected(selected) => selected.comm,
            Self::Killed(killed) => killed.comm,
            Self::Reaped(process) | Self::NotReaped(process) | Self::AlreadyExiting(process) => {
                process.comm
            }
            // Ends with numbers, behind which nobody can write.
            Self::Constraint(constraint) if constraint.pid.is_some() => text,
            Self::Cpuset(_)
            | Self::Constraint(_)
            | Self::ConstraintStart(_)
            | Self::TaskIn(_)
            | Self::LimitOf(_)
            | Self::Usage(_)
            | Self::Stats(_)
            | Self::TasksTitle
            | Self::TasksHeading(_)
            | Self::Group(_)
            | Self::Companion
            | Self::NoVictim
            | Self::Panic
            | Self::Boot => &[],
        }
    }
}

/// A process by the number and the name that the kernel prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process<'a> {
    /// The process, or a thread of it.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
}

/// Whose limit was hit, by what stands in front of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `Memory cgroup out of memory`: some memory cgroup's.
    Cgroup,
    /// `Out of memory`: the machine's.
    Global,
    /// `No available memory in cpuset` (up to 2.6.35).
    Cpuset,
    /// `No available memory (MPOL_BIND)` (up to 2.6.35).
    MemoryPolicy,
}

/// The first line of a report. It names the task whose allocation failed, which is often not the victim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invoked<'a> {
    /// The task's name. Absent on 2.6.18.
    pub comm: Option<&'a [u8]>,
    /// The mask of the allocation, as printed: hex, with names in brackets from 4.6.
    pub gfp_mask: &'a [u8],
    /// The nodes that it may use, as printed (4.9 to 4.20). Absent where all are.
    pub nodemask: Option<&'a [u8]>,
    /// log2 of the pages asked for; -1 where SysRq-f asked. Absent where the line was cut.
    pub order: Option<i64>,
    /// Of the task, -1000 to 1000 (2.6.36 and newer).
    pub oom_score_adj: Option<i64>,
}

/// The head of the stack dump: the only line with the trigger's process id and the kernel's release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackHead<'a> {
    /// The running task.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// As `uname -r` gives it. Absent where the line was cut.
    pub release: Option<&'a [u8]>,
}

/// The cpuset of the task whose allocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpuset<'a> {
    /// The last component of its path. Absent where a name makes the line ambiguous.
    pub name: Option<&'a [u8]>,
    /// The memory nodes that it allows, as printed: `0-1,3`.
    pub mems_allowed: &'a [u8],
}

/// The heading of a cgroup's statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics<'a> {
    /// The cgroup. Absent where the kernel could not print it.
    pub path: Option<&'a [u8]>,
    /// What follows in the same text: figures on 3.9 to 5.2, and where a carrier put the lines of a record
    /// into one.
    pub figures: &'a [u8],
}

/// Which account a usage line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// `memory:`
    Memory,
    /// `memory+swap:` (cgroup v1; before 5.3 printed on v2 too).
    MemoryAndSwap,
    /// `kmem:` (cgroup v1, 3.8 and newer; before 5.3 printed on v2 too).
    Kernel,
    /// `swap:` (cgroup v2, 5.3 and newer).
    Swap,
}

/// One account of a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Which account.
    pub account: Account,
    /// What was charged.
    pub usage_bytes: u64,
    /// What may be charged. Absent where unlimited.
    pub limit_bytes: Option<u64>,
    /// How often the limit stopped a charge.
    pub failcnt: u64,
}

/// Who was selected, before kernel 5.1: the process killed may be a child of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selected<'a> {
    /// Whose limit was hit.
    pub scope: Scope,
    /// The selected process.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// Its badness: thousandths of the allowed memory from 2.6.36, an arbitrary number before.
    pub score: Option<i64>,
}

/// A killed process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Killed<'a> {
    /// Absent on kernels up to 5.0, which say it in [`Selected`].
    pub scope: Option<Scope>,
    /// The process, or a thread of it that still had its memory.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// Its user id (RHEL 6, RHEL 7.7 and newer, RHEL 8.3 and newer, 5.4 and newer).
    pub uid: Option<i64>,
    /// Virtual size.
    pub total_vm_bytes: Option<u64>,
    /// Resident anonymous memory.
    pub anon_rss_bytes: Option<u64>,
    /// Resident file pages; before 4.5 shared memory was counted here.
    pub file_rss_bytes: Option<u64>,
    /// Resident shared memory (4.5 and newer, RHEL 7.3 and newer).
    pub shmem_rss_bytes: Option<u64>,
    /// Page tables (5.4 and newer). Before 5.4.12 the kernel printed bytes with the unit kB; that is not
    /// corrected here.
    pub pgtables_bytes: Option<u64>,
    /// -1000 to 1000 (5.4 and newer).
    pub oom_score_adj: Option<i64>,
    /// Its badness, where the line says it (OpenVZ).
    pub score: Option<i64>,
    /// Words that no kernel so far prints stand in front: only a report that names the process makes it a kill.
    pub is_worded_freely: bool,
}
