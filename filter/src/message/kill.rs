//! The kill, its announcement, and the lines that only look like one.
//!
//! The process id stands before the name, the figures behind it: both are out
//! of a hostile name's reach once the name is taken to end at the *last* place
//! the grammar allows.

use super::Message;
use crate::bytes::{Cursor, rsplit_once, split_at};
use crate::escape::Fidelity;

/// What a kill line's prefix says about whose limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `Memory cgroup out of memory`: some memory cgroup's.
    Cgroup,
    /// `Out of memory`: the machine's.
    Global,
    /// `No available memory in cpuset` (up to 2.6.35).
    Cpuset,
    /// `No available memory (MPOL_BIND)` (up to 2.6.35).
    MemoryPolicy,
}

/// A killed process (`mm/oom_kill.c:__oom_kill_process()` and its forerunners).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Killed<'a> {
    /// Absent on kernels up to 5.0, which say it in [`Selected`].
    pub scope: Option<Scope>,
    /// The process, or a thread of it that still had its memory.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// Its user id (RHEL 6, RHEL 7.7 and newer, RHEL 8.3 and newer, 5.4 and newer).
    pub uid: Option<i64>,
    /// Virtual size.
    pub total_vm_bytes: Option<u64>,
    /// Resident anonymous memory.
    pub anon_rss_bytes: Option<u64>,
    /// Resident file pages; before 4.5 shared memory was counted here.
    pub file_rss_bytes: Option<u64>,
    /// Resident shared memory (4.5 and newer, RHEL 7.3 and newer).
    pub shmem_rss_bytes: Option<u64>,
    /// Page tables (5.4 and newer). Before 5.4.12 the kernel printed bytes with
    /// the unit kB; that is not corrected here.
    pub pgtables_bytes: Option<u64>,
    /// -1000 to 1000 (5.4 and newer).
    pub oom_score_adj: Option<i64>,
}

/// Who was selected, before kernel 5.1: the process killed may be a child of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selected<'a> {
    /// Whose limit was hit.
    pub scope: Scope,
    /// The selected process.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// Its badness: thousandths of the allowed memory from 2.6.36, an arbitrary
    /// number before.
    pub score: Option<i64>,
}

/// The prefixes, as the kernel words them.
const SCOPES: [(&[u8], Scope); 6] = [
    (b"Memory cgroup out of memory: ", Scope::Cgroup),
    (b"Out of memory: ", Scope::Global),
    (b"Out of Memory: ", Scope::Global),
    (b"Out of memory (oom_kill_allocating_task): ", Scope::Global),
    (b"No available memory in cpuset: ", Scope::Cpuset),
    (b"No available memory (MPOL_BIND): ", Scope::MemoryPolicy),
];

pub(super) fn parse(text: &[u8], fidelity: Fidelity) -> Option<Message<'_>> {
    let (scope, rest) = SCOPES
        .iter()
        .find_map(|(prefix, scope)| Some((Some(*scope), text.strip_prefix(*prefix)?)))
        .unwrap_or((None, text));
    if let Some(rest) = rest.strip_prefix(b"Killed process ") {
        return killed(rest, scope, fidelity).map(Message::Killed);
    }
    if let Some(rest) = rest.strip_prefix(b"OOM victim ") {
        let (pid, comm, _) = process(rest, b" (", b") is already exiting", fidelity)?;
        return Some(Message::AlreadyExiting { pid, comm });
    }
    let rest = rest
        .strip_prefix(b"Kill process ")
        .or_else(|| rest.strip_prefix(b"kill process "))?;
    selected(rest, scope?, fidelity).map(Message::Selected)
}

/// `N`, `open`, a name that ends at the last `close`, and what follows.
pub(super) fn process<'a>(
    text: &'a [u8],
    open: &[u8],
    close: &[u8],
    fidelity: Fidelity,
) -> Option<(u32, &'a [u8], &'a [u8])> {
    let mut cursor = Cursor::new(text);
    let pid = cursor.pid()?;
    cursor.tag(open)?;
    let (comm, rest) = rsplit_once(cursor.rest(), close)?;
    fidelity.fits_comm(comm).then_some((pid, comm, rest))
}

