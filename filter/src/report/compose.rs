//! Evidence and a kill become an `oom` object.

use alloc::boxed::Box;
use alloc::string::String;

use super::evidence::{Evidence, Hierarchy, Place};
use super::incident::Incident;
use super::line::{ReportLine, Said};
use super::ownership::Listed;
use super::tasks::{Process, Row, TaskTable};
use super::{KillLine, LineStamp};
use crate::carrier::Author;
use crate::cgroup::{Level, identify};
use crate::kernel::{Account, Constraint, Invoked, Killed, Message, Scope, Usage};
use crate::oom::{
    Attribution, Cgroup, Event, Figure, Figures, KERNEL, Left, Memory, Oom, Origin, Trigger,
    Victim, one_form_of_uid, summary,
};
use crate::printable;
use crate::text::fnv::Fnv;
use crate::text::printable::push_hex;

/// What every object has.
///
/// It is boxed at once: it is large, and an engine that interprets pays for each word that is moved.
fn new(event: Event, id: u64) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = event;
    oom.id = format_id(id);
    oom.killer = (event == Event::Kill).then_some(KERNEL);
    oom.set_level(None);
    oom
}

/// How sure it is who wrote what is told: no surer than of the least sure line.
fn origin(has_unsaid_line: bool) -> Origin {
    if has_unsaid_line {
        Origin::Unsaid
    } else {
        Origin::Kernel
    }
}

fn is_unsaid(line: &KillLine<'_>) -> bool {
    line.stamp.author != Author::Kernel
}

pub(super) fn format_id(id: u64) -> String {
    let mut text = String::with_capacity(16);
    push_hex(&mut text, &id.to_be_bytes());
    text
}

/// What a line of a report says by itself.
pub(super) fn line(line: ReportLine<'_>) -> Box<Oom> {
    let ReportLine { event, id, said } = line;
    if let Said::Written(oom) = said {
        return oom;
    }
    let mut oom = new(event, id);
    match said {
        Said::Message(message) => message_line(&mut oom, &message),
        Said::Row(row, page_bytes) => oom.tasks = TaskTable::one(&row, page_bytes),
        Said::Nothing | Said::Written(_) => {}
    }
    oom
}

fn message_line(oom: &mut Oom, message: &Message<'_>) {
    match message {
        Message::Invoked(invoked) => {
            oom.manual = invoked.order == Some(-1);
            oom.trigger = Some(trigger(invoked));
        }
        Message::StackHead(head) => oom.kernel = head.release.map(printable),
        Message::Cpuset(line) => oom.cgroup = line.name.map(cpuset),
        Message::Constraint(constraint) => constraint_line(oom, constraint),
        Message::TaskIn(task) => place(oom, &Place::of_task(task)),
        Message::LimitOf(limit) => {
            let limit = Place::of_limit(limit);
            place(oom, &limit);
            oom.set_level(level(&limit, None, None));
        }
        Message::Usage(usage) => {
            add_usage(&mut oom.memory.get_or_insert_default().figures, usage);
        }
        Message::Group(path) => {
            place(oom, &Place::of_task(path));
            oom.group = true;
        }
        Message::Reaped(process) | Message::NotReaped(process) => {
            oom.victim = Some(reaped_victim(process));
        }
        Message::ConstraintStart(_)
        | Message::Stats(_)
        | Message::TasksTitle
        | Message::TasksHeading(_)
        | Message::Selected(_)
        | Message::Killed(_)
        | Message::AlreadyExiting(_)
        | Message::Companion
        | Message::NoVictim
        | Message::Panic
        | Message::Boot => {}
    }
}

fn constraint_line(oom: &mut Oom, constraint: &Constraint<'_>) {
    let mut own = Evidence::default();
    own.constraint(constraint);
    let place = own.unambiguous_reading(None);
    context(oom, &own, place, None);
    oom.victim = constraint.pid.map(|pid| Victim {
        pid,
        comm: place.and_then(|place| place.comm.as_deref()).map(printable),
        uid: constraint.uid.map(one_form_of_uid),
        ..Victim::default()
    });
}

pub(super) fn trigger(invoked: &Invoked<'_>) -> Trigger {
    Trigger {
        comm: invoked.comm.map(printable),
        pid: None,
        gfp_mask: Some(printable(invoked.gfp_mask)),
        order: invoked.order,
        oom_score_adj: invoked.oom_score_adj,
    }
}

fn cpuset(name: &[u8]) -> Cgroup {
    Cgroup {
        cpuset: Some(printable(name)),
        ..Cgroup::default()
    }
}

