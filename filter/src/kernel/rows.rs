//! The kernel's wordings: one row for each, and the few words that many rows share.
//!
//! Everything that is known of a wording stands in its row. From the rows follow the words by which
//! records are searched (`search.rs`), what opens, continues and ends a report, the documentation
//! (`docs/wordings.md`), the fuzzer's dictionary and the suite `every-wording`.

use super::meaning::{
    beside, group, killed, killed_without_figures, not_reaped, process, reaped, selected,
    statistics, usage,
};
use super::message::{self, Message};
use super::pieces::{Piece, Values};
use super::section::Section;
use super::{Scope, constraint, invoked, stack, table};
use crate::oom::Event;
use Piece::{
    Account, Adjustment, Any, Blanks, Comm, Count, Dots, End, Holds, Kib, Maybe, Number, Path, Pid,
    Rest, Score, Text, Uid, Whose, Word,
};

/// What a line does in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Begins a report, or continues the open one.
    Opens,
    /// Continues an open report, no later than in its section; nothing without one.
    Continues,
    /// Tells that an open report, or one that it begins, has no kill.
    Ends,
    /// A kill, whether a report is open or not.
    Kills,
    /// Stands behind a kill, or beside a report.
    Follows,
    /// No line of a report: the machine started anew, and nothing that was open goes on.
    Boots,
}

/// One wording.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) pieces: &'static [Piece],
    /// Reads what the pieces found; `None` where that is no such message after all.
    pub(super) means: for<'a> fn(&Values<'a>) -> Option<Message<'a>>,
    /// What the line is in a record.
    pub(super) event: Event,
    /// The section of a report that it stands in.
    pub(super) section: Section,
    pub(super) role: Role,
    /// The kernels that print it.
    pub(super) kernels: &'static str,
    /// The kernel's function that prints it.
    pub(super) source: &'static str,
    /// A line as such a kernel prints it.
    pub(super) example: &'static str,
}

// The places of a row's figures in `Values::figures`.
const TOTAL_VM: usize = 0;
pub(super) const ANON: usize = 1;
const FILE: usize = 2;
const SHMEM: usize = 3;
const PGTABLES: usize = 4;
const USAGE: usize = 0;
const LIMIT: usize = 1;
const FAILCNT: usize = 2;

/// Whose limit was hit, as the kernel words it in front of a kill.
pub(super) const SCOPES: &[(&[u8], Scope)] = &[
    (b"Memory cgroup out of memory: ", Scope::Cgroup),
    (b"Out of memory: ", Scope::Global),
    // Up to about 2.6.28.
    (b"Out of Memory: ", Scope::Global),
    (b"Out of memory (oom_kill_allocating_task): ", Scope::Global),
    // OpenVZ; the number of the container follows.
    (b"Out of memory in UB ", Scope::Cgroup),
    (b"No available memory in cpuset: ", Scope::Cpuset),
    (b"No available memory (MPOL_BIND): ", Scope::MemoryPolicy),
];

/// The accounts of a cgroup, as the kernel names them.
pub(super) const ACCOUNTS: &[(&[u8], message::Account)] = &[
    (b"memory: usage ", message::Account::Memory),
    (b"memory+swap: usage ", message::Account::MemoryAndSwap),
    (b"kmem: usage ", message::Account::Kernel),
    (b"swap: usage ", message::Account::Swap),
];

/// The figures of a kill. A line that was cut keeps those that are whole.
const KILL_FIGURES: &[Piece] = &[
    Kib(TOTAL_VM),
    Maybe(&[Text(b", anon-rss:"), Kib(ANON)]),
    Maybe(&[Text(b", file-rss:"), Kib(FILE)]),
    Maybe(&[Text(b", shmem-rss:"), Kib(SHMEM)]),
    Maybe(&[Text(b", UID:"), Uid]),
    Maybe(&[Text(b" pgtables:"), Kib(PGTABLES)]),
    Maybe(&[Text(b" oom_score_adj:"), Adjustment]),
];
const WHOSE: Piece = Maybe(&[Whose]);
/// OpenVZ: the limit is a container's, without a path.
const IN_CONTAINER: Piece = Maybe(&[Whose, Number, Text(b": ")]);
/// A panic is printed a second time with this in front.
const END_OF_TRACE: Piece = Maybe(&[Text(b"---[ end ")]);

