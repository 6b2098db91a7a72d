//! What OOMAnalyser finds in the reports of its own tests, and what our records say of them: `docs/oomanalyser.toml`
//! has a row for each of its values. Its files are not ours to copy: `OOMANALYSER` names a folder with its
//! `OOMAnalyser.py`; where it names none, the test is skipped.
//!
//! With it `BLESS=1 cargo test -p oom-filter --test oomanalyser` writes the tables of `docs/oomanalyser.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use oom_suite::trial::{Skip, Tested};
use oom_suite::trials;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Its reports, and what it finds in them.
const ASK: &str = r"
import json, sys
sys.path.insert(0, sys.argv[1])
import OOMAnalyser
owner = next(v for v in [OOMAnalyser, *vars(OOMAnalyser).values()] if hasattr(v, 'example_rhel7'))
found = {}
for name in [n for n in dir(owner) if n.startswith('example_')]:
    text = getattr(owner, name)
    analyser = OOMAnalyser.OOMAnalyser(OOMAnalyser.OOMEntity(text))
    if analyser.analyse():
        found[name[8:]] = [text, {k: v for k, v in analyser.oom_result.details.items() if k[0] != '_'}]
json.dump(found, sys.stdout)
";
/// What it says where the report has no such value.
const NOT_FOUND: &str = "<not found>";
/// Where the tables begin that are made.
const MADE: &str = "## Every value\n";

#[derive(Deserialize)]
struct Rows {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    theirs: String,
    ours: Option<String>,
    #[serde(default)]
    kb: bool,
    /// It names flags of masks that the kernel prints as numbers.
    #[serde(default)]
    first_word: bool,
    left_out: Option<String>,
    #[serde(default)]
    not_in: BTreeMap<String, String>,
}

fn main() -> ExitCode {
    oom_suite::trial::run([trials![every_value]])
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The names in a sum or a list, each with whether it is taken away.
fn terms(text: &str) -> Vec<(bool, &str)> {
    let mut is_less = false;
    let mut terms = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word {
            "+" | "-" => is_less = word == "-",
            name => terms.push((std::mem::take(&mut is_less), name)),
        }
    }
    terms
}

/// A sum of figures in bytes, or a text; `None` where one of them is absent.
fn total(text: &str, get: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let mut sum = 0;
    for (is_less, name) in terms(text) {
        let value = get(name)?;
        let Some(number) = value.as_i64() else {
            return Some(value);
        };
        sum += if is_less { -number } else { number };
    }
    Some(sum.into())
}

/// A value of its: a figure in bytes or as it is, or a text.
fn theirs(row: &Row, name: &str, value: &Value) -> Option<Value> {
    let number = match value {
        Value::String(text) if text == NOT_FOUND => return None,
        Value::String(text) if row.first_word => {
            return text.split(' ').next().map(Value::from);
        }
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => number,
            Err(_) => return Some(value.clone()),
        },
        _ => value.as_i64()?,
    };
    let unit = match name {
        _ if row.kb || name.ends_with("_kb") => 1024,
        _ if name.ends_with("_pages") => 4096,
        _ => 1,
    };
    Some((number * unit).into())
}

/// The kill of a report.
fn kill(text: &str) -> Value {
    let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    let mut kills = text.lines().filter_map(|line| {
        let record = json!({ "log": line }).to_string();
        match filter.process(Mode::Events, record.as_bytes(), &RecordContext::default()) {
            Outcome::Replaced(record) => serde_json::from_slice::<Value>(&record).ok(),
            _ => None,
        }
    });
    let mut kill = kills.next().expect("a report has a kill");
    assert!(kills.next().is_none(), "and one alone");
    kill["oom"].take()
}

/// Each report's text, and what it finds in it.
type Reports = BTreeMap<String, (String, Map<String, Value>)>;

fn ask(folder: &OsStr) -> Reports {
    let asked = Command::new("python3")
        .args(["-c", ASK])
        .arg(folder)
        .output()
        .expect("python3 starts");
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    let reports: Reports = serde_json::from_slice(&asked.stdout).expect("it prints JSON");
    assert!(reports.len() >= 4, "{:?}", reports.keys());
    reports
}

