//! earlyoom, which kills one process at a time (`kill.c`, `main.c` of 1.5 to 1.9; with the feature
//! `more-programs` of 1.3 and 1.4 too). The kernel prints nothing of it.
//!
//! It prints a process's name as it is, and from 1.8 on the first 254 bytes of its command line: a line end in them
//! begins a new entry of the journal, so a process that is killed writes whole lines. What proves a kill is their
//! order: a line of figures, a line that says that they are low, the signal, and the exit of the same process.
//! Between signal and exit nothing else is believed, and an exit of another process ends it all. What a process
//! would have to print to be believed is longer than what is printed of it, since figures have their width.

use alloc::boxed::Box;

use super::form::{self, number};
use super::sequence::{Sequence, Step};
use crate::oom::{Oom, Victim, one_form_of_uid};
use crate::printable;
use crate::text::cursor::rfind;

/// Begins the line of figures, which it also prints once in a while.
pub(super) const TELLING_WORD: &[u8] = b"mem avail: ";
/// Stands in the summary of a kill, whose own line has no telling word: a record that was told before passes.
pub(super) const WORD_OF_SUMMARY: &[u8] = b" was killed by earlyoom";

/// Records of others that may come between two of its lines.
const AWAITED: u16 = 256;
/// After so long what was waited for comes no more: the signal could not be sent, or the process would not die.
const LONGEST_WAIT_US: u64 = 30_000_000;

/// How it tells a process's badness, and whether the line of the exit has the process.
const FORMS: [(&[u8], bool); 2] = [(b"\": badness ", false), (b"\": oom_score ", true)];

/// Up to 1.4: the lines of figures, which are wider, and of the signals.
#[cfg(feature = "more-programs")]
const OLD_FIGURES: &[u8] = b"mem avail:# of# MiB (# %), swap free:# of# MiB (# %)";
#[cfg(feature = "more-programs")]
const OLD_LOW: &[u8] = b"low memory! at or below @ limits: mem # %, swap # %";

/// What a line says.
pub(super) fn read(text: &[u8], sequence: &mut Sequence) -> Option<Box<Oom>> {
    if sequence.step == Step::Sent {
        if let Some(pid) = exited(text) {
            let told = kill(pid, sequence);
            sequence.begin();
            return told;
        }
        let waited = sequence.sent_us.zip(sequence.now_us);
        if waited.is_none_or(|(then, now)| now.saturating_sub(then) < LONGEST_WAIT_US) {
            return None;
        }
        sequence.begin();
    }
    if is_figures(text) {
        sequence.begin();
        sequence.step = Step::Short;
        sequence.awaited = AWAITED;
    } else if sequence.step == Step::Short {
        sequence.begin();
        is_low(text).then_some(())?;
        let mut oom = super::of_cgroup(None);
        oom.reason = Some(printable(text));
        sequence.told = Some(oom);
        sequence.step = Step::Decided;
        sequence.awaited = AWAITED;
    } else if sequence.step == Step::Decided
        && let Some((form, victim)) = sending(text)
        && sequence.form.is_none_or(|known| known == form)
        && let Some(oom) = &mut sequence.told
    {
        oom.victim = Some(victim);
        sequence.step = Step::Sent;
        sequence.sent_us = sequence.now_us;
        sequence.form = Some(form);
        sequence.awaited = AWAITED;
    }
    None
}

/// The kill, where it is the process that the signal was sent to whose exit is told.
fn kill(pid: u32, sequence: &mut Sequence) -> Option<Box<Oom>> {
    if sequence.is_at_end {
        return Some(super::of_cgroup(None));
    }
    let oom = sequence.told.take()?;
    let has_pid = sequence.form == Some(true);
    let expected = oom.victim.as_ref().filter(|_| has_pid);
    (expected.map_or(0, |victim| victim.pid) == pid).then_some(oom)
}

/// `mem avail:   742 of  3931 MiB (18.89%), swap free:    0 of    0 MiB ( 0.00%)`
fn is_figures(text: &[u8]) -> bool {
    /// How wide each is printed, with the blank in front.
    const WIDTHS: [usize; 6] = [6, 6, 5, 5, 5, 5];
    let form = b"mem avail:# of# MiB (#%), swap free:# of# MiB (#%)";
    #[cfg(feature = "more-programs")]
    if let Some(runs) = form::whole(OLD_FIGURES, text) {
        const OLD_WIDTHS: [usize; 6] = [6, 6, 2, 5, 5, 2];
        return OLD_WIDTHS
            .iter()
            .zip(runs)
            .all(|(width, run)| run.len() >= *width);
    }
    form::whole(form, text).is_some_and(|runs| {
        WIDTHS
            .iter()
            .zip(runs)
            .all(|(width, run)| run.len() >= *width)
    })
}

