//! From what was learnt to the `oom` object.

use alloc::boxed::Box;
use alloc::string::String;

use super::learnt::{Hierarchy, Learnt, Place};
use super::tasks::{Process, Row};
use crate::cgroup::{Identity, Level, identify};
use crate::escape::push_hex;
use crate::message::{Killed, Scope};
use crate::oom::{Attribution, Cgroup, ContainerOutcome, Event, Oom, Victim, tag};
use crate::{printable, summary};

/// The object every line of a report has.
///
/// It is boxed at once: it is large, and an engine that interprets pays for each
/// word that is moved.
pub(super) fn line(event: Event, id: u64) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = event;
    oom.id = format_id(id);
    oom.tag = tag(None);
    oom
}

fn format_id(id: u64) -> String {
    let mut text = String::with_capacity(16);
    push_hex(&mut text, &id.to_be_bytes());
    text
}

/// The reading of a report's constraint line, once a kill line named the victim.
///
/// `None` where the line stays ambiguous. The name in the kill line is out of
/// reach of forgery, so it settles which of several readings is right.
pub(super) fn settle<'a>(learnt: &'a Learnt, comm: Option<&[u8]>) -> Option<&'a Place> {
    if let [place] = learnt.readings.as_slice() {
        return Some(place);
    }
    let mut fitting = learnt
        .readings
        .iter()
        .filter(|place| comm.is_some() && place.comm.as_deref() == comm);
    let place = fitting.next()?;
    fitting.next().is_none().then_some(place)
}

/// `memcg` of `CONSTRAINT_MEMCG`.
pub(super) fn constraint_word(word: &[u8]) -> String {
    printable(word.strip_prefix(b"CONSTRAINT_").unwrap_or(word)).to_ascii_lowercase()
}

