//! What the lines of one report have told so far.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::bytes_of;
use super::compose;
use super::filling::Filling;
use super::tasks::{Process, TaskTable};
use crate::carrier::Author;
use crate::kernel::{
    Account, Constraint, Invoked, Killed, Limit, MOST_READINGS, Message, Reading, Scope, Selected,
    StackHead, Statistics, Usage, is_below,
};
use crate::oom::{Figures, Trigger, one_form_of_uid};
use crate::text::cursor::{Cursor, find};

#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is known of a report by itself"
)]
pub(super) struct Evidence {
    pub(super) trigger: Option<Trigger>,
    /// The trigger's name as the kernel has it.
    trigger_comm: Vec<u8>,
    pub(super) kernel: Option<Vec<u8>>,
    pub(super) has_stack_head: bool,
    pub(super) cpuset: Option<Vec<u8>>,
    /// What was charged to the cgroup, and its limits.
    pub(super) memory: Option<Figures>,
    /// Absent until a line tells of it: it is large.
    pub(super) filling: Option<Box<Filling>>,
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
    /// The cgroup whose statistics were printed first: the one whose limit was hit (3.9 and newer).
    stats: Option<Vec<u8>>,
    /// Lines of the report are known to be missing.
    pub(super) has_gap: bool,
    /// Rows of the table may be among them.
    pub(super) is_incomplete: bool,
    /// Figures of the memory section may be among them.
    pub(super) lacks_figures: bool,
    /// Lines of another report may stand in it.
    pub(super) is_mixed: bool,
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
    pub(super) process: Process,
    pub(super) score: Option<i64>,
}

impl NamedVictim {
    /// Whether a kill line is of this process, by its number and user.
    pub(super) fn is(&self, killed: &Killed<'_>) -> bool {
        let uid = killed.uid.map(one_form_of_uid);
        self.pid == killed.pid && uid.is_none_or(|uid| uid == one_form_of_uid(self.uid))
    }
}

impl Evidence {
    /// Learns what a message of the report says.
    pub(super) fn learn(&mut self, message: &Message<'_>) {
        match message {
            Message::Invoked(invoked) => self.invoked(invoked),
            Message::StackHead(head) => self.stack_head(head),
            Message::Cpuset(line) => {
                self.cpuset = line.name.map(<[u8]>::to_vec);
                self.filling().nodes(None, Some(line.mems_allowed));
            }
            Message::Constraint(constraint) => self.constraint(constraint),
            Message::ConstraintStart(start) => self.split = start.to_vec(),
            Message::TaskIn(task) => self.task_in(task),
            Message::LimitOf(limit) => self.limit_of(limit),
            Message::Usage(usage) => self.usage(usage),
            Message::TasksHeading(columns) => self.tasks.columns = Some(*columns),
            Message::Selected(selected) => self.selected(selected),
            Message::Stats(heading) => self.stats(heading),
            Message::TasksTitle
            | Message::NoVictim
            | Message::Panic
            | Message::Boot
            | Message::Killed(_)
            | Message::Group(_)
            | Message::Reaped(_)
            | Message::NotReaped(_)
            | Message::AlreadyExiting(_)
            | Message::Companion => {}
        }
    }

    fn filling(&mut self) -> &mut Filling {
        self.filling.get_or_insert_default()
    }

    /// Notes who wrote a line of it.
    pub(super) fn witnessed_by(&mut self, author: Author) {
        self.has_unsaid_line |= author != Author::Kernel;
    }

    fn invoked(&mut self, invoked: &Invoked<'_>) {
        self.trigger_comm = invoked.comm.unwrap_or_default().to_vec();
        if invoked.nodemask.is_some() {
            self.filling().nodes(invoked.nodemask, None);
        }
        self.trigger = Some(compose::trigger(invoked));
    }

    /// The kernel's release as three numbers.
    pub(super) fn release(&self) -> Option<(u64, u64, u64)> {
        version(self.kernel.as_deref()?)
    }

    /// Whether a child of the process that the constraint line names may have been killed in its place: 5.0
    /// has both that line and the choice. It has this word also where a cgroup's limit was hit.
    pub(super) fn may_sacrifice_child(&self) -> bool {
        self.selected.is_some()
            || self.has_no_constraint_word() && self.limit().is_some()
            || self.release().is_some_and(|release| release < (5, 1, 0))
    }

