//! systemd-oomd, which kills whole cgroups by pressure or swap (`src/oom/oomd-manager.c` of systemd 248 to 261). The
//! kernel prints nothing of such a kill.

use alloc::boxed::Box;

use crate::oom::{Event, Oom};
use crate::printable;
use crate::text::cursor::{find, rsplit_once, split_at, split_once, unsigned};

/// `Killed ... due to` (248 to 259), `Marked ... for killing due to` (from 260 on), and the line of a rule (from 261
/// on), which names no victim. Neither does 247.
pub(super) const TELLING_WORDS: [&[u8]; 3] =
    [b"due to memory ", b"to swap used", b"ions met for cgroup "];

const DUE_TO: &[u8] = b" due to ";
const PRESSURE_FOR: &[u8] = b"memory pressure for ";

/// What a line tells.
#[derive(Debug, PartialEq, Eq)]
struct Act<'a> {
    /// The cgroup that was killed. Absent where several can be meant.
    victim: Option<&'a [u8]>,
    /// The line can be read in several ways.
    is_ambiguous: bool,
    /// The program's own words for why. Absent where they depend on how the line is read.
    reason: Option<&'a [u8]>,
}

/// What a line says.
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    if is_of_rule(text) {
        let mut oom = super::of_cgroup(None);
        oom.event = Event::Pressure;
        oom.reason = Some(printable(text));
        return Some(oom);
    }
    let act = kill(text)?;
    let mut oom = super::of_cgroup(act.victim);
    oom.ambiguous = act.is_ambiguous;
    oom.reason = act.reason.map(printable);
    Some(oom)
}

/// `Rule 'low' conditions met for cgroup /a.slice (lasting 1s), taking action kill-by-swap`. Whether anybody is killed
/// by it is told by nobody but the manager of the unit.
fn is_of_rule(text: &[u8]) -> bool {
    let rule = text.strip_prefix(b"Rule '");
    let parted = rule.and_then(|rule| split_once(rule, b"' conditions met for cgroup /"));
    let action = parted.and_then(|(_, cgroup)| rsplit_once(cgroup, b", taking action kill-"));
    action.is_some_and(|(_, how)| {
        !how.is_empty()
            && how
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
    })
}

fn kill(text: &[u8]) -> Option<Act<'_>> {
    let killed = text.strip_prefix(b"Killed ").map(|rest| (rest, DUE_TO));
    let marked = text.strip_prefix(b"Marked ");
    let marked = marked.map(|rest| (rest, &b" for killing due to "[..]));
    let (rest, between) = killed.or(marked)?;
    by_use(rest, between).or_else(|| by_pressure(rest, between))
}

/// `<path> due to swap used (N) / total (N) being more than 90.00%`, from 249 on with the memory in front.
///
/// The path is any bytes: the end of the line, of digits and fixed words alone, is read from the right.
fn by_use<'a>(rest: &'a [u8], between: &[u8]) -> Option<Act<'a>> {
    let (victim, reason) = rsplit_once(rest, between)?;
    let (used, share) = rsplit_once(reason, b" being more than ")?;
    let (is_memory, swap) = match used.strip_prefix(b"memory used ") {
        Some(both) => {
            let (memory, swap) = split_once(both, b" and swap used ")?;
            (is_used_of_total(memory), swap)
        }
        None => (true, used.strip_prefix(b"swap used ")?),
    };
    let is_whole = is_memory && is_used_of_total(swap) && is_percentage(share);
    (is_whole && is_path(victim)).then_some(Act {
        victim: Some(victim),
        is_ambiguous: false,
        reason: Some(reason),
    })
}

/// `<path> due to memory pressure for <path> being 51.07% > 50.00% for > 20s with reclaim activity`.
///
/// Both paths are any bytes. The watched cgroup is the victim's, or one around it: where that holds of several
/// places at which the paths may part, nobody can say which.
fn by_pressure<'a>(rest: &'a [u8], between: &[u8]) -> Option<Act<'a>> {
    /// Two paths of the longest that Linux has, and the words between them: each place at which they may part is
    /// compared with the rest.
    const LONGEST: usize = 2 * 4096 + 64;
    let (paths, figures) = rsplit_once(rest, b" being ")?;
    (paths.len() <= LONGEST).then_some(())?;
    let (pressure, behind) = split_once(figures, b" > ")?;
    let (limit, duration) = split_once(behind, b" for > ")?;
    let duration = duration.strip_suffix(b" with reclaim activity")?;
    (is_percentage(pressure) && is_percentage(limit) && is_time_span(duration)).then_some(())?;
    let mut found: Option<(&[u8], &[u8])> = None;
    let mut is_ambiguous = false;
    let mut from = 0_usize;
    while let Some(at) = find(paths.get(from..)?, between) {
        let place = from.saturating_add(at);
        from = place.saturating_add(1);
        let (victim, why) = split_at(paths, place, between.len())?;
        let Some(watched) = why.strip_prefix(PRESSURE_FOR) else {
            continue;
        };
        if is_path(victim) && is_within(victim, watched) {
            is_ambiguous |= found.is_some();
            let start = place.saturating_add(between.len());
            found = Some((victim, rest.get(start..)?));
        }
    }
    let (victim, reason) = found?;
    Some(Act {
        victim: (!is_ambiguous).then_some(victim),
        is_ambiguous,
        reason: (!is_ambiguous).then_some(reason),
    })
}

