//! One stream of kernel lines: a machine's, under one tag.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::learnt::{self, Learnt, Place};
use super::outcome;
use super::report::{Kept, Mark, Report, same_caller};
use super::tasks::{Process, Tasks};
use super::{EVENT_PAUSE_US, GROUP_PAUSE_US, advance, is_stale};
use crate::escape::Fidelity;
use crate::hash::Hash;
use crate::message::{Account, Constraint, Killed, Message, Part, Scope, parse};
use crate::oom::{Attribution, Cgroup, Event, Memory, Oom, Victim};
use crate::printable;

/// A line, ready to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    /// The kernel's text.
    pub(crate) text: &'a [u8],
    pub(crate) fidelity: Fidelity,
    pub(crate) at_us: Option<u64>,
    pub(crate) caller: Option<&'a [u8]>,
    /// The record it came in, where one may have to be released.
    pub(crate) record: Option<&'a Kept<'a>>,
}

impl<'a> Arrived<'a> {
    fn mark(&self) -> Mark<'a> {
        Mark {
            at_us: self.at_us,
            caller: self.caller,
        }
    }
}

/// What a line was.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing of an OOM report.
    Foreign,
    /// A line of a report.
    Line(Box<Oom>),
    /// A kill.
    Kill(Box<Oom>),
}

/// A report that never finished, as it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Released {
    /// The record of its first line.
    pub(crate) record: Option<Arc<[u8]>>,
    pub(crate) oom: Box<Oom>,
}

/// Reports that never finished, waiting to leave.
///
/// The oldest is forgotten where too many wait: a host that drops the line which
/// brings a release makes room for it at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Releases(VecDeque<Released>);

impl Releases {
    /// Most that wait.
    const MOST: usize = 256;

    pub(crate) const fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn add(&mut self, released: Option<Released>) {
        let Some(released) = released else {
            return;
        };
        if self.0.len() >= Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(released);
    }

    /// The oldest.
    pub(crate) fn next(&mut self) -> Option<Released> {
        self.0.pop_front()
    }
}

/// Kills remembered of one source, so that no table counts them as alive.
const MOST_DEAD: usize = 256;
/// Kills remembered of one event, so that none is counted twice.
const MOST_KILLED: usize = 4096;
/// Longest constraint line that is put together from pieces.
const LONGEST_SPLIT: usize = 8192;

/// What is remembered of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    host: u64,
    /// Numbers reports that have no clock to tell them apart.
    ordinal: u64,
    /// The report that has begun.
    report: Option<Report>,
    /// The newest kill: lines that follow it belong to it.
    event: Option<Finished>,
    /// The newest report with a task table, where that is not `event`'s own.
    newest: Option<Finished>,
    dead: Vec<Dead>,
}

/// A process that was killed: when, and by which event.
#[derive(Clone, Debug)]
struct Dead {
    process: Process,
    at_us: Option<u64>,
    id: u64,
}

/// A kill that was reported.
#[derive(Clone, Debug)]
struct Finished {
    id: u64,
    scope: Option<Scope>,
    caller: Option<Vec<u8>>,
    last_us: Option<u64>,
    /// It had a report of its own; the kernel suppresses those of a storm.
    has_report: bool,
    place: Option<Place>,
    learnt: Learnt,
    /// The cgroup all of which is killed.
    group: Option<Vec<u8>>,
    killed: Vec<Process>,
}

impl Finished {
    /// An event of which no report was seen.
    fn without_report(id: u64, scope: Option<Scope>, mark: Mark<'_>) -> Self {
        Self {
            id,
            scope,
            caller: mark.caller.map(<[u8]>::to_vec),
            last_us: mark.at_us,
            has_report: false,
            place: None,
            learnt: Learnt::default(),
            group: None,
            killed: Vec::new(),
        }
    }

    /// Whether a line of `mark` can still belong to it.
    fn is_current(&self, mark: Mark<'_>) -> bool {
        same_caller(self.caller.as_deref(), mark.caller)
            && !is_stale(self.last_us, mark.at_us, EVENT_PAUSE_US)
    }
}

impl Source {
    pub(crate) fn new(host: u64) -> Self {
        Self {
            host,
            ..Self::default()
        }
    }

    /// The machine, as a hash of what names it.
    pub(crate) fn host(&self) -> u64 {
        self.host
    }