    /// Whether it is known that the process which the constraint line names is killed itself.
    pub(super) fn is_victim_certain(&self) -> bool {
        let is_of_any_kernel = self.has_no_constraint_word() && self.release().is_none();
        self.victim.is_some() && !self.may_sacrifice_child() && !is_of_any_kernel
    }

    fn has_no_constraint_word(&self) -> bool {
        self.constraint.as_deref() == Some(b"CONSTRAINT_NONE")
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

    /// Whether nothing is known but who was announced.
    pub(super) fn is_bare(&self) -> bool {
        !self.has_constraint
            && self.trigger.is_none()
            && self.memory.is_none()
            && self.tasks.count().is_none()
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        let names = bytes_of(&[&self.cpuset, &self.stats, &self.kernel, &self.constraint]);
        let places = self.readings.iter().map(Place::held_bytes);
        let mask = (self.trigger.as_ref()).and_then(|trigger| trigger.gfp_mask.as_ref());
        places
            .fold(names, usize::saturating_add)
            .saturating_add(mask.map_or(0, String::len))
            .saturating_add(self.split.len())
            .saturating_add(self.tasks.held_bytes())
            .saturating_add(self.filling.as_deref().map_or(0, Filling::held_bytes))
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
        self.has_stack_head = true;
        self.kernel = head.release.map(<[u8]>::to_vec);
    }

    pub(super) fn constraint(&mut self, constraint: &Constraint<'_>) {
        self.has_constraint = true;
        self.split = Vec::new();
        self.constraint = Some(constraint.word.unwrap_or(b"CONSTRAINT_MEMCG").to_vec());
        if constraint.pid.is_some() {
            self.cpuset = constraint.cpuset.map(<[u8]>::to_vec);
        }
        if constraint.mems_allowed.is_some() {
            self.filling()
                .nodes(constraint.nodemask, constraint.mems_allowed);
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
        let memory = self.memory.get_or_insert_default();
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
            process: Process::new(selected.pid, selected.comm),
            score: selected.score,
        });
    }

    fn stats(&mut self, heading: &Statistics<'_>) {
        // Up to 5.2 those of every cgroup below follow.
        if let (None, Some(path)) = (&self.stats, heading.path) {
            self.stats = Some(path.to_vec());
        }
        self.filling().statistics(heading.path, heading.figures);
    }

    pub(super) fn has_stats(&self) -> bool {
        self.stats.is_some()
    }

    /// Whether these statistics are of another cgroup than the report's.
    pub(super) fn excludes_stats(&self, path: &[u8]) -> bool {
        let own = self.stats.as_deref().or_else(|| self.limit());
        own.is_some_and(|own| !is_below(path, own))
    }

    /// The path of the limit, where it is certain.
    pub(super) fn limit(&self) -> Option<&[u8]> {
        self.unambiguous_reading(None)?.limit.as_deref()
    }

    /// Whose limit it was, by what every reading says.
    pub(super) fn scope(&self) -> Option<Scope> {
        let of_place = |place: &Place| match (place.is_global, place.names_limit()) {
            (true, _) => Some(Scope::Global),
            (false, true) => Some(Scope::Cgroup),
            (false, false) => None,
        };
        let mut scopes = self.readings.iter().map(of_place);
        let first = scopes.next().flatten();
        first
            .filter(|first| scopes.all(|scope| scope == Some(*first)))
            .or(self.selected.map(|selected| selected.scope))
            // Printed of a cgroup alone.
            .or(self.memory.as_ref().map(|_| Scope::Cgroup))
    }

    /// Whether some reading of the constraint line names this process, or none does.
    pub(super) fn may_name(&self, comm: &[u8]) -> bool {
        let mut names = self.readings.iter();
        self.readings.is_empty()
            || names.any(|place| place.comm.as_deref().is_none_or(|name| name == comm))
    }

    /// Whether the constraint line can be of the report that was read so far: its statistics and its table
    /// must be the same cgroup's.
    pub(super) fn may_have(&self, constraint: &Constraint<'_>) -> bool {
        let limit = match constraint.reading().map(|reading| reading.limit) {
            Some(Limit::Cgroup(limit)) => Some(limit),
            Some(Limit::Global) if self.memory.is_some() || self.stats.is_some() => return false,
            _ => None,
        };
        match (self.stats.as_deref(), limit) {
            (Some(stats), Some(limit)) => stats == limit,
            _ => constraint
                .pid
                .is_none_or(|pid| !self.tasks.excludes_pid(pid)),
        }
    }

