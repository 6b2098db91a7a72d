//! Vector: a copy of the configuration runs whole, with the sample in the place of its sources and files in the
//! place of its sinks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, iter};

use serde_json::Value;
use yaml_rust2::Yaml;

use crate::kill;
use crate::report::Report;
use crate::run::{Folder, free_port, run, version, write};
use crate::sample::{self, Syslog};
use crate::yaml::{self, Map};

/// What a run gets: Vector itself takes seconds to start.
const TIME: Duration = Duration::from_secs(20);
/// What it gets once the kill is there, for what is still on its way.
const MORE: Duration = Duration::from_secs(3);
/// The sink that shows what came from the source.
const TAP: &str = "oom_check_source";
/// In front of the name of a source: the journal's entries, before they have that name alone.
const FEED: &str = "oom_check_feed_";
/// Lines that are shown of what a program says.
const LINES: usize = 8;
/// A source that brings nothing.
const IDLE: &str = "oom_check_idle";
/// Kinds of sources whose events are figures. They stay, or are replaced by one that needs nothing.
const METRICS: [&str; 9] = [
    "apache_metrics",
    "aws_ecs_metrics",
    "eventstoredb_metrics",
    "internal_metrics",
    "mongodb_metrics",
    "nginx_metrics",
    "postgresql_metrics",
    "prometheus_scrape",
    "host_metrics",
];

/// Checks a configuration, which may be in several files.
///
/// # Errors
///
/// A sentence, where nothing could be tried.
pub fn check(program: &Path, paths: &[PathBuf], report: &mut Report) -> Result<(), String> {
    let mut all = Yaml::Hash(Map::new());
    for path in paths {
        let part = yaml::read(path)?;
        for (key, value) in part.as_hash().into_iter().flatten() {
            let key = yaml::text(key).unwrap_or_default();
            match (yaml::member(&mut all, &key), value) {
                (Yaml::Hash(known), Yaml::Hash(more)) => known.extend(more.clone()),
                (place, value) => *place = value.clone(),
            }
        }
    }
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    report.about(format_args!(
        "{}, by {}",
        names.join(", "),
        version(program)?
    ));
    let folder = Folder::new()?;
    let copy = Copy {
        samples: folder.inner("samples")?,
        records: folder.inner("records")?,
    };
    copy.samples()?;
    let Some(changed) = copy.change(&all, report)? else {
        return Ok(());
    };
    let data = folder.inner("data")?;
    let mut config = changed.config;
    yaml::set(
        &mut config,
        "data_dir",
        yaml::text_of(&data.display().to_string()),
    );
    let path = data.join("vector.yaml");
    write(&path, &yaml::write(&config))?;
    let mut command = Command::new(program);
    command.arg("--config").arg(&path).env("VECTOR_LOG", "warn");
    let known = env::var_os("PATH").unwrap_or_default();
    let folders = iter::once(copy.samples.join("bin")).chain(env::split_paths(&known));
    command.env("PATH", env::join_paths(folders).unwrap_or(known.clone()));
    let mut is_done = || {
        let mut sinks = changed.sinks.iter();
        sinks.any(|sink| {
            copy.read(&sink.name)
                .iter()
                .any(|record| kill::of(record).is_some())
        })
    };
    let ran = run(
        &mut command,
        &folder.inner("said")?,
        "",
        TIME,
        MORE,
        &mut is_done,
    )?;
    for line in complaints(&ran.said) {
        report.note(format_args!("Vector says: {line}"));
    }
    if ran.has_ended {
        report.fault("Vector does not run with it");
        return Ok(());
    }
    copy.tell(&changed.sinks, report);
    Ok(())
}

/// A sink of the user's.
struct Sink {
    name: String,
    kind: String,
}

struct Changed {
    config: Yaml,
    sinks: Vec<Sink>,
}

/// Where a copy's samples and records are.
struct Copy {
    samples: PathBuf,
    records: PathBuf,
}