/// Up to 2.6.18 the line ends `and children.`, up to 2.6.35 `or a child`.
fn selected(text: &[u8], scope: Scope, fidelity: Fidelity) -> Option<Selected<'_>> {
    let (pid, comm, rest) = process(text, b" (", b") score ", fidelity)?;
    Some(Selected {
        scope,
        pid,
        comm,
        score: Cursor::new(rest).signed(),
    })
}

fn killed(text: &[u8], scope: Option<Scope>, fidelity: Fidelity) -> Option<Killed<'_>> {
    let mut cursor = Cursor::new(text);
    let pid = cursor.pid()?;
    // RHEL 6 prints the user before the name.
    let mut uid = None;
    if cursor.tag(b", UID ").is_some() {
        uid = Some(cursor.signed()?);
        cursor.tag(b",")?;
    }
    cursor.tag(b" (")?;
    let named = cursor.rest();

    let (comm, figures) = match rsplit_once(named, b"total-vm:") {
        Some((before, figures)) => {
            let (comm, after) = name_before_figures(before)?;
            uid = uid.or(after);
            (comm, figures)
        }
        None => match rsplit_once(named, b") vsz:") {
            // About 2.6.33 to 2.6.35.
            Some((comm, figures)) => (comm, figures),
            None => (name_at_end(named)?, named.get(named.len()..)?),
        },
    };
    if !fidelity.fits_comm(comm) {
        return None;
    }
    let mut killed = Killed {
        scope,
        pid,
        comm,
        uid,
        total_vm_bytes: None,
        anon_rss_bytes: None,
        file_rss_bytes: None,
        shmem_rss_bytes: None,
        pgtables_bytes: None,
        oom_score_adj: None,
    };
    if !figures.is_empty() {
        read_figures(&mut killed, figures)?;
    }
    Some(killed)
}

/// What stands between `Killed process N (` and the last `total-vm:` is
/// `<comm>) `, or on RHEL 7.7 and newer `<comm>), UID <n>, `.
fn name_before_figures(text: &[u8]) -> Option<(&[u8], Option<i64>)> {
    if let Some(comm) = text.strip_suffix(b") ") {
        return Some((comm, None));
    }
    let (comm, uid) = rsplit_once(text, b"), UID ")?;
    let mut cursor = Cursor::new(uid);
    let uid = cursor.signed()?;
    cursor.tag(b", ")?;
    cursor.end()?;
    Some((comm, Some(uid)))
}

/// 2.6.18 to 2.6.32 end with the name. People who quote a line put dots for the
/// figures.
fn name_at_end(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().rposition(|byte| !matches!(byte, b'.' | b' '))?;
    let (comm, _) = split_at(text, end, 1)?;
    (text.get(end) == Some(&b')')).then_some(comm)
}

/// The figures behind the name. A line cut short keeps those that are whole.
fn read_figures(killed: &mut Killed<'_>, figures: &[u8]) -> Option<()> {
    let mut cursor = Cursor::new(figures);
    killed.total_vm_bytes = Some(kibibytes(&mut cursor)?);
    for (key, slot) in [
        (&b", anon-rss:"[..], &mut killed.anon_rss_bytes),
        (b", file-rss:", &mut killed.file_rss_bytes),
        (b", shmem-rss:", &mut killed.shmem_rss_bytes),
    ] {
        if cursor.tag(key).is_some() {
            match kibibytes(&mut cursor) {
                Some(bytes) => *slot = Some(bytes),
                None => return Some(()),
            }
        }
    }
    if cursor.tag(b", UID:").is_some() {
        killed.uid = cursor.signed();
    }
    if cursor.tag(b" pgtables:").is_some() {
        killed.pgtables_bytes = kibibytes(&mut cursor);
    }
    if cursor.tag(b" oom_score_adj:").is_some() {
        killed.oom_score_adj = cursor.signed();
    }
    Some(())
}

/// `20480kB` in bytes, where they fit 64 bits.
pub(super) fn kibibytes(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut ahead = *cursor;
    let kibibytes = ahead.unsigned()?;
    ahead.tag(b"kB")?;
    let bytes = kibibytes.checked_mul(1024)?;
    *cursor = ahead;
    Some(bytes)
}