    /// Whether the table is of the cgroup of this place, as far as the report tells.
    pub(super) fn is_table_of(&self, place: Option<&Place>) -> bool {
        let limit = place.and_then(|place| place.limit.as_deref());
        !self.is_incomplete
            && !self.is_mixed
            && self
                .stats
                .as_deref()
                .zip(limit)
                .is_none_or(|(stats, limit)| stats == limit)
    }

    /// Whether the constraint names a process, and statistics or a table prove that the rest is of the same
    /// report.
    pub(super) fn agrees_in_itself(&self) -> bool {
        let has_row = |pid| self.tasks.count().is_some() && !self.tasks.excludes_pid(pid);
        self.victim
            .is_some_and(|victim| has_row(victim.pid) || self.has_statistics_of_limit())
    }

    /// Whether the constraint names a process, and the statistics are of the cgroup whose limit it names.
    pub(super) fn has_statistics_of_limit(&self) -> bool {
        let paths = self.stats.as_deref().zip(self.limit());
        self.victim.is_some() && paths.is_some_and(|(stats, limit)| stats == limit)
    }

    /// Forgets who asked for memory and the cgroup's accounts.
    pub(super) fn forget_beginning(&mut self) {
        self.trigger = None;
        self.trigger_comm = Vec::new();
        self.memory = None;
        self.filling = None;
        self.stats = None;
    }

    /// Forgets everything that another report's lines may have told: all but the constraint line, and that
    /// too where it names no process.
    pub(super) fn forget_what_is_doubtful(&mut self) {
        let is_named = self.victim.is_some();
        self.forget_figures();
        if !is_named {
            *self = Self {
                selected: self.selected,
                has_unsaid_line: self.has_unsaid_line,
                ..Self::default()
            };
        }
    }

    /// Forgets everything but the constraint line and the announcement.
    pub(super) fn forget_figures(&mut self) {
        let before = core::mem::take(self);
        self.selected = before.selected;
        self.has_unsaid_line = before.has_unsaid_line;
        self.constraint = before.constraint;
        self.readings = before.readings;
        self.has_constraint = before.has_constraint;
        self.victim = before.victim;
        self.cpuset = before.cpuset.filter(|_| before.victim.is_some());
    }

    /// Whether the constraint is a `Task in` line, whole, of up to 4.20.
    pub(super) fn constraint_is_task_in(&self) -> bool {
        self.victim.is_none()
            && matches!(self.readings.as_slice(), [place] if place.task.is_some() && place.names_limit())
    }

    /// Learns from a line of the memory section that is no message.
    pub(super) fn memory_line(&mut self, text: &[u8]) {
        match text.strip_prefix(b"Memory cgroup stats:") {
            // The kernel could not print the path (3.9 to 3.14).
            Some(figures) => self.filling().statistics(None, figures),
            None => self.filling().lines(text),
        }
        self.buddy_line(text);
    }

    /// `Node 0 DMA: 1*4kB ...` names the page size first.
    fn buddy_line(&mut self, text: &[u8]) {
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
    pub(super) fn held_bytes(&self) -> usize {
        bytes_of(&[&self.limit, &self.task, &self.comm])
    }

    /// Whether a memory cgroup's limit was hit, whatever its path.
    fn names_limit(&self) -> bool {
        self.limit.is_some() || self.is_unprintable
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn of_process(release: &[u8], constraint: &[u8]) -> Evidence {
        Evidence {
            kernel: Some(release.to_vec()),
            constraint: Some(constraint.to_vec()),
            victim: Some(NamedVictim { pid: 88, uid: 0 }),
            ..Evidence::default()
        }
    }

    #[test]
    fn from_5_1_on_the_process_that_the_constraint_names_is_the_victim() {
        const MEMCG: &[u8] = b"CONSTRAINT_MEMCG";
        assert!(of_process(b"5.1.0", MEMCG).is_victim_certain());
        assert!(!of_process(b"5.0.21", MEMCG).is_victim_certain());
        assert!(!Evidence::default().is_victim_certain());
    }

    #[test]
    fn a_constraint_alone_agrees_with_nothing() {
        assert!(!of_process(b"6.1.0", b"CONSTRAINT_MEMCG").agrees_in_itself());
    }

    #[test]
    fn what_input_made_it_hold_is_counted() {
        let empty = Evidence::default().held_bytes();
        let evidence = Evidence {
            cpuset: Some([b'a'; 1000].to_vec()),
            ..Evidence::default()
        };
        assert_eq!(evidence.held_bytes(), empty.saturating_add(1000));
    }
}
