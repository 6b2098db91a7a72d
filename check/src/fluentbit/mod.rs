//! Fluent Bit: each of its inputs that reads the kernel's log is tried by itself, first up to the module, then
//! whole.

mod feed;
mod file;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{collections::HashMap, env};

use feed::Feed;
use file::{Document, Kind, Plugin};
use serde_json::Value;
use yaml_rust2::Yaml;

use crate::kill;
use crate::report::Report;
use crate::run::{Folder, Ran, run, version};

/// What a run gets for the sample to come out.
const TIME: Duration = Duration::from_secs(10);
/// What it gets after that, for what is still on its way to other outputs.
const MORE: Duration = Duration::from_millis(1500);
/// The functions of the module.
const FUNCTIONS: [&str; 3] = ["oom_annotate", "oom_rewrite", "oom_events"];
/// Keys of the service that change nothing outside, and may be needed.
const SERVICE: [&str; 6] = [
    "parsers_file",
    "plugins_file",
    "json.",
    "multiline.",
    "coro_stack_size",
    "flush",
];
/// Keys of an output that say what it gets.
const OUTPUT: [&str; 4] = ["match", "match_regex", "alias", "processors"];

/// A record, and its tag.
struct Record {
    tag: String,
    fields: Value,
}

/// Checks a configuration.
///
/// # Errors
///
/// A sentence, where nothing could be tried.
pub fn check(program: &Path, path: &Path, report: &mut Report) -> Result<(), String> {
    let document = Document::read(path)?;
    report.about(format_args!("{}, by {}", path.display(), version(program)?));
    let variables: HashMap<String, String> = env::vars().chain(document.variables()).collect();
    let plugins = plugins(&document);
    let of = |kind: Kind| {
        plugins
            .iter()
            .filter(move |(other, _)| *other == kind)
            .map(|(_, plugin)| plugin)
    };
    report.note(format_args!(
        "inputs: {}, filters: {}, outputs: {}",
        of(Kind::Input).count(),
        of(Kind::Filter).count(),
        of(Kind::Output).count()
    ));
    let Some(module) = module(&plugins, &variables, report) else {
        return Ok(());
    };
    let check = Check {
        program,
        document: &document,
        module,
        plugins: &plugins,
        variables: &variables,
    };
    let mut tried = 0_usize;
    for (at, input) in of(Kind::Input).enumerate() {
        tried += usize::from(check.input(at, input, report)?);
    }
    if tried == 0 {
        report.fault("no input reads the kernel's log: none is kmsg, systemd, or tail of a file that is no container's");
    }
    Ok(())
}

fn plugins(document: &Document) -> Vec<(Kind, Plugin)> {
    let mut plugins = Vec::new();
    document.each(&mut |kind, plugin| plugins.push((kind, plugin.clone())));
    plugins
}

/// A text with the values of its variables.
fn filled(text: &str, variables: &HashMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let (name, default) = name.split_once(":-").unwrap_or((name, ""));
        filled.push_str(variables.get(name).map_or(default, String::as_str));
        rest = behind;
    }
    filled + rest
}

/// Whether a tag is of a pattern with `*` in it.
pub fn matches(pattern: &str, tag: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == tag;
    };
    let Some(tag) = tag.strip_prefix(head) else {
        return false;
    };
    (0..=tag.len()).any(|at| tag.get(at..).is_some_and(|tag| matches(rest, tag)))
}

