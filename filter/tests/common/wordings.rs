//! What follows from the rows of the kernel's wordings: the page that documents them, and the suite that
//! holds every one of them.

use std::fs;
use std::path::{Path, PathBuf};

use oom_filter::kernel::{Role, Section, wordings};
use oom_suite::Suite;

/// The suite whose input is the example of every row.
pub const SUITE: &str = "every-wording";

/// Writes what follows from the rows.
pub fn write() {
    fs::write(page_path(), page()).expect("the page can be written");
    let suite = format!(
        "about = \"The example of every row of the kernel's wordings, each by itself.\"\n\
         form = \"text\"\nfresh = true\ninput = '''\n{}'''\n",
        examples()
    );
    fs::write(Suite::path(SUITE), suite).expect("the suite can be written");
}

/// Whether `docs/wordings.md` says what the rows say.
pub fn page_is_true() -> Result<(), String> {
    let written = fs::read_to_string(page_path()).expect("the page is there");
    same(&written, &page(), "docs/wordings.md")
}

/// Whether the suite holds the example of every row.
pub fn suite_is_whole() -> Result<(), String> {
    let input = Suite::named(SUITE).input;
    same(&String::from_utf8_lossy(&input), &examples(), SUITE)
}

fn same(written: &str, derived: &str, what: &str) -> Result<(), String> {
    let mut lines = written.lines().zip(derived.lines());
    match lines.find(|(written, derived)| written != derived) {
        _ if written == derived => Ok(()),
        Some((written, derived)) => Err(format!(
            "{what} has\n  {written}\nwhere the rows say\n  {derived}"
        )),
        None => Err(format!("{what} is longer or shorter than the rows")),
    }
}

fn examples() -> String {
    wordings()
        .map(|row| row.example.to_owned() + "\n")
        .collect()
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wordings.md")
}

fn page() -> String {
    let mut page = String::from(
        "# The kernel's wordings\n\n\
         Every message of the OOM killer that the filter reads, from 2.6.18 to 7.x and of the RHEL\n\
         backports. A text is tried from top to bottom. `BLESS=1 cargo test -p oom-filter` makes this page\n\
         of the rows in `filter/src/kernel/rows.rs`, and the same test holds it true.\n\n\
         In a form, `<...>` stands for a value, `[...]` for what may be missing, `...` for what has a grammar\n\
         of its own. *Telling* is the word by which a record that holds the line is found; a line without\n\
         one tells nothing unless a report is open.\n",
    );
    for row in wordings() {
        let words: Vec<_> = row.words.iter().map(|word| code(word)).collect();
        let words = if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        };
        let what = [
            format!("\n```text\n{}\n```\n\n", row.form),
            format!("- Kernels: {}\n", row.kernels),
            format!("- Source: `{}`\n", row.source),
            format!(
                "- In a report: {}, {}\n",
                section(row.section),
                role(row.role)
            ),
            format!("- Telling: {words}\n"),
            format!("- Example: `{}`\n", row.example),
        ];
        page += &what.concat();
    }
    page
}

fn code(text: &[u8]) -> String {
    format!("`{}`", oom_filter::printable(text))
}

fn section(section: Section) -> &'static str {
    match section {
        Section::Header => "the header",
        Section::Stack => "the stack",
        Section::Memory => "the memory",
        Section::Tasks => "the task table",
        Section::Kill => "the kill",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Opens => "begins one or continues it",
        Role::Continues => "continues an open one",
        Role::Ends => "ends one without a kill",
        Role::Kills => "a kill",
        Role::Boots => "the machine started anew: an open one does not go on",
        Role::Follows => "follows a kill or stands beside one",
    }
}
