//! Configurations of Fluent Bit, in both of its forms, with what they include: read, changed and written elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use yaml_rust2::Yaml;

use crate::yaml;

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Service,
    Input,
    Filter,
    Output,
}

/// A section, whose keys have no case.
#[derive(Clone, Debug)]
pub struct Plugin(pub Vec<(String, Yaml)>);

impl Plugin {
    /// All texts of a key: it may stand there several times, or have a list.
    pub fn all(&self, key: &str) -> Vec<String> {
        let is_meant = |(name, _): &&(String, Yaml)| name.eq_ignore_ascii_case(key);
        let properties = self.0.iter().filter(is_meant);
        properties
            .flat_map(|(_, value)| yaml::texts(value))
            .collect()
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Option<String> {
        self.all(key).into_iter().next()
    }

    /// The plugin's name, in small letters; empty where none is given.
    pub fn name(&self) -> String {
        self.text("name").unwrap_or_default().to_ascii_lowercase()
    }

    /// Keeps these keys alone. One that ends with a point or an underscore stands for all that begin so.
    pub fn keep(&mut self, keys: &[&str]) {
        self.0.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            keys.iter()
                .any(|key| name == *key || (key.ends_with(['.', '_']) && name.starts_with(key)))
        });
    }

    /// Gives a key this value alone.
    pub fn set(&mut self, key: &str, value: &str) {
        self.0.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
        self.0.push((key.to_owned(), yaml::text_of(value)));
    }
}

/// A file and what it includes.
pub struct Document {
    path: PathBuf,
    content: Content,
}

enum Content {
    Yaml { rest: Yaml, includes: Vec<Document> },
    Classic(Vec<Item>),
}

enum Item {
    /// A comment, a command, or a section that is nobody's business here.
    Line(String),
    Section(Kind, String, Plugin),
    Include(Vec<Document>),
}

/// The deepest that files include each other.
const DEEPEST: usize = 8;

impl Document {
    /// Reads a file and all that it includes. An error is a sentence.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::read_below(path, 0)
    }

    fn read_below(path: &Path, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("{} is included too deeply", path.display()));
        }
        let extension = path.extension().unwrap_or_default();
        let content = if extension == "yaml" || extension == "yml" {
            let mut rest = yaml::read(path)?;
            let names = yaml::take(&mut rest, "includes")
                .map_or_else(Vec::new, |value| yaml::texts(&value));
            let mut includes = Vec::new();
            for name in names {
                includes.extend(included(path, &name, depth)?);
            }
            Content::Yaml { rest, includes }
        } else {
            Content::Classic(classic(path, depth)?)
        };
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// Shows each section to a function, in the order in which Fluent Bit reads them.
    pub fn each(&self, look: &mut dyn FnMut(Kind, &Plugin)) {
        match &self.content {
            Content::Yaml { rest, includes } => {
                for document in includes {
                    document.each(look);
                }
                if let Some(service) = plugin(&rest["service"]) {
                    look(Kind::Service, &service);
                }
                for (kind, key) in LISTS {
                    let list = rest["pipeline"][key].as_vec().into_iter().flatten();
                    list.filter_map(plugin)
                        .for_each(|plugin| look(kind, &plugin));
                }
            }
            Content::Classic(items) => {
                for item in items {
                    match item {
                        Item::Section(kind, _, plugin) => look(*kind, plugin),
                        Item::Include(documents) => {
                            for document in documents {
                                document.each(look);
                            }
                        }
                        Item::Line(_) => {}
                    }
                }
            }
        }
    }

    /// The variables that it sets, in their order.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        match &self.content {
            Content::Yaml { rest, includes } => {
                for document in includes {
                    variables.extend(document.variables());
                }
                for (name, value) in rest["env"].as_hash().into_iter().flatten() {
                    variables.extend(yaml::text(name).zip(yaml::text(value)));
                }
            }
            Content::Classic(items) => {
                for item in items {
                    match item {
                        Item::Line(line) => {
                            let setting =
                                strip_command(line, "@SET").and_then(|line| line.split_once('='));
                            let owned =
                                |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
                            variables.extend(setting.map(owned));
                        }
                        Item::Include(documents) => {
                            for document in documents {
                                variables.extend(document.variables());
                            }
                        }
                        Item::Section(..) => {}
                    }
                }
            }
        }
        variables
    }

    /// Writes it into a folder, each section as a function gives it back, and what is added behind. Gives the path
    /// of the file. An error is a sentence.
    pub fn write(
        &self,
        folder: &Path,
        change: &mut dyn FnMut(Kind, Plugin) -> Option<Plugin>,
        added: &[(Kind, Plugin)],
    ) -> Result<PathBuf, String> {
        let text = match &self.content {
            Content::Yaml { rest, includes } => {
                let mut paths = Vec::new();
                for document in includes {
                    let path = document.write(folder, change, &[])?;
                    paths.push(yaml::text_of(&path.display().to_string()));
                }
                let mut rest = rest.clone();
                if !paths.is_empty() {
                    yaml::set(&mut rest, "includes", Yaml::Array(paths));
                }
                if let Some(service) = plugin(&rest["service"]) {
                    let service = change(Kind::Service, service).map_or(Yaml::Null, value);
                    yaml::set(&mut rest, "service", service);
                }
                for (kind, key) in LISTS {
                    let list = rest["pipeline"][key].as_vec().into_iter().flatten();
                    let changed = list
                        .filter_map(plugin)
                        .filter_map(|plugin| change(kind, plugin));
                    let more = added.iter().filter(|(other, _)| *other == kind);
                    let more = more.map(|(_, plugin)| plugin.clone());
                    let list: Vec<Yaml> = changed.chain(more).map(value).collect();
                    if list.is_empty() {
                        yaml::take(yaml::member(&mut rest, "pipeline"), key);
                    } else {
                        yaml::set(yaml::member(&mut rest, "pipeline"), key, Yaml::Array(list));
                    }
                }
                // An included file may have no pipeline at all.
                if rest["pipeline"].as_hash().is_some_and(yaml::Map::is_empty) {
                    yaml::take(&mut rest, "pipeline");
                }
                yaml::write(&rest)
            }
            Content::Classic(items) => {
                let mut text = String::new();
                for item in items {
                    match item {
                        Item::Line(line) => text.extend([line.as_str(), "\n"]),
                        Item::Section(kind, title, plugin) => {
                            if let Some(plugin) = change(*kind, plugin.clone()) {
                                text.push_str(&section(title, &plugin));
                            }
                        }
                        Item::Include(documents) => {
                            for document in documents {
                                let path = document.write(folder, change, &[])?;
                                text.extend(["@INCLUDE ", &path.display().to_string(), "\n"]);
                            }
                        }
                    }
                }
                for (kind, plugin) in added {
                    text.push_str(&section(title(*kind), plugin));
                }
                text
            }
        };
        let extension = match self.content {
            Content::Yaml { .. } => "yaml",
            Content::Classic(_) => "conf",
        };
        // A number, since two files that are included may have one name.
        let count = fs::read_dir(folder).map_or(0, Iterator::count);
        let path = folder.join(format!("oom-check-{count}.{extension}"));
        fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    }
}

