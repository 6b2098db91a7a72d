//! One stream of kernel lines: a machine's, under one tag.

mod reaped;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::again::{NewestLine, ToldKills};
use super::compose;
use super::evidence::NamedVictim;
use super::incident::{Incident, RecentKills};
use super::line::{ReportLine, Said, Told};
use super::open::{MOST_KILLS_BESIDE, OpenReport};
use super::ownership::{self, Owner};
use super::tasks::Process;
use super::unfinished::UnfinishedQueue;
use super::{Clock, GROUP_PAUSE_US, INCIDENT_PAUSE_US, KillLine, LineStamp};
use crate::carrier::KernelLine;
use crate::kernel::{
    self, Account, Killed, KnownWording, Message, Role, Scope, Section, Statistics, parse,
};
use crate::oom::{Event, Figure, Oom};
use crate::text::fnv::Fnv;

/// Longest constraint line that is put together from pieces.
const LONGEST_SPLIT: usize = 8192;

/// Reports of one stream that wait for their kills at once.
const MOST_REPORTS: usize = 4;

/// Most kills of one stream that are remembered because they were told without their kill lines, which may come late.
const MOST_WITHOUT_LINE: usize = 4;

/// What is remembered of one stream.
#[derive(Clone, Debug)]
pub(super) struct Stream<P> {
    /// The machine, as a hash of what names it.
    pub(super) machine: u64,
    /// Numbers reports that have no clock to tell them apart.
    ordinal: u64,
    /// Reports that wait for their kill, oldest first.
    reports: Vec<OpenReport<P>>,
    /// The last kill that was told: lines that follow it belong to it.
    last_incident: Option<Incident>,
    /// The last incident with a task table, where that is not `last_incident`.
    last_with_table: Option<Incident>,
    recent: RecentKills,
    told: ToldKills,
    /// The last kills that were told without their lines.
    without_line: Vec<KillWithoutLine>,
    newest: NewestLine,
    /// A task table was seen, so every report of this machine has one.
    prints_tables: bool,
    /// How many kills must come before it is forgotten that reports or machines were mixed. Until then, what begins
    /// without a header may be the rest of another report.
    kills_until_clear: u8,
    /// Of the newest line.
    clock: Clock,
    /// Of the newest record, where the carrier numbers them.
    sequence: Option<u64>,
}

/// A kill that was told when its report was given up.
#[derive(Clone, Debug)]
struct KillWithoutLine {
    /// Absent up to 4.20.
    victim: Option<NamedVictim>,
    clock: Clock,
    id: u64,
    /// It was handed over. In annotate mode it is not: every record has passed, so none can carry it.
    is_heard: bool,
}

impl KillWithoutLine {
    /// Whether the line that was missing has come after all.
    fn is_of(&self, line: &KillLine<'_>, is_nobodys: bool) -> bool {
        let now = line.stamp.clock;
        let Some(victim) = self.victim else {
            let is_old = line.killed.scope.is_none();
            return is_nobodys && is_old && self.clock.is_near(&now, INCIDENT_PAUSE_US);
        };
        victim.is(line.killed) && !self.clock.is_far(&now, INCIDENT_PAUSE_US)
    }
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
        LineStamp::of(self.line)
    }
}

impl<P> Stream<P> {
    pub(super) fn new(machine: u64) -> Self {
        Self {
            machine,
            ordinal: 0,
            reports: Vec::new(),
            last_incident: None,
            last_with_table: None,
            recent: RecentKills::default(),
            told: ToldKills::default(),
            without_line: Vec::new(),
            newest: NewestLine::default(),
            prints_tables: false,
            kills_until_clear: 0,
            clock: Clock::default(),
            sequence: None,
        }
    }

    /// Whether a line without any telling word may be one of a report's.
    pub(super) fn has_open_report(&self) -> bool {
        self.reports.iter().any(OpenReport::is_active)
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        let reports = self.reports.iter().map(OpenReport::held_bytes);
        let incidents = [&self.last_incident, &self.last_with_table];
        let incidents = incidents.into_iter().flatten().map(Incident::held_bytes);
        reports
            .chain(incidents)
            .fold(self.recent.held_bytes(), usize::saturating_add)
    }

