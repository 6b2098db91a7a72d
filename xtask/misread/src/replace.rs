//! Replaces the names in a line, in a path and in a record.

use std::collections::HashMap;
use std::ops::Range;

use oom_filter::cgroup::{Identity, identify};
use oom_filter::kernel::{self, Columns, Limit, Message};
use oom_filter::{Author, KernelLine, NameBytes};
use serde_json::Value;

use crate::finding::looks_like_kill;
use crate::names::{Kind, Names};

/// Members of records that hold the kernel's text.
const TEXTS: [&str; 13] = [
    "message",
    "@message",
    "msg",
    "log",
    "line",
    "body",
    "textpayload",
    "_raw",
    "short_message",
    "syslogmessage",
    "stringvalue",
    "data",
    "text",
];
/// Parts of the names of members that name a machine.
const OF_MACHINES: [&str; 4] = ["host", "nodename", "node_name", "computer"];
/// Parts of the names of members that somebody chose the value of.
const CHOSEN: [&str; 16] = [
    "pod",
    "namespace",
    "container",
    "image",
    "label",
    "unit",
    "exe",
    "cmdline",
    "comm",
    "cluster",
    "project",
    "identifier",
    "program",
    "annotation",
    "owner",
    "file",
];

/// What a stretch of a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Process,
    Path,
    /// Readings of a line disagree about it.
    Doubtful,
}

/// Replaces names.
pub struct Replacer {
    pub names: Names,
    /// The columns of the newest task table.
    columns: Option<Columns>,
    /// Names of processes that were read, the longest first.
    processes: Vec<Vec<u8>>,
    hosts: Vec<Vec<u8>>,
    components: HashMap<Vec<u8>, Vec<u8>>,
}

