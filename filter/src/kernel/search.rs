//! Looks for the words of the rows: a record without any holds nothing of an OOM kill, as long as no report
//! is open.
//!
//! Nearly every record passes here and nowhere else, in an interpreter, so the
//! search looks at as little as it can: four bytes of every eight. Each word is
//! at least eleven bytes long; wherever it stands, one of those four-byte looks
//! falls within its first eleven bytes. So it is enough to know, of those four
//! bytes, whether they occur there: one multiplication and one look into a table.

/// Words of which at least one stands in every record that can open a report, be a kill, or tell of one
/// by itself: those of the rows, of other programs, and [`OTHERS`].
static WORDS: [&[u8]; COUNT] = words();

/// Words that stand in no row.
const OTHERS: [&[u8]; 7] = [
    // journalctl writes a message that is no UTF-8 as an array of its bytes.
    b"\"MESSAGE\":[",
    b"\"MESSAGE\": [",
    // Web pages have no-break spaces for spaces. In a report every line is read, a kill may stand alone.
    b"illed\xc2\xa0process",
    // What names containers.
    NAMING_WORDS[0],
    NAMING_WORDS[1],
    NAMING_WORDS[2],
    NAMING_WORDS[3],
];

const COUNT: usize = count();

const fn count() -> usize {
    collect().1
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn words() -> [&'static [u8]; COUNT] {
    let (all, _) = collect();
    let mut words: [&[u8]; COUNT] = [&[]; COUNT];
    let mut at = 0;
    while at < COUNT {
        words[at] = all[at];
        at += 1;
    }
    words
}

/// More words than there are.
const MOST: usize = 128;
type Collected = [&'static [u8]; MOST];

/// Every word once, and how many there are.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn collect() -> (Collected, usize) {
    let mut words: Collected = [&[]; MOST];
    let mut count = 0;
    let mut row = 0;
    while row < ROWS.len() {
        let mut piece = 0;
        while piece < ROWS[row].pieces.len() {
            if let Piece::Word(word) | Piece::Holds(word) = ROWS[row].pieces[piece] {
                assert!(is_written_as_it_is(word));
                let mut known = 0;
                while known < count && !same(words[known], word) {
                    known += 1;
                }
                if known == count {
                    words[count] = word;
                    count += 1;
                }
            }
            piece += 1;
        }
        row += 1;
    }
    let mut list = 0;
    while list < TELLING_WORDS.len() {
        let mut word = 0;
        while word < TELLING_WORDS[list].len() {
            assert!(is_written_as_it_is(TELLING_WORDS[list][word]));
            words[count] = TELLING_WORDS[list][word];
            count += 1;
            word += 1;
        }
        list += 1;
    }
    let mut other = 0;
    while other < OTHERS.len() {
        words[count] = OTHERS[other];
        count += 1;
        other += 1;
    }
    (words, count)
}

/// Whether every writer of JSON leaves these bytes as they are. Some, such as Gson, escape what HTML gives
/// a meaning.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn is_written_as_it_is(word: &[u8]) -> bool {
    let mut at = 0;
    while at < word.len() {
        let escaped = matches!(
            word[at],
            b'"' | b'\\' | b'/' | b'<' | b'>' | b'&' | b'=' | b'\'' | 0..b' ' | 0x7f..
        );
        if escaped {
            return false;
        }
        at += 1;
    }
    true
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

use super::pieces::Piece;
use super::rows::ROWS;
use crate::journal_names::TELLING_WORDS as NAMING_WORDS;
use crate::killers::TELLING_WORDS;
#[cfg(feature = "unproven")]
use crate::killers::unproven::TELLING_WORDS as UNPROVEN_WORDS;
#[cfg(not(feature = "unproven"))]
const UNPROVEN_WORDS: &[&[u8]] = &[];
use crate::text::cursor::{find, starts_with};

/// The length of the shortest word.
const SHORTEST: usize = 11;
/// Bytes of one look.
const LOOK: usize = 4;
/// From one look to the next: a word of the shortest length still holds one whole look.
const STRIDE: usize = SHORTEST - LOOK + 1;
/// Bytes that are decided by one branch.
const BLOCK: usize = 4 * STRIDE;

/// Places in all words where a look may fall.
const PLACES: usize = COUNT * STRIDE;
const SLOT_BITS: u32 = 12;
const SLOTS: usize = 1 << SLOT_BITS;

/// A place within a word where a look may fall.
#[derive(Clone, Copy)]
struct Place {
    look: u32,
    word: u8,
    offset: u8,
}

/// Every place: those of one slot in a row, those far into their word first, so
/// that of two words at one look the one that begins first is found first.
static PLACED: [Place; PLACES] = places();
/// For each slot, one more than half its first place; 0 where it has none.
static FIRST: [u8; SLOTS] = first();

const fn slot(look: u32) -> usize {
    (look.wrapping_mul(0x195A_68C5) >> (u32::BITS - SLOT_BITS)) as usize
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn look_at(word: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([
        word[offset],
        word[offset + 1],
        word[offset + 2],
        word[offset + 3],
    ])
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn places() -> [Place; PLACES] {
    let words = words();
    let mut places = [Place {
        look: 0,
        word: 0,
        offset: 0,
    }; PLACES];
    let mut count = 0;
    let mut offset = STRIDE;
    while offset > 0 {
        offset -= 1;
        let mut word = 0;
        while word < words.len() {
            assert!(words[word].len() >= SHORTEST);
            let look = look_at(words[word], offset);
            // Inserted behind the places of the same slot.
            let mut at = count;
            while at > 0 && slot(places[at - 1].look) > slot(look) {
                places[at] = places[at - 1];
                at -= 1;
            }
            places[at] = Place {
                look,
                word: word as u8,
                offset: offset as u8,
            };
            count += 1;
            word += 1;
        }
    }
    places
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn first() -> [u8; SLOTS] {
    assert!(PLACES / 2 < u8::MAX as usize);
    let placed = places();
    let mut first = [0; SLOTS];
    let mut at = PLACES;
    while at > 0 {
        at -= 1;
        first[slot(placed[at].look)] = (at / 2 + 1) as u8;
    }
    first
}

/// Whether `record` may hold a line that matters where no report is open.
///
/// False means certainly not; true means that it is worth reading.
#[inline]
pub(crate) fn is_telling(record: &[u8]) -> bool {
    first_telling_word(record).is_some()
}

/// The words of which one stands in every text that can open a report, be a kill or tell of one by itself: for hosts
/// whose store can search for words before anything is read. Those of lines that name containers are not among them:
/// such lines tell of no kill, and journals have megabytes of them. Nor those of lines that prove nothing of their
/// author, which a filter is to be told to read.
///
/// ```
/// assert!(oom_filter::kernel::telling_words().any(|word| word == b"oom-killer:"));
/// ```
pub fn telling_words() -> impl Iterator<Item = &'static [u8]> {
    let words = WORDS.iter().copied();
    words.filter(|word| !NAMING_WORDS.contains(word) && !UNPROVEN_WORDS.contains(word))
}

/// Whether a line holds what the kernel's line of a kill, or the one before it, holds: words of which a person would
/// say that it is one, whether it can be read or not.
///
/// ```
/// assert!(oom_filter::kernel::looks_like_kill(b"> Killed process 7 (a) total-"));
/// assert!(!oom_filter::kernel::looks_like_kill(b"Killed by the user"));
/// ```
pub fn looks_like_kill(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 3] = [b"Killed process", b"Kill process", b"oom-kill:"];
    WORDS.iter().any(|word| find(line, word).is_some())
}

/// Where the first word stands. Linear in the text.
#[inline]
pub(crate) fn first_telling_word(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk() {
        if may_hold(block)
            && let Some(word) = word_among(text, text.len().saturating_sub(rest.len()), block)
        {
            return Some(word);
        }
        rest = after;
    }
    if rest.is_empty() {
        return None;
    }
    // The bytes that fill no block are looked at with those before them.
    match text.last_chunk() {
        Some(block) if may_hold(block) => word_among(text, text.len().saturating_sub(BLOCK), block),
        Some(_) => None,
        None => word_among(text, 0, text),
    }
}

/// Whether some word may be around a look into `block`.
#[inline]
fn may_hold(block: &[u8; BLOCK]) -> bool {
    let at = |look: usize| {
        let start = look.saturating_mul(STRIDE);
        block
            .get(start..)
            .and_then(look_at_start)
            .map_or(0, first_of)
    };
    (at(0) | at(1) | at(2) | at(3)) != 0
}
/// The first word that a look into `part` falls into; `part` begins at `at`.
#[inline]
fn word_among(text: &[u8], at: usize, part: &[u8]) -> Option<usize> {
    let (mut at, mut rest) = (at, part);
    loop {
        let look = look_at_start(rest)?;
        // Nearly every look is into no slot.
        if let Some(pair) = usize::from(first_of(look)).checked_sub(1)
            && let Some(word) = word_around(text, at, look, pair.saturating_mul(2))
        {
            return Some(word);
        }
        rest = rest.get(STRIDE..)?;
        at = at.saturating_add(STRIDE);
    }
}

/// The first word that has `look` where the text has it, at `at`. The places of its slot begin with `first`, or with
/// the one behind it.
#[inline]
fn word_around(text: &[u8], at: usize, look: u32, first: usize) -> Option<usize> {
    for place in PLACED.get(first..)? {
        if place.look != look {
            if slot(place.look) > slot(look) {
                break;
            }
            continue;
        }
        if let Some(start) = at.checked_sub(usize::from(place.offset))
            && let (Some(word), Some(rest)) =
                (WORDS.get(usize::from(place.word)), text.get(start..))
            && starts_with(rest, word)
        {
            return Some(start);
        }
    }
    None
}

#[inline]
fn first_of(look: u32) -> u8 {
    FIRST.get(slot(look)).copied().unwrap_or_default()
}

/// The bytes that are looked at; `None` where there are too few.
#[inline]
fn look_at_start(stride: &[u8]) -> Option<u32> {
    stride.first_chunk().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_word_is_found_at_every_offset() {
        for word in WORDS {
            for offset in 0..80 {
                let mut text = Vec::from([b'k'; 80].get(..offset).unwrap());
                text.extend_from_slice(word);
                assert_eq!(first_telling_word(&text), Some(offset), "{word:?}");
                text.pop();
                text.extend_from_slice(b"@@@@@@@@@@@@");
                assert!(!is_telling(&text), "{word:?} cut at {offset}");
            }
        }
    }

    #[test]
    fn of_two_words_the_one_that_begins_first_is_found() {
        for first in WORDS {
            for second in WORDS {
                for offset in 0..BLOCK {
                    let text = [&[b'k'; BLOCK][..offset], first, second].concat();
                    assert_eq!(
                        first_telling_word(&text),
                        Some(offset),
                        "{first:?} {second:?}"
                    );
                }
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
            assert!(!is_telling(line.as_bytes()), "{line}");
        }
    }

    /// Every other look is answered by one look into the table.
    #[test]
    fn each_slot_has_its_own_places_and_no_other_has_any() {
        let mut looks: Vec<_> = PLACED.iter().map(|place| place.look).collect();
        looks.dedup();
        let mut slots: Vec<_> = looks.iter().map(|look| slot(*look)).collect();
        slots.dedup();
        assert!(slots.len() * 10 > looks.len() * 9, "{} looks", looks.len());
        let filled = FIRST.iter().filter(|pair| **pair != 0);
        assert_eq!(filled.count(), slots.len());
        for (at, place) in PLACED.iter().enumerate() {
            let first = 2 * (usize::from(first_of(place.look)) - 1);
            let begins = PLACED.partition_point(|other| slot(other.look) < slot(place.look));
            assert!(first == begins || first + 1 == begins, "place {at}");
        }
    }
}
