//! One stream of kernel lines: a machine's, under one tag.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::compose;
use super::incident::{Incident, RecentKills};
use super::line::{ReportLine, Said, Told};
use super::open::OpenReport;
use super::ownership::{self, Known, Owner};
use super::tasks::Process;
use super::unfinished::{Unfinished, UnfinishedQueue};
use super::{KillLine, LineStamp};
use crate::carrier::KernelLine;
use crate::kernel::{self, Account, Killed, KnownWording, Message, Role, Section, parse};
use crate::oom::{Event, Oom};
use crate::text::fnv::Fnv;

/// Longest constraint line that is put together from pieces.
const LONGEST_SPLIT: usize = 8192;

/// What is remembered of one stream.
#[derive(Clone, Debug)]
pub(super) struct Stream<P> {
    /// The machine, as a hash of what names it.
    pub(super) machine: u64,
    /// Numbers reports that have no clock to tell them apart.
    ordinal: u64,
    report: Option<OpenReport<P>>,
    /// The last kill that was told: lines that follow it belong to it.
    last_incident: Option<Incident>,
    /// The last incident with a task table, where that is not `last_incident`.
    last_with_table: Option<Incident>,
    recent: RecentKills,
}

/// A line, and what its caller hands in with it.
struct Arrival<'a, 'f, P> {
    line: &'a KernelLine<'a>,
    /// Makes what is kept with a report that the line opens; nothing where nobody wants to hear of it
    /// unless it finishes.
    payload: &'f dyn Fn() -> Option<P>,
}

impl<'a, P> Arrival<'a, '_, P> {
    fn stamp(&self) -> LineStamp<'a> {
        LineStamp {
            at_us: self.line.at_us,
            caller: self.line.caller,
            author: self.line.author,
        }
    }
}

impl<P> Stream<P> {
    pub(super) fn new(machine: u64) -> Self {
        Self {
            machine,
            ordinal: 0,
            report: None,
            last_incident: None,
            last_with_table: None,
            recent: RecentKills::default(),
        }
    }

    /// Whether a line without any telling word may be one of a report's.
    pub(super) fn has_open_report(&self) -> bool {
        self.report.as_ref().is_some_and(OpenReport::is_active)
    }

    /// Gives up the report that is open.
    pub(super) fn give_up(&mut self) -> Option<Unfinished<P>> {
        self.report.take()?.unfinished()
    }

