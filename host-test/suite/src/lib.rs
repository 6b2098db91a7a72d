//! The suites of `filter/suites`, which the tests of every host read, and how lines become records.
//!
//! A suite is one TOML file. `about`, `form` and `input` say what goes in, and `fresh = true` that each
//! record meets a new instance of the filter. What the filter finds stands below: `lines` has a letter
//! for each record ([`event_of`]), `reports` tells whose line it is where there are several reports,
//! `ids` are those reports' ids. What else an `oom` object has stands in `[line]`, or for a kill in a
//! table of its own, `[kill.23]`, by the record's number, from 1. `[[truncated]]` are the reports that
//! were released without their kill. [`Suite::expected`] derives from this what must leave in each mode.

mod difference;
mod expected;
mod file;
pub mod form;
pub mod json;
pub mod trial;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use expected::{Identity, Mode};
use file::File;
pub use file::event_of;
pub use write::Left;

/// A behaviour to hold: lines, and what must become of them.
#[derive(Debug)]
pub struct Suite {
    /// The name of its file, without the ending.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// What its lines are: a name of [`form::FORMS`].
    pub form: String,
    /// Each record meets a new instance.
    pub fresh: bool,
    /// Its lines, as they go in.
    pub input: Vec<u8>,
    path: PathBuf,
    file: File,
}

impl Suite {
    /// All there are, by name.
    ///
    /// # Panics
    ///
    /// Where one is not as it should be.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filter/suites");
        let mut suites: Vec<Self> = fs::read_dir(folder)
            .expect("the suites are there")
            .map(|entry| entry.expect("a folder can be read").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .map(Self::read)
            .collect();
        suites.sort_by(|one, other| one.name.cmp(&other.name));
        assert!(suites.len() >= 50, "suites are missing");
        suites
    }

    /// The one of that name.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn named(name: &str) -> Self {
        let found = Self::all().into_iter().find(|suite| suite.name == name);
        found.unwrap_or_else(|| panic!("there is no suite {name}"))
    }

    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).expect("a suite can be read");
        let mut file =
            File::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            about: std::mem::take(&mut file.about),
            form: std::mem::take(&mut file.form),
            fresh: file.fresh,
            input: file.take_input(),
            path,
            file,
        }
    }

    /// Its records, as [`form::records`] makes them.
    ///
    /// # Panics
    ///
    /// Where there is no such form.
    pub fn records(&self) -> Vec<Vec<u8>> {
        form::records(&self.form, &self.input)
            .unwrap_or_else(|| panic!("{}: there is no form {}", self.name, self.form))
    }

    /// Its lines, without their line ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        form::lines(&self.input)
    }
}

/// A record to compare: its value, or where it is no JSON its text.
pub fn value(record: &[u8]) -> Value {
    serde_json::from_slice(record)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(record).into_owned()))
}
