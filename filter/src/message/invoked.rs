//! The header, `mm/oom_kill.c:dump_header()`.

use crate::bytes::{Cursor, rfind, rsplit_once, split_at};
use crate::escape::Fidelity;

/// The first line of a report. It names the task whose allocation failed, which
/// is often not the victim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invoked<'a> {
    /// The task's name. Absent on 2.6.18.
    pub comm: Option<&'a [u8]>,
    /// The mask of the allocation, as printed: hex, with names in brackets from
    /// 4.6.
    pub gfp_mask: &'a [u8],
    /// log2 of the pages asked for; -1 where SysRq-f asked. Absent where the
    /// line was cut.
    pub order: Option<i64>,
    /// Of the task, -1000 to 1000 (2.6.36 and newer).
    pub oom_score_adj: Option<i64>,
}

pub(super) fn parse(text: &[u8], fidelity: Fidelity) -> Option<Invoked<'_>> {
    let (comm, fields) = if let Some(fields) = text.strip_prefix(b"oom-killer: gfp_mask=") {
        // 2.6.18 prints no name.
        (None, fields)
    } else if let Some(fields) = text.strip_prefix(b"invoked oom-killer: gfp_mask=") {
        // An empty name, whose space a carrier or its reader trimmed.
        (Some(&b""[..]), fields)
    } else {
        // A name cannot hold this much text: the last one is the kernel's.
        const KEY: &[u8] = b" invoked oom-killer: gfp_mask=";
        /// A name, each byte of it in a carrier's longest escape, and the key.
        const REACH: usize = 15 * 4 + KEY.len();
        let start = rfind(text.get(..REACH).unwrap_or(text), KEY)?;
        let (comm, fields) = split_at(text, start, KEY.len())?;
        fidelity.fits_comm(comm).then_some(())?;
        (Some(comm), fields)
    };
    let mut cursor = Cursor::new(fields);
    let gfp_mask = mask(&mut cursor)?;
    Some(Invoked {
        comm,
        gfp_mask,
        order: field(fields, b" order="),
        oom_score_adj: field(fields, b" oom_score_adj="),
    })
}

/// `0xcc0(GFP_KERNEL)`, `0x0()`, or before 4.6 `0xd0`.
fn mask<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let whole = cursor.rest();
    cursor.tag(b"0x")?;
    cursor.take_some(|byte| byte.is_ascii_hexdigit())?;
    let mut names = *cursor;
    if names.tag(b"(").is_some() && names.until(b")").is_some() {
        *cursor = names;
    }
    whole.get(..whole.len().saturating_sub(cursor.rest().len()))
}

/// The number behind `key`. Nothing in these fields is anybody's but the
/// kernel's. Between them 4.9 to 4.20 print a `nodemask`, 4.11 to 4.14 two spaces.
fn field(fields: &[u8], key: &[u8]) -> Option<i64> {
    let (_, value) = rsplit_once(fields, key)?;
    Cursor::new(value).signed()
}
