//! The sentence a person reads first.

use alloc::string::String;

use itoa::Buffer;

use crate::cgroup::{Container, Identity, Level, Workload, identify};
use crate::oom::{Attribution, Event, Figure, KERNEL, Mostly, Oom, Victim};
use crate::text::cursor::rfind;

/// Says who was killed, where, at whose limit, using how much, of fields that
/// are present.
///
/// `'java' (pid 88) was killed in container 679f9845995b of pod 479f327f-...:
/// the container reached its memory limit of 20.0 MiB; the process itself held 19.7 MiB.`
pub(crate) fn of(oom: &Oom) -> String {
    let mut text = String::new();
    write(&mut text, oom);
    text
}

// Not by `write!`: the standard library's formatting would be a part of every module for this alone.
fn write(text: &mut String, oom: &Oom) {
    if let Some(killer) = oom.killer.filter(|killer| *killer != KERNEL) {
        return by_program(text, oom, killer);
    }
    if matches!(oom.event, Event::NoVictim | Event::Panic) {
        text.push_str("The OOM killer found no process to kill");
    } else if oom.event == Event::Truncated {
        text.push_str("A report of the OOM killer broke off");
        if let Some(victim) = &oom.victim {
            text.push_str("; it was about to kill ");
            process(text, victim.comm.as_deref(), victim.pid);
        }
    } else if let Some(victim) = &oom.victim {
        process(text, victim.comm.as_deref(), victim.pid);
        text.push_str(" was killed");
    } else {
        text.push_str("A process was killed");
    }
    place(text, oom);
    cause(text, oom);
    if let (Event::Kill, Some(victim)) = (oom.event, &oom.victim) {
        held(text, victim);
    }
    if oom.group {
        text.push_str("; its whole group is killed (memory.oom.group)");
    }
    match oom.attribution {
        Some(Attribution::Constraint) => text.push_str("; the line of the kill itself is missing"),
        Some(Attribution::Reaper) => {
            text.push_str("; the kernel's other lines of this kill are missing");
        }
        Some(Attribution::Witness) => text.push_str("; the kernel's own lines of it are missing"),
        Some(Attribution::Report | Attribution::Table | Attribution::None) | None => {}
    }
    text.push('.');
}

/// What another program did.
fn by_program(text: &mut String, oom: &Oom, killer: &str) {
    match (&oom.victim, &oom.names, oom.event) {
        (.., Event::Pressure) => text.push_str("Memory is short"),
        (_, Some(names), Event::Evicted) => {
            text.extend(["Pod ", &names.namespace, "/", &names.pod, " was evicted"]);
        }
        (Some(victim), ..) => {
            process(text, victim.comm.as_deref(), victim.pid);
            text.push_str(" was killed");
        }
        _ => {
            text.push_str("Processes");
            place(text, oom);
            text.push_str(" were killed");
        }
    }
    text.extend([
        if oom.event == Event::Pressure {
            ", says "
        } else {
            " by "
        },
        killer,
    ]);
    if let Some(reason) = &oom.reason {
        text.extend([": ", reason.strip_suffix('.').unwrap_or(reason)]);
    }
    #[cfg(feature = "unproven")]
    if oom.unproven {
        text.push_str("; nothing proves who wrote this");
    }
    text.push('.');
}

fn process(text: &mut String, comm: Option<&str>, pid: u32) {
    let mut digits = Buffer::new();
    let pid = digits.format(pid);
    match comm {
        Some(comm) => text.extend(["'", comm, "' (pid ", pid, ")"]),
        None => text.extend(["process ", pid]),
    }
}

fn place(text: &mut String, oom: &Oom) {
    let id = oom.container_id().map(short_id);
    let pod = oom.pod.as_ref().map(|pod| pod.uid.as_str());
    let path = victim_path(oom);
    let owner = named(oom.workload.as_ref());
    // A unit that a system keeps its jobs in says less than the job.
    let unit = (oom.unit.as_ref()).filter(|_| oom.nested || owner.is_none());
    match (id, pod, unit, path) {
        (Some(id), Some(pod), ..) => text.extend([" in container ", id, " of pod ", pod]),
        (Some(id), None, ..) => text.extend([" in container ", id]),
        (None, Some(pod), ..) => text.extend([" in pod ", pod]),
        (None, None, Some(unit), _) => text.extend([" in unit ", unit]),
        (None, None, None, Some(_)) if owner.is_some() => {
            text.push_str(" in ");
            return workload(text, owner);
        }
        (None, None, None, Some(path)) => text.extend([" in cgroup ", path]),
        (None, None, None, None) => {}
    }
    if owner.is_some() {
        text.push_str(if oom.nested { " inside " } else { " of " });
        workload(text, owner);
    }
}