    /// Reads one line. A report that it ends without a kill goes to `queue`.
    pub(super) fn read<'a>(
        &mut self,
        line: &'a KernelLine<'a>,
        payload: &dyn Fn() -> Option<P>,
        queue: &mut UnfinishedQueue<P>,
    ) -> Told<'a> {
        let arrival = Arrival { line, payload };
        let told = match kernel::read(&line.text, line.name_bytes) {
            Some((message, wording)) => self.message(message, wording, &arrival, queue),
            None => self.section_line(&arrival, queue),
        };
        if matches!(told, Told::Nothing)
            && let Some(report) = &mut self.report
        {
            report.count_foreign();
        }
        told
    }

    fn message<'a>(
        &mut self,
        message: Message<'a>,
        wording: &KnownWording,
        arrival: &Arrival<'a, '_, P>,
        queue: &mut UnfinishedQueue<P>,
    ) -> Told<'a> {
        let stamp = arrival.stamp();
        match wording.role {
            Role::Kills => {
                return match message {
                    Message::Killed(killed) => self.killed(&killed, arrival),
                    _ => Told::Nothing,
                };
            }
            Role::Follows => return self.follower(message, wording.event, arrival),
            Role::Continues => {
                let report = self.report.as_ref();
                if !report.is_some_and(|report| report.expects(wording.section, stamp)) {
                    return Told::Nothing;
                }
            }
            Role::Opens | Role::Ends => {}
        }
        if self.begins_anew(&message, stamp) {
            queue.add(self.give_up());
        }
        let report = self.report_of(arrival);
        report.evidence.learn(&message, &arrival.line.text);
        report.evidence.witnessed_by(stamp.author);
        report.has_header |= matches!(message, Message::Invoked(_));
        if wording.role == Role::Ends {
            report.end();
        }
        report.take_message(&message, wording.section);
        let told = ReportLine::of_message(wording.event, report.id, message);
        queue.add(report.count(stamp));
        Told::Line(told)
    }

    /// Whether a message cannot be of the report that is open.
    fn begins_anew(&self, message: &Message<'_>, stamp: LineStamp<'_>) -> bool {
        let Some(report) = &self.report else {
            return false;
        };
        let evidence = &report.evidence;
        let comes_again = match message {
            Message::Invoked(_) => true,
            Message::Constraint(_) | Message::ConstraintStart(_) => evidence.has_constraint,
            // Up to 4.1 kills of several cgroups run side by side.
            Message::Selected(selected) => {
                evidence.selected.is_some()
                    || (evidence.has_constraint && evidence.tasks.excludes_name(selected.comm))
            }
            // The header was lost between two reports.
            Message::Usage(usage) if usage.account == Account::Memory => evidence
                .memory
                .is_some_and(|memory| memory.usage_bytes.is_some()),
            Message::TasksHeading(_) => evidence.tasks.count().is_some(),
            _ => false,
        };
        comes_again || !report.admits(stamp)
    }

    /// The open report, or a new one that begins with this line.
    fn report_of(&mut self, arrival: &Arrival<'_, '_, P>) -> &mut OpenReport<P> {
        let (machine, ordinal) = (self.machine, &mut self.ordinal);
        self.report.get_or_insert_with(|| {
            let id = new_id(machine, ordinal, arrival.line);
            OpenReport::new(id, arrival.stamp(), (arrival.payload)())
        })
    }

    fn new_id(&mut self, line: &KernelLine<'_>) -> u64 {
        new_id(self.machine, &mut self.ordinal, line)
    }

    /// A line that is no message by itself.
    fn section_line<'a>(
        &mut self,
        arrival: &Arrival<'a, '_, P>,
        queue: &mut UnfinishedQueue<P>,
    ) -> Told<'a> {
        let stamp = arrival.stamp();
        let Some(report) = &mut self.report else {
            return Told::Nothing;
        };
        let text: &'a [u8] = &arrival.line.text;
        let told = if let Some(oom) = constraint_piece(report, arrival.line) {
            ReportLine {
                event: Event::Constraint,
                id: report.id,
                said: Said::Written(oom),
            }
        } else {
            match report.take_section_line(text, stamp) {
                None => return Told::Nothing,
                Some(Section::Tasks) => {
                    report.evidence.witnessed_by(stamp.author);
                    ReportLine {
                        event: Event::Task,
                        id: report.id,
                        said: match report.evidence.tasks.read_row(text) {
                            Some(row) => Said::Row(row, report.evidence.page_bytes),
                            None => Said::Nothing,
                        },
                    }
                }
                Some(section) => {
                    if section == Section::Memory {
                        report.evidence.buddy_line(text);
                    }
                    ReportLine::plain(Event::Report, report.id)
                }
            }
        };
        queue.add(report.count(stamp));
        Told::Line(told)
    }

    fn killed<'a>(&mut self, killed: &Killed<'_>, arrival: &Arrival<'a, '_, P>) -> Told<'a> {
        let stamp = arrival.stamp();
        let line = KillLine {
            killed,
            process: Process::new(killed.pid, killed.comm),
            scope: killed.scope,
            stamp,
        };
        let owner = ownership::owner(&Known {
            report: self.report.as_ref(),
            last: self.last_incident.as_ref(),
            line,
        });
        let kill = match (owner, &mut self.last_incident) {
            (Owner::OpenReport, _) if let Some(report) = self.report.take() => {
                self.finish(report, line)
            }
            (Owner::ToldAlready, Some(last)) => {
                last.goes_on(stamp);
                return Told::Line(ReportLine::plain(Event::Report, last.id));
            }
            (Owner::Group, Some(last)) => {
                self.recent.add(&line, last.id, Some(last));
                last.goes_on(stamp);
                last.add_killed(line.process);
                last.evidence.tasks.mark_killed(line.process);
                compose::group_kill(last, &line)
            }
            (Owner::OpenReport | Owner::ToldAlready | Owner::Group | Owner::Nobody, _) => {
                if !ownership::is_kill_by_itself(&line) {
                    return Told::Nothing;
                }
                let id = self.new_id(arrival.line);
                self.without_report(&line, id)
            }
        };
        Told::Kill(kill)
    }

    /// The kill that ends a report.
    fn finish(&mut self, report: OpenReport<P>, line: KillLine<'_>) -> Box<Oom> {
        let OpenReport {
            id,
            mut evidence,
            has_header,
            ..
        } = report;
        let selected = evidence.selected;
        let line = KillLine {
            scope: line.scope.or(selected.map(|selected| selected.scope)),
            ..line
        };
        let is_bare = evidence.memory.is_none() && evidence.tasks.count().is_none();
        if !evidence.has_constraint && !has_header && is_bare {
            // Its announcement alone opened the report (up to 5.0).
            let mut oom = self.without_report(&line, id);
            compose::add_score(&mut oom, &evidence, &line);
            return oom;
        }
        self.recent.add(&line, id, self.last_incident.as_ref());
        for process in self.recent.processes() {
            evidence.tasks.mark_killed(process);
        }
        let place = evidence
            .unambiguous_reading(Some(line.killed.comm))
            .cloned();
        let oom = compose::kill(&evidence, place.as_ref(), &line, id);
        let incident = self.last_incident.insert(Incident {
            has_report: true,
            place,
            evidence,
            ..Incident::without_report(id, line.scope, line.stamp)
        });
        incident.add_killed(line.process);
        self.last_with_table = None;
        oom
    }

    /// A kill without a report: from the task table of the newest one, if the process stands in it. It is
    /// kept, for its group may follow.
    fn without_report(&mut self, line: &KillLine<'_>, id: u64) -> Box<Oom> {
        let newest = self
            .last_incident
            .as_ref()
            .filter(|last| last.has_report)
            .or(self.last_with_table.as_ref());
        let found = ownership::in_table_of(newest, line);
        let has_unsaid_line = newest.is_some_and(|newest| newest.evidence.has_unsaid_line);
        let oom = compose::kill_without_report(line, found, has_unsaid_line, id);
        self.recent.add(line, id, self.last_incident.as_ref());
        let mut incident = Incident::without_report(id, line.scope, line.stamp);
        incident.add_killed(line.process);
        let before = self.last_incident.replace(incident);
        if let Some(before) = before.filter(|before| before.has_report) {
            self.last_with_table = Some(before);
        }
        oom
    }

    /// A line that follows a kill, or stands beside a report.
    fn follower<'a>(
        &mut self,
        message: Message<'a>,
        event: Event,
        arrival: &Arrival<'a, '_, P>,
    ) -> Told<'a> {
        let stamp = arrival.stamp();
        let id = match &message {
            Message::Group(path) => self.group(path, arrival),
            Message::Reaped(process) => {
                let process = Process::new(process.pid, process.comm);
                self.killed_by(process)
                    .unwrap_or_else(|| self.new_id(arrival.line))
            }
            _ => {
                let report = self.report.as_mut().filter(|report| report.admits(stamp));
                if let (Some(report), Message::AlreadyExiting(_)) = (report, &message) {
                    report.end();
                }
                self.beside(stamp)
                    .unwrap_or_else(|| self.new_id(arrival.line))
            }
        };
        Told::Line(ReportLine::of_message(event, id, message))
    }

    /// The incident that killed a process.
    fn killed_by(&self, process: Process) -> Option<u64> {
        let incidents = [&self.last_incident, &self.last_with_table];
        incidents
            .into_iter()
            .flatten()
            .find(|incident| incident.has_killed(process))
            .map(|incident| incident.id)
            // The reaper may come when others were killed already.
            .or_else(|| self.recent.incident_of(process))
    }

    /// The report or the incident that a line stands beside.
    fn beside(&self, stamp: LineStamp<'_>) -> Option<u64> {
        let report = self.report.as_ref().filter(|report| report.admits(stamp));
        let last = self.last_incident.as_ref();
        report.map(|report| report.id).or_else(|| {
            last.filter(|last| last.is_current(stamp))
                .map(|last| last.id)
        })
    }

    /// Notes that all of a cgroup is to be killed, and gives the incident that it is of.
    fn group(&mut self, path: &[u8], arrival: &Arrival<'_, '_, P>) -> u64 {
        let stamp = arrival.stamp();
        // Another path is another incident's: one announces its group once.
        let known = self.last_incident.take().filter(|last| {
            last.is_current(stamp) && last.group.as_deref().is_none_or(|known| known == path)
        });
        let incident = known
            .unwrap_or_else(|| Incident::without_report(self.new_id(arrival.line), None, stamp));
        let last = self.last_incident.insert(incident);
        last.goes_on(stamp);
        last.group = Some(path.to_vec());
        last.id
    }
}