    /// Whether a line without any telling word may be one of a report's.
    pub(crate) fn is_busy(&self) -> bool {
        self.report.as_ref().is_some_and(Report::is_active)
    }

    /// Releases the report that never finished.
    pub(crate) fn release(&mut self) -> Option<Released> {
        let report = self.report.take().filter(Report::is_owed)?;
        Some(Released {
            oom: outcome::truncated(&report.learnt, report.id),
            record: report.first_record,
        })
    }

    /// Reads one line. Reports that it ends without a kill go to `releases`,
    /// where the mode has any.
    pub(crate) fn feed(&mut self, line: &Arrived<'_>, releases: Option<&mut Releases>) -> Step {
        let step = match parse(line.text, line.fidelity) {
            Some(message) => self.message(&message, line, releases),
            None => self.other(line, releases),
        };
        if matches!(step, Step::Foreign)
            && let Some(report) = &mut self.report
        {
            report.count_foreign();
        }
        step
    }

    fn message(
        &mut self,
        message: &Message<'_>,
        line: &Arrived<'_>,
        mut releases: Option<&mut Releases>,
    ) -> Step {
        let mark = line.mark();
        match message {
            Message::Killed(killed) => return self.killed(killed, line),
            Message::Group(path) => return self.group(path, line),
            Message::Reaped { pid, comm } => return self.reaped(*pid, comm, line),
            Message::Companion => return self.aside(line),
            Message::AlreadyExiting { .. } => {
                if let Some(report) = self.report.as_mut().filter(|report| report.admits(mark)) {
                    report.end();
                }
                return self.aside(line);
            }
            Message::StackHead(_)
            | Message::Cpuset(_)
            | Message::TaskIn(_)
            | Message::LimitOf(_) => {
                let expected = self
                    .report
                    .as_ref()
                    .is_some_and(|report| report.expects(message, mark));
                if !expected {
                    return Step::Foreign;
                }
            }
            _ => {}
        }
        if self.begins_anew(message, mark) {
            match releases {
                Some(ref mut releases) => releases.add(self.release()),
                None => self.report = None,
            }
        }
        let Some(report) = self.report_of(line) else {
            return Step::Foreign;
        };
        let mut oom = outcome::line(Event::Report, report.id);
        learn(report, message, line.text, &mut oom);
        report.take_message(message);
        count(report, mark, releases);
        Step::Line(oom)
    }

    /// Whether `message` cannot be of the report that is open.
    fn begins_anew(&self, message: &Message<'_>, mark: Mark<'_>) -> bool {
        let Some(report) = &self.report else {
            return false;
        };
        match message {
            Message::Invoked(_) => true,
            Message::Constraint(_) | Message::ConstraintStart(_) => {
                report.learnt.has_constraint || !report.admits(mark)
            }
            // Up to 4.1 kills of several cgroups run side by side.
            Message::Selected(selected) => {
                report.learnt.selected.is_some()
                    || !report.admits(mark)
                    || (report.learnt.has_constraint
                        && report.learnt.tasks.excludes_name(selected.comm))
            }
            // The header was lost between two reports.
            Message::Usage(usage) if usage.account == Account::Memory => {
                !report.admits(mark)
                    || report
                        .learnt
                        .memory
                        .is_some_and(|memory| memory.usage_bytes.is_some())
            }
            Message::TasksHeading(_) => {
                !report.admits(mark) || report.learnt.tasks.count().is_some()
            }
            _ => !report.admits(mark),
        }
    }

    /// The open report, or a new one whose first line is `line`.
    fn report_of(&mut self, line: &Arrived<'_>) -> Option<&mut Report> {
        if self.report.is_none() {
            let id = self.new_id(line);
            let record = line.record.map(Kept::copy);
            self.report = Some(Report::new(id, line.mark(), record));
        }
        self.report.as_mut()
    }

    /// A number for what begins with `line`: the same whenever the same lines
    /// are read again.
    fn new_id(&mut self, line: &Arrived<'_>) -> u64 {
        let hash = Hash::new().with(&self.host.to_le_bytes());
        let hash = if let Some(at_us) = line.at_us {
            hash.with(&at_us.to_le_bytes())
        } else {
            self.ordinal = self.ordinal.wrapping_add(1);
            hash.with(b"ordinal").with(&self.ordinal.to_le_bytes())
        };
        hash.with(line.text).value()
    }