pub(super) fn add_usage(figures: &mut Figures, usage: &Usage) {
    let (used, limit) = match usage.account {
        Account::Memory => {
            figures.set(Figure::Failcnt, Some(usage.failcnt));
            (Figure::Usage, Figure::Limit)
        }
        Account::MemoryAndSwap => (Figure::MemswUsage, Figure::MemswLimit),
        Account::Kernel => (Figure::KmemUsage, Figure::KmemLimit),
        Account::Swap => (Figure::SwapUsage, Figure::SwapLimit),
    };
    figures.set(used, Some(usage.usage_bytes));
    figures.set(limit, usage.limit_bytes);
}

/// The kill that ends a report.
pub(super) fn kill(
    evidence: &Evidence,
    place: Option<&Place>,
    line: &KillLine<'_>,
    id: u64,
) -> Box<Oom> {
    let mut oom = new(Event::Kill, id);
    context(&mut oom, evidence, place, line.scope);
    // Also where the report prints no cgroup: up to 4.20 none of the whole machine's does.
    oom.attribution = Some(Attribution::Report);
    let mut victim = victim(line.killed, evidence.tasks.find(line.process));
    leave_out_wrong_unit(&mut victim, evidence);
    if let Some(named) = evidence.victim
        && line.killed.uid.is_none()
    {
        victim.uid = Some(one_form_of_uid(named.uid));
    }
    oom.victim = Some(victim);
    add_score(&mut oom, evidence, line);
    tasks(&mut oom, evidence, line);
    time(&mut oom, &line.stamp);
    oom.origin = Some(origin(evidence.has_unsaid_line || is_unsaid(line)));
    oom
}

/// When its line was written.
fn time(oom: &mut Oom, stamp: &LineStamp<'_>) {
    oom.at_us = stamp.clock.at_us;
    oom.time_us = stamp.clock.time_us;
    oom.when = stamp.when.map(printable);
}

/// Adds the announced badness, if it is of the process that was killed.
pub(super) fn add_score(oom: &mut Oom, evidence: &Evidence, line: &KillLine<'_>) {
    oom.origin = Some(origin(evidence.has_unsaid_line || is_unsaid(line)));
    if let (Some(victim), Some(selected)) = (&mut oom.victim, evidence.selected)
        && selected.process == line.process
    {
        victim.score = selected.score;
    }
}

/// A kill by `memory.oom.group`, after the first of its incident.
pub(super) fn group_kill(incident: &Incident, line: &KillLine<'_>) -> Box<Oom> {
    let evidence = &incident.evidence;
    let place = Place {
        task: incident.group.clone(),
        ..incident.place.clone().unwrap_or_default()
    };
    let mut oom = new(Event::Kill, incident.id);
    context(&mut oom, evidence, Some(&place), line.killed.scope);
    oom.attribution = Some(Attribution::Report);
    let mut victim = victim(line.killed, evidence.tasks.find(line.process));
    leave_out_wrong_unit(&mut victim, evidence);
    oom.victim = Some(victim);
    tasks(&mut oom, evidence, line);
    oom.mark_group();
    time(&mut oom, &line.stamp);
    oom.origin = Some(origin(evidence.has_unsaid_line || is_unsaid(line)));
    oom
}

/// A kill whose report is not there: its line alone, and the limit and the row in `found`, where the task
/// table of another report lists the process. `has_unsaid_line` tells of that report.
pub(super) fn kill_without_report(
    line: &KillLine<'_>,
    found: Option<Listed<'_>>,
    has_unsaid_line: bool,
    id: u64,
) -> Box<Oom> {
    let mut oom = new(Event::Kill, id);
    oom.constraint = line.scope.and_then(constraint_of);
    let mut of_limit = Place::default();
    match &found {
        Some(listed) if listed.is_its_limit => {
            of_limit.limit = Some(listed.limit.to_vec());
            place(&mut oom, &of_limit);
        }
        Some(listed) => oom.set_identity(identify(listed.limit)),
        None => {}
    }
    oom.set_level(level(&of_limit, line.scope, None));
    oom.attribution = Some(match found {
        Some(_) => Attribution::Table,
        None => Attribution::None,
    });
    oom.origin = Some(origin(
        is_unsaid(line) || found.is_some() && has_unsaid_line,
    ));
    oom.victim = Some(victim(line.killed, found.map(|listed| listed.row)));
    time(&mut oom, &line.stamp);
    oom
}

/// A kill of which the reaper's line alone is left. What it counts is what the process still had afterwards.
pub(super) fn reaped_kill(
    reaped: &crate::kernel::Process<'_>,
    stamp: &LineStamp<'_>,
    id: u64,
) -> Box<Oom> {
    let mut oom = new(Event::Kill, id);
    oom.attribution = Some(Attribution::Reaper);
    oom.origin = Some(origin(stamp.author != Author::Kernel));
    oom.victim = Some(reaped_victim(reaped));
    time(&mut oom, stamp);
    oom
}

