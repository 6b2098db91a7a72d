//! The real Fluent Bit with the configurations that ship, record by record against the filter as a
//! Rust library.
//!
//! The program is `FLUENT_BIT`, else `fluent-bit` on the PATH; where there is none, the tests say
//! so and are counted as skipped. What a configuration reads is made from the kernel captures.

#[path = "../../filter/tests/common/keys.rs"]
mod keys;
#[path = "module/logs.rs"]
mod logs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use oom_filter::{Filter, Mode, Outcome, RecordContext};
use oom_suite::trial::{Skip, Tested};
use oom_suite::trials;
use serde_json::{Value, json};

use keys::FLUENT_BIT as KEYS;
use logs::Logs;

/// The modes, with the module's function for each.
const MODES: [(Mode, &str); 3] = [
    (Mode::Annotate, "oom_annotate"),
    (Mode::Rewrite, "oom_rewrite"),
    (Mode::Events, "oom_events"),
];

/// The tag that every shipped configuration gives to the kernel's records.
const TAG: &str = "kernel";

/// Longest time for one run to give all its records, and then for it to end.
const PATIENCE: Duration = Duration::from_mins(2);

/// Records by their tag, each in the order it came.
type Tagged = BTreeMap<String, Vec<Value>>;

fn main() -> ExitCode {
    oom_suite::trial::run([trials![
        tail,
        a_line_keeps_its_time,
        kmsg_records,
        systemd_records,
        kmsg_live,
        systemd_starts,
        names
    ]])
}

fn tail() -> Tested {
    let fluent_bit = FluentBit::find()?;
    let lines: Vec<String> = captured().iter().map(Line::as_syslog).collect();
    let records: Vec<Value> = lines.iter().map(|line| json!({ "log": line })).collect();
    every_format_and_mode(|format, mode, function| {
        let run = Run::new("tail", format, function);
        let log = run.write("kern.log", &(lines.join("\n") + "\n"));
        let wrapper = format.wrap(
            &format.shipped("tail"),
            &[
                ("OOM_MODULE", &module()),
                ("OOM_FUNCTION", Path::new(function)),
                ("OOM_LOG", &log),
                ("OOM_FROM_HEAD", Path::new("on")),
                ("OOM_TIME", Path::new("syslog_traditional")),
                ("OOM_PARSERS", &parsers()),
            ],
            &run.records(),
        );
        fluent_bit.compare(&run, &wrapper, mode, &records);
    });
    fluent_bit.compared_every_mode()
}

/// What reads the time of a syslog line.
fn parsers() -> PathBuf {
    top().join("fluentbit/config/parsers.conf")
}

/// An old kill is not dated as of now.
fn a_line_keeps_its_time() -> Tested {
    let fluent_bit = FluentBit::find()?;
    let kill = "Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
    let year = Command::new("date").arg("+%Y").output().expect("date");
    let year = String::from_utf8(year.stdout).expect("digits");
    for format in Format::ALL {
        for (form, time, date) in [
            (
                "syslog_iso",
                "2024-03-05T10:00:00.123456+02:00",
                "2024-03-05T08:00:00.123456Z",
            ),
            // This year, and the zone of the process.
            (
                "syslog_traditional",
                "Mar  5 10:00:00",
                "-03-05T10:00:00.000000Z",
            ),
        ] {
            let run = Run::new(&format!("tail-{form}"), format, "oom_annotate");
            let log = run.write(
                "kern.log",
                &format!("{time} node1 kernel: [    1.000000] {kill}\n"),
            );
            let wrapper = format.wrap(
                &format.shipped("tail"),
                &[
                    ("OOM_MODULE", &module()),
                    ("OOM_LOG", &log),
                    ("OOM_FROM_HEAD", Path::new("on")),
                    ("OOM_TIME", Path::new(form)),
                    ("OOM_PARSERS", &parsers()),
                ],
                &run.records(),
            );
            fluent_bit.run(&run, &wrapper, 1);
            let printed = fs::read_to_string(run.printed()).expect("its output");
            let record: Value = serde_json::from_str(&printed).expect("one record");
            let date = if date.starts_with('-') {
                year.trim().to_owned() + date
            } else {
                date.to_owned()
            };
            assert_eq!(record["date"], seconds(&date), "{}", run.name);
            assert!(record["log"].as_str().expect("a line").starts_with(time));
        }
    }
    Ok(())
}