impl Replacer {
    /// With the names of all these lines, so that one is known where it stands in a line that is not read.
    pub fn new<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut replacer = Self {
            names: Names::new(),
            columns: None,
            processes: Vec::new(),
            hosts: Vec::new(),
            components: HashMap::new(),
        };
        for line in lines {
            replacer.learn(line);
        }
        replacer.columns = None;
        replacer
            .processes
            .sort_by_key(|name| (usize::MAX - name.len(), name.clone()));
        replacer.processes.dedup();
        for name in &replacer.processes {
            replacer.names.expect(name);
        }
        // The longest first: of one that was cut the whole is known.
        for name in replacer.processes.clone() {
            replacer.names.process(&name);
        }
        replacer.hosts = replacer.names.known_hosts();
        replacer
    }

    fn learn(&mut self, line: &[u8]) {
        let members = serde_json::from_slice(line).ok().filter(Value::is_object);
        if let Some(value) = members {
            return self.learn_value("", &value);
        }
        let read = KernelLine::read(line);
        if let Some(host) = read.host {
            self.names.host(host);
        }
        let text = read.text.into_owned();
        for (range, part) in self.parts(&text) {
            if part == Part::Process {
                self.processes.push(text[range].to_vec());
            }
        }
    }

    fn learn_value(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) if is_one_of(key, &OF_MACHINES) => {
                self.names.host(text.as_bytes());
            }
            Value::String(text)
                if kernel::parse(text.as_bytes(), NameBytes::MaybeEscaped).is_some() =>
            {
                self.learn(text.as_bytes());
            }
            Value::String(text) => text.lines().for_each(|line| {
                if !line.starts_with('{') {
                    self.learn(line.as_bytes());
                }
            }),
            Value::Array(items) => match bytes_of(items) {
                Some(text) => text
                    .split(|byte| *byte == b'\n')
                    .for_each(|line| self.learn(line)),
                None => items.iter().for_each(|item| self.learn_value(key, item)),
            },
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(key, value)| self.learn_value(key, value));
            }
            _ => {}
        }
    }

    /// A line that is no record of fields.
    pub fn line(&mut self, line: &[u8]) -> Vec<u8> {
        let read = KernelLine::read(line);
        let (start, end) = match crate::finding::prefix(line, &read) {
            Some(prefix) => (prefix.len(), line.len()),
            // Something stands around the text.
            None => match find(line, &read.text) {
                Some(at) => (at, at + read.text.len()),
                None => (0, line.len()),
            },
        };
        let mut out = self.prefix(&line[..start], line, &read);
        let text = &line[start..end];
        // Programs tell of what was killed in their own words.
        let is_free = read.author == Author::Other
            || looks_like_kill(text) && kernel::parse(text, NameBytes::MaybeEscaped).is_none();
        let new = self.text(text);
        out.extend(if is_free {
            self.names.known_words(&new)
        } else {
            new
        });
        out.extend(self.unread(&line[end..]));
        out
    }

    fn prefix(&mut self, prefix: &[u8], line: &[u8], read: &KernelLine<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut done = 0;
        for word in prefix.split_inclusive(|byte| *byte == b' ') {
            done += word.len();
            let bare = word.trim_ascii_end();
            let blanks = &word[bare.len()..];
            let is_chosen = bare.contains(&b'-')
                && bare
                    .first()
                    .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'[');
            let new = if read.host.is_some_and(|host| host == bare) {
                self.names.host(bare)
            } else if is_chosen {
                // A pod's or a container's name, unless the prefix is one by that word.
                let known = self.scan(bare, &mut |_, raw| raw.to_vec());
                let new = self.scan(bare, &mut |names, raw| names.words(raw, true));
                let other = [&out, &new[..], blanks, &line[done..]].concat();
                let other = KernelLine::read(&other);
                if known.len() == bare.len()
                    && other.text == read.text
                    && other.author == read.author
                {
                    self.names.meet(Kind::Cgroup, bare, &new);
                    new
                } else {
                    known
                }
            } else {
                self.scan(bare, &mut |_, raw| raw.to_vec())
            };
            out.extend(new);
            out.extend_from_slice(blanks);
        }
        out
    }

    /// A kernel's text.
    fn text(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        for (range, part) in self.parts(text) {
            out.extend(self.unread(&text[at..range.start]));
            let name = &text[range.clone()];
            out.extend(match part {
                Part::Process => self.names.process(name),
                Part::Path => self.path(name),
                Part::Doubtful => self.scan(name, &mut |names, raw| names.words(raw, true)),
            });
            at = range.end;
        }
        out.extend(self.unread(&text[at..]));
        out
    }

    /// A text, or a part of one, of which no row tells what it is.
    fn unread(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        let mut plain = 0;
        while at < text.len() {
            let is_start = at == 0 || !text[at - 1].is_ascii_alphanumeric();
            let rest = &text[at..];
            let name = (self.processes.iter()).find(|name| {
                is_start
                    && name.len() > 2
                    && rest.starts_with(name)
                    && !rest.get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
                    && !self.names.is_vocabulary(name)
            });
            let new = if let Some(name) = name.cloned() {
                Some((name.len(), self.names.process(&name)))
            } else if is_start
                && rest[0] == b'/'
                && (at == 0 || matches!(text[at - 1], b' ' | b'=' | b'(' | b'"' | b'\''))
                && rest.get(1).is_some_and(u8::is_ascii_alphanumeric)
            {
                let end = rest
                    .iter()
                    .position(|byte| matches!(byte, b' ' | b',' | b'"' | b'\''));
                let path = &rest[..end.unwrap_or(rest.len())];
                Some((path.len(), self.path(path)))
            } else {
                None
            };
            match new {
                Some((length, new)) => {
                    out.extend(self.scan(&text[plain..at], &mut |_, raw| raw.to_vec()));
                    out.extend(new);
                    at += length;
                    plain = at;
                }
                None => at += 1,
            }
        }
        out.extend(self.scan(&text[plain..], &mut |_, raw| raw.to_vec()));
        out
    }

    /// A path of a cgroup, or of a file. It stays what it is to the parser.
    fn path(&mut self, path: &[u8]) -> Vec<u8> {
        let mut components: Vec<Vec<u8>> = path
            .split(|byte| *byte == b'/')
            .map(|component| self.scan(component, &mut |_, raw| raw.to_vec()))
            .collect();
        let kind = shape(&identify(path));
        let olds: Vec<Vec<u8>> = path
            .split(|byte| *byte == b'/')
            .map(<[u8]>::to_vec)
            .collect();
        for (at, old) in olds.iter().enumerate() {
            let known = self.components.get(old).cloned();
            let new =
                known.unwrap_or_else(|| self.scan(old, &mut |names, raw| names.words(raw, true)));
            let before = std::mem::replace(&mut components[at], new);
            if shape(&identify(&components.join(&b'/'))) != kind {
                components[at] = before;
            }
            let is_named = components[at] != self.scan(old, &mut |_, raw| raw.to_vec());
            if is_named {
                let new = components[at].clone();
                self.names.meet(Kind::Cgroup, old, &new);
            }
            self.components.insert(old.clone(), components[at].clone());
        }
        components.join(&b'/')
    }

    /// A text with its ids, addresses and names of machines replaced, and what stands between them as `raw` has it.
    fn scan(&mut self, text: &[u8], raw: &mut dyn FnMut(&mut Names, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut plain = 0;
        let mut at = 0;
        while at < text.len() {
            if let Some((length, new)) = self.found(text, at) {
                out.extend(raw(&mut self.names, &text[plain..at]));
                out.extend(new);
                at += length;
                plain = at;
            } else {
                at += 1;
            }
        }
        out.extend(raw(&mut self.names, &text[plain..]));
        out
    }

    /// What begins at a place of a text and is replaced wherever it stands: its length, and what stands for it.
    fn found(&mut self, text: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
        let before = &text[..at];
        let rest = &text[at..];
        let is_start = !before.last().is_some_and(u8::is_ascii_alphanumeric);
        if !is_start && !before.ends_with(b"pod") {
            return None;
        }
        if let Some(length) = id_length(rest) {
            return Some((length, self.names.id(&rest[..length])));
        }
        if !is_start {
            return None;
        }
        for host in &self.hosts {
            let is_whole = rest.starts_with(host)
                && !rest
                    .get(host.len())
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
                && before.last() != Some(&b'-');
            if is_whole && !self.names.is_vocabulary(host) {
                let host = host.clone();
                return Some((host.len(), self.names.host(&host)));
            }
        }
        if let Some(mail) = mail(rest) {
            return Some((mail.len(), self.names.mail(mail)));
        }
        // Releases of kernels have dots too.
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
            .count();
        let address = std::str::from_utf8(&rest[..length])
            .ok()?
            .trim_end_matches(['.', ':']);
        let behind = rest.get(address.len());
        let is_whole =
            !behind.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let is_inside = matches!(before.last(), Some(b'.' | b':' | b'-')) && address.contains('.');
        if !is_whole || is_inside || before.ends_with(b"ainted ") {
            return None;
        }
        is_address(address).then(|| (address.len(), self.names.address(address).into_bytes()))
    }

    /// The stretches of a text that rows say are names and paths, in order.
    fn parts(&mut self, text: &[u8]) -> Vec<(Range<usize>, Part)> {
        let mut found: Vec<(&[u8], Part)> = Vec::new();
        let mut path = |path| found.push((path, Part::Path));
        match kernel::parse(text, NameBytes::MaybeEscaped) {
            Some(Message::Constraint(constraint)) => {
                for reading in &constraint.readings {
                    if let Limit::Cgroup(limit) = reading.limit {
                        path(limit);
                    }
                    reading.task.into_iter().for_each(&mut path);
                }
                constraint.cpuset.into_iter().for_each(path);
                let names = constraint
                    .readings
                    .iter()
                    .filter_map(|reading| reading.comm);
                found.extend(names.map(|name| (name, Part::Process)));
            }
            Some(Message::TaskIn(task) | Message::Group(task) | Message::LimitOf(task)) => {
                path(task);
            }
            Some(Message::Stats(stats)) => stats.path.into_iter().for_each(path),
            Some(Message::Cpuset(cpuset)) => cpuset.name.into_iter().for_each(path),
            Some(Message::Invoked(invoked)) => {
                found.extend(invoked.comm.map(|name| (name, Part::Process)));
            }
            Some(Message::StackHead(head)) => found.push((head.comm, Part::Process)),
            Some(Message::Selected(selected)) => found.push((selected.comm, Part::Process)),
            Some(Message::Killed(killed)) => found.push((killed.comm, Part::Process)),
            Some(Message::Reaped(it) | Message::NotReaped(it) | Message::AlreadyExiting(it)) => {
                found.push((it.comm, Part::Process));
            }
            Some(Message::TasksHeading(columns)) => self.columns = Some(columns),
            Some(_) => {}
            None => match self.columns.and_then(|columns| columns.row(text)) {
                Some(row) => found.push((row.comm, Part::Process)),
                None => found.extend(guessed(text).map(|name| (name, Part::Process))),
            },
        }
        let start = text.as_ptr() as usize;
        let mut ranges: Vec<(Range<usize>, Part)> = found
            .into_iter()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, part)| {
                let from = name.as_ptr() as usize - start;
                (from..from + name.len(), part)
            })
            .collect();
        ranges.sort_by_key(|(range, _)| (range.start, range.end));
        let mut merged: Vec<(Range<usize>, Part)> = Vec::new();
        for (range, part) in ranges {
            match merged.last_mut() {
                Some((last, last_part)) if range.start < last.end => {
                    if *last != range || *last_part != part {
                        *last_part = Part::Doubtful;
                    }
                    last.end = last.end.max(range.end);
                }
                _ => merged.push((range, part)),
            }
        }
        merged
    }

    /// A record of fields. Its bytes stay but for the texts that change.
    pub fn object(&mut self, object: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(object.len());
        // The keys of the objects around, and whether the next string is a key.
        let mut keys: Vec<String> = Vec::new();
        let mut key = String::new();
        let mut at = 0;
        while let Some(byte) = object.get(at) {
            let rest = &object[at..];
            let length = match byte {
                b'"' => {
                    let length = string_length(rest);
                    let string = &rest[..length];
                    let behind = object[at + length..].trim_ascii_start();
                    let text: Option<String> = serde_json::from_slice(string).ok();
                    match text {
                        Some(text) if behind.first() == Some(&b':') => {
                            key = text;
                            out.extend_from_slice(string);
                        }
                        Some(text) => {
                            let chosen =
                                keys.iter().chain([&key]).any(|key| is_one_of(key, &CHOSEN));
                            let new = self.value(&key, chosen, text.as_bytes());
                            let new = String::from_utf8_lossy(&new);
                            match serde_json::to_vec(&new) {
                                Ok(new_string) if *new != *text => out.extend(new_string),
                                _ => out.extend_from_slice(string),
                            }
                        }
                        None => out.extend_from_slice(string),
                    }
                    length
                }
                b'[' if let Some((length, text)) = byte_list(rest) => {
                    let new = self.value(&key, false, &text);
                    out.extend(serde_json::to_vec(&new).unwrap_or_default());
                    length
                }
                _ => {
                    match byte {
                        b'{' => keys.push(std::mem::take(&mut key)),
                        b'}' => drop(keys.pop()),
                        _ => {}
                    }
                    out.push(*byte);
                    1
                }
            };
            at += length;
        }
        out
    }

    /// Whether a text without a prefix is a message of the kernel's, or a row of the table.
    fn is_one_message(&self, text: &[u8]) -> bool {
        kernel::parse(text, NameBytes::MaybeEscaped).is_some()
            || (self.columns).is_some_and(|columns| columns.row(text).is_some())
    }

    fn value(&mut self, key: &str, is_chosen: bool, text: &[u8]) -> Vec<u8> {
        if is_one_of(key, &OF_MACHINES) {
            return self.names.host(text);
        }
        let is_text = |line: &[u8]| {
            let read = KernelLine::read(line);
            kernel::parse(&read.text, read.name_bytes).is_some() || looks_like_kill(line)
        };
        let key = key.to_lowercase();
        // The journal's catalogue has it: it tells what the message is.
        if key == "message_id" {
            return text.to_vec();
        }
        // A line end in it is a name's.
        if self.is_one_message(text) {
            return self.text(text);
        }
        if TEXTS.contains(&key.as_str()) || text.split(|byte| *byte == b'\n').any(is_text) {
            let lines: Vec<Vec<u8>> = (text.split(|byte| *byte == b'\n'))
                .map(|line| self.line(line))
                .collect();
            return lines.join(&b'\n');
        }
        if is_chosen {
            let new = self.scan(text, &mut |names, raw| names.words(raw, true));
            self.names.meet(Kind::Cgroup, text, &new);
            return new;
        }
        let new = self.unread(text);
        self.names.known_words(&new)
    }
}