impl Copy {
    /// The sample, in each form; and programs that read the kernel's log, which print it.
    fn samples(&self) -> Result<(), String> {
        write(&self.samples.join("kmsg"), &sample::device())?;
        write(&self.samples.join("syslog"), &Syslog::Iso.log())?;
        write(
            &self.samples.join("journal"),
            &sample::lines(&sample::journal()),
        )?;
        write(
            &self.samples.join("vector"),
            &sample::lines(&sample::vector_journal()),
        )?;
        let failed = |error| format!("cannot write the sample: {error}");
        let bin = self.samples.join("bin");
        fs::create_dir(&bin).map_err(failed)?;
        for (program, form) in [("journalctl", "journal"), ("dmesg", "syslog")] {
            let path = bin.join(program);
            write(
                &path,
                &format!(
                    "#!/bin/sh\nexec cat '{}'\n",
                    self.samples.join(form).display()
                ),
            )?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        }
        Ok(())
    }

    /// The configuration that is run; `None` where none of its sources can bring a kill.
    fn change(&self, all: &Yaml, report: &mut Report) -> Result<Option<Changed>, String> {
        let mut config = all.clone();
        for part in ["api", "tests", "healthchecks", "acknowledgements"] {
            yaml::take(&mut config, part);
        }
        let sources = map(&all["sources"]);
        let mut taps: Vec<String> = Vec::new();
        let mut commands = String::new();
        for (name, source) in &sources {
            let kind = yaml::text(&source["type"]).unwrap_or_default();
            let replaced = match kind.as_str() {
                "exec" => self.exec(name, source, report),
                "journald" => self.journald(name, source, report),
                "file" => self.file(name, source, report),
                _ => None,
            };
            if let Some(source) = &replaced {
                commands.push_str(&yaml::write(&source["command"]));
                taps.push(name.clone());
            }
            let mut into = name.clone();
            if kind == "journald" && replaced.is_some() {
                // Without what Vector adds to a program's output; under the source's name, by which it is known.
                let record = yaml::map_of([
                    ("type", yaml::text_of("remap")),
                    ("inputs", yaml::list_of(&[&format!("{FEED}{name}")])),
                    (
                        "source",
                        yaml::text_of(". = parse_json!(string!(.message))"),
                    ),
                ]);
                yaml::set(yaml::member(&mut config, "transforms"), name, record);
                yaml::take(yaml::member(&mut config, "sources"), name);
                into = format!("{FEED}{name}");
            }
            let replaced = replaced.unwrap_or_else(|| self.nothing(&kind));
            yaml::set(yaml::member(&mut config, "sources"), &into, replaced);
        }
        if taps.is_empty() {
            report.fault("no source reads the kernel's log: none is exec with oom-vector in its command, journald, or file");
            return Ok(None);
        }
        let mut sinks = Vec::new();
        for (name, sink) in map(&all["sinks"]) {
            let kind = yaml::text(&sink["type"]).unwrap_or_default();
            if let Some(port) = way_to_the_program(&kind, sink, &commands) {
                report.note(format_args!(
                    "sink {name} stays: it hands on to the program of a source"
                ));
                // The user's own port may be in use now.
                let (old, new) = (format!("LISTEN:{port}"), free_port()?);
                let listen = |value: &mut Yaml| {
                    if let Yaml::String(text) = value {
                        *text = text.replace(&old, &format!("LISTEN:{new}"));
                    }
                };
                yaml::walk(yaml::member(&mut config, "sources"), &mut { listen });
                let sink = yaml::member(yaml::member(&mut config, "sinks"), &name);
                yaml::set(sink, "address", yaml::text_of(&format!("127.0.0.1:{new}")));
                continue;
            }
            yaml::set(
                yaml::member(&mut config, "sinks"),
                &name,
                self.sink(&name, sink["inputs"].clone()),
            );
            sinks.push(Sink { name, kind });
        }
        if sinks.is_empty() {
            report.fault("it has no sink");
            return Ok(None);
        }
        // Vector ends with its last source; this one never does.
        yaml::set(
            yaml::member(&mut config, "sources"),
            IDLE,
            self.nothing("file"),
        );
        taps.push(IDLE.to_owned());
        let inputs: Vec<&str> = taps.iter().map(String::as_str).collect();
        yaml::set(
            yaml::member(&mut config, "sinks"),
            TAP,
            self.sink(TAP, yaml::list_of(&inputs)),
        );
        Ok(Some(Changed { config, sinks }))
    }

