//! What the lines of one report have told so far.

use alloc::vec::Vec;

use super::compose;
use super::tasks::TaskTable;
use crate::carrier::Author;
use crate::kernel::{
    Account, Constraint, Invoked, Limit, Message, Reading, Scope, Selected, StackHead, Usage,
};
use crate::oom::{Memory, Trigger};
use crate::text::cursor::{Cursor, find};

/// Readings of one ambiguous line kept until the kill line settles them. A name
/// of 15 bytes allows three; nested cgroups that imitate fields allow more, and
/// then nothing is believed.
const MOST_READINGS: usize = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) trigger: Option<Trigger>,
    /// The trigger's name as the kernel has it.
    trigger_comm: Vec<u8>,
    pub(super) kernel: Option<Vec<u8>>,
    pub(super) cpuset: Option<Vec<u8>>,
    pub(super) memory: Option<Memory>,
    pub(super) hierarchy: Hierarchy,
    /// The kernel's word, or `CONSTRAINT_MEMCG` for a `Task in` line.
    pub(super) constraint: Option<Vec<u8>>,
    /// From the report's own constraint line; empty where none of them holds.
    pub(super) readings: Vec<Place>,
    /// The report's own constraint line was seen.
    pub(super) has_constraint: bool,
    pub(super) victim: Option<NamedVictim>,
    pub(super) selected: Option<SelectedProcess>,
    pub(super) tasks: TaskTable,
    /// From the buddy lines of a Mem-Info block.
    pub(super) page_bytes: Option<u64>,
    /// The beginning of a constraint line the kernel split.
    pub(super) split: Vec<u8>,
    /// Nothing says who wrote some line of it.
    pub(super) has_unsaid_line: bool,
}

/// Which cgroup version the report shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hierarchy {
    #[default]
    Unknown,
    V1,
    V2,
}

/// A [`Reading`] that outlives its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) limit: Option<Vec<u8>>,
    pub(super) is_global: bool,
    /// A memory cgroup's limit, whose path the kernel could not print.
    pub(super) is_unprintable: bool,
    pub(super) task: Option<Vec<u8>>,
    pub(super) comm: Option<Vec<u8>>,
}

/// The victim as the constraint line names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedVictim {
    pub(super) pid: u32,
    pub(super) uid: i64,
}

/// The process selected, before 5.1.
#[derive(Clone, Copy, Debug)]
pub(super) struct SelectedProcess {
    pub(super) scope: Scope,
    pub(super) pid: u32,
    pub(super) score: Option<i64>,
}

impl Evidence {
    /// Learns what a message of the report says.
    pub(super) fn learn(&mut self, message: &Message<'_>, text: &[u8]) {
        match message {
            Message::Invoked(invoked) => self.invoked(invoked),
            Message::StackHead(head) => self.stack_head(head),
            Message::Cpuset(name) => self.cpuset = name.map(<[u8]>::to_vec),
            Message::Constraint(constraint) => self.constraint(constraint),
            Message::ConstraintStart(start) => self.split = start.to_vec(),
            Message::TaskIn(task) => self.task_in(task),
            Message::LimitOf(limit) => self.limit_of(limit),
            Message::Usage(usage) => self.usage(usage),
            Message::TasksHeading(columns) => self.tasks.columns = Some(*columns),
            Message::Selected(selected) => self.selected(selected),
            Message::Stats => self.buddy_line(text),
            Message::TasksTitle
            | Message::NoVictim
            | Message::Panic
            | Message::Killed(_)
            | Message::Group(_)
            | Message::Reaped(_)
            | Message::AlreadyExiting(_)
            | Message::Companion => {}
        }
    }

    /// Notes who wrote a line of it.
    pub(super) fn witnessed_by(&mut self, author: Author) {
        self.has_unsaid_line |= author != Author::Kernel;
    }

    fn invoked(&mut self, invoked: &Invoked<'_>) {
        self.trigger_comm = invoked.comm.unwrap_or_default().to_vec();
        self.trigger = Some(compose::trigger(invoked));
    }

    /// The kernel's release as three numbers.
    pub(super) fn release(&self) -> Option<(u64, u64, u64)> {
        version(self.kernel.as_deref()?)
    }

    /// The reading of the report's constraint line, once a kill line named the victim.
    ///
    /// `None` where the line stays ambiguous. The name in the kill line is out of reach of forgery, so it
    /// settles which of several readings is right.
    pub(super) fn unambiguous_reading(&self, comm: Option<&[u8]>) -> Option<&Place> {
        if let [place] = self.readings.as_slice() {
            return Some(place);
        }
        let mut fitting = self
            .readings
            .iter()
            .filter(|place| comm.is_some() && place.comm.as_deref() == comm);
        let place = fitting.next()?;
        fitting.next().is_none().then_some(place)
    }