/// A number for what begins with `line`: the same whenever the same lines are read again.
fn new_id(machine: u64, ordinal: &mut u64, line: &KernelLine<'_>) -> u64 {
    let hash = Fnv::new().with(&machine.to_le_bytes());
    let hash = if let Some(at_us) = line.at_us {
        hash.with(&at_us.to_le_bytes())
    } else {
        *ordinal = ordinal.wrapping_add(1);
        hash.with(b"ordinal").with(&ordinal.to_le_bytes())
    };
    hash.with(&line.text).value()
}

/// A piece of a constraint line that was split: it begins with the next field, or goes on in a path.
fn constraint_piece<P>(report: &mut OpenReport<P>, line: &KernelLine<'_>) -> Option<Box<Oom>> {
    const FIELDS: [&[u8]; 7] = [
        b",cpuset=",
        b",mems_allowed=",
        b",oom_memcg=",
        b",global_oom",
        b",task_memcg=",
        b",task=",
        b"/",
    ];
    let text: &[u8] = &line.text;
    let stamp = LineStamp {
        at_us: line.at_us,
        caller: line.caller,
        author: line.author,
    };
    let split = &report.evidence.split;
    if split.is_empty()
        || !report.admits(stamp)
        || !FIELDS.iter().any(|field| text.starts_with(field))
        // A path that goes on is told from any line that begins with one.
        || (text.starts_with(b"/") && text.iter().any(|byte| matches!(byte, b' ' | b':')))
        || split.len().saturating_add(text.len()) > LONGEST_SPLIT
    {
        return None;
    }
    let whole: Vec<u8> = [split, text].concat();
    if let Some(Message::Constraint(constraint)) = parse(&whole, line.name_bytes) {
        report.evidence.constraint(&constraint);
        let message = Message::Constraint(constraint);
        return Some(ReportLine::of_message(Event::Constraint, report.id, message).into_oom());
    }
    report.evidence.split = whole;
    Some(ReportLine::plain(Event::Constraint, report.id).into_oom())
}