    /// A line that is no message by itself.
    fn other(&mut self, line: &Arrived<'_>, releases: Option<&mut Releases>) -> Step {
        let mark = line.mark();
        let Some(report) = &mut self.report else {
            return Step::Foreign;
        };
        if let Some(oom) = constraint_piece(report, line) {
            count(report, mark, releases);
            return Step::Line(oom);
        }
        let Some(part) = report.take_part(line.text, mark) else {
            return Step::Foreign;
        };
        let mut oom = outcome::line(Event::Report, report.id);
        match part {
            Part::Tasks => {
                oom.event = Event::Task;
                let text = crate::bytes::trim_start(line.text);
                let row = report
                    .learnt
                    .tasks
                    .columns
                    .and_then(|columns| columns.row(text));
                if let Some(row) = row {
                    report.learnt.tasks.add(&row);
                    oom.tasks = Tasks::one(&row, report.learnt.page_bytes);
                }
            }
            Part::Memory => report.learnt.buddy_line(line.text),
            _ => {}
        }
        count(report, mark, releases);
        Step::Line(oom)
    }

    fn killed(&mut self, killed: &Killed<'_>, line: &Arrived<'_>) -> Step {
        let mark = line.mark();
        let process = Process::new(killed.pid, killed.comm);
        if self
            .report
            .as_ref()
            .is_some_and(|report| report.admits(mark) && accepts(report, killed))
            && let Some(report) = self.report.take()
        {
            return self.finish(report, killed, mark);
        }
        if let Some(event) = &mut self.event
            && event.is_current(mark)
        {
            // One process is one kill: with memory.oom.group the first victim's
            // line is printed again.
            let again =
                event.killed.contains(&process) && (event.group.is_some() || mark.at_us.is_some());
            if again {
                advance(&mut event.last_us, mark.at_us);
                return Step::Line(outcome::line(Event::Report, event.id));
            }
            if is_member(event, killed, mark) {
                return self.member(killed, mark);
            }
        }
        self.suppressed(killed, line)
    }

    /// The kill that ends a report.
    fn finish(&mut self, report: Report, killed: &Killed<'_>, mark: Mark<'_>) -> Step {
        let process = Process::new(killed.pid, killed.comm);
        let mut learnt = report.learnt;
        let selected = learnt.selected;
        let scope = killed.scope.or(selected.map(|selected| selected.scope));
        let is_bare = learnt.memory.is_none() && learnt.tasks.count().is_none();
        if !learnt.has_constraint && !report.has_header && is_bare {
            // Its announcement alone opened the report (up to 5.0).
            let mut oom = self.attribute(killed, scope, mark, report.id);
            add_score(&mut oom, &learnt, killed);
            self.remember(report.id, scope, process, mark);
            return Step::Kill(oom);
        }
        self.bury(process, mark, report.id);
        for dead in &self.dead {
            learnt.tasks.bury(dead.process);
        }
        let chosen = outcome::settle(&learnt, Some(killed.comm)).cloned();
        let mut oom = outcome::line(Event::Kill, report.id);
        outcome::context(&mut oom, &learnt, chosen.as_ref(), scope);
        oom.attribution = Some(if learnt.has_constraint {
            Attribution::Report
        } else {
            Attribution::None
        });
        oom.victim = Some(outcome::victim(killed, learnt.tasks.find(process)));
        if let (Some(victim), Some(chosen)) = (&mut oom.victim, learnt.victim)
            && killed.uid.is_none()
        {
            victim.uid = Some(chosen.uid);
        }
        add_score(&mut oom, &learnt, killed);
        outcome::tasks(&mut oom, &learnt, killed);
        oom.at_us = mark.at_us;
        self.event = Some(Finished {
            has_report: true,
            place: chosen,
            learnt,
            killed: Vec::from([process]),
            ..Finished::without_report(report.id, scope, mark)
        });
        self.newest = None;
        Step::Kill(oom)
    }