    fn sink(&self, name: &str, inputs: Yaml) -> Yaml {
        yaml::map_of([
            ("type", yaml::text_of("file")),
            ("inputs", inputs),
            (
                "path",
                yaml::text_of(&self.records.join(name).display().to_string()),
            ),
            ("encoding", yaml::map_of([("codec", yaml::text_of("json"))])),
        ])
    }

    /// A source that brings nothing.
    fn nothing(&self, kind: &str) -> Yaml {
        if METRICS.contains(&kind) {
            return yaml::map_of([("type", yaml::text_of("internal_metrics"))]);
        }
        let none = self.samples.join("none").display().to_string();
        yaml::map_of([
            ("type", yaml::text_of("file")),
            ("include", yaml::list_of(&[&none])),
        ])
    }

    /// A source that starts the program: what the program reads is the sample.
    fn exec(&self, name: &str, source: &Yaml, report: &mut Report) -> Option<Yaml> {
        let words = yaml::texts(&source["command"]);
        if !words.iter().any(|word| word.contains("oom-vector")) {
            return None;
        }
        report.about(format_args!("source {name} (exec)"));
        let mut has_sample = false;
        let mut command: Vec<String> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            // The last word is a file, unless it is an option's value.
            let is_last = at + 1 == words.len() && word.starts_with('/');
            let is_value =
                at > 0 && words[at - 1].starts_with("--") && !words[at - 1].contains('=');
            let is_value = is_value && words[at - 1] != "--lost";
            command.push(if word.contains("/dev/kmsg") {
                has_sample = true;
                word.replace(
                    "/dev/kmsg",
                    &self.samples.join("kmsg").display().to_string(),
                )
            } else if is_last && !is_value && at > 0 {
                has_sample = true;
                self.samples.join("syslog").display().to_string()
            } else {
                has_sample |= word.contains("journalctl")
                    || word.contains("dmesg")
                    || word.contains("LISTEN");
                word.clone()
            });
        }
        let mut line = format!("exec \"$@\" 2>> '{}'", self.samples.join("said").display());
        if !has_sample {
            report.note("its program reads standard input: it was given the sample there");
            line = format!("{line} < '{}'", self.samples.join("journal").display());
        }
        // Vector throws away what the program says, unless it is told to make events of it.
        let head = ["sh", "-c", &line, "sh"].map(str::to_owned);
        let command: Vec<String> = head.into_iter().chain(command).collect();
        if let Some(program) = words.first().filter(|program| program.contains('/')) {
            report.either(
                Path::new(program).is_file(),
                format_args!("the program is there: {program}"),
                format_args!("there is no program {program}"),
            );
        }
        let codec = yaml::text(&source["decoding"]["codec"]);
        report.either(
            codec.as_deref() == Some("json"),
            "what the program writes is decoded as json",
            "decoding.codec is not json: each record of the program is one text then",
        );
        let mut source = source.clone();
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        yaml::set(&mut source, "command", yaml::list_of(&words));
        // The sample is read once; who listens has to listen again.
        if !command.iter().any(|word| word.contains("LISTEN")) {
            let streaming = yaml::member(&mut source, "streaming");
            yaml::set(streaming, "respawn_on_exit", Yaml::Boolean(false));
        }
        Some(source)
    }

    fn journald(&self, name: &str, source: &Yaml, report: &mut Report) -> Option<Yaml> {
        let transports = yaml::texts(&source["include_matches"]["_TRANSPORT"]);
        let units = yaml::texts(&source["include_units"]);
        let is_closed = !units.is_empty() || source["include_matches"].as_hash().is_some();
        if is_closed && !transports.iter().any(|transport| transport == "kernel") {
            report.note(format_args!("source {name} (journald) lets none of the kernel's lines in, by include_units or include_matches"));
            return None;
        }
        report.about(format_args!("source {name} (journald)"));
        let path = self.samples.join("vector").display().to_string();
        Some(yaml::map_of([
            ("type", yaml::text_of("exec")),
            ("mode", yaml::text_of("streaming")),
            // The program that it may be handed on to needs a moment to listen, and then to read.
            (
                "command",
                yaml::list_of(&["sh", "-c", &format!("sleep 2; cat '{path}'; exec sleep 60")]),
            ),
            (
                "streaming",
                yaml::map_of([("respawn_on_exit", Yaml::Boolean(false))]),
            ),
        ]))
    }

    fn file(&self, name: &str, source: &Yaml, report: &mut Report) -> Option<Yaml> {
        let paths = yaml::texts(&source["include"]);
        if paths
            .iter()
            .any(|path| path.contains("/containers/") || path.contains("/pods/"))
        {
            return None;
        }
        report.about(format_args!("source {name} (file)"));
        let mut source = source.clone();
        let path = self.samples.join("syslog").display().to_string();
        yaml::set(&mut source, "include", yaml::list_of(&[&path]));
        yaml::set(&mut source, "read_from", yaml::text_of("beginning"));
        for key in [
            "exclude",
            "data_dir",
            "ignore_older_secs",
            "ignore_checkpoints",
            "start_at_beginning",
        ] {
            yaml::take(&mut source, key);
        }
        Some(source)
    }

    /// What a sink wrote.
    fn read(&self, sink: &str) -> Vec<Value> {
        let text = fs::read(self.records.join(sink)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn tell(&self, sinks: &[Sink], report: &mut Report) {
        report.about("what came out");
        let said = fs::read(self.samples.join("said")).unwrap_or_default();
        for line in String::from_utf8_lossy(&said).lines().take(LINES) {
            report.note(format_args!("the program says: {line}"));
        }
        let records = self.read(TAP);
        let count = |records: &[Value]| {
            records
                .iter()
                .filter(|record| kill::of(record).is_some())
                .count()
        };
        let ends: Vec<(&Sink, Vec<Value>)> = sinks
            .iter()
            .map(|sink| (sink, self.read(&sink.name)))
            .collect();
        let everywhere = || {
            records
                .iter()
                .chain(ends.iter().flat_map(|(_, records)| records))
        };
        let Some(oom) = everywhere().find_map(kill::of) else {
            report.fault(match records.last() {
                Some(last) => format!(
                    "no kill came out, though the source brought {} records. The last one is {}",
                    records.len(),
                    kill::shown(last)
                ),
                None => "no kill came out: the source brought nothing".to_owned(),
            });
            return;
        };
        report.good("a kill came out");
        kill::tell(oom, report);
        let mut has_route = false;
        for (sink, records) in &ends {
            let kills = count(records);
            has_route |= kills > 0;
            let others = records.len() - kills;
            report.note(match kills {
                0 => format!(
                    "sink {} ({}) gets no record with the kill itself, and {others} others",
                    sink.name, sink.kind
                ),
                _ => format!(
                    "sink {} ({}) gets the kill, and {others} other records",
                    sink.name, sink.kind
                ),
            });
        }
        report.either(has_route, "a sink gets it", "no sink gets it");
    }
}

/// The entries of a map with their names.
fn map(value: &Yaml) -> Vec<(String, &Yaml)> {
    let entries = value.as_hash().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((yaml::text(key)?, value)))
        .collect()
}

/// The port of a socket that the command of a source listens on.
fn way_to_the_program(kind: &str, sink: &Yaml, commands: &str) -> Option<String> {
    let address = yaml::text(&sink["address"])?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let is_it =
        kind == "socket" && !port.is_empty() && commands.contains(&format!("LISTEN:{port}"));
    is_it.then(|| port.to_owned())
}

/// Lines of Vector's log that tell of something wrong, each once, without times.
fn complaints(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines() {
        let line = match ["ERROR", "WARN"]
            .iter()
            .find_map(|level| line.split_once(level))
        {
            Some((_, text)) => text.trim(),
            None if line.contains("error") || line.trim_start().starts_with('x') => line.trim(),
            None => continue,
        };
        if !line.is_empty() && !lines.iter().any(|known| known == line) {
            lines.push(line.to_owned());
        }
    }
    lines.truncate(LINES);
    lines
}
