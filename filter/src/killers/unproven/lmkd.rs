//! Android's lmkd (`lmkd.cpp` of 11 to 14), in logcat.

use alloc::boxed::Box;

use crate::cgroup::Level;
use crate::killers::form::{bytes, number, read as read_form};
use crate::killers::of_cgroup;
use crate::oom::{Oom, Victim, Word, one_form_of_uid};
use crate::printable;
use crate::text::cursor::{part, rfind};

pub(super) const NAME: Word = "lmkd";

pub(super) const TELLING_WORD: &[u8] = b"lowmemorykiller: ";

/// `... I lowmemorykiller: Kill 'com.a' (17933), uid 10446, oom_score_adj 0 to free 140528kB rss, 37404kB swap; reason:
/// device is not responding`
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    const FORM: &[u8] = b"' (#), uid #, oom_score_adj # to free #kB rss, #kB swap";
    const KIB: u64 = 1 << 10;
    // logcat's own prefix may be gone.
    let rest = part(text, TELLING_WORD).map_or(text, |(_, rest)| rest);
    let rest = rest.strip_prefix(b"Kill '")?;
    // The name is the app's choice, the end of the line is not.
    let (name, behind) = rest.split_at_checked(rfind(rest, b"' (")?)?;
    let ([pid, uid, adjustment, rss, swap, ..], end) = read_form(FORM, behind)?;
    let reason = end.strip_prefix(b"; reason: ");
    (reason.is_some() || end.is_empty()).then_some(())?;
    let mut oom = of_cgroup(None);
    oom.set_level(Some(Level::Node));
    oom.reason = reason.map(printable);
    oom.victim = Some(Victim {
        pid: u32::try_from(number(pid)?).ok()?,
        comm: Some(printable(name)),
        uid: Some(one_form_of_uid(number(uid)?)),
        oom_score_adj: number(adjustment),
        rss_bytes: bytes(rss, KIB),
        swap_bytes: bytes(swap, KIB),
        ..Victim::default()
    });
    Some(oom)
}