/// The lists of a pipeline, in the order in which records meet them.
const LISTS: [(Kind, &str); 3] = [
    (Kind::Input, "inputs"),
    (Kind::Filter, "filters"),
    (Kind::Output, "outputs"),
];

fn plugin(value: &Yaml) -> Option<Plugin> {
    let fields = value.as_hash()?.iter();
    Some(Plugin(
        fields
            .map(|(key, value)| (yaml::text(key).unwrap_or_default(), value.clone()))
            .collect(),
    ))
}

fn value(plugin: Plugin) -> Yaml {
    Yaml::Hash(
        plugin
            .0
            .into_iter()
            .map(|(key, value)| (yaml::text_of(&key), value))
            .collect(),
    )
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "SERVICE",
        Kind::Input => "INPUT",
        Kind::Filter => "FILTER",
        Kind::Output => "OUTPUT",
    }
}

fn section(title: &str, plugin: &Plugin) -> String {
    let mut text = format!("[{title}]\n");
    for (key, value) in &plugin.0 {
        for value in yaml::texts(value) {
            text.extend(["    ", key, " ", &value, "\n"]);
        }
    }
    text
}

/// What stands behind a command such as `@SET`, which has no case.
fn strip_command<'a>(line: &'a str, command: &str) -> Option<&'a str> {
    let (head, rest) = line.trim().split_at_checked(command.len())?;
    (head.eq_ignore_ascii_case(command) && rest.starts_with([' ', '\t'])).then(|| rest.trim())
}

fn classic(path: &Path, depth: usize) -> Result<Vec<Item>, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let mut items = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(pattern) = strip_command(trimmed, "@INCLUDE") {
            items.push(Item::Include(included(path, pattern, depth)?));
        } else if let Some(title) = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let kinds = [Kind::Service, Kind::Input, Kind::Filter, Kind::Output];
            let kind = kinds
                .into_iter()
                .find(|kind| title.eq_ignore_ascii_case(self::title(*kind)));
            items.push(match kind {
                Some(kind) => Item::Section(kind, title.to_owned(), Plugin(Vec::new())),
                None => Item::Line(line.to_owned()),
            });
        } else if trimmed.is_empty() || trimmed.starts_with(['#', '@']) {
            // A comment may stand inside of a section, which goes on behind it.
            if trimmed.starts_with('@') {
                items.push(Item::Line(line.to_owned()));
            }
        } else if let Some(Item::Section(_, _, plugin)) = items.last_mut() {
            let (key, value) = trimmed.split_once([' ', '\t']).unwrap_or((trimmed, ""));
            plugin.0.push((key.to_owned(), yaml::text_of(value.trim())));
        } else {
            items.push(Item::Line(line.to_owned()));
        }
    }
    Ok(items)
}

/// The files that a name means, which begins in the folder of the file that includes it and may have a `*` in its
/// last part.
fn included(from: &Path, name: &str, depth: usize) -> Result<Vec<Document>, String> {
    let path = from.parent().unwrap_or_else(|| Path::new("")).join(name);
    let last = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if !last.contains('*') {
        return Ok(vec![Document::read_below(&path, depth + 1)?]);
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        super::matches(&last, &name)
    });
    paths.sort();
    paths
        .iter()
        .map(|path| Document::read_below(path, depth + 1))
        .collect()
}

impl Document {
    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
