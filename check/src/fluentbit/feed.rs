//! The sample, as each input of Fluent Bit's would read it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::Value;

use super::file::Plugin;
use super::filled;
use crate::report::Report;
use crate::run::write;
use crate::sample::{self, Syslog};

/// Bytes of a log's end by which its form is known.
const END: u64 = 64 << 10;
/// Keys of a `tail` input by which it reads lines, not where.
const TAIL: [&str; 19] = [
    "name",
    "tag",
    "tag_regex",
    "alias",
    "parser",
    "parser_",
    "multiline",
    "multiline.",
    "multiline_flush",
    "docker_mode",
    "docker_mode_",
    "key",
    "path_key",
    "offset_key",
    "skip_",
    "buffer_",
    "encoding",
    "unicode.",
    "processors",
];
/// How the sample comes in.
pub struct Feed {
    /// For a person.
    pub what: String,
    /// The input in the place of the user's.
    pub input: Plugin,
    /// What is written to Fluent Bit's standard input.
    pub stdin: String,
    /// How many records it is.
    pub count: usize,
}

/// An input that reads records from standard input, with the tag and the processors of the user's.
fn stdin(input: &Plugin, tag: &str) -> Plugin {
    let mut input = input.clone();
    input.keep(&["processors"]);
    input.set("name", "stdin");
    input.set("tag", tag);
    input
}

/// What the `kmsg` input hands over.
pub fn kmsg(
    input: &Plugin,
    tag: &str,
    variables: &HashMap<String, String>,
    report: &mut Report,
) -> Feed {
    let mut records = sample::kmsg();
    let count = records.len();
    let level = input
        .text("prio_level")
        .map(|level| filled(&level, variables));
    if let Some(level) = level.and_then(|level| level.parse::<u64>().ok()) {
        records.retain(|record| {
            record["priority"]
                .as_u64()
                .is_some_and(|priority| priority <= level)
        });
        report.either(
            records.len() == count,
            format_args!("prio_level is {level}, which takes no line away"),
            format_args!("prio_level is {level}, which takes {} of {count} lines of the report away: leave it out", count - records.len()),
        );
    }
    Feed {
        what: "/dev/kmsg".to_owned(),
        input: stdin(input, tag),
        count: records.len(),
        stdin: sample::lines(&records),
    }
}

/// What the `systemd` input hands over; `None` where it lets none of the kernel's lines in.
pub fn journal(
    input: &Plugin,
    tag: &str,
    variables: &HashMap<String, String>,
    report: &mut Report,
) -> Option<Feed> {
    let filters: Vec<String> = input
        .all("systemd_filter")
        .iter()
        .map(|filter| filled(filter, variables))
        .collect();
    let is_on = |key: &str| {
        let value = input
            .text(key)
            .map(|value| filled(&value, variables).to_ascii_lowercase());
        value.is_some_and(|value| ["on", "true", "yes"].contains(&value.as_str()))
    };
    let names_kernel = filters.iter().any(|filter| filter == "_TRANSPORT=kernel");
    if !filters.is_empty() && !names_kernel {
        report.fault(format_args!(
            "its systemd_filter ({}) lets none of the kernel's lines in: add _TRANSPORT=kernel",
            filters.join(", ")
        ));
        return None;
    }
    let is_and = input
        .text("systemd_filter_type")
        .is_some_and(|word| word.eq_ignore_ascii_case("and"));
    if is_and && filters.len() > 1 {
        report.note("systemd_filter_type is And, so it reads only entries for which all of its filters hold; whether the kernel's are among them was not tried");
    }
    let renamed = |entry: Value| {
        let Value::Object(entry) = entry else {
            return entry;
        };
        let name = |key: String| {
            let key = if is_on("strip_underscores") {
                key.trim_start_matches('_').to_owned()
            } else {
                key
            };
            if is_on("lowercase") {
                key.to_ascii_lowercase()
            } else {
                key
            }
        };
        Value::Object(
            entry
                .into_iter()
                .map(|(key, value)| (name(key), value))
                .collect(),
        )
    };
    let records: Vec<Value> = sample::journal().into_iter().map(renamed).collect();
    Some(Feed {
        what: "the journal".to_owned(),
        // The kernel has no unit.
        input: stdin(input, &tag.replace('*', "unknown")),
        count: records.len(),
        stdin: sample::lines(&records),
    })
}

/// In the form that the user's own file has, or where that cannot be read in both usual ones.
pub fn tail(
    input: &Plugin,
    tag: &str,
    path: &str,
    folder: &Path,
    report: &mut Report,
) -> Result<Vec<Feed>, String> {
    let forms = if let Some(form) = form_of(Path::new(path)) {
        vec![form]
    } else {
        report.note("the file is not there or its lines begin in another way: two usual forms are tried, of which yours has one");
        vec![Syslog::Iso, Syslog::Traditional]
    };
    let mut feeds = Vec::new();
    for form in forms {
        let log = folder.join(format!("{form:?}.log"));
        write(&log, &form.log())?;
        let mut input = input.clone();
        input.keep(&TAIL);
        input.set(
            "tag",
            &tag.replace('*', &path.trim_start_matches('/').replace('/', ".")),
        );
        input.set("path", &log.display().to_string());
        input.set("read_from_head", "on");
        feeds.push(Feed {
            what: format!("with lines that begin with \"{}\"", form.head()),
            input,
            stdin: String::new(),
            count: sample::report().len(),
        });
    }
    Ok(feeds)
}

/// How the lines of a log begin, by the newest of them.
fn form_of(path: &Path) -> Option<Syslog> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))
        .ok()?;
    let mut text = Vec::new();
    file.take(END).read_to_end(&mut text).ok()?;
    String::from_utf8_lossy(&text)
        .lines()
        .rev()
        .find_map(Syslog::of)
}
