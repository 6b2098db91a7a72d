//! One report that has begun: which lines are its own.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::evidence::Evidence;
use super::tasks::{Process, TaskTable};
use super::unfinished::Unfinished;
use super::{Clock, KillLine, LineStamp, REPORT_PAUSE_US, TABLE_PAUSE_US, compose, same_caller};
use crate::kernel::{Message, Rows, Section, section_of};
use crate::oom::Event;

/// Lines after which a report that has not ended is told as unfinished.
const LINE_BUDGET: u32 = 4096;
/// Lines after which nothing more is taken for its own: the most tasks a table can have by the kernel's
/// default `pid_max`.
const LINE_LIMIT: u32 = 32_768;
/// Where no clock tells how old a report is, it is given up after so many kills of others: the kernel hardly
/// prints more reports at once.
pub(super) const MOST_KILLS_BESIDE: u8 = 5;

/// A report that has not come to its kill yet. `P` is what the caller handed in with its first line.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is known of a report by itself"
)]
pub(super) struct OpenReport<P> {
    pub(super) id: u64,
    machine: u64,
    /// Absent where nobody wants to hear of it unless it finishes, or somebody has heard of it.
    payload: Option<P>,
    pub(super) evidence: Evidence,
    /// It began with a header, not in the middle.
    pub(super) has_header: bool,
    caller: Option<Vec<u8>>,
    /// Of its newest line.
    pub(super) clock: Clock,
    lines: u32,
    foreign: u32,
    section: Section,
    rows: Option<Rows>,
    has_foreign_stack: bool,
    /// No line is expected, save the kill.
    is_over: bool,
    /// What the kernel itself said that ends it without a kill.
    pub(super) ended_by: Option<Event>,
    /// Other reports that stood beside it, and nothing tells the lines of them apart.
    mixed_with: u8,
    /// Lines of it are known to be missing.
    pub(super) has_gap: bool,
    /// Lines are missing behind its newest one.
    gap_follows: bool,
    /// Kills that were told since it began.
    kills_beside: u8,
    /// A process was announced just before that could be expected: its own, out of order, or another's.
    has_early_announcement: bool,
    /// Its kill was told as nobody's, or one that may be its own: of a child of the process that it announced.
    has_lost_its_kill: bool,
}

impl<P> OpenReport<P> {
    pub(super) fn new(id: u64, machine: u64, stamp: &LineStamp<'_>, payload: Option<P>) -> Self {
        Self {
            id,
            machine,
            payload,
            evidence: Evidence::default(),
            has_header: false,
            caller: stamp.caller.map(<[u8]>::to_vec),
            clock: stamp.clock,
            lines: 0,
            foreign: 0,
            section: Section::Header,
            rows: None,
            has_foreign_stack: false,
            is_over: false,
            ended_by: None,
            mixed_with: 0,
            has_gap: false,
            gap_follows: false,
            kills_beside: 0,
            has_early_announcement: false,
            has_lost_its_kill: false,
        }
    }

    /// Whether any line could still be its own.
    pub(super) fn is_active(&self) -> bool {
        !self.is_over
    }

    /// Whether only the kill is still to come, which names its process: no line of it can be mistaken for
    /// another report's.
    pub(super) fn is_settled(&self) -> bool {
        self.is_over || self.evidence.victim.is_some() || self.evidence.selected.is_some()
    }

    /// What it told, where somebody wants to hear of it and has not yet. Nothing of it is forgotten: its
    /// kill may still come.
    pub(super) fn unfinished(&mut self) -> Option<Unfinished<P>> {
        self.released(self.ended_by.unwrap_or(Event::Truncated))
    }

    /// The same once its kill is not to be expected any more: where it is a kill whose line is missing, as that.
    pub(super) fn given_up(mut self, is_kill: bool) -> Option<Unfinished<P>> {
        if is_kill {
            self.released(Event::Kill)
        } else {
            self.unfinished()
        }
    }

    fn released(&mut self, event: Event) -> Option<Unfinished<P>> {
        let payload = self.payload.take()?;
        // The victim ended by itself: nothing was killed, and nothing is missing.
        if event == Event::Report {
            return None;
        }
        Some(Unfinished {
            oom: compose::unfinished(&self.certain_evidence(), event, self.id),
            payload,
            machine: self.machine,
        })
    }