    /// Gives up every report that is open.
    pub(super) fn give_up(&mut self, queue: &mut UnfinishedQueue<P>) {
        while !self.reports.is_empty() {
            self.give_up_one(0, queue);
        }
    }

    /// Gives up a report. If a line named its victim, that is told as the kill, unless the kill was told already.
    fn give_up_one(&mut self, at: usize, queue: &mut UnfinishedQueue<P>) {
        let report = self.reports.remove(at);
        let id = report.id;
        let victim = report.evidence.victim;
        // Up to 5.0 a child of the process that was announced may be killed in its place.
        let is_uncertain = report.evidence.selected.is_some() && self.kills_until_clear > 0;
        let is_told = report.may_be_told()
            || is_uncertain
            || victim.map_or(self.kills_until_clear > 0, |victim| {
                self.recent.has_pid(victim.pid)
            });
        let clock = report.clock;
        let is_kill = report.is_kill_without_line(is_told);
        let unfinished = report.given_up(is_kill);
        if is_kill {
            if self.without_line.len() >= MOST_WITHOUT_LINE {
                self.without_line.remove(0);
            }
            self.without_line.push(KillWithoutLine {
                victim,
                clock,
                id,
                is_heard: unfinished.is_some(),
            });
        }
        queue.add(unfinished);
    }

