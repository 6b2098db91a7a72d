//! To which report a kill line belongs: named cases, of which the first that holds decides.
//!
//! A kill belongs to a report if the report names its pid, or lists it in its own table as a thread or child.
//! A process's name proves nothing. If anything that is known of both contradicts, the kill does not belong: a
//! kill without a report is right, a kill in the wrong pod is not.

use super::evidence::{Evidence, NamedVictim, Place};
use super::incident::Incident;
use super::open::OpenReport;
use super::tasks::Row;
use super::{ANNOUNCEMENT_PAUSE_US, GROUP_PAUSE_US, INCIDENT_PAUSE_US, KillLine};
use crate::carrier::Author;
use crate::cgroup::{Level, identify, is_pod_directory};
use crate::kernel::{Scope, is_below};

/// To what a kill line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// To the open report in this place: it is its kill.
    Report(usize),
    /// To the last incident, which told of this process already: a process is killed once.
    ToldAlready,
    /// To the last incident, whose whole group is killed.
    Group,
    /// To nothing that is known.
    Nobody,
}

/// Whether a case holds.
type Case<T> = fn(&T, &KillLine<'_>) -> bool;

/// To what the kill line belongs: of the reports that it fits, to the newest. `None` if the line is a kill only
/// where a report says so, and none does.
pub(super) fn owner<P>(
    reports: &[OpenReport<P>],
    prints_tables: bool,
    last: Option<&Incident>,
    line: &KillLine<'_>,
) -> Option<Owner> {
    if !line.killed.is_worded_freely {
        return Some(owner_of_kill(reports, prints_tables, last, line));
    }
    let fits =
        |report: &OpenReport<P>| may_be_of(report, line) && is_the_named_victim(report, line);
    reports.iter().rposition(fits).map(Owner::Report)
}

fn owner_of_kill<P>(
    reports: &[OpenReport<P>],
    prints_tables: bool,
    last: Option<&Incident>,
    line: &KillLine<'_>,
) -> Owner {
    let of_a_report: [Case<OpenReport<P>>; 5] = [
        is_the_named_victim,
        is_a_thread_of_the_named_victim,
        is_the_selected,
        is_a_child_of_the_selected,
        is_listed_where_nobody_is_named,
    ];
    // A case that proves more goes first, in whatever report it holds.
    let found = of_a_report.into_iter().find_map(|holds| {
        let fits = |report: &OpenReport<P>| may_be_of(report, line) && holds(report, line);
        let at = reports.iter().rposition(fits)?;
        let (older, newer) = reports.split_at_checked(at.saturating_add(1))?;
        let is_announced_anew = |newer: &OpenReport<P>| {
            older
                .last()
                .is_some_and(|it| announces_anew(newer, it, line))
        };
        (!newer.iter().any(is_announced_anew)).then_some(at)
    });
    if let Some(at) = found {
        return Owner::Report(at);
    }
    if let [report] = reports
        && may_be_of(report, line)
        && !report.is_before_announcement(prints_tables)
        && is_next_where_nobody_is_named_or_listed(report, line)
    {
        return Owner::Report(0);
    }
    let Some(last) = last.filter(|last| last.is_current(&line.stamp)) else {
        return Owner::Nobody;
    };
    let of_the_last: [(Case<Incident>, Owner); 3] = [
        (was_told_already, Owner::ToldAlready),
        (is_of_the_group_by_its_caller, Owner::Group),
        (is_of_the_group_by_its_table, Owner::Group),
    ];
    of_the_last
        .into_iter()
        .find_map(|(holds, owner)| holds(last, line).then_some(owner))
        .unwrap_or(Owner::Nobody)
}

/// Whether nothing that is known of the report and of the line contradicts.
fn may_be_of<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let evidence = &report.evidence;
    let killed = line.killed;
    report.admits(&line.stamp)
        && !report.has_lost_its_kill()
        && evidence
            .scope()
            .zip(killed.scope)
            .is_none_or(|(report, kill)| is_same_limit(report, kill))
        && is_of_the_same_kernel(evidence, line)
}

