//! What a wording is made of, and how a text is read by it.

use super::rows::{ACCOUNTS, SCOPES};
use super::{Account, Scope};
use crate::carrier::{LONGEST_NAME, NameBytes};
use crate::text::cursor::{Cursor, find, rfind, split_at, starts_with};

/// A piece of a wording. A text is read by the pieces of a row, one after the other.
#[derive(Clone, Copy)]
pub(super) enum Piece {
    /// Exactly these bytes.
    Text(&'static [u8]),
    /// Exactly these bytes, by which a record that holds the line is found among all others. A row has
    /// one where its line tells something without a report around it. Each word costs time in every
    /// record, so wordings that differ in a letter share one.
    Word(&'static [u8]),
    /// As [`Piece::Word`], but somewhere in what follows, and not consumed.
    Holds(&'static [u8]),
    /// One of [`SCOPES`].
    Whose,
    /// One of [`ACCOUNTS`].
    Account,
    /// A process id.
    Pid,
    /// A user id.
    Uid,
    /// A badness score.
    Score,
    /// The adjustment of a badness score, -1000 to 1000.
    Adjustment,
    /// A process's name, up to the last place where the text behind it stands. Only a text follows.
    Comm,
    /// A cgroup's path, up to the last place where the text behind it stands. Only a text follows.
    Path,
    /// Anything, up to the last place where the text behind it stands. Only a text follows.
    Any,
    /// A number, by its place in [`Values::figures`].
    Count(usize),
    /// `20480kB`, in bytes, by its place in [`Values::figures`].
    Kib(usize),
    /// A number of no use here.
    Number,
    /// Spaces, or none.
    Blanks,
    /// All of these, or none.
    Maybe(&'static [Self]),
    /// Dots and spaces, and then the end.
    Dots,
    /// Nothing follows.
    End,
    /// What follows has a grammar of its own, which the row's function reads.
    Rest,
}

/// Figures that one row can have.
const FIGURES: usize = 5;

/// What the pieces of a row found in a text.
#[derive(Default)]
pub(super) struct Values<'a> {
    /// The whole text.
    pub(super) text: &'a [u8],
    /// What [`Piece::Rest`] left.
    pub(super) rest: &'a [u8],
    pub(super) name_bytes: NameBytes,
    /// What none of the pieces took.
    pub(super) behind: &'a [u8],
    /// The name is longer than any kernel's so far: the line has to be whole.
    pub(super) has_long_name: bool,
    /// Words that the kernel did not choose stand in front.
    pub(super) is_worded_freely: bool,
    pub(super) scope: Option<Scope>,
    pub(super) account: Option<Account>,
    pub(super) pid: u32,
    pub(super) uid: Option<i64>,
    pub(super) score: Option<i64>,
    pub(super) adjustment: Option<i64>,
    pub(super) comm: &'a [u8],
    pub(super) path: &'a [u8],
    pub(super) figures: [Option<u64>; FIGURES],
}

/// What stands behind a text of [`SCOPES`] at the start of `text`, if there is one.
pub(super) fn whose(text: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(text);
    one_of(SCOPES, &mut cursor).map(|_| cursor.rest())
}

/// Whether the literal text that `pieces` begin with stands at the start of `text`: nearly every row
/// that [`first_bytes`] leaves is ruled out by it, before anything is written. `whose` is what
/// [`whose`] gives for the text.
#[inline]
pub(super) fn may_fit(pieces: &[Piece], text: &[u8], whose: Option<&[u8]>) -> bool {
    match pieces {
        [Piece::Text(literal) | Piece::Word(literal), ..] => starts_with(text, literal),
        [
            Piece::Maybe([Piece::Whose]),
            Piece::Text(literal) | Piece::Word(literal),
            ..,
        ] => starts_with(whose.unwrap_or(text), literal),
        // More than those words may stand in front.
        [
            Piece::Maybe([Piece::Whose, ..]),
            Piece::Text(literal) | Piece::Word(literal),
            ..,
        ] => whose.is_some() || starts_with(text, literal),
        [
            Piece::Whose,
            Piece::Text(literal) | Piece::Word(literal),
            ..,
        ] => whose.is_some_and(|behind| starts_with(behind, literal)),
        _ => true,
    }
}

/// Reads `text` by `pieces` into `values`. `None` where one of them does not fit; what they found before
/// is forgotten by the next call.
pub(super) fn read<'a>(
    pieces: &[Piece],
    text: &'a [u8],
    name_bytes: NameBytes,
    values: &mut Values<'a>,
) -> Option<()> {
    *values = Values {
        text,
        name_bytes,
        ..Values::default()
    };
    let mut cursor = Cursor::new(text);
    all(pieces, &mut cursor, values)?;
    values.behind = cursor.rest();
    Some(())
}

fn all<'a>(pieces: &[Piece], cursor: &mut Cursor<'a>, values: &mut Values<'a>) -> Option<()> {
    let mut pieces = pieces.iter();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) | Piece::Word(text) => cursor.tag(text)?,
            Piece::Holds(word) => drop(find(cursor.rest(), word)?),
            Piece::Whose => values.scope = Some(one_of(SCOPES, cursor)?),
            Piece::Account => values.account = Some(one_of(ACCOUNTS, cursor)?),
            Piece::Pid => values.pid = cursor.pid()?,
            Piece::Uid => values.uid = Some(cursor.signed()?),
            Piece::Score => values.score = Some(cursor.signed()?),
            Piece::Adjustment => values.adjustment = Some(cursor.signed()?),
            Piece::Comm | Piece::Path | Piece::Any => {
                let (Piece::Text(behind) | Piece::Word(behind)) = pieces.next()? else {
                    return None;
                };
                let found = before_last(cursor, behind, values.text)?;
                match piece {
                    Piece::Comm => {
                        let name_bytes = values.name_bytes;
                        values.has_long_name = !name_bytes.fits_comm(found);
                        if values.has_long_name && !name_bytes.fits_long_comm(found) {
                            return None;
                        }
                        values.comm = found;
                    }
                    Piece::Path => values.path = found,
                    _ => values.is_worded_freely = true,
                }
            }
            Piece::Count(place) => *values.figures.get_mut(*place)? = Some(cursor.unsigned()?),
            Piece::Kib(place) => *values.figures.get_mut(*place)? = Some(kibibytes(cursor)?),
            Piece::Number => drop(cursor.unsigned()?),
            Piece::Blanks => cursor.blanks(),
            Piece::Maybe(inner) => {
                let mut ahead = *cursor;
                if all(inner, &mut ahead, values).is_some() {
                    *cursor = ahead;
                }
            }
            Piece::Dots => {
                let is_dots = |byte: &u8| matches!(byte, b'.' | b' ');
                cursor.rest().iter().all(is_dots).then_some(())?;
            }
            Piece::End => cursor.end()?,
            Piece::Rest => values.rest = cursor.rest(),
        }
    }
    Some(())
}