fn every_value() -> Tested {
    let Some(folder) = std::env::var_os("OOMANALYSER") else {
        return Err(Skip::new(
            "OOMANALYSER names no folder with OOMAnalyser.py, which is in no package registry",
        ));
    };
    let reports = ask(&folder);
    let rows = fs::read_to_string(docs().join("oomanalyser.toml")).expect("it is there");
    let rows = toml::from_str::<Rows>(&rows).expect("it has rows").row;

    let mut told = String::new();
    let mut left_out = String::new();
    // Each value is in a row, and counts once.
    let (mut same, mut absent, mut left) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in &rows {
        let mut alike = Vec::new();
        for (report, (text, found)) in &reports {
            let names: Vec<(bool, &str)> = terms(&row.theirs);
            let here = names
                .iter()
                .map(|(_, name)| (report.clone(), (*name).to_owned()));
            let here = here.filter(|(_, name)| found.contains_key(name));
            let Some(ours) = &row.ours else {
                left.extend(here);
                continue;
            };
            let its = |name: &str| theirs(row, name, found.get(name)?);
            let Some(expected) = total(&row.theirs, its) else {
                continue;
            };
            let oom = kill(text);
            let value = total(ours, |path| {
                let value = oom.pointer(&format!("/{}", path.replace('.', "/")))?;
                match value.as_str() {
                    Some(text) if row.first_word => text.split('(').next().map(Value::from),
                    _ => Some(value.clone()),
                }
            });
            if row.not_in.contains_key(report) {
                assert_eq!(value, None, "{report}: {ours}");
                absent.extend(here);
                continue;
            }
            assert_eq!(value, Some(expected), "{report}: {ours}, {}", row.theirs);
            alike.push(report.as_str());
            same.extend(here);
        }
        let theirs = terms(&row.theirs);
        let names: Vec<String> = theirs.iter().map(|(_, name)| format!("`{name}`")).collect();
        match (&row.ours, &row.left_out) {
            (Some(ours), None) => {
                assert!(!alike.is_empty(), "{}: nowhere seen", row.theirs);
                let mut seen = alike.join(", ");
                for (report, why) in &row.not_in {
                    write!(seen, "; not in {report}: {why}").expect("a string takes it");
                }
                writeln!(told, "| `{}` | `{ours}` | {seen} |", row.theirs)
                    .expect("a string takes it");
            }
            (None, Some(why)) => {
                writeln!(left_out, "| {} | {why} |", names.join(", ")).expect("a string takes it");
            }
            _ => panic!("{}: either told or left out", row.theirs),
        }
    }
    let all: BTreeSet<(String, String)> = reports
        .iter()
        .flat_map(|(report, (_, found))| found.keys().map(|name| (report.clone(), name.clone())))
        .collect();
    // Only in a sum that lacks another value: nothing is said of it then.
    let known: BTreeSet<(String, String)> = same.union(&absent).chain(&left).cloned().collect();
    let unknown: Vec<_> = all
        .difference(&known)
        .filter(|(report, name)| reports[report].1[name] != NOT_FOUND)
        .filter(|(report, name)| !reports[report].1[name].is_null())
        .collect();
    assert!(unknown.is_empty(), "in no row: {unknown:?}");
    let without: BTreeSet<_> = left.difference(&same).collect();
    let counts = format!(
        "It finds {} values in these {} reports:\n{} are in our records and the same, {} are absent in the record of one \
         report, {} are left out, and {} it did not find.",
        all.len(),
        reports.len(),
        same.len(),
        absent.len(),
        without.len(),
        all.len() - same.len() - absent.len() - without.len(),
    );
    let text = format!(
        "{MADE}\nMade from [oomanalyser.toml](oomanalyser.toml) by a test that asks OOMAnalyser itself: \
         `OOMANALYSER=FOLDER BLESS=1\ncargo test -p oom-filter --test oomanalyser`, with its `OOMAnalyser.py` in that \
         folder. {counts}\n\n\
         | theirs | ours | the same in |\n|---|---|---|\n{told}\n| left out | why |\n|---|---|\n{left_out}",
    );
    let file = docs().join("oomanalyser.md");
    let page = fs::read_to_string(&file).expect("it is there");
    let (front, known) = page.split_once(MADE).unwrap_or((&page, ""));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, format!("{front}{text}")).expect("it can be written");
        return Ok(());
    }
    assert_eq!(format!("{MADE}{known}"), text, "BLESS=1 writes it anew");
    Ok(())
}
