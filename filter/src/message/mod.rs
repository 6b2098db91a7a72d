//! One kernel text becomes a typed message.
//!
//! [`parse`] takes a text whose prefixes are gone (see [`crate::Filter`] for
//! whole log lines) and knows every wording of kernels 2.6.18 to 7.x and of the
//! RHEL backports. Grammars are chosen line by line, never by kernel version:
//! distributions mix them.
//!
//! Process names and cgroup paths are the words of whoever runs the process.
//! What the kernel printed before and after a name decides where it ends, never
//! what the name holds.

mod constraint;
mod ending;
mod invoked;
mod kill;
mod memory;
mod stack;
mod surroundings;
mod table;

pub use constraint::{Constraint, Limit, Reading};
pub use invoked::Invoked;
pub use kill::{Killed, Scope, Selected};
pub use memory::{Account, Usage};
pub use stack::StackHead;
pub(crate) use surroundings::{Part, Rows, part};
pub(crate) use table::is_row_with_line_end;
pub use table::{Columns, TaskRow};

use crate::escape::Fidelity;

/// A kernel message that belongs to an OOM report, or is one by itself.
///
/// Borrowed from the text; bytes are the kernel's, not necessarily UTF-8.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// The first line of a report: `x invoked oom-killer: gfp_mask=...`.
    Invoked(Invoked<'a>),
    /// `CPU: 0 PID: 88 Comm: java Not tainted 6.1.0-50-cloud-amd64 #1`.
    StackHead(StackHead<'a>),
    /// `java cpuset=/ mems_allowed=0` (2.6.29 to 4.20): the trigger's cpuset. Absent
    /// where a name makes the line ambiguous.
    Cpuset(Option<&'a [u8]>),
    /// `oom-kill:constraint=...` (5.0 and newer, RHEL 8.3 and newer), or
    /// `Task in ... killed as a result of limit of ...` (2.6.29 to 4.20).
    Constraint(Constraint<'a>),
    /// The first part of an `oom-kill:` line that the kernel split, or of a
    /// `Task in` line without the limit.
    ConstraintStart(&'a [u8]),
    /// `Task in /a` alone, the first of the three records 3.15 to 3.17 print.
    TaskIn(&'a [u8]),
    /// ` killed as a result of limit of /a`, the second of them: the path, or what
    /// stands where the kernel could not print it.
    LimitOf(&'a [u8]),
    /// `memory: usage 20480kB, limit 20480kB, failcnt 21` and its siblings.
    Usage(Usage),
    /// `Memory cgroup stats for /a:`; on 3.9 to 5.2 the figures follow in the line.
    Stats,
    /// `Tasks state (memory values in pages):` (4.19 and newer).
    TasksTitle,
    /// The heading of the task table.
    TasksHeading(Columns),
    /// `Kill process N (c) score S or sacrifice child` (up to 5.0): who was
    /// selected, which need not be who is killed.
    Selected(Selected<'a>),
    /// The kill itself.
    Killed(Killed<'a>),
    /// `Tasks in /a are going to be killed due to memory.oom.group set` (4.19
    /// and newer, cgroup v2): the path.
    Group(&'a [u8]),
    /// `oom_reaper: reaped process N (c), now ...` and its siblings (4.6 and
    /// newer): the memory of a process that was reported killed.
    Reaped {
        /// The process, or one of its threads.
        pid: u32,
        /// Its name.
        comm: &'a [u8],
    },
    /// `OOM victim N (c) is already exiting. Skip killing the task` (5.9 and
    /// newer): no kill.
    AlreadyExiting {
        /// The process.
        pid: u32,
        /// Its name.
        comm: &'a [u8],
    },
    /// A line about a process beside the victim: `Kill process N (c) sharing same
    /// memory` (2.6.36 to 4.3), `oom killer N (c) has mm pinned by M (d)` (4.8
    /// and newer), `Would have killed process N (c)` (RHEL 6). No kill of its own.
    Companion,
    /// `Out of memory and no killable processes...`, or `Memory limit reached of
    /// cgroup /a`: no kill.
    NoVictim,
    /// `Kernel panic - not syncing: ...` over memory.
    Panic,
}

/// Reads one kernel text.
///
/// `None` where it is no message of an OOM report, which includes lines that
/// only look like one (`TCP: out of memory`, `page allocation failure`). Lines
/// that mean something only inside a report (stack traces, memory statistics,
/// task rows) are `None` here too.
///
/// Linear in the text, and allocates only for a [`Message::Constraint`] that
/// can be read in several ways.
///
/// ```
/// use oom_filter::message::{parse, Message};
/// use oom_filter::Fidelity;
///
/// let text = b"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
/// let Some(Message::Killed(kill)) = parse(text, Fidelity::Exact) else { panic!() };
/// assert_eq!(kill.pid, 42);
/// assert_eq!(kill.total_vm_bytes, Some(8192));
/// ```
pub fn parse(text: &[u8], fidelity: Fidelity) -> Option<Message<'_>> {
    // In the order of the catalogue's entries K-01 to K-24. Only the first
    // begins with a name, so it must see the text with its leading spaces.
    invoked::parse(text, fidelity)
        .map(Message::Invoked)
        .or_else(|| {
            let text = crate::bytes::trim_start(text);
            PARSERS.iter().find_map(|parser| parser(text, fidelity))
        })
}

/// Reads the texts of one kind.
type Parser = for<'a> fn(&'a [u8], Fidelity) -> Option<Message<'a>>;

const PARSERS: [Parser; 7] = [
    constraint::parse,
    kill::parse,
    memory::parse,
    table::parse_heading,
    stack::parse,
    ending::parse,
    constraint::parse_cpuset,
];
