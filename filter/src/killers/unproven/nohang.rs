//! nohang, which kills one process at a time (0.1 to 0.3). The kernel prints nothing of it.
//!
//! It prints paths of a process as they are, with their line ends, so that a process that is killed writes whole lines
//! of its journal: no unit proves them. What is told is the order of its lines: the state of memory, whose process it
//! is, the signal, and that this was sent. A line out of order ends it all, also one of another program where nothing
//! tells the two apart. A process that writes all of these lines is believed, as everybody is in such text.

use alloc::boxed::Box;
use alloc::string::String;

use crate::cgroup::Level;
use crate::killers::earlyoom::is_signal;
use crate::killers::form::{self, bytes, number, whole};
use crate::killers::of_cgroup;
use crate::killers::sequence::{Sequence, Step};
use crate::oom::{Oom, Victim, Word, one_form_of_uid};
use crate::printable;
use crate::text::cursor::{part, rfind};

pub(super) const NAME: Word = "nohang";

/// Stands in the line that begins it all.
pub(super) const TELLING_WORD: &[u8] = b"corrective action";

/// Records of others that may come between two of its lines.
const AWAITED: u16 = 256;
/// Longest state of memory that is told.
const LONGEST_REASON: usize = 512;
const MIB: u64 = 1 << 20;

/// What a line says of the kill.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Whose,
    Adjustment,
    Sizes,
    Cgroup,
    Signal,
    Sent,
}

/// What its lines begin with behind the state of memory, in their order; whether one is always there; what it says.
static LINES: [(&[u8], bool, Says); 20] = [
    (b"Victim status (found in ", true, Says::Nothing),
    (b"PID: ", true, Says::Whose),
    (b"badness: ", true, Says::Adjustment),
    (b"Vm, MiB: ", true, Says::Sizes),
    (b"cgroup_v1:", true, Says::Cgroup),
    (b"cgroup_v2:", true, Says::Cgroup),
    (b"PPID: ", false, Says::Nothing),
    (b"ancestry: ", false, Says::Nothing),
    (b"cmdline:", false, Says::Nothing),
    (b"exe realpath:", true, Says::Nothing),
    (b"cwd realpath:", true, Says::Nothing),
    (b"Memory info, MiB:", true, Says::Nothing),
    (b"total=", true, Says::Nothing),
    (b"swap_total=", true, Says::Nothing),
    (b"Memory pressure (system-wide):", false, Says::Nothing),
    (b"some avg10=", false, Says::Nothing),
    (b"full avg10=", false, Says::Nothing),
    (b"Implementing a corrective action:", true, Says::Nothing),
    (b"Sending SIG", true, Says::Signal),
    (b"OK; total response time: ", true, Says::Sent),
];

/// What a line says.
pub(super) fn read(text: &[u8], sequence: &mut Sequence) -> Option<Box<Oom>> {
    // The file that it can write as well has a time in front.
    let behind_time = form::read(b"# #:#:#,#: ", text);
    let text = behind_time.map_or(text, |(_, text)| text).trim_ascii();
    let Some(is_sent) = go_on(text, sequence) else {
        sequence.begin();
        return None;
    };
    sequence.awaited = AWAITED;
    let mut oom = sequence.told.take_if(|_| is_sent)?;
    // Who does not die of the one signal gets the other.
    let pid = oom.victim.as_ref()?.pid;
    let is_new = sequence.last != Some(pid);
    sequence.begin();
    sequence.last = Some(pid);
    oom.set_level(Some(Level::Node));
    is_new.then_some(oom)
}