/// The first filter that is the module, by its place among the filters. Tells what is wrong with it as it is
/// written.
fn module(
    plugins: &[(Kind, Plugin)],
    variables: &HashMap<String, String>,
    report: &mut Report,
) -> Option<usize> {
    let filters = plugins
        .iter()
        .filter(|(kind, _)| *kind == Kind::Filter)
        .map(|(_, filter)| filter);
    let mut found = None;
    for (at, filter) in filters
        .enumerate()
        .filter(|(_, filter)| filter.name() == "wasm")
    {
        let text = |key: &str| filled(&filter.text(key).unwrap_or_default(), variables);
        let (path, function) = (text("wasm_path"), text("function_name"));
        if !path.contains("oom") && !function.starts_with("oom_") {
            continue;
        }
        found = found.or(Some(at));
        report.either(
            Path::new(&path).is_file(),
            format_args!("the module is there: {path}"),
            format_args!("there is no module at wasm_path {path}; a relative path begins in the folder that Fluent Bit is started in"),
        );
        report.either(
            FUNCTIONS.contains(&function.as_str()),
            format_args!("function_name is {function}"),
            format_args!(
                "function_name is '{function}', which drops every record: it has to be one of {}",
                FUNCTIONS.join(", ")
            ),
        );
        for folder in text("accessible_paths")
            .split(',')
            .filter(|folder| !folder.is_empty())
        {
            if !Path::new(folder.trim()).exists() {
                report.fault(format_args!("there is no {folder}, which accessible_paths names: Fluent Bit does not start without it"));
            }
        }
        let format = text("event_format");
        if !format.is_empty() && !format.eq_ignore_ascii_case("json") {
            report.fault(format_args!(
                "event_format is {format}; the module reads json alone"
            ));
        }
    }
    if found.is_none() {
        report.fault("no filter of it is the module: one with the name wasm, and oom-fluentbit.wasm in wasm_path");
    }
    found
}

struct Check<'a> {
    program: &'a Path,
    document: &'a Document,
    /// The module's place among the filters.
    module: usize,
    plugins: &'a [(Kind, Plugin)],
    variables: &'a HashMap<String, String>,
}

