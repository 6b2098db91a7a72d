//! Every suite and every capture through SQL: the records, field for field, and the columns that follow from them.

use std::fs;

use oom_clickhouse::{push_length, push_text};
use oom_filter::lines::{LineFormat, Record, Records};
use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::{Identity, Suite, trials, value};
use serde_json::{Value, json};

use crate::engine::{home, quoted, run, scratch};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![what_leaves_the_engine_is_what_leaves_the_library]
}

/// Lines that go in as one row.
struct Case {
    name: String,
    lines: Vec<Vec<u8>>,
    /// Lines of text, which stand in a table.
    is_table: bool,
    /// The records that must leave.
    expected: Vec<Value>,
    /// Each line meets a new instance, which tells what never finished as well: kills alone are compared.
    kills_only: bool,
    /// A record is made of a line by somebody else: the `oom` alone is compared.
    oom_only: bool,
}

fn what_leaves_the_engine_is_what_leaves_the_library() -> Tested {
    let cases: Vec<Case> = of_suites().into_iter().chain(of_captures()).collect();
    let rows = ask(&cases)?;
    let mut faults = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let rows = rows.iter().filter(|row| row["case"] == number);
        let mut found = Vec::new();
        for row in rows {
            let kill = &row["kill"];
            let record: Value = serde_json::from_str(kill["record"].as_str().unwrap()).unwrap();
            if let Some(text) = differing_column(kill, &record["oom"]) {
                faults.push(format!("{}: {text}", case.name));
            }
            found.push(record);
        }
        let comparable = |records: &[Value]| -> Vec<Value> {
            let records = records.iter().filter(|record| {
                let oom = &record["oom"];
                !case.kills_only || oom["event"] == "kill" && oom["attribution"] != "constraint"
            });
            let part = |record: &Value| {
                if case.oom_only {
                    record["oom"].clone()
                } else {
                    record.clone()
                }
            };
            records.map(part).collect()
        };
        let (expected, found) = (comparable(&case.expected), comparable(&found));
        if expected != found {
            let differs = (0..expected.len().max(found.len()))
                .find(|at| expected.get(*at) != found.get(*at))
                .unwrap();
            let (expected_one, found_one) = (expected.get(differs), found.get(differs));
            faults.push(format!(
                "{}: {} expected, {} left; of record {differs}: {}",
                case.name,
                expected.len(),
                found.len(),
                difference(
                    expected_one.unwrap_or(&Value::Null),
                    found_one.unwrap_or(&Value::Null)
                )
            ));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {} cases:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
    let kills = rows
        .iter()
        .filter(|row| row["kill"]["event"] == "kill")
        .count();
    eprintln!(
        "{} cases gave {kills} kills, all of them the library's",
        cases.len()
    );
    Ok(())
}

/// Asks the engine once for all of them: `{"case", "kill"}`, in order.
fn ask(cases: &[Case]) -> Result<Vec<Value>, Skip> {
    let mut file = Vec::new();
    for (number, case) in (0_u32..).zip(cases) {
        let rows: Vec<&[Vec<u8>]> = if case.kills_only {
            case.lines.chunks(1).collect()
        } else {
            vec![&case.lines]
        };
        for (place, lines) in (0_u32..).zip(rows) {
            file.extend_from_slice(&number.to_le_bytes());
            file.extend_from_slice(&place.to_le_bytes());
            file.push(u8::from(case.is_table));
            push_length(&mut file, lines.len());
            for line in lines {
                push_text(&mut file, line);
            }
        }
    }
    let path = scratch("suites.bin");
    fs::write(&path, file).unwrap();
    let sql = format!(
        "CREATE TABLE cases (number UInt32, place UInt32, is_table Bool, lines Array(String))
           ENGINE = MergeTree ORDER BY (number, place);
         INSERT INTO cases SELECT * FROM file({}, 'RowBinary',
           'number UInt32, place UInt32, is_table Bool, lines Array(String)');
         SELECT number AS case, kills[nth] AS kill
         FROM (
           SELECT number, place, oom_kills(lines) AS kills FROM cases WHERE NOT is_table
           UNION ALL
           SELECT number, place, oom_kills_at(arrayMap(line -> oom_entry(toDateTime64(0, 6, 'UTC'), '', line, map()), lines))
           FROM cases WHERE is_table
         )
         ARRAY JOIN arrayEnumerate(kills) AS nth
         ORDER BY number, place, nth;",
        quoted(&path)
    );
    run("suites", &sql)
}

fn of_suites() -> Vec<Case> {
    let mut cases = Vec::new();
    for suite in Suite::all() {
        let expected = suite.expected(oom_suite::Mode::Events, &Identity::OPEN_TELEMETRY);
        if suite.form == "text" {
            for (way, is_table) in [("in a table", true), ("as lines", false)] {
                cases.push(Case {
                    name: format!("{}, {way}", suite.name),
                    lines: suite.lines().map(<[u8]>::to_vec).collect(),
                    is_table,
                    expected: expected.clone(),
                    kills_only: suite.fresh,
                    oom_only: true,
                });
            }
        }
        // What is no record is nothing to a filter of records, and here a line of text.
        let mut lines = suite.records();
        lines.retain(|record| record.starts_with(b"{") && record.trim_ascii_end().ends_with(b"}"));
        cases.push(Case {
            name: suite.name.clone(),
            lines,
            is_table: false,
            expected,
            kills_only: suite.fresh,
            oom_only: false,
        });
    }
    cases
}

/// What the library makes of the captures' lines.
fn of_captures() -> Vec<Case> {
    let captures = home().join("../fixtures/captures");
    let folders = [captures.clone(), captures.join("filled")];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|file| file.unwrap().path());
    let logs = files.filter(|file| file.extension().is_some_and(|ending| ending == "kmsg"));
    let mut cases = Vec::new();
    for path in logs {
        let log = fs::read(&path).unwrap();
        let lines: Vec<Vec<u8>> = log
            .strip_suffix(b"\n")
            .unwrap_or(&log)
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
        let context = RecordContext::default();
        let mut expected = Vec::new();
        let mut records = Records::new(LineFormat::Auto);
        let mut each = |record: Record<'_>| {
            let Record::Plain(line) = record else {
                panic!("a capture has no JSON");
            };
            let object = || line.object();
            let outcome = filter.process_line(Mode::Events, &line.kernel_line(), &context, &object);
            if let Outcome::Replaced(record) = outcome {
                expected.push(value(&record));
            }
        };
        for line in &lines {
            records.line(line, &mut each);
        }
        records.end(&mut each);
        while let Some(record) = filter.next_unfinished() {
            expected.push(value(&record));
        }
        cases.push(Case {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            lines,
            is_table: false,
            expected,
            kills_only: false,
            oom_only: false,
        });
    }
    assert!(cases.len() > 6, "captures are missing");
    cases
}