/// What a path is to the parser, without its names.
fn shape(identity: &Identity<'_>) -> impl PartialEq + use<> {
    (
        identity.level,
        identity.pod.as_ref().map(|pod| pod.qos),
        (identity.container.as_ref()).map(|container| (container.id.is_some(), container.runtime)),
        identity
            .unit
            .map(|unit| unit.rsplit(|byte| *byte == b'.').next().map(<[u8]>::to_vec)),
        (identity.workload.as_ref()).map(|owner| format!("{:?}", owner.system)),
        identity.is_nested,
        identity.is_inside,
    )
}

/// The name of a process in a line that no row reads, where most kernels write it.
fn guessed(text: &[u8]) -> Option<&[u8]> {
    let between = |start: &[u8], end: &[u8]| {
        let from = find(text, start)? + start.len();
        let length = find(&text[from..], end)?;
        Some(&text[from..from + length])
    };
    if let Some(at) = find(text, b" invoked oom") {
        return Some(&text[..at]).filter(|name| name.len() <= 64);
    }
    between(b"task=", b",pid=")
        .or_else(|| between(b" Comm: ", b" "))
        .or_else(|| {
            let from = find(&text.to_ascii_lowercase(), b"process ")?;
            let open = from + find(&text[from..], b"(")?;
            let length = find(&text[open..], b")")?;
            Some(&text[open + 1..open + length])
        })
        .filter(|name| !name.is_empty() && name.len() <= 64)
}