/// `low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%`
fn is_low(text: &[u8]) -> bool {
    let form = b"low memory! at or below @ limits: mem #%, swap #%";
    #[cfg(feature = "more-programs")]
    if let Some([signal, ..]) = form::whole(OLD_LOW, text) {
        return is_signal(signal);
    }
    form::whole(form, text).is_some_and(|[signal, memory, swap, ..]| {
        is_signal(signal) && memory.len() >= 5 && swap.len() >= 5
    })
}

pub(super) fn is_signal(name: &[u8]) -> bool {
    [&b"SIGTERM"[..], b"SIGKILL"].contains(&name)
}

/// `sending SIGTERM to process 7 uid 1000 "a": oom_score 823, oom_score_adj 0, VmRSS 79 MiB, cmdline "/bin/a"`: how
/// it is told, and whom it is sent to.
fn sending(text: &[u8]) -> Option<(bool, Victim)> {
    /// Bytes of a process's name.
    const LONGEST_NAME: usize = 15;
    let with_uid = form::read(b"sending @ to process # uid # \"", text);
    #[cfg(feature = "more-programs")]
    let with_uid = with_uid.or_else(|| form::read(b"sending @ to process # \"", text));
    let ([signal, pid, uid, ..], rest) = with_uid?;
    is_signal(signal).then_some(())?;
    // The last place within the longest name: a name may hold the words behind it.
    let (at, has_pid) = FORMS.into_iter().find_map(|(word, has_pid)| {
        let most = LONGEST_NAME.saturating_add(word.len()).min(rest.len());
        Some((rfind(rest.get(..most)?, word)?, has_pid))
    })?;
    let (name, behind) = rest.split_at_checked(at)?;
    let (adjustment, rss) = if !has_pid {
        let [_, rss, ..] = form::whole(b"\": badness #, VmRSS # MiB", behind)?;
        (None, rss)
    } else if let Some(([_, adjustment, rss, ..], _)) = form::read(
        b"\": oom_score #, oom_score_adj #, VmRSS # MiB, cmdline \"",
        behind,
    ) {
        (number(adjustment), rss)
    } else {
        let ([_, rss, ..], _) = form::read(b"\": oom_score #, VmRSS # MiB, cmdline \"", behind)?;
        (None, rss)
    };
    let victim = Victim {
        pid: u32::try_from(number(pid)?).ok()?,
        comm: Some(printable(name)),
        // Up to 1.3 it does not tell it.
        uid: number(uid).map(one_form_of_uid),
        oom_score_adj: adjustment,
        rss_bytes: u64::try_from(number(rss)?).ok()?.checked_mul(1 << 20),
        ..Victim::default()
    };
    Some((has_pid, victim))
}