/// A column that does not say what the record says.
fn differing_column(kill: &Value, oom: &Value) -> Option<String> {
    const COLUMNS: [(&str, &str); 18] = [
        ("event", "/event"),
        ("killer", "/killer"),
        ("level", "/level"),
        ("pod_uid", "/pod/uid"),
        ("container_id", "/container/id"),
        ("unit", "/unit"),
        ("workload_system", "/workload/system"),
        ("workload", "/workload/id"),
        ("victim", "/victim/comm"),
        ("limit_bytes", "/memory/limit_bytes"),
        ("usage_bytes", "/memory/usage_bytes"),
        ("mostly", "/memory/mostly"),
        ("container_outcome", "/container_outcome"),
        ("attribution", "/attribution"),
        ("origin", "/origin"),
        ("at_us", "/at_us"),
        ("id", "/id"),
        ("summary", "/summary"),
    ];
    let pid = oom.pointer("/victim/pid").unwrap_or(&json!(0)).clone();
    let nested = oom.get("nested").unwrap_or(&json!(false)).clone();
    let rss = [
        "/victim/anon_rss_bytes",
        "/victim/file_rss_bytes",
        "/victim/shmem_rss_bytes",
    ];
    let rss = rss
        .iter()
        .filter_map(|place| oom.pointer(place)?.as_u64())
        .reduce(|a, b| a + b);
    let computed = [
        ("victim_pid", pid),
        ("nested", nested),
        ("rss_bytes", json!(rss)),
    ];
    let copied = COLUMNS.iter().map(|(column, place)| {
        let absent = if kill[column].is_string() {
            json!("")
        } else {
            Value::Null
        };
        (*column, oom.pointer(place).cloned().unwrap_or(absent))
    });
    let mut all = copied.chain(computed);
    let (column, expected) = all.find(|(column, expected)| kill[column] != *expected)?;
    Some(format!(
        "column {column} is {}, and the record says {expected}",
        kill[column]
    ))
}

/// The first members that differ.
fn difference(expected: &Value, found: &Value) -> String {
    if let (Value::Object(one), Value::Object(other)) = (expected, found)
        && let Some(key) = one
            .keys()
            .chain(other.keys())
            .find(|key| one.get(*key) != other.get(*key))
    {
        let (one, other) = (
            one.get(key).unwrap_or(&Value::Null),
            other.get(key).unwrap_or(&Value::Null),
        );
        return format!("{key}: {}", difference(one, other));
    }
    format!("expected {expected}, found {found}")
}