/// Seconds since 1970, as Fluent Bit prints them.
fn seconds(date: &str) -> f64 {
    let output = Command::new("date")
        .args(["+%s.%6N", "--date", date])
        .output();
    let output = output.expect("date").stdout;
    String::from_utf8(output)
        .expect("digits")
        .trim()
        .parse()
        .expect("a number")
}

fn kmsg_records() -> Tested {
    let fluent_bit = FluentBit::find()?;
    let records: Vec<Value> = captured().iter().map(Line::as_kmsg).collect();
    every_format_and_mode(|format, mode, function| {
        fluent_bit.replay("kmsg", format, mode, function, &records);
    });
    fluent_bit.compared_every_mode()
}

fn systemd_records() -> Tested {
    let fluent_bit = FluentBit::find()?;
    let records: Vec<Value> = captured()
        .iter()
        .filter(|line| line.is_kernel())
        .map(Line::as_journal)
        .collect();
    every_format_and_mode(|format, mode, function| {
        fluent_bit.replay("systemd", format, mode, function, &records);
    });
    fluent_bit.compared_every_mode()
}

/// The ring buffer of the machine the test runs on.
fn kmsg_live() -> Tested {
    let fluent_bit = FluentBit::find()?;
    let before = match ring_buffer() {
        Ok(before) => before,
        Err(error) => return Err(Skip::new(format!("/dev/kmsg cannot be read: {error}"))),
    };
    for format in Format::ALL {
        let run = Run::new("kmsg-live", format, "oom_annotate");
        let settings = [("OOM_MODULE", &*module())];
        let wrapper = format.wrap(&format.shipped("kmsg"), &settings, &run.records());
        let records: Vec<Value> = before.iter().map(Line::as_kmsg).collect();
        let mut found = fluent_bit.run(&run, &wrapper, records.len());
        // What the kernel says meanwhile.
        let last = before.last().map_or(0, |line| line.sequence);
        for records in found.values_mut() {
            records.retain(|record| record["sequence"].as_u64() <= Some(last));
        }
        found.retain(|_, records| !records.is_empty());
        let after = ring_buffer().expect("it was read before");
        if after.first().map(|line| line.sequence) != before.first().map(|line| line.sequence) {
            return Err(Skip::new("the ring buffer lost its oldest lines meanwhile"));
        }
        let expected = native(Mode::Annotate, &records);
        fluent_bit.assert_same(&run, Mode::Annotate, &expected, &found);
    }
    Ok(())
}

/// The journal's own input, which cannot be fed: it starts, with the module, and ends.
fn systemd_starts() -> Tested {
    let fluent_bit = FluentBit::find()?;
    if !fluent_bit.inputs.contains("systemd") {
        return Err(Skip::new("this Fluent Bit has no systemd input"));
    }
    for format in Format::ALL {
        let run = Run::new("systemd-starts", format, "oom_annotate");
        let journal = run.folder.join("journal");
        fs::create_dir(&journal).expect("a folder for the journal");
        let settings = [("OOM_MODULE", &*module()), ("OOM_JOURNAL", &journal)];
        let wrapper = format.wrap(&format.shipped("systemd"), &settings, &run.records());
        assert_eq!(fluent_bit.run(&run, &wrapper, 0), Tagged::new());
    }
    Ok(())
}