/// Whether a line in its order is the one that the signal was sent. `None` for one that is out of order.
fn go_on(text: &[u8], sequence: &mut Sequence) -> Option<bool> {
    let is_head = text == b"Memory status that requires corrective actions:"
        || text == b"Low memory; corrective action required!";
    if is_head {
        if sequence.step != Step::Short {
            sequence.begin();
            sequence.step = Step::Short;
            sequence.told = Some(of_cgroup(None));
        }
        return Some(false);
    }
    let oom = sequence.told.as_mut()?;
    let mut place = sequence.place;
    if sequence.step == Step::Short {
        if let Some(victim) = text.strip_prefix(b"Victim is ").and_then(victim_of_0_1) {
            oom.victim = Some(victim);
            sequence.step = Step::Decided;
            sequence.place = (LINES.iter()).position(|(.., says)| *says == Says::Signal)?;
            return Some(false);
        }
        if state_of_memory(text, oom).is_some() {
            return Some(false);
        }
        sequence.step = Step::Decided;
        place = 0;
    }
    let rest = LINES.get(place..)?;
    let is_it = |(words, ..): &(&[u8], bool, Says)| text.starts_with(words);
    let found = rest.iter().position(is_it)?;
    let is_any_missing = (rest.iter().take(found)).any(|(_, is_always, _)| *is_always);
    let (words, _, says) = rest.get(found).filter(|_| !is_any_missing)?;
    sequence.place = place.saturating_add(found).saturating_add(1);
    match says {
        Says::Nothing => {}
        Says::Whose => oom.victim = Some(whose(text)?),
        Says::Adjustment => oom.victim.as_mut()?.oom_score_adj = adjustment(text),
        Says::Sizes => sizes(text, oom.victim.as_mut()?)?,
        Says::Cgroup => set_cgroup(oom, text.strip_prefix(*words)?),
        Says::Signal => {
            let ([signal, ..], behind) = form::read(b"Sending @ to the victim", text)?;
            is_signal(signal).then_some(())?;
            add_reason(oom, &[b"Sending ", signal].concat());
            if !behind.is_empty() {
                // 0.1 says in the same line that it was sent.
                whole(b"; OK; response time: # ms", behind)?;
                return Some(true);
            }
        }
        Says::Sent => {
            whole(b"OK; total response time: #ms", text)?;
            return Some(true);
        }
    }
    Some(false)
}

/// `MemAvailable [383 MiB, 5.0 %] <= soft_threshold_min_mem [384 MiB, 5.0 %]`, and what stands among such lines.
fn state_of_memory(text: &[u8], oom: &mut Oom) -> Option<()> {
    /// What they begin with, and whether they say why.
    static WORDS: [(&[u8], bool); 7] = [
        (b"MemAvailable [", true),
        (b"SwapFree [", true),
        (b"MemUsedZram [", true),
        (b"Current PSI metric value (", true),
        (b"PSI metric value exceeded ", true),
        (b"Finding the process with the highest badness", false),
        (b"max_soft_exit_time (value=", false),
    ];
    let mut words = WORDS.iter();
    let (_, says_why) = words.find(|(words, _)| text.starts_with(words))?;
    if *says_why {
        add_reason(oom, text);
    }
    let length = oom.reason.as_ref().map_or(0, String::len);
    (length <= LONGEST_REASON).then_some(())
}

/// Adds words of its own to the reason, with their sizes in bytes: of `[383 MiB, 5.0 %]` comes `[401604608, 5.0 %]`.
fn add_reason(oom: &mut Oom, text: &[u8]) {
    let reason = oom.reason.get_or_insert_default();
    if !reason.is_empty() {
        reason.push_str("; ");
    }
    let mut rest = text;
    while let Some((before, behind)) = part(rest, b" MiB,") {
        let start = before.iter().rposition(|byte| !byte.is_ascii_digit());
        let start = start.map_or(0, |at| at.saturating_add(1));
        let (words, size) = before.split_at_checked(start).unwrap_or((before, b""));
        reason.push_str(&printable(words));
        match bytes(size, MIB) {
            Some(size) => reason.push_str(itoa::Buffer::new().format(size)),
            None => reason.push_str(&printable(size)),
        }
        reason.push(',');
        rest = behind;
    }
    reason.push_str(&printable(rest));
}

