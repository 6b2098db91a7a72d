//! The sentence a person reads first.

use alloc::string::String;

use itoa::Buffer;

use crate::cgroup::Level;
use crate::oom::{Event, Oom};

/// Says who was killed, where, at whose limit, using how much, of fields that
/// are present.
///
/// `'java' (pid 88) was killed in container 679f9845995b of pod 479f327f-...:
/// the container reached its memory limit of 20.0 MiB; it held 20.4 MiB.`
pub(crate) fn of(oom: &Oom) -> String {
    let mut text = String::new();
    write(&mut text, oom);
    text
}

// Not by `write!`: the standard library's formatting would be a part of every module for this alone.
fn write(text: &mut String, oom: &Oom) {
    if oom.event == Event::Truncated {
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
    if oom.event == Event::Kill {
        held(text, oom);
    }
    if oom.group {
        text.push_str("; its whole group is killed (memory.oom.group)");
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
    /// As long as tools print a container's id.
    const SHORT_ID: usize = 12;
    let id = oom
        .container
        .as_ref()
        .and_then(|container| container.id.as_deref())
        .and_then(|id| id.get(..SHORT_ID));
    let pod = oom.pod.as_ref().map(|pod| pod.uid.as_str());
    let path = oom
        .cgroup
        .as_ref()
        .and_then(|cgroup| cgroup.victim.as_deref().or(cgroup.limit.as_deref()));
    match (id, pod, &oom.unit, path) {
        (Some(id), Some(pod), ..) => text.extend([" in container ", id, " of pod ", pod]),
        (Some(id), None, ..) => text.extend([" in container ", id]),
        (None, Some(pod), ..) => text.extend([" in pod ", pod]),
        (None, None, Some(unit), _) => text.extend([" in unit ", unit]),
        (None, None, None, Some(path)) => text.extend([" in cgroup ", path]),
        (None, None, None, None) => {}
    }
}

fn cause(text: &mut String, oom: &Oom) {
    if oom.manual {
        text.push_str(": somebody asked for it with SysRq-f");
        return;
    }
    let whose = match oom.level {
        Some(Level::Container) => "the container",
        Some(Level::Pod) => "the pod",
        Some(Level::Qos) => "the pods of its quality of service together",
        Some(Level::Kubepods) => "all pods of the node together",
        Some(Level::Cgroup) => "the cgroup",
        Some(Level::Node) => {
            text.push_str(match oom.constraint.as_deref() {
                Some("cpuset") => ": the memory nodes of its cpuset ran out of memory",
                Some("memory_policy") => ": the memory nodes of its policy ran out of memory",
                _ => ": the whole machine ran out of memory",
            });
            return;
        }
        None => {
            if oom.constraint.as_deref() == Some("memcg") {
                text.push_str(": a memory cgroup reached its limit, the kernel did not say which");
            }
            return;
        }
    };
    let limit = oom.memory.as_ref().and_then(|memory| memory.limit_bytes);
    let is_plural = matches!(oom.level, Some(Level::Qos | Level::Kubepods));
    let its = if is_plural { "their" } else { "its" };
    text.extend([": ", whose, " reached ", its, " memory limit"]);
    if let Some(limit) = limit {
        text.push_str(" of ");
        size(text, limit);
    }
}

fn held(text: &mut String, oom: &Oom) {
    let Some(victim) = &oom.victim else {
        return;
    };
    let parts = [
        victim.anon_rss_bytes,
        victim.file_rss_bytes,
        victim.shmem_rss_bytes,
    ];
    if parts.iter().all(Option::is_none) {
        return;
    }
    let resident = parts.into_iter().flatten().fold(0, u64::saturating_add);
    text.push_str("; it held ");
    size(text, resident);
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