/// The module that looks for names, with a made-up `/var/log` that has the pods of the captures and a
/// thousand others.
fn names() -> Tested {
    let fluent_bit = FluentBit::find()?;
    if !fluent_bit.keeps_state() {
        return Err(Skip::new(
            "this Fluent Bit keeps no state, so a kill has no pod",
        ));
    }
    let records: Vec<Value> = captured().iter().map(Line::as_kmsg).collect();
    let logs = Logs::new("fluent_bit-names");
    let mut expected = native(Mode::Events, &records);
    let (mut pods, mut containers) = (BTreeSet::new(), BTreeSet::new());
    for record in expected.values_mut().flatten() {
        let Some(identity) = record.get_mut("kubernetes") else {
            continue;
        };
        let uid = identity["pod_id"].as_str().expect("of a pod").to_owned();
        let name = format!("web-{uid}");
        identity["pod_name"] = json!(name);
        identity["namespace_name"] = json!("shop");
        if pods.insert(uid.clone()) {
            logs.pod("shop", &name, &uid);
        }
        // Of some containers the file is gone, and only the pod is found.
        let id = identity["docker_id"].as_str().map(str::to_owned);
        if let Some(id) = id.filter(|id| id.starts_with(|first: char| first.is_ascii_digit())) {
            identity["container_name"] = json!("app");
            if containers.insert(id.clone()) {
                logs.container(format!("{name}_shop_app-{id}.log"));
            }
        }
    }
    assert!(pods.len() > containers.len() && !containers.is_empty());
    let module = module().with_file_name("oom-fluentbit-names.wasm");
    let [containers, pods] = logs.folders();
    let both = format!("{},{}", containers.display(), pods.display());
    for (format, paths) in [(Format::Yaml, Path::new(&both)), (Format::Classic, &logs.0)] {
        let run = Run::new("names", format, "oom_events");
        let settings = [
            ("OOM_MODULE", &*module),
            ("OOM_FUNCTION", Path::new("oom_events")),
            ("OOM_PATHS", paths),
        ];
        let config = run.with_records("kmsg", &records);
        let wrapper = format.wrap(&config, &settings, &run.records());
        let count = expected.values().map(Vec::len).sum();
        let found = fluent_bit.run(&run, &wrapper, count);
        fluent_bit.assert_same(&run, Mode::Events, &expected, &found);
    }
    Ok(())
}

/// Calls `check` for each format and mode, all at once.
fn every_format_and_mode(check: impl Fn(Format, Mode, &'static str) + Sync) {
    thread::scope(|scope| {
        for format in Format::ALL {
            for (mode, function) in MODES {
                let check = &check;
                scope.spawn(move || check(format, mode, function));
            }
        }
    });
}

/// The repository's top.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the repository")
        .to_path_buf()
}