/// The words in front of a kill say only whether the limit was a cgroup's.
fn is_same_limit(one: Scope, other: Scope) -> bool {
    (one == Scope::Cgroup) == (other == Scope::Cgroup)
}

/// Kernels that announce a kill (up to 5.0) do not say in its line whose limit it is; kernels from 5.1 on
/// always do.
fn is_of_the_same_kernel(evidence: &Evidence, line: &KillLine<'_>) -> bool {
    match line.killed.scope {
        // 2.6.18 does both, and prints no figures.
        Some(_) => evidence.selected.is_none() || line.killed.total_vm_bytes.is_none(),
        None if line.killed.is_worded_freely => evidence.victim.is_some(),
        None => evidence.release() < Some((5, 1, 0)),
    }
}

/// The report names the process by its number, and by what else both say of it.
fn is_the_named_victim<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let evidence = &report.evidence;
    let names = |victim: NamedVictim| victim.is(line.killed);
    evidence.victim.is_some_and(names) && evidence.may_name(line.killed.comm)
}

/// The leader of the named process has gone, and a thread of it stands in the report's own table.
fn is_a_thread_of_the_named_victim<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let Evidence { victim, tasks, .. } = &report.evidence;
    !report.is_mixed()
        && victim.is_some_and(|victim| tasks.are_one_process(victim.pid, line.killed.pid))
}

/// Up to 5.0 the process is announced by its number.
fn is_the_selected<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    report
        .evidence
        .selected
        .is_some_and(|selected| selected.process == line.process)
}

/// The process was announced again, for another reason: what an earlier report announced came to the kill of a
/// child. The same line once more is none.
fn announces_anew<P>(newer: &OpenReport<P>, older: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let scope = |report: &OpenReport<P>| report.evidence.scope();
    is_the_selected(newer, line) && (!newer.evidence.is_bare() || scope(newer) != scope(older))
}

/// Up to 5.0 a child of the announced process may be killed in its place; it stands in the same table.
fn is_a_child_of_the_selected<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let Evidence {
        selected, tasks, ..
    } = &report.evidence;
    // After another kill its own may have been told already, out of order.
    let is_certain = !report.is_mixed()
        && report.is_first_kill()
        && !report
            .clock
            .is_far(&line.stamp.clock, ANNOUNCEMENT_PAUSE_US);
    is_certain && selected.is_some() && tasks.find(line.process).is_some()
}

/// The line that names the victim is lost or of old, and the report's own table lists the process.
fn is_listed_where_nobody_is_named<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    names_nobody(report) && report.evidence.tasks.find(line.process).is_some()
}

/// The same, and there is no table: the kill stands right behind the only report, and no line of it is known
/// to be missing.
fn is_next_where_nobody_is_named_or_listed<P>(report: &OpenReport<P>, line: &KillLine<'_>) -> bool {
    let evidence = &report.evidence;
    // Kernels that do not say whose limit it was (up to 5.0) announce each kill first. Where the stack is there,
    // nobody filtered that line out.
    let is_announced = line.killed.scope.is_some() || !evidence.has_stack_head;
    names_nobody(report)
        && is_announced
        && evidence.tasks.count().is_none()
        && !report.has_gap
        && !report.clock.is_far(&line.stamp.clock, GROUP_PAUSE_US)
}

fn names_nobody<P>(report: &OpenReport<P>) -> bool {
    report.is_active()
        && !report.is_mixed()
        && report.evidence.victim.is_none()
        && report.evidence.selected.is_none()
}

/// With `memory.oom.group` the first victim's line is printed again.
fn was_told_already(last: &Incident, line: &KillLine<'_>) -> bool {
    let can_be_told = last.group.is_some() || line.stamp.clock.at_us.is_some();
    can_be_told && last.has_killed(line.process)
}

