//! The reaper's line: it follows a kill, or is all that is left of one.

use super::{Arrival, Stream};
use crate::kernel::{self, Message};
use crate::oom::Event;
use crate::report::line::{ReportLine, Told};
use crate::report::open::OpenReport;
use crate::report::tasks::Process;
use crate::report::{Clock, INCIDENT_PAUSE_US, compose};

impl<P> Stream<P> {
    /// The kernel took the memory of a process away that it had killed. Where nothing was told of that, its
    /// lines of the kill were lost or suppressed, and this is the kill: with a name and a number, and with no
    /// cgroup, for nothing proves which report it had.
    pub(super) fn reaped<'a>(
        &mut self,
        reaped: kernel::Process<'a>,
        event: Event,
        arrival: &Arrival<'a, '_, P>,
    ) -> Told<'a> {
        let stamp = arrival.stamp();
        let process = Process::new(reaped.pid, reaped.comm);
        let known = self
            .killed_by(process)
            .or_else(|| self.told_without_line(process, &stamp.clock))
            .or_else(|| self.will_be_told(process, &stamp.clock));
        let is_doubtful = known.is_some() || self.recent.has_forgotten_near(&stamp.clock);
        let listing = || {
            let mut newest_first = self.reports.iter().rev();
            newest_first.find(|report| report.is_close(&stamp.clock) && report.lists(process))
        };
        let id = known.or_else(|| Some(listing()?.id));
        let id = id.unwrap_or_else(|| self.new_id(arrival.line));
        if is_doubtful {
            return Told::Line(ReportLine::of_message(event, id, Message::Reaped(reaped)));
        }
        let last = self.last_incident.as_ref();
        self.recent.add_reaped(process, stamp.clock, id, last);
        for report in &mut self.reports {
            report.count_kill_beside();
        }
        Told::Kill(compose::reaped_kill(&reaped, &stamp, id))
    }

    /// The report of a kill that was told without its line, and that may be this one.
    fn told_without_line(&self, process: Process, now: &Clock) -> Option<u64> {
        let mut told = self.without_line.iter();
        let same = told.find(|told| match told.victim {
            Some(victim) => process.has_pid(victim.pid),
            None => !told.clock.is_far(now, INCIDENT_PAUSE_US),
        })?;
        Some(same.id)
    }

    /// The open report that names the process, or that the kernel ended because the process was about to
    /// end by itself.
    fn will_be_told(&self, process: Process, now: &Clock) -> Option<u64> {
        let mut newest_first = self.reports.iter().rev();
        let report = newest_first.find(|report| {
            report.names(process) || report.is_close(now) && report.ended_beside(process)
        })?;
        Some(report.id)
    }
}

impl<P> OpenReport<P> {
    /// Whether the reaper, which is a task of its own, may follow the report now.
    fn is_close(&self, now: &Clock) -> bool {
        !self.clock.is_far(now, self.longest_pause())
    }

    fn lists(&self, process: Process) -> bool {
        self.evidence.tasks.find(process).is_some()
    }

    /// Whether it says that this process, or a thread or child of the announced one, is to be killed: then its
    /// kill is told by its own line, or without it once the report is given up.
    fn names(&self, process: Process) -> bool {
        let tasks = &self.evidence.tasks;
        let is_named = self.evidence.victim.is_some_and(|victim| {
            process.has_pid(victim.pid) || tasks.has_thread(victim.pid, process)
        });
        let is_announced = self
            .evidence
            .selected
            .is_some_and(|selected| selected.process == process || tasks.find(process).is_some());
        is_named || is_announced
    }

    fn ended_beside(&self, process: Process) -> bool {
        self.ended_by.is_some() && !self.evidence.tasks.excludes(process)
    }
}
