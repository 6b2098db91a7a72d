//! What the values of a row mean, where several rows say the same. Other rows' functions stand beside the grammar
//! that they read: `constraint.rs`, `invoked.rs`, `stack.rs`, `table.rs`.

use super::message::{Killed, Message, Process, Selected, Statistics, Usage};
use super::pieces::Values;
use super::rows::ANON;
use crate::text::cursor::{rsplit_once, split_once};

pub(super) fn process<'a>(found: &Values<'a>) -> Process<'a> {
    Process {
        pid: found.pid,
        comm: found.comm,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "some rows' functions decline")]
pub(super) fn reaped<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    Some(Message::Reaped(process(found)))
}

#[expect(clippy::unnecessary_wraps, reason = "some rows' functions decline")]
pub(super) fn not_reaped<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    Some(Message::NotReaped(process(found)))
}

#[expect(clippy::unnecessary_wraps, reason = "some rows' functions decline")]
pub(super) fn beside<'a>(_: &Values<'a>) -> Option<Message<'a>> {
    Some(Message::Companion)
}

#[expect(clippy::unnecessary_wraps, reason = "some rows' functions decline")]
pub(super) fn group<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    Some(match found.path {
        [b'/', ..] => Message::Group(found.path),
        // The kernel could not print the path.
        _ => Message::Companion,
    })
}

pub(super) fn selected<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    if found.has_long_name && !found.behind.starts_with(b" or ") {
        return None;
    }
    Some(Message::Selected(Selected {
        scope: found.scope?,
        pid: found.pid,
        comm: found.comm,
        score: found.score,
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "some rows' functions decline")]
pub(super) fn statistics<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    // On 5.3 to 6.4 the figures stand behind line ends, which rsyslog writes as `#012`.
    let ends = [&b":\n"[..], b":#012"];
    let old = || {
        let (path, _) = rsplit_once(found.rest, b": cache:")?;
        let figures = found.rest.get(path.len().saturating_add(2)..)?;
        Some((path, figures))
    };
    let (path, figures) = ends
        .iter()
        .find_map(|end| split_once(found.rest, end))
        .or_else(old)
        .unwrap_or_else(|| (found.rest.strip_suffix(b":").unwrap_or_default(), b""));
    let path = path.starts_with(b"/").then_some(path);
    Some(Message::Stats(Statistics { path, figures }))
}

/// Without whose limit it was, dots in place of the figures are prose.
pub(super) fn killed_without_figures<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    let is_prose = found.scope.is_none() && found.text.ends_with(b"..");
    if is_prose || found.has_long_name {
        return None;
    }
    killed(found)
}

pub(super) fn killed<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    if found.pid == 0 {
        // The idle task is nobody's to kill.
        return None;
    }
    // A line may be cut, and then nothing stands behind its last figure. A name of any length yet is bounded by
    // that alone; a longer one needs the line whole.
    let has_figures = found.figures.get(ANON).is_some_and(Option::is_some);
    let is_whole = has_figures && found.behind.is_empty() || found.behind.starts_with(b"kB, swap:");
    if found.behind.starts_with(b")") || found.has_long_name && !is_whole {
        return None;
    }
    let [total_vm, anon, file, shmem, pgtables] = found.figures;
    Some(Message::Killed(Killed {
        scope: found.scope,
        pid: found.pid,
        comm: found.comm,
        uid: found.uid,
        total_vm_bytes: total_vm,
        anon_rss_bytes: anon,
        file_rss_bytes: file,
        shmem_rss_bytes: shmem,
        pgtables_bytes: pgtables,
        oom_score_adj: found.adjustment,
        score: found.score,
        is_worded_freely: found.is_worded_freely,
    }))
}

/// Kernels of 64 bits write "no limit" as a number near 2^53 or 2^54 KiB; no machine has 2^52.
const UNLIMITED_BYTES: u64 = 1 << 62;
/// What kernels of 32 bits write: `PAGE_COUNTER_MAX` pages of 4 KiB.
const UNLIMITED_BYTES_OF_32_BIT: u64 = ((1 << 31) - 1) * 4096;

pub(super) fn usage<'a>(found: &Values<'a>) -> Option<Message<'a>> {
    let [usage, limit, failcnt, ..] = found.figures;
    let bytes = |kibibytes: Option<u64>| kibibytes?.checked_mul(1024);
    let limit = bytes(limit)?;
    let is_unlimited = limit >= UNLIMITED_BYTES || limit == UNLIMITED_BYTES_OF_32_BIT;
    Some(Message::Usage(Usage {
        account: found.account?,
        usage_bytes: bytes(usage)?,
        limit_bytes: (!is_unlimited).then_some(limit),
        failcnt: failcnt?,
    }))
}
