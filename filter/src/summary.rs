//! The sentence a person reads first.

use alloc::string::String;
use core::fmt::Write;

use crate::cgroup::Level;
use crate::oom::{Event, Oom};

/// Says who was killed, where, at whose limit, using how much, of fields that
/// are present.
///
/// `'java' (pid 88) was killed in container 679f9845995b of pod 479f327f-...:
/// the container reached its memory limit of 20.0 MiB; it held 20.4 MiB.`
pub(crate) fn of(oom: &Oom) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, oom);
    text
}

fn write(text: &mut String, oom: &Oom) -> core::fmt::Result {
    if oom.event == Event::Truncated {
        text.push_str("A report of the OOM killer broke off");
        if let Some(victim) = &oom.victim {
            text.push_str("; it was about to kill ");
            process(text, victim.comm.as_deref(), victim.pid)?;
        }
    } else if let Some(victim) = &oom.victim {
        process(text, victim.comm.as_deref(), victim.pid)?;
        text.push_str(" was killed");
    } else {
        text.push_str("A process was killed");
    }
    place(text, oom)?;
    cause(text, oom)?;
    if oom.event == Event::Kill {
        held(text, oom)?;
    }
    if oom.group {
        text.push_str("; its whole group is killed (memory.oom.group)");
    }
    text.push('.');
    Ok(())
}

fn process(text: &mut String, comm: Option<&str>, pid: u32) -> core::fmt::Result {
    match comm {
        Some(comm) => write!(text, "'{comm}' (pid {pid})"),
        None => write!(text, "process {pid}"),
    }
}

fn place(text: &mut String, oom: &Oom) -> core::fmt::Result {
    /// As long as tools print a container's id.
    const SHORT_ID: usize = 12;
    let id = oom
        .container
        .as_ref()
        .and_then(|container| container.id.as_deref())
        .and_then(|id| id.get(..SHORT_ID));
    let pod = oom.pod.as_ref().map(|pod| pod.uid.as_str());
    match (id, pod) {
        (Some(id), Some(pod)) => return write!(text, " in container {id} of pod {pod}"),
        (Some(id), None) => return write!(text, " in container {id}"),
        (None, Some(pod)) => return write!(text, " in pod {pod}"),
        (None, None) => {}
    }
    let path = oom
        .cgroup
        .as_ref()
        .and_then(|cgroup| cgroup.victim.as_deref().or(cgroup.limit.as_deref()));
    match (&oom.unit, path) {
        (Some(unit), _) => write!(text, " in unit {unit}"),
        (None, Some(path)) => write!(text, " in cgroup {path}"),
        (None, None) => Ok(()),
    }
}

fn cause(text: &mut String, oom: &Oom) -> core::fmt::Result {
    if oom.manual {
        text.push_str(": somebody asked for it with SysRq-f");
        return Ok(());
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
            return Ok(());
        }
        None => {
            if oom.constraint.as_deref() == Some("memcg") {
                text.push_str(": a memory cgroup reached its limit, the kernel did not say which");
            }
            return Ok(());
        }
    };
    let limit = oom.memory.as_ref().and_then(|memory| memory.limit_bytes);
    write!(text, ": {whose} reached ")?;
    let plural = matches!(oom.level, Some(Level::Qos | Level::Kubepods));
    text.push_str(if plural { "their" } else { "its" });
    text.push_str(" memory limit");
    if let Some(limit) = limit {
        text.push_str(" of ");
        size(text, limit)?;
    }
    Ok(())
}

fn held(text: &mut String, oom: &Oom) -> core::fmt::Result {
    let Some(victim) = &oom.victim else {
        return Ok(());
    };
    let parts = [
        victim.anon_rss_bytes,
        victim.file_rss_bytes,
        victim.shmem_rss_bytes,
    ];
    if parts.iter().all(Option::is_none) {
        return Ok(());
    }
    let resident = parts.into_iter().flatten().fold(0, u64::saturating_add);
    text.push_str("; it held ");
    size(text, resident)
}

/// One decimal of the largest binary unit that leaves at least 1, cut, not rounded.
fn size(text: &mut String, bytes: u64) -> core::fmt::Result {
    let units = [
        (1_u64 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return write!(text, "{bytes} bytes");
    };
    let whole = bytes.checked_div(unit).unwrap_or_default();
    let tenth = bytes
        .checked_rem(unit)
        .and_then(|rest| rest.checked_mul(10)?.checked_div(unit))
        .unwrap_or_default();
    write!(text, "{whole}.{tenth} {name}")
}