    /// A kill by `memory.oom.group`, after the first of its event.
    fn member(&mut self, killed: &Killed<'_>, mark: Mark<'_>) -> Step {
        let process = Process::new(killed.pid, killed.comm);
        let Some(id) = self.event.as_ref().map(|event| event.id) else {
            return Step::Foreign;
        };
        self.bury(process, mark, id);
        let Some(event) = &mut self.event else {
            return Step::Foreign;
        };
        advance(&mut event.last_us, mark.at_us);
        if event.killed.len() < MOST_KILLED {
            event.killed.push(process);
        }
        event.learnt.tasks.bury(process);
        let place = Place {
            task: event.group.clone(),
            ..event.place.clone().unwrap_or_default()
        };
        let mut oom = outcome::line(Event::Kill, event.id);
        outcome::context(&mut oom, &event.learnt, Some(&place), killed.scope);
        oom.attribution = Some(Attribution::Report);
        oom.victim = Some(outcome::victim(killed, event.learnt.tasks.find(process)));
        outcome::tasks(&mut oom, &event.learnt, killed);
        outcome::mark_group(&mut oom);
        oom.at_us = mark.at_us;
        Step::Kill(oom)
    }

    /// A kill whose report the kernel suppressed, as it does after ten in 5 s.
    fn suppressed(&mut self, killed: &Killed<'_>, line: &Arrived<'_>) -> Step {
        let mark = line.mark();
        let id = self.new_id(line);
        let oom = self.attribute(killed, killed.scope, mark, id);
        self.remember(
            id,
            killed.scope,
            Process::new(killed.pid, killed.comm),
            mark,
        );
        Step::Kill(oom)
    }

    /// Makes the record of a kill without a report: from the newest task table,
    /// if the process stands in it.
    fn attribute(
        &mut self,
        killed: &Killed<'_>,
        scope: Option<Scope>,
        mark: Mark<'_>,
        id: u64,
    ) -> Box<Oom> {
        let process = Process::new(killed.pid, killed.comm);
        let scoped = Killed {
            scope,
            ..killed.clone()
        };
        let mut oom = outcome::bare_kill(&scoped, id);
        oom.at_us = mark.at_us;
        let newest = self
            .event
            .as_ref()
            .filter(|event| event.has_report)
            .or(self.newest.as_ref())
            .filter(|newest| {
                !is_stale(newest.last_us, mark.at_us, EVENT_PAUSE_US)
                    && !newest.killed.contains(&process)
            });
        if let Some(newest) = newest
            && scope == Some(Scope::Cgroup)
            && let Some(row) = newest.learnt.tasks.find(process)
            && let Some(limit) = newest.place.as_ref().and_then(|place| place.limit.clone())
        {
            let place = Place {
                limit: Some(limit),
                ..Place::default()
            };
            outcome::place(&mut oom, &place);
            outcome::leveled(&mut oom, outcome::level(&place, scope, None));
            oom.victim = Some(outcome::victim(killed, Some(row)));
            oom.attribution = Some(Attribution::Table);
        }
        self.bury(process, mark, id);
        oom
    }

    /// Keeps a kill without a report: its group may follow.
    fn remember(&mut self, id: u64, scope: Option<Scope>, process: Process, mark: Mark<'_>) {
        let mut event = Finished::without_report(id, scope, mark);
        event.killed.push(process);
        let before = self.event.replace(event);
        if let Some(before) = before.filter(|before| before.has_report) {
            self.newest = Some(before);
        }
    }

    /// Adds a process to the dead, who may still stand in the next task table.
    fn bury(&mut self, process: Process, mark: Mark<'_>, id: u64) {
        // Without a clock nobody knows how long ago they died: only those of the
        // newest event count.
        let event: &[Process] = self
            .event
            .as_ref()
            .map_or(&[], |event| event.killed.as_slice());
        self.dead.retain(|dead| {
            if mark.at_us.is_some() {
                dead.at_us.is_some() && !is_stale(dead.at_us, mark.at_us, EVENT_PAUSE_US)
            } else {
                event.contains(&dead.process)
            }
        });
        if self.dead.len() >= MOST_DEAD {
            self.dead.remove(0);
        }
        let at_us = mark.at_us;
        self.dead.push(Dead { process, at_us, id });
    }

    fn group(&mut self, path: &[u8], line: &Arrived<'_>) -> Step {
        let mark = line.mark();
        // Another path is another event's: one announces its group once.
        let is_known = self.event.as_ref().is_some_and(|event| {
            event.is_current(mark) && event.group.as_deref().is_none_or(|known| known == path)
        });
        if !is_known {
            let id = self.new_id(line);
            self.event = Some(Finished::without_report(id, None, mark));
        }
        let Some(event) = &mut self.event else {
            return Step::Foreign;
        };
        advance(&mut event.last_us, mark.at_us);
        event.group = Some(path.to_vec());
        let mut oom = outcome::line(Event::Group, event.id);
        outcome::place(
            &mut oom,
            &Place {
                task: Some(path.to_vec()),
                ..Place::default()
            },
        );
        oom.group = true;
        Step::Line(oom)
    }