    /// What it told, without figures that may be another report's.
    fn certain_evidence(&self) -> Cow<'_, Evidence> {
        let mut evidence = Cow::Borrowed(&self.evidence);
        if self.is_mixed() && !evidence.agrees_in_itself() {
            evidence.to_mut().forget_figures();
        }
        evidence
    }

    /// Whether it chose a victim, and no kill was told that can be its own: then that is a kill whose line is
    /// missing. `is_told` says that one was.
    pub(super) fn is_kill_without_line(&self, is_told: bool) -> bool {
        self.names_a_kill() && !is_told && self.ended_by.is_none()
    }

    /// Whether it says that a process of a certain cgroup was chosen: by its number, or, up to 4.20, with a
    /// line that is printed once somebody was.
    fn names_a_kill(&self) -> bool {
        self.evidence.victim.is_some()
            || self.evidence.has_constraint && self.evidence.constraint_is_task_in()
    }

    /// Whether lines are still to come before somebody can be announced (up to 5.0): the figures of a cgroup,
    /// and the table, where this kernel prints any.
    pub(super) fn is_before_announcement(&self, prints_tables: bool) -> bool {
        let evidence = &self.evidence;
        let prints_stats = evidence.release() >= Some((3, 9, 0));
        let has_figures = evidence.has_stats() || evidence.memory.is_some() && !prints_stats;
        let lacks_figures = self.has_header && evidence.constraint_is_task_in() && !has_figures;
        let lacks_table = evidence.tasks.count().is_none();
        lacks_table && evidence.victim.is_none() && (prints_tables || lacks_figures)
    }

    /// Notes that a process was announced before its figures had come. The announcement may be its own, out of
    /// order, and then it has no other.
    pub(super) fn note_early_announcement(&mut self) {
        self.has_early_announcement = true;
    }

    /// Whether nobody can have been announced for it yet.
    pub(super) fn awaits_announcement(&self) -> bool {
        self.is_active() && !self.has_early_announcement && self.evidence.selected.is_none()
    }

    /// Whether no kill was told since it began.
    pub(super) fn is_first_kill(&self) -> bool {
        self.kills_beside == 0
    }

    /// Whether a `Task in` line is all that is known of it, as where somebody filtered out every other line.
    pub(super) fn is_lone_task_in(&self) -> bool {
        self.lines == 1 && self.evidence.constraint_is_task_in()
    }

    /// Whether a kill that was told since it began may be its own, although nothing proves it: up to 5.0 it
    /// need not be that of the process named.
    pub(super) fn may_be_told(&self) -> bool {
        self.has_lost_its_kill || self.kills_beside > 0 && !self.evidence.is_victim_certain()
    }

    /// Whether its kill was told as nobody's, as far as anybody knows: a later one is not its own.
    pub(super) fn has_lost_its_kill(&self) -> bool {
        self.has_lost_its_kill
    }

    /// Whether lines of another report may stand in it.
    pub(super) fn is_mixed(&self) -> bool {
        self.mixed_with > 0
    }

    /// Another report stands beside it, and nothing tells the lines of the two apart.
    pub(super) fn mix(&mut self) {
        self.mixed_with = self.mixed_with.saturating_add(1);
    }

    /// What the report tells for certain of the kill that it came to.
    pub(super) fn what_is_certain(self, line: &KillLine<'_>) -> Evidence {
        let mut evidence = self.evidence;
        let pid = evidence.victim.map_or(line.killed.pid, |victim| victim.pid);
        // Rows that stand before the first gap are of the report that began there.
        let is_torn = self.has_gap && evidence.tasks.is_torn_before(pid);
        // The other report may only have broken off before this one began. Where the constraint agrees with
        // the statistics or the table, the figures are this report's own.
        let is_doubtful = match self.mixed_with {
            0 => false,
            1 => !evidence.agrees_in_itself(),
            _ => true,
        };
        if is_torn && evidence.has_statistics_of_limit() {
            evidence.tasks = TaskTable::default();
            evidence.is_incomplete = true;
        } else if is_doubtful || is_torn {
            evidence.forget_what_is_doubtful();
        } else if evidence.victim.is_some() && evidence.tasks.excludes_pid(pid) {
            evidence.is_incomplete = true;
        }
        evidence.has_gap = self.has_gap || evidence.is_incomplete;
        evidence.is_mixed = self.mixed_with > 0;
        evidence
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// The kernel says, by this line, that nobody is killed.
    pub(super) fn end_without_kill(&mut self, event: Event) {
        self.is_over = true;
        // The first says it; a panic may follow.
        self.ended_by.get_or_insert(event);
    }

    /// Whether a line of this time and task can be its own at all.
    pub(super) fn admits(&self, stamp: &LineStamp<'_>) -> bool {
        same_caller(self.caller.as_deref(), stamp.caller)
            && !self.clock.is_far(&stamp.clock, self.longest_pause())
    }

    /// Whether the next report may begin while this one is still being printed.
    pub(super) fn stands_beside(&self, stamp: &LineStamp<'_>) -> bool {
        self.admits(stamp) && !self.clock.is_far(&stamp.clock, REPORT_PAUSE_US)
    }

    /// Microseconds that may pass before its next line.
    pub(super) fn longest_pause(&self) -> u64 {
        if self.section == Section::Tasks {
            TABLE_PAUSE_US
        } else {
            REPORT_PAUSE_US
        }
    }

    /// Whether a line that opens no report is its own: it must not stand behind its section.
    pub(super) fn expects(&self, section: Section, stamp: &LineStamp<'_>) -> bool {
        self.is_active() && self.admits(stamp) && self.section <= section
    }

    /// Takes a line that is told by its place alone.
    pub(super) fn take_section_line(
        &mut self,
        text: &[u8],
        stamp: &LineStamp<'_>,
    ) -> Option<Section> {
        if !self.is_active() || !self.admits(stamp) {
            return None;
        }
        let (section, rows) = section_of(text, self.rows)?;
        let is_anothers = section == Section::Stack && self.has_foreign_stack;
        if section < self.section || is_anothers {
            return None;
        }
        self.take(section);
        self.rows = rows;
        Some(section)
    }

    /// Notes that a message of this section stands in the report.
    pub(super) fn take_message(&mut self, message: &Message<'_>, section: Section) {
        self.rows = matches!(message, Message::Stats(_)).then_some(Rows::Statistics);
        self.take(section.max(self.section));
    }

    fn take(&mut self, section: Section) {
        if core::mem::take(&mut self.gap_follows) {
            // Rows may be among the missing lines, or figures.
            let evidence = &mut self.evidence;
            evidence.is_incomplete |= section >= Section::Tasks && self.section < Section::Kill;
            evidence.lacks_figures |= section >= Section::Memory && self.section < Section::Tasks;
        }
        self.section = section;
    }

    /// So many lines of the stream are missing here.
    pub(super) fn note_gap(&mut self, missing: u64) {
        /// The end of one report and the beginning of another are more.
        const SMALLEST_HOP: u64 = 8;
        self.has_gap = true;
        self.gap_follows = true;
        if missing < SMALLEST_HOP || self.is_settled() {
            return;
        }
        // What follows may be of another report.
        if self.evidence.has_constraint || self.section == Section::Tasks {
            self.evidence.tasks.note_gap();
        } else {
            self.evidence.forget_beginning();
        }
    }

    /// Counts a line of its own; gives what it told where that spends its budget. The lines that follow
    /// are its own all the same.
    pub(super) fn count(&mut self, stamp: &LineStamp<'_>) -> Option<Unfinished<P>> {
        self.clock.advance(&stamp.clock);
        if self.caller.is_none() {
            self.caller = stamp.caller.map(<[u8]>::to_vec);
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINE_LIMIT {
            self.is_over = true;
        }
        (self.lines >= LINE_BUDGET)
            .then(|| self.unfinished())
            .flatten()
    }

    /// A second stack's head came: another processor's, or one of a report whose header is lost. What follows
    /// of a stack is not its own.
    pub(super) fn take_foreign_stack(&mut self) {
        self.has_foreign_stack = true;
        self.mix();
    }

    /// Counts a line of somebody else's, so that a report that never ends is not waited for forever.
    pub(super) fn count_foreign(&mut self) {
        self.foreign = self.foreign.saturating_add(1);
        if self.foreign > LINE_BUDGET {
            self.end();
        }
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        /// As much as any caller keeps with a report.
        const MOST_KEPT: usize = 8192;
        let kept = if self.payload.is_some() { MOST_KEPT } else { 0 };
        self.evidence.held_bytes().saturating_add(kept)
    }

    /// Counts a kill that is not its own.
    pub(super) fn count_kill_beside(&mut self) {
        self.kills_beside = self.kills_beside.saturating_add(1);
    }

    /// Notes that another's announcement came to its kill. Where the table of this report lists the process, it
    /// may be this one's: announced, out of order, before the row had come.
    pub(super) fn note_kill_of_another(&mut self, process: Process) {
        self.has_early_announcement |= self.evidence.tasks.find(process).is_some();
    }

    /// Notes a kill that belongs to nothing. Up to 5.0 it may be this report's: of a child of the process that it
    /// announced, or told before the announcement, out of order. Its table tells, where it has one.
    pub(super) fn note_kill_of_nobody(&mut self, process: Process) {
        let Evidence {
            victim,
            selected,
            tasks,
            ..
        } = &self.evidence;
        let is_listed = tasks.find(process).is_some();
        let may_be_its_own = is_listed || tasks.count().is_none();
        self.has_lost_its_kill |=
            selected.is_some() && may_be_its_own || victim.is_some() && is_listed;
        self.has_early_announcement |= may_be_its_own;
    }

    /// Notes that its kill was told as nobody's.
    pub(super) fn lose_its_kill(&mut self) {
        self.has_lost_its_kill = true;
    }

    /// Whether its kill is not to be expected any more.
    pub(super) fn is_stale(&self, now: &Clock) -> bool {
        match self.clock.distance(now) {
            // A clock that falls is another machine's just as well.
            Some(distance) => distance > self.longest_pause() && distance < u64::MAX,
            None => self.kills_beside >= MOST_KILLS_BESIDE,
        }
    }
}