    /// Whether SysRq-f asked.
    pub(super) fn is_manual(&self) -> bool {
        self.trigger
            .as_ref()
            .is_some_and(|trigger| trigger.order == Some(-1))
    }

    fn stack_head(&mut self, head: &StackHead<'_>) {
        if let Some(trigger) = &mut self.trigger
            && self.trigger_comm == head.comm
        {
            trigger.pid = Some(head.pid);
        }
        // The first is the report's own: another may be another processor's, or cut.
        if let (None, Some(release)) = (&self.kernel, head.release) {
            self.kernel = Some(release.to_vec());
        }
    }

    pub(super) fn constraint(&mut self, constraint: &Constraint<'_>) {
        self.has_constraint = true;
        self.split = Vec::new();
        self.constraint = Some(constraint.word.unwrap_or(b"CONSTRAINT_MEMCG").to_vec());
        if let Some(cpuset) = constraint.cpuset {
            self.cpuset = Some(cpuset.to_vec());
        }
        if let (Some(pid), Some(uid)) = (constraint.pid, constraint.uid) {
            self.victim = Some(NamedVictim { pid, uid });
        }
        self.readings = if constraint.readings.len() > MOST_READINGS {
            Vec::new()
        } else {
            constraint.readings.iter().map(Place::from).collect()
        };
    }

    /// The `Task in` line of 3.15 to 3.17, whose limit comes in a record of its own.
    fn task_in(&mut self, task: &[u8]) {
        self.readings = Vec::from([Place::of_task(task)]);
    }

    fn limit_of(&mut self, limit: &[u8]) {
        if self.has_constraint {
            // The name of a cgroup made the record before this one look whole.
            self.readings = Vec::new();
            return;
        }
        self.has_constraint = true;
        self.constraint = Some(b"CONSTRAINT_MEMCG".to_vec());
        let limit = Place::of_limit(limit);
        let task = self.readings.pop().and_then(|place| place.task);
        self.readings = Vec::from([Place { task, ..limit }]);
    }

    fn usage(&mut self, usage: &Usage) {
        let memory = self.memory.get_or_insert_with(Memory::default);
        compose::add_usage(memory, usage);
        match usage.account {
            Account::Swap => self.hierarchy = Hierarchy::V2,
            Account::MemoryAndSwap
                // Before 5.3 the line is printed on v2 too, where nothing is
                // charged to it.
                if usage.usage_bytes > 0
                    || self.release() >= Some((5, 3, 0)) =>
            {
                self.hierarchy = Hierarchy::V1;
            }
            _ => {}
        }
    }

    fn selected(&mut self, selected: &Selected<'_>) {
        self.selected = Some(SelectedProcess {
            scope: selected.scope,
            pid: selected.pid,
            score: selected.score,
        });
    }

    /// `Node 0 DMA: 1*4kB ...` names the page size first.
    pub(super) fn buddy_line(&mut self, text: &[u8]) {
        if self.page_bytes.is_some() {
            return;
        }
        let Some(position) = find(text, b"*") else {
            return;
        };
        let mut cursor = Cursor::new(text.get(position..).unwrap_or_default());
        let mut page = || {
            cursor.tag(b"*")?;
            let kibibytes = cursor.unsigned()?;
            cursor.tag(b"kB ")?;
            kibibytes.checked_mul(1024)
        };
        self.page_bytes = page().filter(|bytes| matches!(bytes, 4096 | 16_384 | 65_536));
    }
}

/// `(6, 1, 0)` of `6.1.0-50-cloud-amd64`; the third number is 0 where there is none.
fn version(release: &[u8]) -> Option<(u64, u64, u64)> {
    let mut cursor = Cursor::new(release);
    let major = cursor.unsigned()?;
    cursor.tag(b".")?;
    let minor = cursor.unsigned()?;
    let patch = cursor.tag(b".").and_then(|()| cursor.unsigned());
    Some((major, minor, patch.unwrap_or_default()))
}

impl Place {
    /// The killed task's cgroup alone.
    pub(super) fn of_task(task: &[u8]) -> Self {
        Self {
            task: Some(task.to_vec()),
            ..Self::default()
        }
    }

    /// The limit alone, or what stands where the kernel could not print it.
    pub(super) fn of_limit(limit: &[u8]) -> Self {
        let is_printed = limit.starts_with(b"/");
        Self {
            limit: is_printed.then(|| limit.to_vec()),
            is_unprintable: !is_printed,
            ..Self::default()
        }
    }
}

impl From<&Reading<'_>> for Place {
    fn from(reading: &Reading<'_>) -> Self {
        Self {
            limit: match reading.limit {
                Limit::Cgroup(path) => Some(path.to_vec()),
                _ => None,
            },
            is_global: reading.limit == Limit::Global,
            is_unprintable: reading.limit == Limit::UnprintableCgroup,
            task: reading.task.map(<[u8]>::to_vec),
            comm: reading.comm.map(<[u8]>::to_vec),
        }
    }
}