/// As long as tools print a container's id.
fn short_id(id: &str) -> &str {
    const SHORT_ID: usize = 12;
    id.get(..SHORT_ID).unwrap_or(id)
}

/// An owner that has a name of its own, without which it says too little.
fn named(owner: Option<&Workload>) -> Option<&Workload> {
    owner.filter(|owner| owner.id.is_some())
}

fn workload(text: &mut String, owner: Option<&Workload>) {
    const ID_LENGTH: usize = 64;
    let Some(owner) = owner else {
        return;
    };
    text.push_str(owner.noun());
    if let Some(id) = &owner.id {
        let is_long = id.len() == ID_LENGTH;
        text.extend([" ", if is_long { short_id(id) } else { id }]);
    }
    if let Some(part) = &owner.part {
        text.extend([" (", part, ")"]);
    }
}

fn victim_path(oom: &Oom) -> Option<&str> {
    let cgroup = oom.cgroup.as_ref()?;
    cgroup.victim.as_deref().or(cgroup.limit.as_deref())
}

fn cause(text: &mut String, oom: &Oom) {
    if oom.manual {
        text.push_str(": somebody asked for it with SysRq-f");
        return;
    }
    let Some(level) = oom.level else {
        if oom.constraint.as_deref() == Some("memcg") {
            text.push_str(": a memory cgroup reached its limit, the kernel did not say which");
        }
        return;
    };
    if level == Level::Node {
        text.push_str(match oom.constraint.as_deref() {
            Some("cpuset") => ": the memory nodes of its cpuset ran out of memory",
            Some("memory_policy") => ": the memory nodes of its policy ran out of memory",
            _ => ": the whole machine ran out of memory",
        });
        if is_swap_full(oom) {
            text.push_str(" and swap");
        }
        mostly(text, oom);
        return;
    }
    text.push_str(": ");
    limit_owner(text, oom, level);
    let limit = oom
        .memory
        .as_ref()
        .and_then(|memory| memory.get(Figure::Limit));
    let is_plural = matches!(level, Level::Qos | Level::Kubepods);
    let its = if is_plural { "their" } else { "its" };
    text.extend([" reached ", its, " memory limit"]);
    if let Some(limit) = limit {
        text.push_str(" of ");
        size(text, limit);
    }
    mostly(text, oom);
}

/// Less than a hundredth of the machine's swap is free.
fn is_swap_full(oom: &Oom) -> bool {
    let Some(memory) = &oom.memory else {
        return false;
    };
    let (total, free) = (memory.get(Figure::SwapTotal), memory.get(Figure::SwapFree));
    (total.zip(free)).is_some_and(|(total, free)| total > 0 && free.saturating_mul(100) < total)
}

/// What filled the memory, where it is not simply the processes.
fn mostly(text: &mut String, oom: &Oom) {
    let mostly = oom.memory.as_ref().and_then(|memory| memory.mostly);
    text.push_str(match mostly {
        None | Some(Mostly::Anon) => return,
        Some(Mostly::Shmem) => ", most of it shared memory, such as tmpfs",
        Some(Mostly::File) => ", most of it page cache",
        Some(Mostly::Kernel) => ", most of it the kernel's own memory",
        Some(Mostly::Sock) => ", most of it buffers of sockets",
    });
    if let Some(bytes) = oom.tasks_rss_bytes {
        text.push_str("; the processes hold ");
        size(text, bytes);
    }
}