/// Whose limit was hit: the path of the limit first, words only without one.
pub(super) fn level(place: &Place, scope: Option<Scope>, word: Option<&[u8]>) -> Option<Level> {
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
pub(super) fn place(oom: &mut Oom, place: &Place) {
    if let Some(limit) = &place.limit {
        oom.cgroup.get_or_insert_default().limit = Some(printable(limit));
    }
    if let Some(task) = &place.task {
        oom.cgroup.get_or_insert_default().victim = Some(printable(task));
    }
    if let Some(path) = place.task.as_deref().or(place.limit.as_deref()) {
        identity(oom, identify(path));
    }
}

/// Writes what a path tells.
pub(super) fn identity(oom: &mut Oom, identity: Identity<'_>) {
    oom.pod = identity.pod;
    oom.container = identity.container;
    oom.unit = identity.unit.map(printable);
}

/// Writes whose limit was hit.
pub(super) fn leveled(oom: &mut Oom, level: Option<Level>) {
    oom.level = level;
    oom.tag = tag(level);
}

/// Writes everything a report told but its kill.
pub(super) fn context(
    oom: &mut Oom,
    learnt: &Learnt,
    chosen: Option<&Place>,
    scope: Option<Scope>,
) {
    oom.trigger.clone_from(&learnt.trigger);
    oom.manual = learnt.is_manual();
    oom.memory = learnt.memory;
    oom.kernel = learnt.kernel.as_deref().map(printable);
    oom.constraint = learnt
        .constraint
        .as_deref()
        .map(constraint_word)
        .or_else(|| scope.and_then(constraint_of));
    if let Some(cpuset) = &learnt.cpuset {
        oom.cgroup = Some(Cgroup {
            cpuset: Some(printable(cpuset)),
            ..Cgroup::default()
        });
    }
    match chosen {
        Some(chosen) => {
            place(oom, chosen);
            leveled(oom, level(chosen, scope, learnt.constraint.as_deref()));
        }
        None if learnt.has_constraint => {
            oom.ambiguous = true;
            oom.cgroup = None;
        }
        None => leveled(oom, level(&Place::default(), scope, None)),
    }
}

/// The constraint a kill line's own prefix states.
pub(super) fn constraint_of(scope: Scope) -> Option<String> {
    match scope {
        Scope::Cgroup => Some("memcg".into()),
        Scope::Cpuset => Some("cpuset".into()),
        Scope::MemoryPolicy => Some("memory_policy".into()),
        // A cpuset's or a policy's kill has the same words.
        Scope::Global => None,
    }
}

/// The victim of a kill line, with what only the task table says of it.
pub(super) fn victim(killed: &Killed<'_>, row: Option<&Row>) -> Victim {
    Victim {
        pid: killed.pid,
        comm: Some(printable(killed.comm)),
        uid: killed.uid.or_else(|| row.map(Row::uid)),
        oom_score_adj: killed
            .oom_score_adj
            .or_else(|| row.and_then(Row::oom_score_adj)),
        score: None,
        total_vm_bytes: killed.total_vm_bytes,
        anon_rss_bytes: killed.anon_rss_bytes,
        file_rss_bytes: killed.file_rss_bytes,
        shmem_rss_bytes: killed.shmem_rss_bytes,
        pgtables_bytes: killed.pgtables_bytes,
    }
}

/// The table's figures, and what they say of those who are left.
pub(super) fn tasks(oom: &mut Oom, learnt: &Learnt, killed: &Killed<'_>) {
    let process = Process::new(killed.pid, killed.comm);
    let page_bytes = learnt
        .tasks
        .page_bytes(process, killed.total_vm_bytes)
        .or(learnt.page_bytes);
    oom.tasks = learnt.tasks.largest(page_bytes);
    oom.task_count = learnt.tasks.count();
    if learnt.tasks.find(process).is_none() {
        // A thread, perhaps: whom the kill takes away cannot be told.
        return;
    }
    oom.survivors = learnt.tasks.survivors();
    // A cgroup inside a container tells of its own tasks only.
    let limit = oom
        .cgroup
        .as_ref()
        .and_then(|cgroup| cgroup.limit.as_deref());
    let is_container = oom.level == Some(Level::Container)
        && limit.is_some_and(|limit| !identify(limit.as_bytes()).is_inside);
    let shows_container = is_container || oom.level == Some(Level::Pod) && oom.container.is_some();
    if shows_container && oom.survivors == Some(0) {
        oom.container_outcome = Some(ContainerOutcome::Dies);
    } else if is_container
        && learnt.hierarchy == Hierarchy::V1
        && learnt.tasks.has_older(killed.pid)
    {
        oom.container_outcome = Some(ContainerOutcome::Survives);
    }
}

/// Marks a kill that `memory.oom.group` asked for.
pub(crate) fn mark_group(oom: &mut Oom) {
    oom.group = true;
    if oom.container.is_some() || oom.level == Some(Level::Container) {
        oom.container_outcome = Some(ContainerOutcome::Dies);
    }
}

/// A kill whose report is not there: its line alone.
pub(super) fn bare_kill(killed: &Killed<'_>, id: u64) -> Box<Oom> {
    let mut oom = line(Event::Kill, id);
    oom.attribution = Some(Attribution::None);
    oom.constraint = killed.scope.and_then(constraint_of);
    leveled(&mut oom, level(&Place::default(), killed.scope, None));
    oom.victim = Some(victim(killed, None));
    oom
}

/// What a report that never finished told.
pub(super) fn truncated(learnt: &Learnt, id: u64) -> Box<Oom> {
    let mut oom = line(Event::Truncated, id);
    let chosen = settle(learnt, None);
    context(
        &mut oom,
        learnt,
        chosen,
        learnt.selected.map(|selected| selected.scope),
    );
    oom.tasks = learnt.tasks.largest(learnt.page_bytes);
    oom.task_count = learnt.tasks.count();
    if let Some(chosen_victim) = learnt.victim {
        let comm = chosen.and_then(|place| place.comm.as_deref());
        let row = comm.and_then(|comm| learnt.tasks.find(Process::new(chosen_victim.pid, comm)));
        oom.victim = Some(Victim {
            pid: chosen_victim.pid,
            comm: comm.map(printable),
            uid: Some(chosen_victim.uid),
            oom_score_adj: row.and_then(Row::oom_score_adj),
            ..Victim::default()
        });
    }
    oom.summary = Some(summary::of(&oom));
    oom
}

/// The key under which kills of the same container, pod or cgroup are counted.
pub(crate) fn repeat_key(oom: &Oom, host: u64) -> Option<u64> {
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
    let hash = crate::hash::Hash::new()
        .with(&host.to_le_bytes())
        .with(&kind.to_le_bytes())
        .with(name.as_bytes());
    Some(hash.value())
}
