//! Deciding, in the fewest steps, that a record holds no kernel OOM text.
//!
//! Nearly every record passes here and nowhere else, in an interpreter, so the
//! search skips as far as it can: Wu and Manber's method for several words at
//! once. Two bytes are looked at; unless they occur in the beginning of some
//! word, up to nine bytes are jumped over.

/// Words of which at least one stands in every text that can open a report, be
/// a kill, or tell of one by itself. All are plain ASCII without quote,
/// backslash or slash, so JSON writes them as they are.
const WORDS: [&[u8]; 20] = [
    b"oom-killer: gfp_mask",
    b"oom-kill:constraint=",
    b"Killed process ",
    b"ill process ",
    b"as a result of limit of",
    b"memory.oom.group",
    b"oom_reaper: ",
    b"OOM victim ",
    b"has mm pinned by ",
    b"Would have killed process ",
    b"no killable processes",
    b"panic_on_oom is ",
    b"deadlocked on memory",
    b"kB, failcnt ",
    b"Memory cgroup stats for ",
    b"Tasks state (memory",
    b"tgid total_vm",
    b"Memory limit reached of",
    // journalctl writes a message that is no UTF-8 as an array of its bytes.
    b"\"MESSAGE\":[",
    b"\"MESSAGE\": [",
];

/// The length of the shortest word: how far one step can go, and one more.
const SHORTEST: usize = 11;
const SLOTS: usize = 1024;

/// For each pair of bytes, how far the window may move; 0 where the pair ends
/// the first [`SHORTEST`] bytes of some word.
static SHIFTS: [u8; SLOTS] = shifts();

const fn slot(first: u8, second: u8) -> usize {
    ((first as usize) ^ ((second as usize) << 3)) & (SLOTS - 1)
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn shifts() -> [u8; SLOTS] {
    let mut table = [(SHORTEST - 1) as u8; SLOTS];
    let mut word = 0;
    while word < WORDS.len() {
        assert!(WORDS[word].len() >= SHORTEST);
        let mut end = 1;
        while end < SHORTEST {
            let slot = slot(WORDS[word][end - 1], WORDS[word][end]);
            let shift = (SHORTEST - 1 - end) as u8;
            if shift < table[slot] {
                table[slot] = shift;
            }
            end += 1;
        }
        word += 1;
    }
    table
}

/// Whether `record` may hold a line that matters without an open report.
///
/// False means certainly not; true means that it is worth reading.
#[inline]
pub(crate) fn may_concern(record: &[u8]) -> bool {
    first_word(record).is_some()
}

/// Where the first word stands. Linear in the text, and about an eighth of its
/// bytes are looked at.
#[inline]
pub(crate) fn first_word(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some(window) = rest.first_chunk::<SHORTEST>() {
        let [.., first, second] = *window;
        let shift = SHIFTS
            .get(slot(first, second))
            .copied()
            .map_or(1, usize::from);
        if shift == 0 && WORDS.iter().any(|word| rest.starts_with(word)) {
            return Some(text.len().saturating_sub(rest.len()));
        }
        rest = rest.get(shift.max(1)..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_word_is_found_at_every_offset() {
        for word in WORDS {
            for offset in 0..40 {
                let mut text = Vec::from([b'k'; 40].get(..offset).unwrap());
                text.extend_from_slice(word);
                assert_eq!(first_word(&text), Some(offset), "{word:?}");
                text.pop();
                text.extend_from_slice(b"@@@@@@@@@@@@");
                // "Killed process " holds "ill process " short of its last byte.
                let inner = word == b"Killed process " || word == b"ill process ";
                assert!(inner || !may_concern(&text), "{word:?} cut at {offset}");
            }
        }
    }

    #[test]
    fn ordinary_lines_are_let_go() {
        for line in [
            r#"{"log":"usb 1-1: new high-speed USB device number 2"}"#,
            r#"{"MESSAGE":"Killed unit"}"#,
            "",
            "short",
        ] {
            assert!(!may_concern(line.as_bytes()), "{line}");
        }
    }
}
