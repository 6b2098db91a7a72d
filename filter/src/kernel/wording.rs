//! The first wording that fits a text.

use super::message::Message;
use super::pieces::{self, Piece, Values};
use super::rows::{ROWS, Role, Row};
use super::section::Section;
use crate::carrier::NameBytes;
use crate::oom::Event;
use crate::text::cursor::{trim_end, trim_start};

/// What is read of a row in a host: the rest of it is documentation.
pub(crate) struct Wording {
    first_bytes: u32,
    pieces: &'static [Piece],
    means: for<'a> fn(&Values<'a>) -> Option<Message<'a>>,
    /// What the line is in a record.
    pub(crate) event: Event,
    /// The section of a report that it stands in.
    pub(crate) section: Section,
    /// What it does in a report.
    pub(crate) role: Role,
}

static WORDINGS: [Wording; ROWS.len()] = wordings();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, where a fault is a compile error"
)]
const fn wordings() -> [Wording; ROWS.len()] {
    let mut wordings = [const { wording(&ROWS[0]) }; ROWS.len()];
    let mut at = 1;
    while at < ROWS.len() {
        wordings[at] = wording(&ROWS[at]);
        at += 1;
    }
    wordings
}

const fn wording(row: &Row) -> Wording {
    Wording {
        first_bytes: pieces::first_bytes(row.pieces),
        pieces: row.pieces,
        means: row.means,
        event: row.event,
        section: row.section,
        role: row.role,
    }
}

/// The place of a wording's row among [`ROWS`].
pub(super) fn place(wording: &'static Wording) -> Option<usize> {
    let mut all = WORDINGS.iter();
    all.position(|known| core::ptr::eq(known, wording))
}

/// The first wording that fits a text, and what it says. `text` has its leading spaces: a name may begin
/// with one.
///
/// Spaces behind a text are a carrier's, unless they are a name's or the kernel broke the line off there.
pub(crate) fn read(text: &[u8], name_bytes: NameBytes) -> Option<(Message<'_>, &'static Wording)> {
    let trimmed = trim_end(text);
    if trimmed.len() != text.len() && name_bytes == NameBytes::MaybeEscaped {
        let found = read_exactly(trimmed, name_bytes);
        let ends_with_value = matches!(
            found,
            Some((
                Message::Constraint(_)
                    | Message::Stats(_)
                    | Message::LimitOf(_)
                    | Message::Usage(_)
                    | Message::Group(_)
                    | Message::Cpuset(_),
                _
            ))
        );
        if ends_with_value {
            return found;
        }
    }
    read_exactly(text, name_bytes)
}

fn read_exactly(text: &[u8], name_bytes: NameBytes) -> Option<(Message<'_>, &'static Wording)> {
    let trimmed = trim_start(text);
    let first = pieces::bit(*trimmed.first()?);
    let whose = pieces::whose(trimmed);
    let mut values = Values::default();
    WORDINGS
        .iter()
        .filter(|wording| wording.first_bytes & first != 0)
        .find_map(|wording| {
            let text = match wording.pieces {
                [Piece::Comm, ..] => text,
                _ => trimmed,
            };
            if !pieces::may_fit(wording.pieces, text, whose) {
                return None;
            }
            pieces::read(wording.pieces, text, name_bytes, &mut values)?;
            Some(((wording.means)(&values)?, wording))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn each_example_is_read_by_its_row() {
        for (row, wording) in ROWS.iter().zip(&WORDINGS) {
            let found = read(row.example.as_bytes(), NameBytes::Exact);
            assert!(
                found.is_some_and(|(_, found)| core::ptr::eq(found, wording)),
                "{}",
                row.example
            );
        }
    }

    #[test]
    fn a_name_may_begin_with_blanks() {
        let text = b"  a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";
        let Some((Message::Invoked(invoked), _)) = read(text, NameBytes::Exact) else {
            panic!("it is a header");
        };
        assert_eq!(invoked.comm, Some(&b"  a"[..]));
    }

    #[test]
    fn a_long_name_heads_a_report_only_where_all_is_there() {
        let is_header = |behind: &str| {
            let text =
                format!("kworker/u64:1-events_unbound invoked oom-killer: gfp_mask=0xd0{behind}");
            read(text.as_bytes(), NameBytes::Exact).is_some()
        };
        assert!(is_header(", order=0, oom_score_adj=0"));
        assert!(!is_header(", order=0"));
        assert!(!is_header(", oom_score_adj=0"));
        // Sixteen bytes as they stand, four where they are escapes.
        let escapes = br"\xff\xff\xff\xff invoked oom-killer: gfp_mask=0xd0, order=0";
        assert!(read(escapes, NameBytes::Exact).is_none());
        assert!(read(escapes, NameBytes::MaybeEscaped).is_some());
    }

    /// A host may cut a line anywhere: what is whole of the figures is told, and the kill in any case.
    #[test]
    fn a_kill_line_that_is_cut_in_its_figures_is_a_kill() {
        for row in ROWS.iter().filter(|row| row.role == Role::Kills) {
            // The first figure stands behind the first colon behind the name.
            let behind_name = row.example.rfind(')').expect("a kill has a name");
            let Some(colon) = row.example[behind_name..].find(':') else {
                continue;
            };
            let start = behind_name + colon + 1;
            let killed = |text: &str| match read(text.as_bytes(), NameBytes::Exact) {
                Some((Message::Killed(killed), _)) => Some((killed.pid, killed.comm.len())),
                _ => None,
            };
            let whole = killed(row.example);
            assert!(whole.is_some(), "{}", row.example);
            for end in start..row.example.len() {
                assert_eq!(
                    killed(&row.example[..end]),
                    whole,
                    "{}",
                    &row.example[..end]
                );
            }
        }
    }
}
