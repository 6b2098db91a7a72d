//! Lines that follow a kill, or stand where none is.

use super::Message;
use super::kill::process;
use crate::bytes::find;
use crate::escape::Fidelity;

pub(super) fn parse(text: &[u8], fidelity: Fidelity) -> Option<Message<'_>> {
    if let Some(rest) = text.strip_prefix(b"Tasks in ") {
        return rest
            .strip_suffix(b" are going to be killed due to memory.oom.group set")
            .map(|path| match path {
                [b'/', ..] => Message::Group(path),
                // The path could not be printed.
                _ => Message::Companion,
            });
    }
    if let Some(rest) = text.strip_prefix(b"oom_reaper: ") {
        return reaped(rest, fidelity);
    }
    if let Some(panic) = text
        .strip_prefix(b"Kernel panic - not syncing: ")
        .or_else(|| text.strip_prefix(b"---[ end Kernel panic - not syncing: "))
    {
        let of_memory = panic.starts_with(b"Out of memory and no killable processes")
            || panic.starts_with(b"System is deadlocked on memory")
            || find(panic, b"panic_on_oom is ").is_some();
        return of_memory.then_some(Message::Panic);
    }
    if is_companion(text, fidelity) {
        return Some(Message::Companion);
    }
    (text.starts_with(b"Out of memory and no killable processes")
        || text.starts_with(b"Memory limit reached of cgroup "))
    .then_some(Message::NoVictim)
}

/// 4.6 and newer; `giving up` in 4.7 and 4.8 only.
fn reaped(text: &[u8], fidelity: Fidelity) -> Option<Message<'_>> {
    let (pid, comm, _) = if let Some(rest) = text.strip_prefix(b"reaped process ") {
        process(rest, b" (", b"), now anon-rss:", fidelity)?
    } else {
        let rest = text
            .strip_prefix(b"unable to reap pid:")
            .or_else(|| text.strip_prefix(b"giving up pid:"))?;
        process(rest, b" (", b")", fidelity)?
    };
    Some(Message::Reaped { pid, comm })
}

fn is_companion(text: &[u8], fidelity: Fidelity) -> bool {
    [
        (&b"Kill process "[..], &b") sharing same memory"[..]),
        (b"oom killer ", b") has mm pinned by "),
        (b"Would have killed process ", b"). But continuing instead."),
    ]
    .iter()
    .any(|(open, close)| {
        text.strip_prefix(*open)
            .is_some_and(|rest| process(rest, b" (", close, fidelity).is_some())
    })
}