fn reaped_victim(reaped: &crate::kernel::Process<'_>) -> Victim {
    Victim {
        pid: reaped.pid,
        comm: Some(printable(reaped.comm)),
        ..Victim::default()
    }
}

/// `memcg` of `CONSTRAINT_MEMCG`.
fn constraint_word(word: &[u8]) -> String {
    printable(word.strip_prefix(b"CONSTRAINT_").unwrap_or(word)).to_ascii_lowercase()
}

/// Whose limit was hit: the path of the limit first, words only without one.
fn level(place: &Place, scope: Option<Scope>, word: Option<&[u8]>) -> Option<Level> {
    if let Some(limit) = &place.limit {
        return Some(identify(limit).level);
    }
    let is_global = place.is_global
        || !place.is_unprintable
            && match scope {
                Some(scope) => scope != Scope::Cgroup,
                // Kernel 5.0 has this word for every kill.
                None => matches!(
                    word,
                    Some(b"CONSTRAINT_NONE" | b"CONSTRAINT_CPUSET" | b"CONSTRAINT_MEMORY_POLICY")
                ),
            };
    is_global.then_some(Level::Node)
}

/// Writes the paths and what they tell.
fn place(oom: &mut Oom, place: &Place) {
    if let Some(limit) = &place.limit {
        oom.cgroup.get_or_insert_default().limit = Some(printable(limit));
    }
    if let Some(task) = &place.task {
        oom.cgroup.get_or_insert_default().victim = Some(printable(task));
    }
    if let Some(path) = place.task.as_deref().or(place.limit.as_deref()) {
        oom.set_identity(identify(path));
    }
}

/// Writes everything a report told but its kill.
fn context(oom: &mut Oom, evidence: &Evidence, chosen: Option<&Place>, scope: Option<Scope>) {
    oom.trigger.clone_from(&evidence.trigger);
    oom.manual = evidence.is_manual();
    oom.memory = evidence.memory.as_ref().map(Memory::of);
    oom.kernel = evidence.kernel.as_deref().map(printable);
    oom.constraint = evidence
        .constraint
        .as_deref()
        .map(constraint_word)
        .or_else(|| scope.and_then(constraint_of));
    oom.cgroup = evidence.cpuset.as_deref().map(cpuset);
    match chosen {
        Some(chosen) => {
            place(oom, chosen);
            oom.set_level(level(chosen, scope, evidence.constraint.as_deref()));
        }
        None if evidence.has_constraint => {
            oom.ambiguous = true;
            oom.cgroup = None;
        }
        None => oom.set_level(level(&Place::default(), scope, None)),
    }
}

/// The constraint a kill line's own prefix states.
fn constraint_of(scope: Scope) -> Option<String> {
    match scope {
        Scope::Cgroup => Some("memcg".into()),
        Scope::Cpuset => Some("cpuset".into()),
        Scope::MemoryPolicy => Some("memory_policy".into()),
        // A cpuset's or a policy's kill has the same words.
        Scope::Global => None,
    }
}

/// The victim of a kill line, with what only the task table says of it.
fn victim(killed: &Killed<'_>, row: Option<&Row>) -> Victim {
    Victim {
        pid: killed.pid,
        comm: Some(printable(killed.comm)),
        uid: killed
            .uid
            .map(one_form_of_uid)
            .or_else(|| row.map(Row::uid)),
        oom_score_adj: killed
            .oom_score_adj
            .or_else(|| row.and_then(Row::oom_score_adj)),
        score: killed.score,
        total_vm_bytes: killed.total_vm_bytes,
        rss_bytes: None,
        anon_rss_bytes: killed.anon_rss_bytes,
        file_rss_bytes: killed.file_rss_bytes,
        shmem_rss_bytes: killed.shmem_rss_bytes,
        pgtables_bytes: killed.pgtables_bytes,
        swap_bytes: row.and_then(|row| row.swap_bytes(killed.total_vm_bytes)),
    }
}

/// 5.4.0 to 5.4.11 print page tables in bytes with the unit kB. Distributions that keep the name 5.4.0 have
/// the mend: there the figure is hardly ever a multiple of a page.
fn leave_out_wrong_unit(victim: &mut Victim, evidence: &Evidence) {
    const PAGE_KIB: u64 = 4096;
    let is_affected = evidence
        .release()
        .is_some_and(|release| ((5, 4, 0)..(5, 4, 12)).contains(&release));
    victim.pgtables_bytes = victim.pgtables_bytes.filter(|bytes| {
        let is_page_multiple = (bytes >> 10) % PAGE_KIB == 0;
        !(is_affected && is_page_multiple && *bytes > 0)
    });
}

