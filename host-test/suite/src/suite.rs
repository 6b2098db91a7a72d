//! A suite: what goes in, and the file that says what must come out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::file::File;
use crate::form;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../filter/suites")
}

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
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

impl Suite {
    /// All there are, by name.
    ///
    /// # Panics
    ///
    /// Where one is not as it should be.
    pub fn all() -> Vec<Self> {
        let mut suites: Vec<Self> = fs::read_dir(folder())
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

    /// The file of the suite of that name.
    pub fn path(name: &str) -> PathBuf {
        folder().join(name).with_extension("toml")
    }

    pub(crate) fn read(path: PathBuf) -> Self {
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
