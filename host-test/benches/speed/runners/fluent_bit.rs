//! The real Fluent Bit, a process for each run: what its processor time is with each filter, and with
//! none.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::Value;

use crate::race::Effort;
use crate::records::{
    self, CONTAINERD, JOURNAL_2K, KUBELET, KUBELET_NAMES, Kind, ORDINARY_TAIL, REPORT, top,
};
use crate::table::{Row, Table, float};
use crate::wasm::{FILTER, FUNCTION, Wasm};

/// Where its rows say they ran.
pub const PLACE: &str = "Fluent Bit";
/// The row of the floor.
pub const FLOOR: &str = "a module that returns the record";
// Names of other rows.
pub const NO_FILTER: &str = "no filter";
pub const GREP: &str = "`grep` for the words";
pub const LUA: &str = "a `lua` filter";
/// The words by which a user would tell what to keep.
const WORDS: &str =
    "(Killed process |oom-kill:constraint=|as a result of limit of| invoked oom-killer: )";

/// A pipeline: its row's name, and the filters in it.
type Pipeline = (&'static str, fn(&Files) -> Vec<Vec<String>>);

/// Every pipeline. The floor comes first.
const PIPELINES: [Pipeline; 6] = [
    (FLOOR, |files| vec![wasm(&files.floor)]),
    (FILTER, |files| vec![wasm(&files.filter)]),
    (NO_FILTER, |_| Vec::new()),
    (GREP, |files| vec![grep(files)]),
    ("`grep`, then the filter", |files| {
        vec![grep(files), wasm(&files.filter)]
    }),
    (LUA, |_| {
        let script = top().join("host-test/benches/fluentbit/oom.lua");
        vec![filter(
            "lua",
            &[
                ("script", &script.display().to_string()),
                ("call", "annotate"),
            ],
        )]
    }),
];

/// What a line of the file is.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// The text, of which the tail input makes a record.
    Text,
    /// The record, which its parser reads.
    Json,
}

/// What the pipelines read and load.
struct Files {
    folder: PathBuf,
    /// The records' key with the kernel's text.
    key: &'static str,
    form: Form,
    filter: PathBuf,
    floor: PathBuf,
}

/// A row for each pipeline and form of records, where there is a Fluent Bit.
///
/// # Errors
///
/// Where it cannot be run.
pub fn rows(
    table: &mut Table,
    kinds: &[Kind],
    wasm: &Wasm,
    effort: Effort,
) -> Result<(), Box<dyn Error>> {
    let named = env::var_os("FLUENT_BIT");
    let program = named.clone().unwrap_or_else(|| "fluent-bit".into());
    let answer = match Command::new(&program).arg("--version").output() {
        Ok(answer) => answer,
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            table.note(
                "NOT MEASURED: Fluent Bit. None is on the PATH, and `FLUENT_BIT` names none.",
            );
            return Ok(());
        }
        Err(error) => return Err(format!("{}: {error}", program.display()).into()),
    };
    let version = String::from_utf8(answer.stdout)?;
    table.note(&format!(
        "{}: processor time of the whole process, from its start to its end, by line.",
        version.lines().next().unwrap_or(PLACE)
    ));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fluent_bit_speed");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("parsers.conf"),
        "[PARSER]\n    name records\n    format json\n",
    )?;
    let mut files = Files {
        filter: folder.join("filter.wasm"),
        floor: folder.join("floor.wasm"),
        key: "",
        form: Form::Text,
        folder,
    };
    fs::write(&files.filter, &wasm.filter)?;
    fs::write(&files.floor, &wasm.floor)?;
    let storm = records::storm(records::named(kinds, REPORT), 1000, 50);
    let named = |name| records::named(kinds, name);
    for (kind, key, form) in [
        (named(ORDINARY_TAIL), "log", Form::Text),
        (named(JOURNAL_2K), "MESSAGE", Form::Json),
        (named(KUBELET), "MESSAGE", Form::Json),
        (named(KUBELET_NAMES), "MESSAGE", Form::Json),
        (named(CONTAINERD), "MESSAGE", Form::Json),
        (&storm, "msg", Form::Json),
    ] {
        (files.key, files.form) = (key, form);
        let lines = write(&files, kind, effort.lines)?;
        let mut least = [f64::INFINITY; PIPELINES.len()];
        for _ in 0..effort.processes {
            for ((_, filters), least) in PIPELINES.iter().zip(&mut least) {
                let seconds = run(&program, &files, &filters(&files))?;
                *least = least.min(seconds * 1e9 / float(lines));
            }
        }
        for ((what, _), time) in PIPELINES.iter().zip(least) {
            table.push(Row {
                divisor: 1,
                time: Some(time),
                floor: Some(least[0]),
                ..Row::new(kind, PLACE, what)
            });
        }
    }
    Ok(())
}

/// Writes the file that is read, and gives how many lines it has. Long records are fewer, and a storm is written once.
fn write(files: &Files, kind: &Kind, lines: usize) -> Result<usize, Box<dyn Error>> {
    let mean = kind.bytes() / kind.measured.len();
    let lines = if kind.changes {
        kind.measured.len()
    } else {
        lines * 512 / mean.max(512)
    };
    let mut text = Vec::new();
    for record in kind.measured.iter().cycle().take(lines) {
        match files.form {
            Form::Json => text.extend_from_slice(record),
            Form::Text => {
                let record: Value = serde_json::from_slice(record)?;
                text.extend_from_slice(record[files.key].as_str().ok_or("no text")?.as_bytes());
            }
        }
        text.push(b'\n');
    }
    fs::write(files.folder.join("records"), text)?;
    Ok(lines)
}

fn wasm(module: &Path) -> Vec<String> {
    let module = module.display().to_string();
    filter(
        "wasm",
        &[("wasm_path", &module), ("function_name", FUNCTION)],
    )
}

fn grep(files: &Files) -> Vec<String> {
    filter("grep", &[("regex", &format!("{} {WORDS}", files.key))])
}

fn filter(name: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let mut arguments: Vec<String> = ["-F", name, "-m", "*"].map(str::to_owned).into();
    for (key, value) in settings {
        arguments.extend(["-p".to_owned(), format!("{key}={value}")]);
    }
    arguments
}

/// Seconds of processor time that one run takes.
fn run(program: &OsString, files: &Files, filters: &[Vec<String>]) -> Result<f64, Box<dyn Error>> {
    let before = seconds()?;
    let mut command = Command::new(program);
    command.current_dir(&files.folder);
    command.args(["-f", "1", "-R", "parsers.conf", "-i", "tail"]);
    for setting in ["path=records", "read_from_head=on", "exit_on_eof=on"] {
        command.args(["-p", setting]);
    }
    if files.form == Form::Json {
        command.args(["-p", "parser=records"]);
    }
    command.args(filters.iter().flatten());
    command.args(["-o", "null", "-m", "*"]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A filter that loses every record ends in success, and is fast.
    if !output.status.success() || said.contains("[error]") {
        return Err(said.into());
    }
    Ok(seconds()? - before)
}

/// Processor time of all processes that were waited for.
fn seconds() -> Result<f64, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Ok(f64::from(u32::try_from(microseconds / 1000)?) / 1e3)
}