    fn reaped(&mut self, pid: u32, comm: &[u8], line: &Arrived<'_>) -> Step {
        let process = Process::new(pid, comm);
        let finished = [&self.event, &self.newest].into_iter().flatten();
        let known = finished
            .filter(|finished| finished.killed.contains(&process))
            .map(|finished| finished.id)
            .next()
            // The reaper may come when others were killed already.
            .or_else(|| {
                let mut dead = self.dead.iter().rev();
                dead.find(|dead| dead.process == process)
                    .map(|dead| dead.id)
            });
        let id = known.unwrap_or_else(|| self.new_id(line));
        let mut oom = outcome::line(Event::Reaped, id);
        oom.victim = Some(Victim {
            pid,
            comm: Some(printable(comm)),
            ..Victim::default()
        });
        Step::Line(oom)
    }

    /// A line beside a kill.
    fn aside(&mut self, line: &Arrived<'_>) -> Step {
        let mark = line.mark();
        let known = self
            .report
            .as_ref()
            .filter(|report| report.admits(mark))
            .map(|report| report.id)
            .or_else(|| {
                let event = self.event.as_ref()?;
                event.is_current(mark).then_some(event.id)
            });
        let id = known.unwrap_or_else(|| self.new_id(line));
        Step::Line(outcome::line(Event::Report, id))
    }
}

/// Counts a line of a report. One that spends its budget releases it; it goes on
/// after that.
fn count(report: &mut Report, mark: Mark<'_>, releases: Option<&mut Releases>) {
    if report.count(mark)
        && let Some(releases) = releases
    {
        releases.add(Some(Released {
            oom: outcome::truncated(&report.learnt, report.id),
            record: report.first_record.take(),
        }));
    }
}

/// Whether a kill line can be the end of a report: it must be of the process the
/// report names, if it names one.
fn accepts(report: &Report, killed: &Killed<'_>) -> bool {
    let learnt = &report.learnt;
    if learnt.selected.is_some() {
        // The process killed may be a child of the one selected.
        return true;
    }
    match learnt.victim {
        // The kill line may name a thread, when the leader is gone already.
        Some(victim) => {
            victim.pid == killed.pid
                || (report.is_active()
                    && learnt.tasks.count().map_or_else(
                        || same_name(learnt, killed),
                        |_| learnt.tasks.are_one_process(victim.pid, killed.pid),
                    ))
        }
        None => report.is_active() && !learnt.tasks.excludes(Process::new(killed.pid, killed.comm)),
    }
}

fn same_name(learnt: &Learnt, killed: &Killed<'_>) -> bool {
    learnt
        .readings
        .iter()
        .any(|place| place.comm.as_deref() == Some(killed.comm))
}

/// Whether a kill is of the group of `event`.
///
/// After a suppressed report the next kill line may be of another event just as
/// well, unless the task that prints it is known.
fn is_member(event: &Finished, killed: &Killed<'_>, mark: Mark<'_>) -> bool {
    let process = Process::new(killed.pid, killed.comm);
    let of_same_task = event.caller.is_some() && event.caller.as_deref() == mark.caller;
    // The members are killed one behind the other. Without a clock only a table of
    // the limit's own tasks tells them from those of the next event.
    let at_once = mark.at_us.is_some() && !is_stale(event.last_us, mark.at_us, GROUP_PAUSE_US);
    let has_limit = event
        .place
        .as_ref()
        .is_some_and(|place| place.limit.is_some());
    let in_table = event.learnt.tasks.find(process).is_some();
    let of_report = event.has_report
        && !event.learnt.tasks.excludes(process)
        && (at_once || (mark.at_us.is_none() && has_limit && in_table));
    event.group.is_some()
        // Up to 5.0 a kill line does not say whose limit.
        && (event.scope.is_none() || killed.scope.is_none() || event.scope == killed.scope)
        && (of_same_task || of_report)
}

/// The announced badness, if it is of the process that was killed.
fn add_score(oom: &mut Oom, learnt: &Learnt, killed: &Killed<'_>) {
    if let (Some(victim), Some(selected)) = (&mut oom.victim, learnt.selected)
        && selected.pid == killed.pid
    {
        victim.score = selected.score;
    }
}