/// One task kills the whole group, in one go.
fn is_of_the_group_by_its_caller(last: &Incident, line: &KillLine<'_>) -> bool {
    kills_a_group(last, line)
        && last.caller.is_some()
        && last.caller.as_deref() == line.stamp.caller
        && !last.evidence.tasks.excludes(line.process)
}

/// The report's own table lists the member. After a suppressed report, or where there is no table, the next
/// kill line may be of another incident just as well.
fn is_of_the_group_by_its_table(last: &Incident, line: &KillLine<'_>) -> bool {
    let has_limit = last
        .place
        .as_ref()
        .is_some_and(|place| place.limit.is_some());
    kills_a_group(last, line)
        && last.has_report
        // Another report's rows may stand in its table.
        && !last.evidence.is_mixed
        // The table of the whole machine lists everybody.
        && has_limit
        && last.evidence.tasks.find(line.process).is_some()
}

/// Whether the incident kills a group, and the line may name the same limit.
fn kills_a_group(last: &Incident, line: &KillLine<'_>) -> bool {
    last.group.is_some()
        && !last.clock.is_far(&line.stamp.clock, GROUP_PAUSE_US)
        // Up to 5.0 a kill line does not say whose limit.
        && last
            .scope
            .zip(line.killed.scope)
            .is_none_or(|(last, kill)| is_same_limit(last, kill))
}

/// What the newest report tells of a process whose own report the kernel suppressed, as it does after ten in
/// 5 s.
pub(super) struct Listed<'a> {
    /// The cgroup that the table is of: the process is in it.
    pub(super) limit: &'a [u8],
    /// Its limit is the only one that the process can have reached, as far as anybody knows: it is no
    /// cgroup whose purpose is to hold others.
    pub(super) is_its_limit: bool,
    pub(super) row: &'a Row,
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

/// The process in the table of the newest report, while that can still be true.
pub(super) fn in_table_of<'a>(
    newest: Option<&'a Incident>,
    line: &KillLine<'_>,
) -> Option<Listed<'a>> {
    let newest = newest.filter(|newest| {
        // Without a clock the table may be of another day.
        newest.clock.is_near(&line.stamp.clock, INCIDENT_PAUSE_US)
            && !newest.has_killed(line.process)
            && newest.evidence.is_table_of(newest.place.as_ref())
    })?;
    if line.scope != Some(Scope::Cgroup) {
        return None;
    }
    let row = newest.evidence.tasks.find(line.process)?;
    if !row.may_be(line.killed) {
        return None;
    }
    let limit = newest.place.as_ref()?.limit.as_deref()?;
    Some(Listed {
        limit,
        is_its_limit: holds_processes(limit),
        row,
    })
}

/// Whether a cgroup is one for processes: a container's, or a service's. A pod, a class of pods and a slice
/// hold others with limits of their own.
fn holds_processes(path: &[u8]) -> bool {
    match identify(path).level {
        Level::Container => true,
        Level::Cgroup => !path.ends_with(b".slice") && !is_pod_directory(path),
        Level::Pod | Level::Qos | Level::Kubepods | Level::Node => false,
    }
}

/// Whether a group's path can be of an incident: the victim is in it.
pub(super) fn is_group_of(place: Option<&Place>, group: &[u8]) -> bool {
    place
        .and_then(|place| place.task.as_deref())
        .is_none_or(|task| is_below(task, group))
}

#[cfg(test)]
mod tests {
    use super::holds_processes;
    use alloc::format;

    #[test]
    fn pods_classes_and_slices_hold_others_with_limits_of_their_own() {
        const UID: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
        const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
        for (path, expected) in [
            (format!("/kubepods/pod{UID}/{ID}"), true),
            ("/system.slice/nginx.service".into(), true),
            ("/batch/job7".into(), true),
            ("/system.slice".into(), false),
            ("/kubepods".into(), false),
            ("/kubepods/burstable".into(), false),
            (format!("/kubepods/pod{UID}"), false),
            (format!("/batch/pod{UID}"), false),
        ] {
            assert_eq!(holds_processes(path.as_bytes()), expected, "{path}");
        }
    }
}