/// The table's figures, and what they say of those who are left.
fn tasks(oom: &mut Oom, evidence: &Evidence, line: &KillLine<'_>) {
    let process = line.process;
    let page_bytes = evidence
        .tasks
        .page_bytes(process, line.killed.total_vm_bytes)
        .or(evidence.page_bytes);
    oom.tasks = evidence.tasks.largest(page_bytes);
    filling(oom, evidence, page_bytes);
    oom.incomplete = evidence.has_gap;
    if evidence.is_incomplete {
        return;
    }
    oom.task_count = evidence.tasks.count();
    oom.tasks_rss_bytes = evidence.tasks.rss_bytes(page_bytes);
    if evidence.tasks.find(process).is_none() {
        // A thread, perhaps: whom the kill takes away cannot be told.
        return;
    }
    oom.left = Some([false, true].map(|is_of_pod| Left {
        tasks: evidence.tasks.survivors(is_of_pod),
        has_older: evidence.hierarchy == Hierarchy::V1
            && evidence.tasks.has_older(process, is_of_pod),
    }));
    oom.set_left(oom.level == Some(Level::Container) && is_own_limit(oom));
}

/// Writes what filled the memory.
fn filling(oom: &mut Oom, evidence: &Evidence, page_bytes: Option<u64>) {
    let Some(filling) = &evidence.filling else {
        return;
    };
    let mut memory = oom.memory.take().unwrap_or_default();
    let lacks_figures = evidence.lacks_figures;
    filling.write(&mut memory, oom.level, page_bytes, lacks_figures);
    // The zone that failed may be the one whose line is missing.
    if oom.level == Some(Level::Node) && !oom.manual && !lacks_figures {
        let gfp_mask = (oom.trigger.as_ref()).and_then(|trigger| trigger.gfp_mask.as_deref());
        memory.allocation = filling.allocation(gfp_mask);
    }
    oom.memory = (memory != Memory::default()).then_some(memory);
}

/// Whether the limit is that of the container that is told, and not of one around it.
fn is_own_limit(oom: &Oom) -> bool {
    let limit = (oom.cgroup.as_ref()).and_then(|cgroup| cgroup.limit.as_deref());
    limit.is_some_and(|limit| identify(limit.as_bytes()).container == oom.container)
}

/// Marks a kill that was told as one that `memory.oom.group` asked for.
pub(crate) fn add_group(kill: &mut Oom) {
    kill.mark_group();
    kill.summary = Some(summary::of(kill));
}

/// What a report without a kill line told, as that event: a kill where it chose a victim.
pub(super) fn unfinished(evidence: &Evidence, event: Event, id: u64) -> Box<Oom> {
    let mut oom = new(event, id);
    oom.attribution = (event == Event::Kill).then_some(Attribution::Constraint);
    let chosen = evidence.unambiguous_reading(None);
    context(
        &mut oom,
        evidence,
        chosen,
        evidence.selected.map(|selected| selected.scope),
    );
    oom.tasks = evidence.tasks.largest(evidence.page_bytes);
    filling(&mut oom, evidence, evidence.page_bytes);
    oom.task_count = evidence.tasks.count();
    oom.tasks_rss_bytes = evidence.tasks.rss_bytes(evidence.page_bytes);
    if let Some(named) = evidence.victim
        && (event != Event::Kill || !evidence.may_sacrifice_child())
    {
        let comm = chosen.and_then(|place| place.comm.as_deref());
        let row = comm.and_then(|comm| evidence.tasks.find(Process::new(named.pid, comm)));
        oom.victim = Some(Victim {
            pid: named.pid,
            comm: comm.map(printable),
            uid: Some(one_form_of_uid(named.uid)),
            oom_score_adj: row.and_then(Row::oom_score_adj),
            ..Victim::default()
        });
    }
    oom.origin = Some(origin(evidence.has_unsaid_line));
    oom.summary = Some(summary::of(&oom));
    oom
}

/// The key under which kills of the same container, pod or cgroup are counted.
pub(super) fn repeat_key(oom: &Oom, host: u64) -> Option<u64> {
    let container = oom
        .container
        .as_ref()
        .and_then(|container| container.id.as_deref());
    let pod = oom.pod.as_ref().map(|pod| pod.uid.as_str());
    let cgroup = oom
        .cgroup
        .as_ref()
        .and_then(|cgroup| cgroup.victim.as_deref().or(cgroup.limit.as_deref()));
    let kinds = [container, pod, cgroup];
    let (kind, name) = kinds
        .into_iter()
        .enumerate()
        .find_map(|(kind, name)| Some((kind, name?)))?;
    // An id that the owner of an outer container made up counts for nobody else's.
    let outer = (oom.workload.as_ref().filter(|_| oom.nested))
        .and_then(|outer| outer.id.as_deref())
        .unwrap_or_default();
    let hash = Fnv::new()
        .with(&host.to_le_bytes())
        .with(&kind.to_le_bytes())
        .with(outer.as_bytes())
        .with(name.as_bytes());
    Some(hash.value())
}