    /// Reads one line. A report that it ends without a kill goes to `queue`.
    pub(super) fn read<'a>(
        &mut self,
        line: &'a KernelLine<'a>,
        payload: &dyn Fn() -> Option<P>,
        queue: &mut UnfinishedQueue<P>,
    ) -> Told<'a> {
        let arrival = Arrival { line, payload };
        self.note_sequence(line.sequence);
        let now = Clock::of(line);
        self.note_clock(&now);
        self.give_up_stale(&now, queue);
        if self.newest.is_again(line)
            && let Some(id) = self.beside(&arrival.stamp())
        {
            return Told::Line(ReportLine::plain(Event::Report, id));
        }
        let told = match kernel::read(&line.text, line.name_bytes) {
            Some((message, wording)) => self.message(message, wording, &arrival, queue),
            None => self.section_line(&arrival, queue),
        };
        if matches!(told, Told::Nothing) {
            for report in &mut self.reports {
                report.count_foreign();
            }
        }
        told
    }

    /// Notes a reading of the clock. A clock that went back is another machine's, or another boot's.
    fn note_clock(&mut self, now: &Clock) {
        if self.clock.distance(now) == Some(u64::MAX) {
            self.kills_until_clear = MOST_KILLS_BESIDE;
        }
        self.clock.advance(now);
    }

    /// Notes the number of a record, whoever wrote it. If a number is missing, its record was lost.
    pub(super) fn note_sequence(&mut self, sequence: Option<u64>) {
        let Some(sequence) = sequence else {
            return;
        };
        let expected = self
            .sequence
            .replace(sequence)
            .map(|it| it.saturating_add(1));
        if let Some(missing) = expected.and_then(|expected| sequence.checked_sub(expected))
            && missing > 0
        {
            self.note_gap(missing);
        }
    }

    /// So many lines of this stream are missing here.
    pub(super) fn note_gap(&mut self, missing: u64) {
        for report in self.reports.iter_mut().filter(|report| report.is_active()) {
            report.note_gap(missing);
        }
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
            Role::Follows => {
                return match message {
                    Message::Reaped(process) => {
                        let told = self.reaped(process, wording.event, arrival);
                        self.newest.keep(arrival.line);
                        told
                    }
                    message => self.follower(message, wording.event, arrival),
                };
            }
            Role::Boots => {
                self.give_up(queue);
                *self = Self {
                    ordinal: self.ordinal,
                    ..Self::new(self.machine)
                };
                return Told::Nothing;
            }
            Role::Continues => {
                let report = self.current(&stamp);
                let Some(report) = report.filter(|it| it.expects(wording.section, &stamp)) else {
                    return Told::Nothing;
                };
                if matches!(message, Message::StackHead(_)) && report.evidence.has_stack_head {
                    report.take_foreign_stack();
                    return Told::Nothing;
                }
            }
            Role::Opens | Role::Ends => {}
        }
        let at = self.report_of(&message, arrival, queue);
        let Some(report) = self.reports.get_mut(at) else {
            return Told::Nothing;
        };
        report.evidence.learn(&message);
        report.evidence.witnessed_by(stamp.author);
        // The kill line came first, out of order, and was told already. Without a clock nobody knows.
        if let (Message::Constraint(_), Some(victim)) = (&message, report.evidence.victim)
            && let Some(last) = &self.last_incident
            && (!report.has_header || !report.is_first_kill())
            && last.clock.is_near(&stamp.clock, GROUP_PAUSE_US)
            && last.has_killed_pid(victim.pid)
        {
            report.lose_its_kill();
        }
        report.has_header |= matches!(message, Message::Invoked(_));
        if wording.role == Role::Ends {
            report.end_without_kill(wording.event);
        }
        report.take_message(&message, wording.section);
        let told = ReportLine::of_message(wording.event, report.id, message);
        queue.add(report.count(&stamp));
        self.newest.keep(arrival.line);
        Told::Line(told)
    }

    /// The report to which a line belongs that names none: the newest that is still being printed.
    fn current(&mut self, stamp: &LineStamp<'_>) -> Option<&mut OpenReport<P>> {
        let at = self.current_place(stamp)?;
        self.reports.get_mut(at)
    }

    fn current_place(&self, stamp: &LineStamp<'_>) -> Option<usize> {
        let newest = self.reports.len().checked_sub(1);
        self.newest_where(stamp, |report| !report.is_settled())
            .or(newest)
    }

    /// The newest report for which `fits` holds. A report whose clock is close to the line's is preferred, because a
    /// second reader may hand older reports in again.
    fn newest_where(
        &self,
        stamp: &LineStamp<'_>,
        fits: impl Fn(&OpenReport<P>) -> bool,
    ) -> Option<usize> {
        let is_close = |report: &OpenReport<P>| !report.clock.is_far(&stamp.clock, GROUP_PAUSE_US);
        let reports = || self.reports.iter();
        reports()
            .rposition(|report| fits(report) && is_close(report))
            .or_else(|| reports().rposition(&fits))
    }

    /// The place of the report that a message continues, or of a new one that begins with it.
    fn report_of(
        &mut self,
        message: &Message<'_>,
        arrival: &Arrival<'_, '_, P>,
        queue: &mut UnfinishedQueue<P>,
    ) -> usize {
        let stamp = arrival.stamp();
        self.prints_tables |= matches!(message, Message::TasksHeading(_));
        let is_announcement = matches!(message, Message::Selected(_));
        let is_early = |report: &OpenReport<P>| {
            is_announcement && report.is_before_announcement(self.prints_tables)
        };
        // Where several reports or machines stand in each other, an announcement closes what was just printed.
        let is_late = |report: &OpenReport<P>| {
            is_announcement
                && self.kills_until_clear > 0
                && report.clock.is_far(&stamp.clock, GROUP_PAUSE_US)
        };
        let goes_on = |report: &OpenReport<P>| {
            report.admits(&stamp)
                && continues(report, message)
                && !is_early(report)
                && !is_late(report)
        };
        if is_announcement && let Some(at) = self.newest_where(&stamp, goes_on) {
            return at;
        }
        let current = self.current_place(&stamp);
        let known = current.and_then(|at| Some((at, self.reports.get(at)?)));
        if let Some((at, report)) = known
            && goes_on(report)
        {
            return at;
        }
        // Where a table is still to come, nobody can have been announced: it is another's.
        if is_announcement && !self.prints_tables {
            for report in &mut self.reports {
                if report.admits(&stamp) && continues(report, message) {
                    report.note_early_announcement();
                }
            }
        }
        if self.reports.len() >= MOST_REPORTS {
            self.give_up_one(0, queue);
        }
        let mut new = OpenReport::new(
            self.new_id(arrival.line),
            self.machine,
            &stamp,
            (arrival.payload)(),
        );
        // An announcement says all of its report: the lines of others are not mistaken for its own.
        for other in self.reports.iter_mut().filter(|other| !other.is_settled()) {
            if !other.is_lone_task_in() {
                queue.add(other.unfinished());
            }
            if !is_announcement && other.stands_beside(&stamp) {
                other.mix();
                new.mix();
                self.kills_until_clear = MOST_KILLS_BESIDE;
            }
        }
        let has_header = matches!(message, Message::Invoked(_));
        if self.kills_until_clear > 0 && !new.is_mixed() && !is_announcement && !has_header {
            new.mix();
        }
        self.reports.push(new);
        self.reports.len().saturating_sub(1)
    }

    /// Gives up reports whose kill is not to be expected any more.
    fn give_up_stale(&mut self, now: &Clock, queue: &mut UnfinishedQueue<P>) {
        while let Some(at) = self.reports.iter().position(|report| report.is_stale(now)) {
            self.give_up_one(at, queue);
        }
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
        let Some(report) = self.current(&stamp) else {
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
            match report.take_section_line(text, &stamp) {
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
                        report.evidence.memory_line(text);
                    }
                    ReportLine::plain(Event::Report, report.id)
                }
            }
        };
        queue.add(report.count(&stamp));
        self.newest.keep(arrival.line);
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
        let Some(owner) = ownership::owner(
            &self.reports,
            self.prints_tables,
            self.last_incident.as_ref(),
            &line,
        ) else {
            return Told::Nothing;
        };
        self.newest.keep(arrival.line);
        if let Some(id) = self
            .told
            .id_of(arrival.line, matches!(owner, Owner::Report(_)))
        {
            // The same boot, clock and text: a reader handed it in again, and its report with it.
            if let Owner::Report(at) = owner {
                self.reports.remove(at);
            }
            return Told::Line(ReportLine::plain(Event::Report, id));
        }
        if let Some(id) = self.recent.told_by_reaper(line.process, &stamp.clock) {
            return Told::Line(ReportLine::plain(Event::Report, id));
        }
        let is_nobodys = owner == Owner::Nobody;
        if is_nobodys && let Some(id) = self.recent.told_just_now(line.process, &stamp.clock) {
            return Told::Line(ReportLine::plain(Event::Report, id));
        }
        let mut told = self.without_line.iter();
        if let Some(at) = told.position(|told| told.is_of(&line, is_nobodys)) {
            // It was waited for no longer.
            let told = self.without_line.remove(at);
            let last = self.last_incident.as_ref();
            self.recent.add(line.process, stamp.clock, told.id, last);
            return if told.is_heard {
                Told::Line(ReportLine::plain(Event::Report, told.id))
            } else {
                Told::Kill(compose::kill_without_report(&line, None, false, told.id))
            };
        }
        let (id, kill) = match (owner, &mut self.last_incident) {
            (Owner::Report(at), _) if at < self.reports.len() => {
                let report = self.reports.remove(at);
                (report.id, self.finish(report, line))
            }
            (Owner::ToldAlready, Some(last)) => {
                last.goes_on(&stamp);
                return Told::Line(ReportLine::plain(Event::Report, last.id));
            }
            (Owner::Group, Some(last)) => {
                self.recent
                    .add(line.process, stamp.clock, last.id, Some(last));
                last.goes_on(&stamp);
                last.add_killed(line.process);
                last.evidence.tasks.mark_killed(line.process);
                (last.id, compose::group_kill(last, &line))
            }
            (Owner::Report(_) | Owner::ToldAlready | Owner::Group | Owner::Nobody, _) => {
                if !ownership::is_kill_by_itself(&line) {
                    return Told::Nothing;
                }
                let id = self.new_id(arrival.line);
                (id, self.without_report(&line, id))
            }
        };
        self.kills_until_clear = self.kills_until_clear.saturating_sub(1);
        for report in &mut self.reports {
            report.count_kill_beside();
            report.note_kill_of_another(line.process);
            if is_nobodys && line.killed.scope.is_none() {
                report.note_kill_of_nobody(line.process);
            }
        }
        self.told.add(arrival.line, id);
        Told::Kill(kill)
    }

    /// The kill that ends a report.
    fn finish(&mut self, report: OpenReport<P>, line: KillLine<'_>) -> Box<Oom> {
        let id = report.id;
        let mut evidence = report.what_is_certain(&line);
        let selected = evidence.selected;
        let line = KillLine {
            scope: line.scope.or(selected.map(|selected| selected.scope)),
            ..line
        };
        if evidence.is_bare() {
            // Its announcement alone opened the report (up to 5.0), or nothing else of it is certain.
            let mut oom = self.without_report(&line, id);
            compose::add_score(&mut oom, &evidence, &line);
            return oom;
        }
        let last = self.last_incident.as_ref();
        self.recent.add(line.process, line.stamp.clock, id, last);
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
            ..Incident::without_report(id, line.scope, &line.stamp)
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
        let last = self.last_incident.as_ref();
        self.recent.add(line.process, line.stamp.clock, id, last);
        let mut incident = Incident::without_report(id, line.scope, &line.stamp);
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
            Message::NotReaped(process) => {
                let process = Process::new(process.pid, process.comm);
                self.killed_by(process)
                    .unwrap_or_else(|| self.new_id(arrival.line))
            }
            _ => {
                let report = self.current(&stamp).filter(|report| report.admits(&stamp));
                if let (Some(report), Message::AlreadyExiting(_)) = (report, &message) {
                    report.end_without_kill(event);
                }
                self.beside(&stamp)
                    .unwrap_or_else(|| self.new_id(arrival.line))
            }
        };
        self.newest.keep(arrival.line);
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
    fn beside(&self, stamp: &LineStamp<'_>) -> Option<u64> {
        let report = self
            .current_place(stamp)
            .and_then(|at| self.reports.get(at));
        let report = report.filter(|report| report.admits(stamp));
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
            last.is_current(&stamp)
                && last.group.as_deref().is_none_or(|known| known == path)
                && ownership::is_group_of(last.place.as_ref(), path)
        });
        let incident = known
            .unwrap_or_else(|| Incident::without_report(self.new_id(arrival.line), None, &stamp));
        let last = self.last_incident.insert(incident);
        last.goes_on(&stamp);
        last.group = Some(path.to_vec());
        last.id
    }
}