/// The length of an id of hex digits that begins a text.
fn id_length(text: &[u8]) -> Option<usize> {
    let is_end = |at: usize| !text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let is_uuid = text.get(..36).is_some_and(|uuid| {
        uuid.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => matches!(byte, b'-' | b'_'),
            _ => byte.is_ascii_hexdigit(),
        })
    });
    if is_uuid && is_end(36) {
        return Some(36);
    }
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let digits = &text[..length];
    let is_mixed =
        digits.iter().any(u8::is_ascii_digit) && digits.iter().any(u8::is_ascii_alphabetic);
    (matches!(length, 12 | 32 | 40 | 64) && is_mixed && is_end(length)).then_some(length)
}

/// The e-mail address that begins a text. A unit, `user@1000.service`, is none.
fn mail(text: &[u8]) -> Option<&str> {
    let is_of_user = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._+-".contains(byte);
    let user = text.iter().take_while(is_of_user).count();
    (user > 0 && text.get(user) == Some(&b'@')).then_some(())?;
    let domain = text[user + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
        .count();
    let mail = std::str::from_utf8(&text[..user + 1 + domain])
        .ok()?
        .trim_end_matches('.');
    let (domain, last) = mail[user + 1..].rsplit_once('.')?;
    let is_unit = [
        "service", "scope", "slice", "socket", "mount", "swap", "timer",
    ]
    .contains(&last);
    let is_name = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    (!domain.is_empty() && is_name && !is_unit).then_some(mail)
}

/// Whether a text is an IP address or a MAC address. Times of day, with their colons, are none.
fn is_address(text: &str) -> bool {
    let is_mac = text.len() == 17
        && text.split(':').count() == 6
        && text.split(':').all(|part| part.len() == 2);
    let is_v4 = text.parse::<std::net::Ipv4Addr>().is_ok();
    let is_v6 = text.len() > 4 && text.parse::<std::net::Ipv6Addr>().is_ok();
    is_mac || is_v4 || is_v6
}

fn is_one_of(key: &str, parts: &[&str]) -> bool {
    let key = key.to_lowercase();
    parts.iter().any(|part| key.contains(part))
}

/// The length of the JSON string that begins a text.
fn string_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// The bytes of a list that begins a text, and the length of the list: a text of the journal's that is no UTF-8.
fn byte_list(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let length = text.iter().position(|byte| *byte == b']')? + 1;
    let bytes: Vec<u8> = serde_json::from_slice(&text[..length]).ok()?;
    (bytes.len() > 8).then_some((length, bytes))
}

fn bytes_of(items: &[Value]) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = (items.iter())
        .map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok()))
        .collect();
    bytes.filter(|bytes| bytes.len() > 8)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    if what.is_empty() {
        return Some(0);
    }
    text.windows(what.len()).position(|part| part == what)
}