/// Whose limit it was. It is named where it is not what the victim was said to be in: the limit may be
/// that of a container around the victim's, or of a cgroup inside it.
fn limit_owner(text: &mut String, oom: &Oom, level: Level) {
    let path = (oom.cgroup.as_ref()).and_then(|cgroup| cgroup.limit.as_deref());
    let path = path.unwrap_or_default();
    let is_victims = victim_path(oom) == Some(path);
    match level {
        Level::Container if is_victims => text.push_str("the container"),
        Level::Pod => text.push_str("the pod"),
        Level::Qos => text.push_str("the pods of its quality of service together"),
        Level::Kubepods if oom.nested => {
            text.push_str("all pods of ");
            workload(text, oom.workload.as_ref());
            text.push_str(" together");
        }
        Level::Kubepods | Level::Node => text.push_str("all pods of the node together"),
        Level::Container => container_around(text, oom, &identify(path.as_bytes())),
        Level::Cgroup => cgroup(text, oom, path, is_victims),
    }
}

/// A container whose limit it was, which is not the cgroup that the victim was in.
fn container_around(text: &mut String, oom: &Oom, limit: &Identity<'_>) {
    match &limit.container {
        container if *container == oom.container => text.push_str("the container"),
        Some(Container { id: Some(id), .. }) => text.extend(["container ", short_id(id)]),
        _ => match named(limit.workload.as_ref()) {
            None => text.push_str("a container"),
            owner => workload(text, owner),
        },
    }
}

fn cgroup(text: &mut String, oom: &Oom, path: &str, is_victims: bool) {
    let limit = identify(path.as_bytes());
    let owner = named(limit.workload.as_ref());
    // By bytes: searching and checking characters would be a part of every module for this alone.
    let last = rfind(path.as_bytes(), b"/").and_then(|slash| path.get(slash.saturating_add(1)..));
    if limit.container.is_some() && limit.container == oom.container {
        text.push_str("a cgroup inside the container");
    } else if limit.pod.is_some() {
        text.push_str("a cgroup inside the pod");
    } else if owner.is_some() && !limit.is_inside {
        workload(text, owner);
    } else if is_victims {
        // What was said of the victim is then its owner, but for a unit in a machine.
        let is_below = limit.is_inside && !limit.is_nested;
        text.push_str(if is_below {
            "a cgroup inside it"
        } else {
            "the cgroup"
        });
    } else if let Some(unit) = last.filter(|last| limit.unit == Some(last.as_bytes())) {
        text.extend(["unit ", unit]);
        if limit.is_nested {
            text.push_str(" inside ");
            workload(text, owner);
        }
    } else {
        text.extend(["cgroup ", path]);
    }
}

/// What the process had to itself. Pages that it shared may be charged to others, and so be more than a limit.
fn held(text: &mut String, victim: &Victim) {
    let Some(own) = victim.anon_rss_bytes else {
        return;
    };
    text.push_str("; the process itself held ");
    size(text, own);
    if let Some(swapped) = victim.swap_bytes.filter(|swapped| *swapped > own) {
        text.push_str(" and ");
        size(text, swapped);
        text.push_str(" in swap");
    }
}

/// One decimal of the largest binary unit that leaves at least 1, cut, not rounded.
fn size(text: &mut String, bytes: u64) {
    let units = [
        (1_u64 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        text.extend([Buffer::new().format(bytes), " bytes"]);
        return;
    };
    let whole = bytes.checked_div(unit).unwrap_or_default();
    let tenth = bytes
        .checked_rem(unit)
        .and_then(|rest| rest.checked_mul(10)?.checked_div(unit))
        .unwrap_or_default();
    let (mut before, mut behind) = (Buffer::new(), Buffer::new());
    text.extend([before.format(whole), ".", behind.format(tenth), " ", name]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_is_said_where_it_is_more_than_what_was_in_memory() {
        let held = |swap_bytes| {
            let victim = Victim {
                anon_rss_bytes: Some(4096),
                swap_bytes: Some(swap_bytes),
                ..Victim::default()
            };
            let mut text = String::new();
            held(&mut text, &victim);
            text
        };
        assert_eq!(held(4096), "; the process itself held 4.0 KiB");
        assert_eq!(
            held(8192),
            "; the process itself held 4.0 KiB and 8.0 KiB in swap"
        );
    }
}