/// `PID:       5, name: Web Content, state: S (sleeping), EUID: 0, SID: 0 (), lifetime: 2.1s`
fn whose(text: &[u8]) -> Option<Victim> {
    let ([pid, ..], rest) = form::read(b"PID:       #, name: ", text)?;
    let (name, behind) = name_before(b", state: ", rest)?;
    let (_, behind) = part(behind, b"), EUID: ")?;
    let ([uid, ..], _) = form::read(b"#, SID: # (", behind)?;
    Some(Victim {
        pid: u32::try_from(number(pid)?).ok()?,
        comm: Some(printable(name)),
        uid: Some(one_form_of_uid(number(uid)?)),
        ..Victim::default()
    })
}

/// `java, pid: 7, badness: 900, VmRSS: 79 MiB, VmSwap: 0 MiB`
fn victim_of_0_1(text: &[u8]) -> Option<Victim> {
    let (name, behind) = name_before(b", pid: ", text)?;
    let form = b"#, badness: #, VmRSS: # MiB, VmSwap: # MiB";
    let [pid, _, rss, swap, ..] = whole(form, behind)?;
    Some(Victim {
        pid: u32::try_from(number(pid)?).ok()?,
        comm: Some(printable(name)),
        rss_bytes: bytes(rss, MIB),
        swap_bytes: bytes(swap, MIB),
        ..Victim::default()
    })
}

/// A process's name, and what stands behind the words that end it: of those within the longest name the last.
fn name_before<'a>(words: &[u8], text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    const LONGEST_NAME: usize = 15;
    let most = LONGEST_NAME.saturating_add(words.len()).min(text.len());
    let (name, rest) = text.split_at_checked(rfind(text.get(..most)?, words)?)?;
    Some((name, rest.strip_prefix(words)?))
}

/// `badness:   1005, oom_score:  1005, oom_score_adj:  500`
fn adjustment(text: &[u8]) -> Option<i64> {
    let form = b"badness:   #, oom_score:  #, oom_score_adj:  #";
    let [.., adjustment, _, _, _, _] = whole(form, text)?;
    number(adjustment)
}

/// `Vm, MiB:   Size: 216, RSS: 214 (Anon: 207, File: 7, Shmem: 0), Swap: 0`
fn sizes(text: &[u8], victim: &mut Victim) -> Option<()> {
    let ([size, rss, ..], rest) = form::read(b"Vm, MiB:   Size: #, RSS: #", text)?;
    victim.total_vm_bytes = bytes(size, MIB);
    victim.rss_bytes = bytes(rss, MIB);
    // Where the kernel tells the kinds.
    let kinds = form::read(b" (Anon: #, File: #, Shmem: #)", rest);
    let rest = kinds.map_or(rest, |([anon, file, shmem, ..], rest)| {
        victim.anon_rss_bytes = bytes(anon, MIB);
        victim.file_rss_bytes = bytes(file, MIB);
        victim.shmem_rss_bytes = bytes(shmem, MIB);
        rest
    });
    let [swap, ..] = whole(b", Swap: #", rest)?;
    victim.swap_bytes = bytes(swap, MIB);
    Some(())
}

/// The path in the one hierarchy, or in the other; the root says nothing.
fn set_cgroup(oom: &mut Box<Oom>, path: &[u8]) {
    const LONGEST_PATH: usize = 4096;
    let path = path.trim_ascii_start();
    let is_below_root = path.starts_with(b"/") && path.len() > 1;
    if !is_below_root || path.len() > LONGEST_PATH {
        return;
    }
    let mut found = of_cgroup(Some(path));
    found.victim = oom.victim.take();
    found.reason = oom.reason.take();
    *oom = found;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adjustment_is_the_third_number() {
        let line = b"badness:   1005, oom_score:  1006, oom_score_adj:  -500";
        assert_eq!(adjustment(line), Some(-500));
        assert_eq!(adjustment(b"badness:   1005, oom_score:  1006"), None);
    }
}