/// `(N) / total (N)`, in bytes.
fn is_used_of_total(text: &[u8]) -> bool {
    let inside = text
        .strip_prefix(b"(")
        .and_then(|text| text.strip_suffix(b")"));
    let parted = inside.and_then(|inside| split_once(inside, b") / total ("));
    parted.is_some_and(|(used, total)| is_number(used) && is_number(total))
}

/// `51.07%`
fn is_percentage(text: &[u8]) -> bool {
    let number = text.strip_suffix(b"%");
    let parted = number.and_then(|number| split_once(number, b"."));
    parted.is_some_and(|(whole, fraction)| is_number(whole) && is_number(fraction))
}

fn is_number(text: &[u8]) -> bool {
    unsigned(text).is_some()
}

/// `20s`, `1min 30s`
fn is_time_span(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
        && text
            .iter()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase() || *byte == b' ')
}

fn is_path(text: &[u8]) -> bool {
    text.first() == Some(&b'/')
}

/// Whether a cgroup is another one, or below it.
fn is_within(path: &[u8], around: &[u8]) -> bool {
    let around = around.strip_suffix(b"/").unwrap_or(around);
    let below = path.strip_prefix(around);
    below.is_some_and(|below| matches!(below, [] | [b'/', ..]))
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;

    use super::*;

    #[test]
    fn the_end_of_a_line_decides_where_its_paths_part() {
        const TAIL: &str = " due to memory pressure for /a.slice being 51.07% > 50.00% for > 1min 30s with reclaim activity";
        for (text, victim) in [
            (format!("Killed /a.slice/b{TAIL}"), Some("/a.slice/b")),
            (format!("Killed /a.slice{TAIL}"), Some("/a.slice")),
            // A name that imitates the line's end: its own watched cgroup is not around it.
            (
                format!("Killed /a.slice/x due to memory pressure for /c being 1.00% > 0.00% for > 1s with reclaim activity{TAIL}"),
                Some("/a.slice/x due to memory pressure for /c being 1.00% > 0.00% for > 1s with reclaim activity"),
            ),
            (
                "Killed /x due to swap used (1) / total (2) being more than 1.00% due to swap used (8) / total (9) being more than 90.00%".to_owned(),
                Some("/x due to swap used (1) / total (2) being more than 1.00%"),
            ),
            // The watched cgroup may be `/a`, or have the form of the line itself.
            (
                "Killed /a/z due to memory pressure for /a/k due to memory pressure for /a/z due to memory pressure for /a being 1.00% > 0.00% for > 1s with reclaim activity".to_owned(),
                None,
            ),
        ] {
            let act = kill(text.as_bytes()).expect("a kill");
            assert_eq!(act.victim, victim.map(str::as_bytes), "{text}");
            assert_eq!(act.is_ambiguous, victim.is_none(), "{text}");
        }
    }

    #[test]
    fn paths_longer_than_any_are_none() {
        for (length, is_kill) in [(4000, true), (9000, false)] {
            let name = "x".repeat(length);
            let text = format!(
                "Killed /a/{name} due to memory pressure for /a being 1.00% > 0.00% for > 1s with reclaim activity"
            );
            assert_eq!(read(text.as_bytes()).is_some(), is_kill, "{length}");
        }
    }

    #[test]
    fn what_is_no_kill_is_nothing() {
        for text in [
            "Killed /b.slice due to memory pressure for /a.slice being 51.07% > 50.00% for > 20s with reclaim activity",
            "Killed b due to swap used (1) / total (2) being more than 1.00%",
            "Killed /b due to swap used (-1) / total (2) being more than 1.00%",
            "Killed /b due to swap used (1) / total (2) being more than 1.00",
            "Killed /b due to swap used (1) / total (2) being more than much%",
            "Killed /b due to swap used (1) / total (2) being more than 1.x%",
            "Killed /b due to memory pressure for /b being 51.07% > 50 for > 20s with reclaim activity",
            "Killed /b due to memory pressure for /b being 51.07% > 50.00% for > A while with reclaim activity",
            "Killed /b due to memory pressure for /b being 51.07% > 50.00% for >  with reclaim activity",
            "Killed /b due to memory pressure for /b being 51.07% > 50.00% for > 20S with reclaim activity",
            "Killed /b due to memory used (1) / total (2) being more than 1.00%",
            "Marked /b due to swap used (1) / total (2) being more than 1.00%",
            "Failed to kill any cgroup(s) under /a based on pressure: No such file",
            "oomd dry-run: Would have tried to kill /a with recurse=true",
            "Rule 'a' conditions met for cgroup /a, taking action kill all",
        ] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
