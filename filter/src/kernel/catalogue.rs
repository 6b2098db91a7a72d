//! The wordings as documentation: what the rows say beside how they are read.

use alloc::string::String;
use alloc::vec::Vec;

use super::Section;
use super::pieces::Piece;
use super::rows::{ACCOUNTS, ROWS, Role, SCOPES};
use super::wording::place;
use crate::carrier::NameBytes;
use crate::printable;

/// A wording of the kernel's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wording {
    /// The text, with `<pid>` and the like for its values, and `[...]` around what may be missing.
    pub form: String,
    /// The literal texts of the form.
    pub texts: Vec<&'static [u8]>,
    /// The texts by which records are searched; none where the line tells nothing without a report.
    pub words: Vec<&'static [u8]>,
    /// The kernels that print it.
    pub kernels: &'static str,
    /// The kernel's function that prints it.
    pub source: &'static str,
    /// A line as such a kernel prints it.
    pub example: &'static str,
    /// The section of a report that it stands in.
    pub section: Section,
    /// What it does in a report.
    pub role: Role,
}

/// Every wording, in the order in which a text is tried.
///
/// ```
/// let kill = oom_filter::kernel::wordings().find(|row| row.kernels == "RHEL 6").unwrap();
/// assert!(kill.form.starts_with("[<whose limit>]Killed process <pid>, UID <uid>, (<comm>) total-vm:"));
/// ```
pub fn wordings() -> impl Iterator<Item = Wording> {
    ROWS.iter().map(|row| {
        let mut wording = Wording {
            form: String::new(),
            texts: Vec::new(),
            words: Vec::new(),
            kernels: row.kernels,
            source: row.source,
            example: row.example,
            section: row.section,
            role: row.role,
        };
        for piece in row.pieces {
            wording.add(*piece);
        }
        wording
    })
}

/// The row by which [`parse`](super::parse) reads a text: for tools that show how a log is read. `None` where
/// it reads none.
///
/// ```
/// use oom_filter::NameBytes;
/// use oom_filter::kernel::wording_of;
///
/// let row = wording_of(b"oom_reaper: unable to reap pid:1 (systemd)", NameBytes::Exact).unwrap();
/// assert_eq!(row.form, "oom_reaper: unable to reap pid:<pid> (<comm>)");
/// ```
pub fn wording_of(text: &[u8], name_bytes: NameBytes) -> Option<Wording> {
    let (_, wording) = super::read(text, name_bytes)?;
    wordings().nth(place(wording)?)
}

/// The texts that stand for whose limit was hit, and for an account.
pub fn prefixes() -> impl Iterator<Item = &'static [u8]> {
    let scopes = SCOPES.iter().map(|(text, _)| *text);
    scopes.chain(ACCOUNTS.iter().map(|(text, _)| *text))
}

impl Wording {
    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Word(word) => {
                self.text(word);
                self.words.push(word);
            }
            Piece::Holds(word) => {
                self.form.push_str("...");
                self.text(word);
                self.words.push(word);
            }
            Piece::Maybe(pieces) => {
                self.form.push('[');
                for piece in pieces {
                    self.add(*piece);
                }
                self.form.push(']');
            }
            Piece::Whose => self.form.push_str("<whose limit>"),
            Piece::Account => self.form.push_str("<account>"),
            Piece::Pid => self.form.push_str("<pid>"),
            Piece::Uid => self.form.push_str("<uid>"),
            Piece::Score => self.form.push_str("<score>"),
            Piece::Adjustment => self.form.push_str("<adjustment>"),
            Piece::Comm => self.form.push_str("<comm>"),
            Piece::Path => self.form.push_str("<path>"),
            Piece::Count(_) | Piece::Number => self.form.push_str("<number>"),
            Piece::Kib(_) => self.form.push_str("<number>kB"),
            Piece::Any | Piece::Rest => self.form.push_str("..."),
            Piece::Blanks => self.form.push(' '),
            Piece::Dots | Piece::End => {}
        }
    }

    fn text(&mut self, text: &'static [u8]) {
        self.form.push_str(&printable(text));
        self.texts.push(text);
    }
}
