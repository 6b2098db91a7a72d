//! The accounts of the cgroup whose limit was hit.

use super::Message;
use super::kill::kibibytes;
use crate::bytes::Cursor;
use crate::escape::Fidelity;

/// Which account a usage line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// `memory:`
    Memory,
    /// `memory+swap:` (cgroup v1; before 5.3 printed on v2 too).
    MemoryAndSwap,
    /// `kmem:` (cgroup v1, 3.8 and newer; before 5.3 printed on v2 too).
    Kernel,
    /// `swap:` (cgroup v2, 5.3 and newer).
    Swap,
}

/// One usage line, `mem_cgroup_print_oom_meminfo()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Which account.
    pub account: Account,
    /// What was charged.
    pub usage_bytes: u64,
    /// What may be charged. Absent where unlimited.
    pub limit_bytes: Option<u64>,
    /// How often the limit stopped a charge.
    pub failcnt: u64,
}

const ACCOUNTS: [(&[u8], Account); 4] = [
    (b"memory: usage ", Account::Memory),
    (b"memory+swap: usage ", Account::MemoryAndSwap),
    (b"kmem: usage ", Account::Kernel),
    (b"swap: usage ", Account::Swap),
];

/// Kernels write "no limit" as a number near 2^53 or 2^54 KiB; no machine has
/// 2^52.
const UNLIMITED_BYTES: u64 = 1 << 62;

pub(super) fn parse(text: &[u8], _: Fidelity) -> Option<Message<'_>> {
    if text.starts_with(b"Memory cgroup stats for ") {
        return Some(Message::Stats);
    }
    let (account, figures) = ACCOUNTS
        .iter()
        .find_map(|(prefix, account)| Some((*account, text.strip_prefix(*prefix)?)))?;
    let mut cursor = Cursor::new(figures);
    let usage_bytes = kibibytes(&mut cursor)?;
    cursor.tag(b", limit ")?;
    let limit = kibibytes(&mut cursor)?;
    cursor.tag(b", failcnt ")?;
    let failcnt = cursor.unsigned()?;
    cursor.end()?;
    Some(Message::Usage(Usage {
        account,
        usage_bytes,
        limit_bytes: (limit < UNLIMITED_BYTES).then_some(limit),
        failcnt,
    }))
}