/// Every wording. The first that fits a text is the one that counts.
pub(super) const ROWS: &[Row] = &[
    Row {
        pieces: &[
            Comm,
            Text(b" invoked "),
            Word(b"oom-killer:"),
            Text(b" gfp_mask="),
            Rest,
        ],
        means: invoked::by_task,
        event: Event::Invoked,
        section: Section::Header,
        role: Role::Opens,
        kernels: "2.6.19 and newer",
        source: "mm/oom_kill.c:dump_header()",
        example: "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-998",
    },
    Row {
        // An empty name, whose space a carrier or its reader trimmed.
        pieces: &[
            Text(b"invoked "),
            Word(b"oom-killer:"),
            Text(b" gfp_mask="),
            Rest,
        ],
        means: invoked::by_task,
        event: Event::Invoked,
        section: Section::Header,
        role: Role::Opens,
        kernels: "2.6.19 and newer, of a task without a name",
        source: "mm/oom_kill.c:dump_header()",
        example: "invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    },
    Row {
        pieces: &[Word(b"oom-killer:"), Text(b" gfp_mask="), Rest],
        means: invoked::by_nobody,
        event: Event::Invoked,
        section: Section::Header,
        role: Role::Opens,
        kernels: "2.6.18",
        source: "mm/oom_kill.c:out_of_memory()",
        example: "oom-killer: gfp_mask=0xd0, order=0",
    },
    Row {
        pieces: &[Word(b"oom-kill:constraint"), Text(b"="), Rest],
        means: constraint::summary,
        event: Event::Constraint,
        section: Section::Kill,
        role: Role::Opens,
        kernels: "5.0 and newer, RHEL 8.3 and newer",
        source: "mm/oom_kill.c:dump_oom_summary(), from 6.8 dump_oom_victim()",
        example: "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/leaker,task_memcg=/leaker,task=leaker,pid=23793,uid=0",
    },
    Row {
        pieces: &[Word(b"oom-kill:,cpuset"), Text(b"="), Rest],
        means: constraint::summary,
        event: Event::Constraint,
        section: Section::Kill,
        role: Role::Opens,
        kernels: "vendors' 3.10 and 4.x",
        source: "mm/oom_kill.c:dump_oom_summary(), taken over without its first fields",
        example: "oom-kill:,cpuset=/,mems_allowed=0-1,oom_memcg=/leaker,task_memcg=/leaker,task=leaker,pid=23793,uid=0",
    },
    Row {
        pieces: &[Text(b"Task in "), Holds(b"as a result of limit of"), Rest],
        means: constraint::task_and_limit,
        event: Event::Constraint,
        section: Section::Memory,
        role: Role::Opens,
        kernels: "2.6.29 to 4.20 without 3.15 to 3.17, RHEL 8.1",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info()",
        example: "Task in /1/2 killed as a result of limit of /1",
    },
    Row {
        pieces: &[Text(b"Task in "), Rest],
        means: constraint::task,
        event: Event::Constraint,
        section: Section::Memory,
        role: Role::Continues,
        kernels: "3.15 to 3.17",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info()",
        example: "Task in /docker/46b3e0a4df44",
    },
    Row {
        pieces: &[
            Text(b"killed "),
            Word(b"as a result of limit of"),
            Text(b" "),
            Rest,
        ],
        means: constraint::limit,
        event: Event::Constraint,
        section: Section::Memory,
        role: Role::Continues,
        kernels: "3.15 to 3.17",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info()",
        example: " killed as a result of limit of /docker/46b3e0a4df44",
    },
    Row {
        // The user stands behind the name. Before the row without it: a name may end like this too.
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b"), UID "),
            Uid,
            Text(b", total-vm:"),
            Maybe(KILL_FIGURES),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "RHEL 7.7 to 7.9",
        source: "mm/oom_kill.c:oom_kill_process()",
        example: "Killed process 3071 (java), UID 1000, total-vm:20255636kB, anon-rss:466160kB, file-rss:0kB, shmem-rss:0kB",
    },
    Row {
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") total-vm:"),
            Maybe(KILL_FIGURES),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "2.6.36 and newer; up to 5.0 without whose limit",
        source: "mm/oom_kill.c:__oom_kill_process()",
        example: "Out of memory: Killed process 4100 (containerd) total-vm:4077036kB, anon-rss:51184kB, file-rss:26016kB, shmem-rss:0kB, UID:0 pgtables:676kB oom_score_adj:0",
    },
    Row {
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b", UID "),
            Uid,
            Text(b", ("),
            Comm,
            Text(b") total-vm:"),
            Maybe(KILL_FIGURES),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "RHEL 6",
        source: "mm/oom_kill.c:oom_kill_task()",
        example: "Killed process 215701, UID 679, (java) total-vm:11017300kB, anon-rss:7152432kB, file-rss:1232kB",
    },
    Row {
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b", UID "),
            Uid,
            Text(b", ("),
            Comm,
            Text(b")"),
            Dots,
        ],
        means: killed_without_figures,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "RHEL 5",
        source: "mm/oom_kill.c:__oom_kill_task()",
        example: "Out of memory: Killed process 2848, UID 48, (httpd).",
    },
    Row {
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") vsz:"),
            Maybe(KILL_FIGURES),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "about 2.6.33 to 2.6.35",
        source: "mm/oom_kill.c:__oom_kill_task()",
        example: "Killed process 9139 (memcg_test_1) vsz:3456kB, anon-rss:448kB, file-rss:1088kB",
    },
    Row {
        pieces: &[
            IN_CONTAINER,
            Text(b"OOM k"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") "),
            Maybe(&[Text(b"score "), Score, Text(b" ")]),
            Text(b"vm:"),
            Maybe(&[Kib(TOTAL_VM), Maybe(&[Text(b", rss:"), Number])]),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "OpenVZ, Virtuozzo",
        source: "mm/oom_kill.c:oom_kill_task()",
        example: "Out of memory in UB 317592: OOM killed process 2946 (npm) score 0 vm:1506164kB, rss:237752kB, swap:120052kB",
    },
    Row {
        // People who quote a line put dots in place of the figures; the kernel prints one at most.
        pieces: &[
            WHOSE,
            Text(b"K"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b")"),
            Dots,
        ],
        means: killed_without_figures,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "2.6.18 to 2.6.32",
        source: "mm/oom_kill.c:__oom_kill_task()",
        example: "Out of Memory: Killed process 14 (a).",
    },
    Row {
        pieces: &[
            WHOSE,
            Word(b"OOM victim "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") is already exiting"),
        ],
        means: |found| Some(Message::AlreadyExiting(process(found))),
        event: Event::Report,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "5.9 and newer",
        source: "mm/oom_kill.c:__oom_kill_process()",
        example: "Memory cgroup out of memory: OOM victim 4242 (sh) is already exiting. Skip killing the task",
    },
    Row {
        // 2.6.18 ends the line with `and children.`.
        pieces: &[
            Whose,
            Text(b"K"),
            Word(b"ill process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") score "),
            Maybe(&[Score]),
        ],
        means: selected,
        event: Event::Report,
        section: Section::Kill,
        role: Role::Opens,
        kernels: "2.6.18 to about 2.6.28, 2.6.36 to 5.0",
        source: "mm/oom_kill.c:oom_kill_process()",
        example: "Memory cgroup out of memory: Kill process 24572 (java) score 0 or sacrifice child",
    },
    Row {
        pieces: &[
            Whose,
            Text(b"k"),
            Word(b"ill process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") score "),
            Maybe(&[Score]),
        ],
        means: selected,
        event: Event::Report,
        section: Section::Kill,
        role: Role::Opens,
        kernels: "2.6.29 to 2.6.35",
        source: "mm/oom_kill.c:oom_kill_process()",
        example: "No available memory (MPOL_BIND): kill process 15 (b) score 3 or a child",
    },
    Row {
        pieces: &[
            Account,
            Count(USAGE),
            Text(b"kB, limit "),
            Count(LIMIT),
            Word(b"kB, failcnt "),
            Count(FAILCNT),
            End,
        ],
        means: usage,
        event: Event::Usage,
        section: Section::Memory,
        role: Role::Opens,
        kernels: "2.6.29 and newer",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info(), from 5.0 mem_cgroup_print_oom_meminfo()",
        example: "memory: usage 524288kB, limit 524288kB, failcnt 1240247",
    },
    Row {
        // On 3.9 to 5.2 the figures follow in the line.
        pieces: &[Word(b"Memory cgroup stats for "), Rest],
        means: statistics,
        event: Event::Report,
        section: Section::Memory,
        role: Role::Opens,
        kernels: "3.9 and newer",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info(), from 5.0 mem_cgroup_print_oom_meminfo()",
        example: "Memory cgroup stats for /kubepods/burstable:",
    },
    Row {
        pieces: &[Word(b"Tasks state (memory values in pages):")],
        means: |_| Some(Message::TasksTitle),
        event: Event::Tasks,
        section: Section::Tasks,
        role: Role::Opens,
        kernels: "4.19 and newer, RHEL 8.5 and newer",
        source: "mm/oom_kill.c:dump_tasks()",
        example: "Tasks state (memory values in pages):",
    },
    Row {
        pieces: &[
            Text(b"["),
            Blanks,
            Text(b"pid"),
            Blanks,
            Text(b"]"),
            Holds(b"tgid total_vm"),
            Rest,
        ],
        means: table::heading,
        event: Event::Tasks,
        section: Section::Tasks,
        role: Role::Opens,
        kernels: "2.6.25 and newer; the columns changed six times",
        source: "mm/oom_kill.c:dump_tasks()",
        example: "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
    },
    Row {
        pieces: &[Text(b"Pid: "), Pid, Text(b", comm: "), Rest],
        means: stack::head,
        event: Event::Report,
        section: Section::Stack,
        role: Role::Continues,
        kernels: "up to 3.9",
        source: "arch/x86/kernel/dumpstack.c:dump_stack()",
        example: "Pid: 9139, comm: memcg_test_1 Not tainted 2.6.32-642.el6.x86_64 #1",
    },
    Row {
        // The user's id is printed by 6.12 and newer.
        pieces: &[
            Text(b"CPU: "),
            Number,
            Maybe(&[Text(b" UID: "), Number]),
            Text(b" PID: "),
            Pid,
            Text(b" Comm: "),
            Rest,
        ],
        means: stack::head,
        event: Event::Report,
        section: Section::Stack,
        role: Role::Continues,
        kernels: "3.10 and newer",
        source: "lib/dump_stack.c:dump_stack_print_info()",
        example: "CPU: 0 UID: 0 PID: 88 Comm: java Not tainted 6.12.0-1-amd64 #1",
    },
    Row {
        pieces: &[
            Text(b"Tasks in "),
            Path,
            Text(b" are going to be killed due to "),
            Word(b"memory.oom.group"),
            Text(b" set"),
            End,
        ],
        means: group,
        event: Event::Group,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "4.19 and newer, RHEL 8.1 and newer, cgroup v2",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_group()",
        example: "Tasks in /system.slice/foo.service are going to be killed due to memory.oom.group set",
    },
    Row {
        pieces: &[
            Word(b"oom_reaper: "),
            Text(b"reaped process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b"), now anon-rss:"),
        ],
        means: reaped,
        event: Event::Reaped,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "4.6 and newer",
        source: "mm/oom_kill.c:oom_reap_task_mm()",
        example: "oom_reaper: reaped process 8291 (runc:[2:INIT]), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
    },
    Row {
        pieces: &[
            Word(b"oom_reaper: "),
            Text(b"unable to reap pid:"),
            Pid,
            Text(b" ("),
            Comm,
            Text(b")"),
        ],
        means: not_reaped,
        event: Event::Reaped,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "4.6 and newer",
        source: "mm/oom_kill.c:oom_reap_task()",
        example: "oom_reaper: unable to reap pid:1 (systemd)",
    },
    Row {
        pieces: &[
            Word(b"oom_reaper: "),
            Text(b"giving up pid:"),
            Pid,
            Text(b" ("),
            Comm,
            Text(b")"),
        ],
        means: not_reaped,
        event: Event::Reaped,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "4.7 and 4.8",
        source: "mm/oom_kill.c:oom_reap_task()",
        example: "oom_reaper: giving up pid:12 (a)",
    },
    Row {
        pieces: &[
            Text(b"K"),
            Word(b"ill process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") sharing same memory"),
        ],
        means: beside,
        event: Event::Report,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "2.6.36 to 4.2, RHEL 6, RHEL 7.3 to 7.8",
        source: "mm/oom_kill.c:oom_kill_process()",
        example: "Kill process 12 (a) sharing same memory",
    },
    Row {
        pieces: &[
            Text(b"oom killer "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") "),
            Word(b"has mm pinned by "),
        ],
        means: beside,
        event: Event::Report,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "4.8 and newer",
        source: "mm/oom_kill.c:__oom_kill_process()",
        example: "oom killer 12 (a) has mm pinned by 1 (init)",
    },
    Row {
        pieces: &[
            Text(b"Would have k"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b"). But continuing instead."),
        ],
        means: beside,
        event: Event::Report,
        section: Section::Kill,
        role: Role::Follows,
        kernels: "RHEL 6",
        source: "mm/oom_kill.c:oom_kill_process()",
        example: "Would have killed process 12 (a). But continuing instead.",
    },
    Row {
        pieces: &[
            END_OF_TRACE,
            Text(b"Kernel panic - not syncing: Out of memory and "),
            Word(b"no killable processes"),
        ],
        means: |_| Some(Message::Panic),
        event: Event::Panic,
        section: Section::Kill,
        role: Role::Ends,
        kernels: "up to 4.18",
        source: "mm/oom_kill.c:out_of_memory()",
        example: "Kernel panic - not syncing: Out of memory and no killable processes...",
    },
    Row {
        pieces: &[
            END_OF_TRACE,
            Text(b"Kernel panic - not syncing: System is "),
            Word(b"deadlocked on memory"),
        ],
        means: |_| Some(Message::Panic),
        event: Event::Panic,
        section: Section::Kill,
        role: Role::Ends,
        kernels: "4.19 and newer",
        source: "mm/oom_kill.c:out_of_memory()",
        example: "Kernel panic - not syncing: System is deadlocked on memory",
    },
    Row {
        pieces: &[
            END_OF_TRACE,
            Text(b"Kernel panic - not syncing: "),
            Any,
            Word(b"panic_on_oom is "),
        ],
        means: |_| Some(Message::Panic),
        event: Event::Panic,
        section: Section::Kill,
        role: Role::Ends,
        kernels: "2.6.18 and newer",
        source: "mm/oom_kill.c:check_panic_on_oom()",
        example: "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled",
    },
    Row {
        pieces: &[Text(b"Out of memory and "), Word(b"no killable processes")],
        means: |_| Some(Message::NoVictim),
        event: Event::NoVictim,
        section: Section::Kill,
        role: Role::Ends,
        kernels: "4.19 and newer",
        source: "mm/oom_kill.c:out_of_memory()",
        example: "Out of memory and no killable processes...",
    },
    Row {
        pieces: &[Word(b"Memory limit reached of"), Text(b" cgroup ")],
        means: |_| Some(Message::NoVictim),
        event: Event::NoVictim,
        section: Section::Header,
        role: Role::Opens,
        kernels: "4.0 to 4.20, RHEL 8.1, where there is no victim",
        source: "mm/memcontrol.c:mem_cgroup_print_oom_info()",
        example: "Memory limit reached of cgroup /a",
    },
    Row {
        // BPF programs choose the words in front.
        pieces: &[
            Any,
            Text(b": K"),
            Word(b"illed process "),
            Pid,
            Text(b" ("),
            Comm,
            Text(b") total-vm:"),
            Maybe(KILL_FIGURES),
        ],
        means: killed,
        event: Event::Kill,
        section: Section::Kill,
        role: Role::Kills,
        kernels: "none so far: patches for 7.x",
        source: "mm/oom_kill.c:bpf_oom_kill_process()",
        example: "bpf oom test: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:8kB oom_score_adj:0",
    },
    Row {
        // Nearly every other text is ruled out by its last byte.
        pieces: &[Rest],
        means: constraint::cpuset,
        event: Event::Report,
        section: Section::Stack,
        role: Role::Continues,
        kernels: "2.6.29 to 4.20",
        source: "kernel/cgroup/cpuset.c:cpuset_print_current_mems_allowed()",
        example: "java cpuset=/ mems_allowed=0-1",
    },
    Row {
        pieces: &[Text(b"Linux version "), Rest],
        means: |_| Some(Message::Boot),
        event: Event::Report,
        section: Section::Header,
        role: Role::Boots,
        kernels: "all",
        source: "init/main.c:start_kernel()",
        example: "Linux version 6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP Debian 6.1.176-1",
    },
];