/// The module under test: `OOM_MODULE`, else what `cargo xtask dist` built.
fn module() -> PathBuf {
    let path = std::env::var_os("OOM_MODULE")
        .map_or_else(|| top().join("dist/oom-fluentbit.wasm"), PathBuf::from);
    path.canonicalize()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask dist` builds it", path.display()))
}

/// A line of the kernel's, as /dev/kmsg has it.
struct Line {
    /// Facility times eight, and level.
    priority: u64,
    sequence: u64,
    at_us: u64,
    /// With the device's annotations, each on a line of its own.
    text: String,
}

impl Line {
    /// Reads `6,1,99000000,-;text`. `None` for anything else.
    fn read(line: &str) -> Option<Self> {
        let (fields, text) = line.split_once(';')?;
        let mut fields = fields.split(',').map(str::parse);
        Some(Self {
            priority: fields.next()?.ok()?,
            sequence: fields.next()?.ok()?,
            at_us: fields.next()?.ok()?,
            text: text.to_owned(),
        })
    }

    fn is_kernel(&self) -> bool {
        self.priority < 8
    }

    fn message(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// As a syslog daemon writes it.
    fn as_syslog(&self) -> String {
        let program = if self.is_kernel() {
            "kernel"
        } else {
            "capture"
        };
        let (seconds, microseconds) = (self.at_us / 1_000_000, self.at_us % 1_000_000);
        let message = self.message();
        format!("Nov 21 08:56:01 node1 {program}: [{seconds:5}.{microseconds:06}] {message}")
    }

    /// As Fluent Bit's kmsg input shapes it: without its facility.
    fn as_kmsg(&self) -> Value {
        json!({
            "priority": self.priority % 8,
            "sequence": self.sequence,
            "sec": self.at_us / 1_000_000,
            "usec": self.at_us % 1_000_000,
            "msg": self.text,
        })
    }

    /// As Fluent Bit's systemd input shapes it.
    fn as_journal(&self) -> Value {
        json!({
            "_TRANSPORT": "kernel",
            "SYSLOG_FACILITY": "0",
            "SYSLOG_IDENTIFIER": "kernel",
            "_BOOT_ID": "83f19fdb7ba64df4b74449bb26cc7e1a",
            "_HOSTNAME": "node1",
            "PRIORITY": self.priority.to_string(),
            "_SOURCE_MONOTONIC_TIMESTAMP": self.at_us.to_string(),
            "MESSAGE": self.message(),
        })
    }
}

/// The first lines of every capture, one capture after the other.
fn captured() -> Vec<Line> {
    /// A dozen reports or more of each; the tests that need no Fluent Bit read all lines.
    const LINES: usize = 1500;
    let folder = top().join("fixtures/captures");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "kmsg"))
        .collect();
    paths.sort();
    let mut lines: Vec<Line> = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a capture is text");
        for line in text.lines().take(LINES) {
            match (Line::read(line), lines.last_mut()) {
                (None, Some(annotated)) if line.starts_with(' ') => {
                    annotated.text.push('\n');
                    annotated.text.push_str(line);
                }
                (read, _) => lines.extend(read),
            }
        }
    }
    assert!(!lines.is_empty(), "no capture in {}", folder.display());
    lines
}

/// What the kernel of this machine remembers.
fn ring_buffer() -> std::io::Result<Vec<Line>> {
    /// `O_NONBLOCK`: without it a read past the newest line waits for the next.
    const NONBLOCK: i32 = 0o4000;
    let mut device = OpenOptions::new()
        .read(true)
        .custom_flags(NONBLOCK)
        .open("/dev/kmsg")?;
    let mut lines = Vec::new();
    // Each read gives one record, of less than this.
    let mut record = [0; 16 * 1024];
    loop {
        match device.read(&mut record) {
            Ok(0) => return Ok(lines),
            Ok(length) => {
                let text = String::from_utf8_lossy(&record[..length]);
                lines.extend(Line::read(text.trim_end_matches('\n')));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(lines),
            // The line was overwritten; the next read gives the oldest there is.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the library makes of `records`, by the tag that a shipped configuration routes it to.
fn native(mode: Mode, records: &[Value]) -> Tagged {
    let mut filter = Filter::new(KEYS);
    let arrival = RecordContext {
        tag: TAG.as_bytes(),
        ..RecordContext::default()
    };
    let mut left = Tagged::new();
    for record in records {
        let record = match filter.process(mode, record.to_string().as_bytes(), &arrival) {
            Outcome::Unchanged => record.clone(),
            Outcome::Dropped => continue,
            Outcome::Replaced(text) => serde_json::from_slice(&text).expect("a record is JSON"),
        };
        let tag = match record["oom"]["event"].as_str() {
            Some("kill" | "truncated" | "no_victim" | "panic") => {
                record["oom"]["tag"].as_str().expect("a kill has a tag")
            }
            _ => TAG,
        };
        left.entry(tag.to_owned()).or_default().push(record);
    }
    left
}

/// The two languages of Fluent Bit's configuration.
#[derive(Clone, Copy)]
enum Format {
    Yaml,
    Classic,
}

impl Format {
    const ALL: [Self; 2] = [Self::Yaml, Self::Classic];

    const fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Classic => "conf",
        }
    }

    /// The configuration that ships for `input`.
    fn shipped(self, input: &str) -> PathBuf {
        top().join(format!("fluentbit/config/{input}.{}", self.extension()))
    }

    /// A configuration that includes `shipped` as it is, sets its variables, and writes every
    /// record into the folder `records`, one file per tag.
    fn wrap(self, shipped: &Path, settings: &[(&str, &Path)], records: &Path) -> String {
        let (shipped, records) = (shipped.display(), records.display());
        let once = top().join("fluentbit/kubernetes/kmsg/once.lua");
        let settings = settings.iter().copied().chain([("OOM_ONCE", &*once)]);
        let mut text = String::new();
        let written = match self {
            Self::Yaml => {
                let mut write = || {
                    writeln!(text, "includes:\n  - {shipped}\nenv:")?;
                    for (name, value) in settings.clone() {
                        writeln!(text, "  {name}: \"{}\"", value.display())?;
                    }
                    write!(
                        text,
                        "pipeline:\n  outputs:\n    - name: file\n      match: '*'\n      \
                         path: {records}\n      mkdir: true\n      format: plain\n"
                    )
                };
                write()
            }
            Self::Classic => {
                let mut write = || {
                    writeln!(text, "@INCLUDE {shipped}")?;
                    for (name, value) in settings.clone() {
                        writeln!(text, "@SET {name}={}", value.display())?;
                    }
                    write!(
                        text,
                        "[OUTPUT]\n    name   file\n    match  *\n    path   {records}\n    \
                         mkdir  true\n    format plain\n"
                    )
                };
                write()
            }
        };
        written.expect("a string takes all text");
        text
    }

    /// A shipped configuration whose input reads JSON records from a file instead.
    fn with_file(self, shipped: &str, file: &Path) -> String {
        let file = file.display();
        let (begin, input) = match self {
            Self::Yaml => (
                "  inputs:\n",
                format!(
                    "    - name: tail\n      tag: {TAG}\n      path: {file}\n      \
                     read_from_head: true\n      parser: records\n"
                ),
            ),
            Self::Classic => (
                "[INPUT]\n",
                format!(
                    "    name tail\n    tag {TAG}\n    path {file}\n    \
                     read_from_head true\n    parser records\n"
                ),
            ),
        };
        let (before, after) = shipped.split_once(begin).expect("there is one input");
        let (_, after) = after.split_once("\n\n").expect("something follows it");
        format!("{before}{begin}{input}\n{after}")
    }
}

/// The folder of one run.
struct Run {
    name: String,
    folder: PathBuf,
    format: Format,
}

impl Run {
    fn new(input: &str, format: Format, function: &str) -> Self {
        let name = format!("{input}.{}-{function}", format.extension());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("fluent_bit")
            .join(&name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                panic!("{}: {error}", folder.display())
            }
            _ => {}
        }
        fs::create_dir_all(&folder).expect("a folder for the run");
        Self {
            name,
            folder,
            format,
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// The configuration that ships for `input`, with JSON `records` in place of what that would give.
    fn with_records(&self, input: &str, records: &[Value]) -> PathBuf {
        let format = self.format;
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        let file = self.write("records.jsonl", &(lines.join("\n") + "\n"));
        let shipped = fs::read_to_string(format.shipped(input)).expect("the configuration ships");
        self.write(
            &format!("shipped.{}", format.extension()),
            &format.with_file(&shipped, &file),
        )
    }

    /// Where Fluent Bit puts the records, a file for each tag.
    fn records(&self) -> PathBuf {
        self.folder.join("records")
    }

    /// What the output printed that ships.
    fn printed(&self) -> PathBuf {
        self.folder.join("stdout")
    }

    /// How many records there are so far.
    fn count(&self) -> usize {
        let Ok(folder) = fs::read_dir(self.records()) else {
            return 0;
        };
        folder
            .filter_map(|entry| fs::read(entry.ok()?.path()).ok())
            .map(|text| text.split(|byte| *byte == b'\n').count() - 1)
            .sum()
    }

    fn read(&self) -> Tagged {
        let Ok(folder) = fs::read_dir(self.records()) else {
            return Tagged::new();
        };
        folder
            .map(|entry| {
                let entry = entry.expect("an entry of the folder");
                let records = fs::read_to_string(entry.path())
                    .expect("records are text")
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("a record is JSON"))
                    .collect();
                (entry.file_name().to_string_lossy().into_owned(), records)
            })
            .collect()
    }
}

/// The program under test.
struct FluentBit {
    program: PathBuf,
    version: (u32, u32),
    /// What its help says of inputs and all else.
    inputs: String,
}

impl FluentBit {
    /// `FLUENT_BIT`, else `fluent-bit` on the PATH. Where there is neither, the test is skipped.
    fn find() -> Result<Self, Skip> {
        let program = oom_suite::program::find("fluent-bit", "FLUENT_BIT")?;
        let ask = |question: &str| {
            let answer = Command::new(&program).arg(question).output();
            answer.expect("it answered before").stdout
        };
        let version = ask("--version");
        let version = String::from_utf8_lossy(&version);
        let mut numbers = version
            .split_once('v')
            .expect("`Fluent Bit v5.1.1`")
            .1
            .split('.')
            .map_while(|number| number.parse().ok());
        let version = (
            numbers.next().expect("a major version"),
            numbers.next().expect("a minor version"),
        );
        let inputs = ask("--help");
        Ok(Self {
            program,
            version,
            inputs: String::from_utf8_lossy(&inputs).into_owned(),
        })
    }

    /// Before 4.1 each call of the filter has an instance of its own.
    fn keeps_state(&self) -> bool {
        self.version >= (4, 1)
    }

    /// Runs a shipped configuration with JSON `records` in place of what its input would give.
    fn replay(&self, input: &str, format: Format, mode: Mode, function: &str, records: &[Value]) {
        let run = Run::new(input, format, function);
        let config = run.with_records(input, records);
        let settings = [
            ("OOM_MODULE", &*module()),
            ("OOM_FUNCTION", Path::new(function)),
        ];
        let wrapper = format.wrap(&config, &settings, &run.records());
        self.compare(&run, &wrapper, mode, records);
    }

    /// Skips what [`Self::compare`] could not do.
    fn compared_every_mode(&self) -> Tested {
        if self.keeps_state() {
            return Ok(());
        }
        let (major, minor) = self.version;
        Err(Skip::new(format!(
            "Fluent Bit {major}.{minor} keeps no state, so only annotate was compared"
        )))
    }

    /// Runs `config` and compares what leaves with what the library makes of `records`: without state
    /// only in annotate mode.
    fn compare(&self, run: &Run, config: &str, mode: Mode, records: &[Value]) {
        if !self.keeps_state() && mode != Mode::Annotate {
            return;
        }
        let expected = native(mode, records);
        let found = self.run(run, config, expected.values().map(Vec::len).sum());
        self.assert_same(run, mode, &expected, &found);
    }

    /// Runs `config` until `count` records are there, ends it, and gives all it wrote.
    fn run(&self, run: &Run, config: &str, count: usize) -> Tagged {
        let config = run.write(&format!("wrapper.{}", run.format.extension()), config);
        let parsers = run.write(
            "parsers.conf",
            "[PARSER]\n    name   records\n    format json\n",
        );
        let log = run.folder.join("log");
        // Nothing of this boot was told so far, so every kill passes.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let state = run.write("once", &format!("{} 0\n", boot.trim_end()));
        let running = Command::new(&self.program)
            .env("OOM_STATE", state)
            .env("TZ", "UTC")
            .arg("-R")
            .arg(parsers)
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(File::create(run.printed()).expect("a file for its output"))
            .stderr(File::create(&log).expect("a file for the log"))
            .spawn();
        let mut running = Running(running.expect("it answered before"));
        let said = || fs::read_to_string(&log).expect("the log is text");
        let started = || said().contains("[sp] stream processor started");
        running.wait_until(|| run.count() >= count && started());
        let status = running.end();
        let log = said();
        assert!(status.success(), "{}: {status}\n{log}", run.name);
        let faults: String = log
            .lines()
            .filter(|line| {
                line.contains("[error]") || (line.contains("warn]") && line.contains("wasm"))
            })
            .collect();
        assert_eq!(faults, "", "{}", run.name);
        run.read()
    }

    fn assert_same(&self, run: &Run, mode: Mode, expected: &Tagged, found: &Tagged) {
        let name = &run.name;
        let counts = |tagged: &Tagged| -> Vec<(String, usize)> {
            tagged
                .iter()
                .map(|(tag, records)| (tag.clone(), records.len()))
                .collect()
        };
        if !self.keeps_state() {
            // What a line says depends on where the host's reads end; no line may be lost.
            assert_eq!(mode, Mode::Annotate);
            assert_eq!(originals(expected), originals(found), "{name}");
            return;
        }
        for (tag, expected) in expected {
            let found = found.get(tag).map_or(&[][..], Vec::as_slice);
            for (expected, found) in expected.iter().zip(found) {
                assert_eq!(expected, found, "{name}: {tag}");
            }
        }
        assert_eq!(counts(expected), counts(found), "{name}");
    }
}

/// The records as they came, in a defined order.
fn originals(tagged: &Tagged) -> Vec<String> {
    let mut originals: Vec<String> = tagged
        .values()
        .flatten()
        .map(|record| {
            let mut record = record.clone();
            let fields = record.as_object_mut().expect("a record is an object");
            fields.remove("oom");
            fields.remove("kubernetes");
            record.to_string()
        })
        .collect();
    originals.sort();
    originals
}

/// A Fluent Bit that does not outlive its test.
struct Running(Child);

impl Running {
    /// Waits for `done`, for its end, or until patience is at its end.
    fn wait_until(&mut self, done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() && !self.has_ended() && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it is a child of ours").is_some()
    }

    /// Asks it to end, as a service manager does, and waits for that.
    fn end(mut self) -> ExitStatus {
        if !self.has_ended() {
            let asked = Command::new("kill").arg(self.0.id().to_string()).status();
            assert!(asked.expect("`kill` can be run").success());
        }
        self.wait_until(|| false);
        self.0
            .try_wait()
            .expect("it is a child of ours")
            .expect("it ends when it is asked to")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
