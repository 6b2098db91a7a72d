//! Names of fields, as they are compared.
//!
//! One field has many spellings: `_SYSTEMD_UNIT` of the journal is `systemd_unit` in Fluent Bit, `app_name`
//! is `appName`, `k8s.node.name` is a member of a member in one shipper and one key in another. So a name
//! is compared by its letters and digits alone, and a member of an object by the names of both.

/// Longest name that is compared. No name of a table is longer.
const LONGEST: usize = 32;

/// The letters and digits of a field's name, in lower case.
#[derive(Clone, Copy)]
pub(super) struct FieldName {
    letters: [u8; LONGEST],
    length: usize,
    /// It begins with an underscore: in a journal record these are the journal's own, which no program
    /// can write.
    pub(super) is_of_journal: bool,
}

impl FieldName {
    /// The name of a field at the top. `None` where it is too long to mean anything.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let none = Self {
            letters: [0; LONGEST],
            length: 0,
            is_of_journal: key.first() == Some(&b'_'),
        };
        none.with(key)
    }

    /// The name of a member of this field.
    pub(super) fn with(mut self, key: &[u8]) -> Option<Self> {
        // Separators are few.
        if key.len() > LONGEST.saturating_add(8) {
            return None;
        }
        for byte in key {
            if matches!(byte, b'_' | b'-' | b'.') {
                continue;
            }
            *self.letters.get_mut(self.length)? = byte.to_ascii_lowercase();
            self.length = self.length.saturating_add(1);
        }
        Some(self)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// What names of fields mean, a row each.
pub(super) struct Table<T: 'static> {
    rows: &'static [(&'static [u8], T)],
    /// For each length of a name the rows of that length, a bit each: nearly every name is ruled out by
    /// it, and the rest are compared with two or three rows.
    by_length: [u64; LONGEST + 1],
}

impl<T: Copy> Table<T> {
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "evaluated by the compiler, where a fault is a compile error"
    )]
    pub(super) const fn new(rows: &'static [(&'static [u8], T)]) -> Self {
        assert!(rows.len() <= 64, "a row is a bit");
        let mut by_length = [0; LONGEST + 1];
        let mut at = 0;
        while at < rows.len() {
            by_length[rows[at].0.len()] |= 1 << at;
            at += 1;
        }
        Self { rows, by_length }
    }

    /// Adds the lengths and first letters of its names to a gate.
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "evaluated by the compiler, where a fault is a compile error"
    )]
    pub(super) const fn open(&self, mut gate: Gate) -> Gate {
        let mut at = 0;
        while at < self.rows.len() {
            let name = self.rows[at].0;
            gate.0[name.len()] |= bit(name[0]);
            at += 1;
        }
        gate
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static [u8]> {
        self.rows.iter().map(|(name, _)| *name)
    }

    /// What the name means.
    pub(super) fn find(&self, name: &FieldName) -> Option<T> {
        let (_, meaning) = self.rows.get(self.row(name.bytes())?)?;
        Some(*meaning)
    }

    /// The number of the row with exactly this name.
    pub(super) fn row(&self, name: &[u8]) -> Option<usize> {
        let mut left = self.by_length.get(name.len()).copied()?;
        while left != 0 {
            let at = usize::try_from(left.trailing_zeros()).ok()?;
            let (known, _) = self.rows.get(at)?;
            // Nearly every two names differ in the first letter.
            if known.first() == name.first() && *known == name {
                return Some(at);
            }
            left &= left.wrapping_sub(1);
        }
        None
    }
}

/// For each length the first letters of all names of that length, a bit each: what keeps most names from
/// being looked for in any table.
pub(super) struct Gate([u32; LONGEST + 1]);

impl Gate {
    pub(super) const fn new() -> Self {
        Self([0; LONGEST + 1])
    }

    /// Whether a name may stand in one of the tables.
    pub(super) fn admits(&self, name: &FieldName) -> bool {
        let first = name.letters.first().copied().unwrap_or_default();
        let letters = self.0.get(name.length).copied().unwrap_or_default();
        letters & bit(first) != 0
    }
}

/// The bit of a letter; others have bits of their own or share one.
const fn bit(letter: u8) -> u32 {
    1_u32.wrapping_shl(letter as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_letters() {
        const TABLE: Table<u8> = Table::new(&[(b"appname", 1), (b"k8snodename", 2)]);
        for (key, meaning) in [
            ("app_name", Some(1)),
            ("appName", Some(1)),
            ("APP-NAME", Some(1)),
            ("k8s.node.name", Some(2)),
            ("app", None),
            ("appnames", None),
            ("app__________________________________name", None),
            (
                "application_name_of_a_program_that_is_longer_than_any",
                None,
            ),
        ] {
            let name = FieldName::of(key.as_bytes());
            assert_eq!(name.and_then(|name| TABLE.find(&name)), meaning, "{key}");
        }
        let parent = FieldName::of(b"k8s").unwrap();
        let name = parent.with(b"node.name").unwrap();
        assert_eq!(TABLE.find(&name), Some(2));
    }

    #[test]
    fn a_gate_admits_names_of_that_length_and_first_letter() {
        const TABLE: Table<u8> = Table::new(&[(b"appname", 1), (b"k8snodename", 2)]);
        const GATE: Gate = TABLE.open(Gate::new());
        for (key, is_admitted) in [
            ("app_name", true),
            ("allname", true),
            ("k8s.node.name", true),
            ("kernels", false),
            ("app", false),
            ("", false),
        ] {
            let name = FieldName::of(key.as_bytes()).unwrap();
            assert_eq!(GATE.admits(&name), is_admitted, "{key}");
        }
    }
}