fn one_of<T: Copy>(texts: &[(&[u8], T)], cursor: &mut Cursor<'_>) -> Option<T> {
    texts
        .iter()
        .find_map(|(text, meaning)| cursor.tag(text).map(|()| *meaning))
}

/// Takes everything up to the last `behind`, and that too.
///
/// Every line is tried by a row that starts with a name, so there `behind` is looked for only as far as
/// a name can reach.
fn before_last<'a>(cursor: &mut Cursor<'a>, behind: &[u8], text: &[u8]) -> Option<&'a [u8]> {
    let rest = cursor.rest();
    let starts_line = rest.len() == text.len();
    let within = starts_line
        .then(|| rest.get(..behind.len().saturating_add(LONGEST_NAME)))
        .flatten()
        .unwrap_or(rest);
    let (found, rest) = split_at(rest, rfind(within, behind)?, behind.len())?;
    *cursor = Cursor::new(rest);
    Some(found)
}

/// `20480kB` in bytes, where they fit 64 bits.
fn kibibytes(cursor: &mut Cursor<'_>) -> Option<u64> {
    let kibibytes = cursor.unsigned()?;
    cursor.tag(b"kB")?;
    kibibytes.checked_mul(1024)
}

/// The first bytes with which a text of these pieces can begin, one bit for each value of a byte's lower
/// five bits: nearly every row is ruled out by it. Evaluated by the compiler.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
pub(super) const fn first_bytes(pieces: &[Piece]) -> u32 {
    let mut bits = 0;
    let mut at = 0;
    while at < pieces.len() {
        match pieces[at] {
            Piece::Text(text) | Piece::Word(text) => return bits | bit(text[0]),
            Piece::Whose => {
                let mut scope = 0;
                while scope < SCOPES.len() {
                    bits |= bit(SCOPES[scope].0[0]);
                    scope += 1;
                }
                return bits;
            }
            Piece::Account => {
                let mut account = 0;
                while account < ACCOUNTS.len() {
                    bits |= bit(ACCOUNTS[account].0[0]);
                    account += 1;
                }
                return bits;
            }
            Piece::Maybe(inner) => bits |= first_bytes(inner),
            _ => return u32::MAX,
        }
        at += 1;
    }
    u32::MAX
}

/// The bit of a byte.
pub(super) const fn bit(byte: u8) -> u32 {
    1_u32.wrapping_shl(byte as u32)
}