impl Check<'_> {
    /// Tries one input; whether it is one that can be tried.
    fn input(&self, at: usize, input: &Plugin, report: &mut Report) -> Result<bool, String> {
        let name = input.name();
        let tag = input.text("tag").map(|tag| filled(&tag, self.variables));
        let shown = tag
            .clone()
            .map_or_else(String::new, |tag| format!(", tag {tag}"));
        let tag = tag.unwrap_or_else(|| format!("{name}.{at}"));
        let what = format!("input {} ({name}{shown})", at + 1);
        let folder = Folder::new()?;
        let feeds = match name.as_str() {
            "kmsg" => {
                report.about(&what);
                vec![feed::kmsg(input, &tag, self.variables, report)]
            }
            "systemd" => {
                report.about(&what);
                match feed::journal(input, &tag, self.variables, report) {
                    Some(feed) => vec![feed],
                    None => return Ok(true),
                }
            }
            "tail" => {
                let path = filled(&input.text("path").unwrap_or_default(), self.variables);
                if ["/containers/", "/pods/"]
                    .iter()
                    .any(|part| path.contains(part))
                {
                    return Ok(false);
                }
                report.about(format_args!("{what} of {path}"));
                feed::tail(input, &tag, &path, &folder.inner("log")?, report)?
            }
            _ => return Ok(false),
        };
        let mut reports = Vec::new();
        for feed in &feeds {
            let mut held = Report::held();
            self.feed(&folder, feed, &mut held)?;
            reports.push(held);
        }
        let good = reports.iter().filter(|report| report.is_good()).count();
        for (feed, held) in feeds.iter().zip(reports) {
            if feeds.len() > 1 {
                report.note(&feed.what);
            }
            // Of several forms a file has one.
            report.add(held, good == 0);
        }
        if 0 < good && good < feeds.len() {
            report.fault("the kill comes out with lines of one form alone; check where the file is, to know which one it has");
        }
        Ok(true)
    }

    fn feed(&self, folder: &Folder, feed: &Feed, report: &mut Report) -> Result<(), String> {
        let (before, _) = self.run(folder, feed, Extent::BeforeModule)?;
        let before: Vec<Record> = before.into_iter().next().unwrap_or_default();
        let held = before
            .iter()
            .find_map(|record| Some((kill::key(&record.fields)?, record)));
        match held {
            Some((key, record)) if kill::is_read(&record.fields) => report.good(format_args!(
                "{} of {} records came to the module, with the kernel's text in {key} and the tag {}",
                before.len(),
                feed.count,
                record.tag
            )),
            Some((key, record)) => report.fault(format_args!(
                "{} of {} records came to the module, with the tag {}, and the kernel's text in {key}, where it does not look for it",
                before.len(),
                feed.count,
                record.tag
            )),
            None => report.fault(match before.last() {
                Some(record) => format!(
                    "{} of {} records came to the module, and none has the kernel's line of the kill any more: a parser, or a filter before the module, took it. The last one is {}",
                    before.len(),
                    feed.count,
                    kill::shown(&record.fields)
                ),
                None => format!("none of {} records came to the module", feed.count),
            }),
        }
        if before.len() < feed.count && held.is_some() {
            report.fault(format_args!(
                "{} lines of the report are lost in front of the module",
                feed.count - before.len()
            ));
        }
        let tag = held.map(|(_, record)| record.tag.clone());
        if let Some(tag) = &tag {
            self.tag(tag, report);
        }
        self.whole(folder, feed, tag.as_deref(), report)
    }

    /// Whether the module's filter is meant for that tag. A regular expression is left to the run.
    fn tag(&self, tag: &str, report: &mut Report) {
        let filters = self
            .plugins
            .iter()
            .filter(|(kind, _)| *kind == Kind::Filter);
        let Some(pattern) = filters
            .map(|(_, filter)| filter)
            .nth(self.module)
            .and_then(|filter| filter.text("match"))
        else {
            return;
        };
        let pattern = filled(&pattern, self.variables);
        report.either(
            matches(&pattern, tag),
            format_args!("the module's filter matches {pattern}"),
            format_args!(
                "the module's filter matches {pattern}, and the tag is {tag}: it sees none of them"
            ),
        );
        if pattern == "*" {
            report.note("it matches every record, containers' output too: whoever prints a kernel's line there makes a kill");
        }
    }

    /// The whole configuration.
    fn whole(
        &self,
        folder: &Folder,
        feed: &Feed,
        tag: Option<&str>,
        report: &mut Report,
    ) -> Result<(), String> {
        let (records, ran) = self.run(folder, feed, Extent::Whole)?;
        let mut records = records.into_iter();
        let all = records.next().unwrap_or_default();
        let kills: Vec<&Record> = all
            .iter()
            .filter(|record| kill::of(&record.fields).is_some())
            .collect();
        for line in complaints(&ran.said) {
            report.note(format_args!("Fluent Bit says: {line}"));
        }
        let Some(first) = kills.first() else {
            report.fault(if ran.has_ended {
                "Fluent Bit does not start with it".to_owned()
            } else if all.is_empty() {
                "no kill came out, nor any other record: the module, or a filter behind it, drops all".to_owned()
            } else if all.iter().any(|record| kill::key(&record.fields).is_some()) {
                "no kill came out: the lines left as they came".to_owned()
            } else {
                format!("no kill came out, but {} other records", all.len())
            });
            return Ok(());
        };
        let tags: Vec<&str> = kills.iter().map(|record| record.tag.as_str()).collect();
        report.either(
            kills.len() == 1,
            format_args!("one kill came out, with the tag {}", first.tag),
            format_args!(
                "the kill came out {} times, with the tags {}",
                kills.len(),
                tags.join(", ")
            ),
        );
        if Some(first.tag.as_str()) == tag {
            report.note("it has the tag of the kernel's other lines: no rewrite_tag makes its level the tag");
        }
        if let Some(oom) = kill::of(&first.fields) {
            kill::tell(oom, report);
        }
        let outputs = self
            .plugins
            .iter()
            .filter(|(kind, _)| *kind == Kind::Output);
        let mut has_route = false;
        for ((at, (_, output)), got) in outputs.enumerate().zip(records) {
            let count = got
                .iter()
                .filter(|record| kill::of(&record.fields).is_some())
                .count();
            let matched = ["match", "match_regex"]
                .map(|key| output.text(key))
                .into_iter()
                .flatten()
                .next();
            let what = format!(
                "output {} ({}, {})",
                at + 1,
                output.name(),
                matched.unwrap_or_default()
            );
            has_route |= count > 0;
            let others = got.len() - count;
            report.note(match count {
                0 => format!("{what} gets no kill, and {others} other records"),
                1 => format!("{what} gets the kill, and {others} other records"),
                _ => format!("{what} gets the kill {count} times, and {others} other records"),
            });
        }
        report.either(
            has_route,
            "an output gets it",
            "no output gets it: Fluent Bit discards it",
        );
        Ok(())
    }

    /// Runs a copy. Gives all records that come to its end, and then those of each output.
    fn run(
        &self,
        folder: &Folder,
        feed: &Feed,
        extent: Extent,
    ) -> Result<(Vec<Vec<Record>>, Ran), String> {
        let records = folder.inner("records")?;
        let copy = folder.inner("copy")?;
        // A path in a configuration may begin in its folder.
        let place = match self.document.path().parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let place = place
            .canonicalize()
            .map_err(|error| format!("cannot read {}: {error}", place.display()))?;
        for entry in fs::read_dir(&place).into_iter().flatten().flatten() {
            let _ = symlink(entry.path(), copy.join(entry.file_name()));
        }
        let (mut filters, mut outputs, mut inputs) = (0_usize, 0_usize, 0_usize);
        let mut change = |kind: Kind, mut plugin: Plugin| match kind {
            Kind::Service => {
                plugin.keep(&SERVICE);
                Some(plugin)
            }
            Kind::Input => {
                inputs += 1;
                None
            }
            Kind::Filter => {
                filters += 1;
                (extent == Extent::Whole || filters <= self.module).then_some(plugin)
            }
            Kind::Output => {
                outputs += 1;
                plugin.keep(&OUTPUT);
                plugin.set("name", "file");
                plugin.set("path", &records.display().to_string());
                plugin.set("file", &outputs.to_string());
                (extent == Extent::Whole).then_some(plugin)
            }
        };
        let all = [
            ("name", "file"),
            ("match", "*"),
            ("file", "0"),
            ("path", &records.display().to_string()),
        ];
        let all = Plugin(
            all.map(|(key, value)| (key.to_owned(), Yaml::String(value.to_owned())))
                .into(),
        );
        let added = [(Kind::Input, feed.input.clone()), (Kind::Output, all)];
        let path = self.document.write(&copy, &mut change, &added)?;
        let mut command = Command::new(self.program);
        command.arg("-c").arg(&path);
        // Where the shipped configuration for /dev/kmsg keeps what was told.
        command.env("OOM_STATE", folder.inner("state")?.join("told"));
        let read = |at: usize| read(&records.join(at.to_string()));
        let mut is_done = || {
            let all = read(0);
            match extent {
                Extent::BeforeModule => all.len() >= feed.count,
                Extent::Whole => all.iter().any(|record| kill::of(&record.fields).is_some()),
            }
        };
        let ran = run(
            &mut command,
            &folder.inner("said")?,
            &feed.stdin,
            TIME,
            MORE,
            &mut is_done,
        )?;
        Ok(((0..=outputs).map(read).collect(), ran))
    }
}

/// How much of a configuration is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    BeforeModule,
    Whole,
}

/// What the `file` output wrote: `tag: [time, {...}]` for each record.
fn read(path: &Path) -> Vec<Record> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let record = |line: &str| {
        let (tag, rest) = line.split_once(": [")?;
        let (_, fields) = rest.split_once(", {")?;
        let fields = format!("{{{}", fields.strip_suffix(']')?);
        Some(Record {
            tag: tag.to_owned(),
            fields: serde_json::from_str(&fields).ok()?,
        })
    };
    text.lines().filter_map(record).collect()
}

/// Lines of Fluent Bit's log that tell of something wrong, each once.
fn complaints(said: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    for line in said.lines() {
        let Some((_, text)) = line
            .split_once("[error] ")
            .or_else(|| line.split_once("[ warn] "))
        else {
            continue;
        };
        // What the check itself brings about.
        if !lines.contains(&text)
            && !text.contains("service will shutdown")
            && !text.contains("end of file")
        {
            lines.push(text);
        }
    }
    lines.truncate(8);
    lines
}

#[cfg(test)]
mod tests;
