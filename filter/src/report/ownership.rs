//! Whose a kill line is: a table of named cases, of which the first that holds decides.

use super::evidence::Evidence;
use super::incident::Incident;
use super::open::OpenReport;
use super::tasks::Row;
use super::{GROUP_PAUSE_US, INCIDENT_PAUSE_US, KillLine, is_stale};
use crate::carrier::Author;
use crate::kernel::Scope;

/// To what a kill line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// To the report that is open: it is its kill.
    OpenReport,
    /// To the last incident, which told of this process already: one process is one kill.
    ToldAlready,
    /// To the last incident, whose whole group is killed.
    Group,
    /// To nothing that is known.
    Nobody,
}

/// What is known when a kill line comes.
pub(super) struct Known<'a, P> {
    pub(super) report: Option<&'a OpenReport<P>>,
    pub(super) last: Option<&'a Incident>,
    pub(super) line: KillLine<'a>,
}

/// Whether a case holds.
type Case<P> = for<'a> fn(&Known<'a, P>) -> Option<bool>;

/// To what the kill line belongs.
pub(super) fn owner<P>(known: &Known<'_, P>) -> Owner {
    let cases: [(Case<P>, Owner); 8] = [
        (may_be_child_of_the_selected, Owner::OpenReport),
        (is_the_named_victim, Owner::OpenReport),
        (is_a_thread_of_the_named_victim, Owner::OpenReport),
        (has_the_name_of_the_named_victim, Owner::OpenReport),
        (is_listed_where_no_victim_is_named, Owner::OpenReport),
        (was_told_already, Owner::ToldAlready),
        (is_of_the_group_by_its_caller, Owner::Group),
        (is_of_the_group_by_time_or_table, Owner::Group),
    ];
    cases
        .into_iter()
        .find_map(|(holds, owner)| (holds(known) == Some(true)).then_some(owner))
        .unwrap_or(Owner::Nobody)
}

impl<'a, P> Known<'a, P> {
    /// The open report, where the line can be of it by time and task.
    fn admitting(&self) -> Option<&'a OpenReport<P>> {
        self.report.filter(|report| report.admits(self.line.stamp))
    }

    /// The same, where it selected nobody (5.1 and newer).
    fn without_selection(&self) -> Option<&'a OpenReport<P>> {
        self.admitting()
            .filter(|report| report.evidence.selected.is_none())
    }

    /// The last incident, where the line can be of it by time and task.
    fn current(&self) -> Option<&'a Incident> {
        self.last.filter(|last| last.is_current(self.line.stamp))
    }

    /// The last incident, where it kills a group and the line names the same limit.
    fn group(&self) -> Option<&'a Incident> {
        self.current().filter(|last| {
            last.group.is_some()
                // Up to 5.0 a kill line does not say whose limit.
                && (last.scope.is_none()
                    || self.line.killed.scope.is_none()
                    || last.scope == self.line.killed.scope)
        })
    }
}

/// Up to 5.0 the report selects a process, and a child of it may be killed in its place.
fn may_be_child_of_the_selected<P>(known: &Known<'_, P>) -> Option<bool> {
    Some(known.admitting()?.evidence.selected.is_some())
}

/// The report names the process by its number.
fn is_the_named_victim<P>(known: &Known<'_, P>) -> Option<bool> {
    let victim = known.without_selection()?.evidence.victim?;
    Some(victim.pid == known.line.killed.pid)
}

/// The leader of the named process has gone, and a thread of it stands in the report's table.
fn is_a_thread_of_the_named_victim<P>(known: &Known<'_, P>) -> Option<bool> {
    let report = known.without_selection()?;
    let victim = report.evidence.victim?;
    let tasks = &report.evidence.tasks;
    Some(report.is_active() && tasks.are_one_process(victim.pid, known.line.killed.pid))
}

/// The report has no table to look a thread up in, and the process has the name that it names.
fn has_the_name_of_the_named_victim<P>(known: &Known<'_, P>) -> Option<bool> {
    let report = known.without_selection()?;
    report.evidence.victim?;
    Some(
        report.is_active()
            && report.evidence.tasks.count().is_none()
            && names(&report.evidence, known.line.killed.comm),
    )
}

/// The report's constraint line is lost or of old, and its table, if there is one, lists the process.
fn is_listed_where_no_victim_is_named<P>(known: &Known<'_, P>) -> Option<bool> {
    let report = known.without_selection()?;
    let evidence = &report.evidence;
    Some(
        evidence.victim.is_none()
            && report.is_active()
            && !evidence.tasks.excludes(known.line.process),
    )
}

/// With `memory.oom.group` the first victim's line is printed again.
fn was_told_already<P>(known: &Known<'_, P>) -> Option<bool> {
    let last = known.current()?;
    let can_be_told = last.group.is_some() || known.line.stamp.at_us.is_some();
    Some(can_be_told && last.has_killed(known.line.process))
}

/// One task kills the whole group.
fn is_of_the_group_by_its_caller<P>(known: &Known<'_, P>) -> Option<bool> {
    let last = known.group()?;
    Some(last.caller.is_some() && last.caller.as_deref() == known.line.stamp.caller)
}

/// The members are killed one behind the other, and the report's table does not rule the process out.
/// Without a clock only a table of the limit's own tasks tells them from those of the next incident. After
/// a suppressed report the next kill line may be of another incident just as well.
fn is_of_the_group_by_time_or_table<P>(known: &Known<'_, P>) -> Option<bool> {
    let last = known.group().filter(|last| last.has_report)?;
    let process = known.line.process;
    let tasks = &last.evidence.tasks;
    let at_us = known.line.stamp.at_us;
    let at_once = at_us.is_some() && !is_stale(last.last_us, at_us, GROUP_PAUSE_US);
    let has_limit = last
        .place
        .as_ref()
        .is_some_and(|place| place.limit.is_some());
    let is_listed = at_us.is_none() && has_limit && tasks.find(process).is_some();
    Some(!tasks.excludes(process) && (at_once || is_listed))
}

/// Whether a kill line that belongs to nothing tells a kill.
///
/// `Killed process 1234 (worker)`, without a limit in front or figures behind, is what any program may
/// print of its own. Where nothing says who wrote it, the kernel's announcement or report has to stand
/// before it.
pub(super) fn is_kill_by_itself(line: &KillLine<'_>) -> bool {
    let killed = line.killed;
    let has_figures = killed.total_vm_bytes.is_some() || killed.anon_rss_bytes.is_some();
    line.stamp.author == Author::Kernel || killed.scope.is_some() || has_figures
}

/// The limit and the row of a process whose own report the kernel suppressed, as it does after ten in
/// 5 s: from the table of the newest report that is still valid.
pub(super) fn in_table_of<'a>(
    newest: Option<&'a Incident>,
    line: &KillLine<'_>,
) -> Option<(&'a [u8], &'a Row)> {
    let newest = newest.filter(|newest| {
        !is_stale(newest.last_us, line.stamp.at_us, INCIDENT_PAUSE_US)
            && !newest.has_killed(line.process)
    })?;
    if line.scope != Some(Scope::Cgroup) {
        return None;
    }
    let row = newest.evidence.tasks.find(line.process)?;
    let limit = newest.place.as_ref()?.limit.as_deref()?;
    Some((limit, row))
}

/// Whether some reading of the report's constraint line has this name.
fn names(evidence: &Evidence, comm: &[u8]) -> bool {
    evidence
        .readings
        .iter()
        .any(|place| place.comm.as_deref() == Some(comm))
}