/// A piece of a constraint line that was split: it begins with the next field,
/// or goes on in a path.
fn constraint_piece(report: &mut Report, line: &Arrived<'_>) -> Option<Box<Oom>> {
    const FIELDS: [&[u8]; 7] = [
        b",cpuset=",
        b",mems_allowed=",
        b",oom_memcg=",
        b",global_oom",
        b",task_memcg=",
        b",task=",
        b"/",
    ];
    let split = &report.learnt.split;
    if split.is_empty()
        || !report.admits(line.mark())
        || !FIELDS.iter().any(|field| line.text.starts_with(field))
        // A path that goes on is told from any line that begins with one.
        || (line.text.starts_with(b"/") && line.text.iter().any(|byte| matches!(byte, b' ' | b':')))
        || split.len().saturating_add(line.text.len()) > LONGEST_SPLIT
    {
        return None;
    }
    let whole = [split.as_slice(), line.text].concat();
    let mut oom = outcome::line(Event::Constraint, report.id);
    match parse(&whole, line.fidelity) {
        Some(Message::Constraint(constraint)) => constrain(report, &constraint, &mut oom),
        _ => report.learnt.split = whole,
    }
    Some(oom)
}

fn constrain(report: &mut Report, constraint: &Constraint<'_>, oom: &mut Oom) {
    report.learnt.constraint(constraint);
    let mut own = Learnt::default();
    own.constraint(constraint);
    oom.event = Event::Constraint;
    let chosen = outcome::settle(&own, None);
    outcome::context(oom, &own, chosen, None);
    oom.victim = constraint.pid.map(|pid| Victim {
        pid,
        comm: chosen
            .and_then(|place| place.comm.as_deref())
            .map(printable),
        uid: constraint.uid,
        ..Victim::default()
    });
}

/// Adds what a message tells to its report, and to the line's own object.
fn learn(report: &mut Report, message: &Message<'_>, text: &[u8], oom: &mut Oom) {
    let learnt = &mut report.learnt;
    match message {
        Message::Invoked(invoked) => {
            report.has_header = true;
            learnt.invoked(invoked);
            oom.event = Event::Invoked;
            oom.trigger = Some(learnt::trigger(invoked));
            oom.manual = learnt.is_manual();
        }
        Message::StackHead(head) => {
            learnt.stack_head(head);
            oom.kernel = head.release.map(printable);
        }
        Message::Cpuset(name) => {
            learnt.cpuset = name.map(<[u8]>::to_vec);
            oom.cgroup = name.map(|name| Cgroup {
                cpuset: Some(printable(name)),
                ..Cgroup::default()
            });
        }
        Message::Constraint(constraint) => constrain(report, constraint, oom),
        Message::ConstraintStart(start) => {
            learnt.split = start.to_vec();
            oom.event = Event::Constraint;
        }
        Message::TaskIn(task) => {
            learnt.task_in(task);
            oom.event = Event::Constraint;
            outcome::place(
                oom,
                &Place {
                    task: Some(task.to_vec()),
                    ..Place::default()
                },
            );
        }
        Message::LimitOf(limit) => {
            learnt.limit_of(limit);
            oom.event = Event::Constraint;
            let place = Place::of_limit(limit);
            outcome::place(oom, &place);
            outcome::leveled(oom, outcome::level(&place, None, None));
        }
        Message::Usage(usage) => {
            learnt.usage(usage);
            oom.event = Event::Usage;
            let mut memory = Memory::default();
            learnt::add_usage(&mut memory, usage);
            oom.memory = Some(memory);
        }
        Message::TasksTitle => oom.event = Event::Tasks,
        Message::TasksHeading(columns) => {
            learnt.tasks.columns = Some(*columns);
            oom.event = Event::Tasks;
        }
        Message::Selected(selected) => learnt.selected(selected),
        Message::NoVictim => {
            oom.event = Event::NoVictim;
            // `Memory limit reached of cgroup` stands in the middle of a report.
            if crate::bytes::trim_start(text).starts_with(b"Out of memory") {
                report.end();
            }
        }
        Message::Panic => {
            oom.event = Event::Panic;
            report.end();
        }
        Message::Stats => learnt.buddy_line(text),
        _ => {}
    }
}