/// Whether a message can be of a report that has begun: what comes once has not come yet, and what it says
/// agrees with what is known.
fn continues<P>(report: &OpenReport<P>, message: &Message<'_>) -> bool {
    let evidence = &report.evidence;
    if report.is_settled() && !matches!(message, Message::Selected(_)) {
        return matches!(message, Message::NoVictim | Message::Panic);
    }
    match message {
        Message::Invoked(_) => false,
        Message::Constraint(constraint) => {
            !evidence.has_constraint && (report.is_mixed() || evidence.may_have(constraint))
        }
        Message::ConstraintStart(_) => !evidence.has_constraint,
        Message::Selected(selected) => {
            let process = Process::new(selected.pid, selected.comm);
            let is_global = selected.scope != Scope::Cgroup && !evidence.has_constraint;
            report.awaits_announcement()
                && !report.is_mixed()
                && evidence
                    .victim
                    .is_none_or(|victim| victim.pid == selected.pid)
                && evidence.scope().is_none_or(|scope| scope == selected.scope)
                // The whole machine's kills are done one after the other, and people shorten its long tables.
                && (!evidence.tasks.excludes(process) || is_global)
                && evidence.release() < Some((5, 1, 0))
        }
        Message::Stats(Statistics {
            path: Some(path), ..
        }) => report.is_mixed() || !evidence.excludes_stats(path),
        // The header was lost between two reports.
        Message::Usage(usage) if usage.account == Account::Memory => (evidence.memory)
            .as_ref()
            .is_none_or(|memory| memory.get(Figure::Usage).is_none()),
        Message::TasksTitle | Message::TasksHeading(_) => evidence.tasks.count().is_none(),
        _ => true,
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
    let text = kernel::without_blanks_behind(&line.text, line.name_bytes);
    let split = &report.evidence.split;
    let is_value =
        split.ends_with(b",cpuset=") || split.ends_with(b"_memcg=") && text.starts_with(b"/");
    let is_next = FIELDS.iter().any(|field| text.starts_with(field))
        // A path that goes on is told from any line that begins with one.
        && !(text.starts_with(b"/") && text.iter().any(|byte| matches!(byte, b' ' | b':')));
    if split.is_empty()
        || !report.admits(&LineStamp::of(line))
        || !(is_value || is_next)
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