/// `process exited after 0.1 seconds`, from 1.8 on `process 7 exited after 0.100 seconds`: the process, 0 where it is
/// not told.
fn exited(text: &[u8]) -> Option<u32> {
    if let Some([pid, ..]) = form::whole(b"process # exited after # seconds", text) {
        return u32::try_from(number(pid)?).ok();
    }
    form::whole(b"process exited after # seconds", text).map(|_| 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: &str =
        "mem avail:   742 of  3931 MiB (18.89%), swap free:    0 of    0 MiB ( 0.00%)";
    const LOW: &str = "low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%";
    const SHORTEST: &str =
        "sending SIGTERM to process 1 uid 0 \"\": oom_score 1, VmRSS 1 MiB, cmdline \"";
    const EXIT: &str = "process 1 exited after 0.000 seconds";

    fn pids(lines: &[&str]) -> alloc::vec::Vec<u32> {
        let mut sequence = Sequence::default();
        let told = lines.iter();
        told.filter_map(|line| read(line.as_bytes(), &mut sequence)?.victim)
            .map(|victim| victim.pid)
            .collect()
    }

    #[test]
    fn names_end_where_they_must() {
        for (line, name) in [
            (
                "sending SIGKILL to process 7 uid 1 \"a\": oom_score\": oom_score 5, oom_score_adj 0, VmRSS 1 MiB, cmdline \"x\"",
                "a\": oom_score",
            ),
            (
                "sending SIGKILL to process 7 uid 1 \"a\": oom_score 5, VmRSS 1 MiB, cmdline \"\": oom_score 5\"",
                "a",
            ),
            (
                "sending SIGKILL to process 7 uid 1 \"Web Content\": badness 5, VmRSS 1 MiB",
                "Web Content",
            ),
        ] {
            let (_, victim) = sending(line.as_bytes()).expect("a signal");
            assert_eq!(victim.comm.as_deref(), Some(name), "{line}");
        }
        for line in [
            "sending 0 (no-op signal) to process 7 uid 1 \"a\": badness 5, VmRSS 1 MiB",
            "sending SIGTERM when mem avail <= 10.00% and swap free <= 10.00%,",
            "sending SIGTERM to process 7 uid 1 \"a name of 17 bytes\": badness 5, VmRSS 1 MiB",
        ] {
            assert!(sending(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_kill_is_figures_signal_and_exit() {
        assert_eq!(pids(&[FIGURES, LOW, SHORTEST, EXIT]), [1]);
        // What it prints of a process whose memory it could not see stands between.
        assert_eq!(
            pids(&[FIGURES, LOW, "fill: pid 9 \"a", SHORTEST, "x\"", EXIT]),
            [1]
        );
        assert!(pids(&[LOW, SHORTEST, EXIT]).is_empty());
        assert!(pids(&[FIGURES, SHORTEST, EXIT]).is_empty());
        assert!(pids(&[FIGURES, LOW, EXIT]).is_empty());
        for [printed, other] in [
            ["SIGTERM", "SIGHUP"],
            ["mem 10", "mem 1"],
            ["swap 10", "swap 1"],
        ] {
            let low = LOW.replace(printed, other);
            assert!(pids(&[FIGURES, &low, SHORTEST, EXIT]).is_empty(), "{low}");
        }
        assert!(
            pids(&[
                FIGURES,
                LOW,
                SHORTEST,
                "dryrun, not actually sending any signal"
            ])
            .is_empty()
        );
        assert!(
            pids(&[
                FIGURES,
                LOW,
                SHORTEST,
                "process 2 exited after 0.000 seconds",
                EXIT
            ])
            .is_empty()
        );
    }

    #[cfg(feature = "more-programs")]
    const OLD: [&str; 4] = [
        "mem avail:   742 of  3931 MiB (18 %), swap free:    0 of    0 MiB ( 0 %)",
        "low memory! at or below SIGTERM limits: mem 10 %, swap 10 %",
        "sending SIGTERM to process 1 \"a\": badness 9, VmRSS 1 MiB",
        "process exited after 0.1 seconds",
    ];

    #[cfg(feature = "more-programs")]
    #[test]
    fn a_kill_of_old_is_the_same_in_other_words() {
        assert_eq!(pids(&OLD), [1]);
        let [figures, low, _, exit] = OLD;
        let of_1_4 = "sending SIGTERM to process 1 uid 0 \"a\": badness 9, VmRSS 1 MiB";
        assert_eq!(pids(&[figures, low, of_1_4, exit]), [1]);
        // A name holds no line end and the beginning of the exit.
        let broken = "sending SIGTERM to process 1 \"a";
        assert!(pids(&[figures, low, broken, "\": badness 9, VmRSS 1 MiB", exit]).is_empty());
    }

    /// What is printed of a command line has no room for a kill, or for what would make another process's exit one.
    #[test]
    fn no_command_line_holds_a_kill() {
        const PRINTED: usize = 254;
        let own_exit = "process 300 exited after 0.000 seconds";
        let genuine =
            "sending SIGTERM to process 300 uid 9 \"e\": oom_score 9, VmRSS 1 MiB, cmdline \"";
        let lines = [
            FIGURES, LOW, genuine, own_exit, FIGURES, LOW, SHORTEST, EXIT,
        ];
        assert_eq!(pids(&lines), [300, 1]);
        let made_up = [own_exit, FIGURES, LOW, SHORTEST, EXIT];
        let length: usize = made_up.iter().map(|line| line.len() + 1).sum();
        assert!(length > PRINTED, "{length}");
        #[cfg(feature = "more-programs")]
        {
            let [figures, low, ..] = OLD;
            let made_up = [own_exit, figures, low, SHORTEST, EXIT];
            let length: usize = made_up.iter().map(|line| line.len() + 1).sum();
            assert!(length > PRINTED, "{length}");
        }
        // The beginning alone is undone by the exit that is printed of the process itself.
        let lines = [
            FIGURES, LOW, genuine, own_exit, FIGURES, LOW, SHORTEST, own_exit, EXIT,
        ];
        assert_eq!(pids(&lines), [300]);
        // No shorter form is believed of one that has the longer one.
        let old = "sending SIGTERM to process 1 uid 0 \"\": badness 1, VmRSS 1 MiB";
        let lines = [
            FIGURES,
            LOW,
            genuine,
            own_exit,
            FIGURES,
            LOW,
            old,
            "process exited after 0.0 seconds",
        ];
        assert_eq!(pids(&lines), [300]);
    }
}
