//! The SQL and the scripts that ship, over tables made of the captures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::SystemTime;

use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use serde_json::Value;

use crate::engine::{home, module, quoted, run, scratch, script, shipped};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        the_words_are_the_parsers,
        every_view_tells_every_kill_once_and_two_engines_the_same,
        odd_input_fails_no_query,
        history_reads_files,
    ]
}

/// The kernel's kills in the captures.
const KILLS: usize = 724;
/// The kills of the captures that a program only claims, into the kernel's own log.
const CLAIMED: usize = 6;

/// The captures as tables: lines as they are logged, half an hour ago, by machines that are called as the files.
fn tables(hosts: &str) -> String {
    let captures = quoted(&home().join("../fixtures/captures/*.kmsg"));
    format!(
        "CREATE TABLE lines (timestamp DateTime64(6, 'UTC'), host LowCardinality(String), message String, is_kernel Bool)
           ENGINE = MergeTree ORDER BY (host, timestamp);
         INSERT INTO lines
           SELECT toDateTime({}, 'UTC') + toIntervalMicrosecond(toUInt64(parts[3])), _file,
             substring(line, position(line, ';') + 1), toUInt32(parts[1]) < 8
           FROM (SELECT *, _file, _row_number, splitByChar(',', line) AS parts FROM file({captures}, 'LineAsString'))
           WHERE match(line, '^[0-9]+,[0-9]+,[0-9]+,') AND {hosts} ORDER BY _file, _row_number;
         CREATE TABLE logs ENGINE = MergeTree ORDER BY (host, timestamp) AS
           SELECT timestamp, host, message FROM lines ORDER BY host, timestamp, _part_offset;
         CREATE TABLE vector_logs ENGINE = MergeTree ORDER BY (host, timestamp) AS
           SELECT timestamp, host, message, if(is_kernel, 'kernel', 'syslog') AS _TRANSPORT, '' AS _SYSTEMD_UNIT,
             if(is_kernel, 'kernel', 'logger') AS SYSLOG_IDENTIFIER
           FROM lines ORDER BY host, timestamp, _part_offset;
         CREATE TABLE fluentbit_logs ENGINE = MergeTree ORDER BY timestamp AS
           SELECT timestamp, toJSONString(map('MESSAGE', message, '_HOSTNAME', host::String, '_TRANSPORT', _TRANSPORT::String)) AS log
           FROM vector_logs ORDER BY host, timestamp, _part_offset;
         CREATE TABLE otel_logs (Timestamp DateTime64(9), TimestampTime DateTime DEFAULT toDateTime(Timestamp),
             ServiceName LowCardinality(String), Body String, ResourceAttributes Map(LowCardinality(String), String),
             LogAttributes Map(LowCardinality(String), String))
           ENGINE = MergeTree PARTITION BY toDate(TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp);
         INSERT INTO otel_logs (Timestamp, ServiceName, Body, ResourceAttributes, LogAttributes)
           SELECT timestamp, 'node', message, map('host.name', host), map('_TRANSPORT', _TRANSPORT)
           FROM vector_logs ORDER BY host, timestamp, _part_offset;
         INSERT INTO otel_logs (Timestamp, ServiceName, Body)
           SELECT timestamp - 86400, 'journald', log FROM fluentbit_logs ORDER BY timestamp, _part_offset;
         {} {} {} {}",
        half_an_hour_ago(),
        shipped("plain.sql"),
        shipped("otel.sql"),
        shipped("vector.sql"),
        shipped("fluentbit.sql")
    )
}

/// In seconds since 1970.
fn half_an_hour_ago() -> u64 {
    static THEN: LazyLock<u64> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap().as_secs() - 1800
    });
    *THEN
}

/// What a view tells of the last two hours of a day.
fn kills_of(view: &str, days_ago: u32) -> String {
    let moment = |sign, hours| {
        format!(
            "formatDateTime(now() - INTERVAL {days_ago} DAY {sign} INTERVAL {hours} HOUR, '%F %T', 'UTC')"
        )
    };
    format!(
        "SELECT '{view}' AS what, host, victim_pid, victim, level, cgroup, limit_bytes, attribution, origin
         FROM {view}(from = {}, to = {}) WHERE event = 'kill'
         ORDER BY ALL;",
        moment("-", 2),
        moment("+", 1)
    )
}

fn of<'a>(rows: &'a [Value], what: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["what"] == what).collect()
}

fn the_words_are_the_parsers() {
    let functions = shipped("functions.sql");
    let (_, list) = functions.split_once("multiSearchAny(text, [").unwrap();
    let (list, _) = list.split_once("])").unwrap();
    let shipped: BTreeSet<&str> = list.split('\'').skip(1).step_by(2).collect();
    let parsers: BTreeSet<&str> = oom_filter::kernel::telling_words()
        .map(|word| str::from_utf8(word).unwrap())
        .collect();
    assert_eq!(shipped, parsers, "the words in functions.sql");
}

fn every_view_tells_every_kill_once_and_two_engines_the_same() -> Tested {
    const VIEWS: [(&str, u32); 5] = [
        ("oom_kills_in_logs", 0),
        ("oom_kills_in_vector_logs", 0),
        ("oom_kills_in_fluentbit_logs", 0),
        ("oom_kills_in_otel_logs", 0),
        ("oom_kills_in_otel_journal", 1),
    ];
    let asked: Vec<String> = VIEWS
        .iter()
        .map(|(view, days)| kills_of(view, *days))
        .collect();
    // By the view itself, and once more from the middle of the captures on, where reports are cut.
    let again =
        "INSERT INTO oom_kills SELECT * EXCEPT (event) REPLACE (assumeNotNull(time) AS time)
        FROM oom_kills_in_logs(from = formatDateTime(toStartOfMinute(now()) - 1780, '%F %T', 'UTC'),
                               to = formatDateTime(now(), '%F %T', 'UTC'))
        WHERE event = 'kill';";
    let files = scratch("files");
    fs::create_dir_all(&files).unwrap();
    let parquet = quoted(&files.join("logs1.parquet"));
    let log = files.join("kern.log");
    fs::copy(
        home().join("../fixtures/captures/debian-7.2.13-cgroup2.kmsg"),
        &log,
    )
    .unwrap();
    let of_files = shipped("files.sql")
        .replace("'kern*.log*'", &quoted(&log))
        .replace("'logs*.parquet'", &parquet);
    let sql = format!(
        "{} {} {}
         SYSTEM STOP MERGES oom_kills;
         SYSTEM REFRESH VIEW oom_kills_refresh; SYSTEM WAIT VIEW oom_kills_refresh; {again}
         SELECT 'cut' AS what, count() AS cut FROM oom_kills WHERE attribution != 'report';
         SELECT 'told' AS what, count() AS told, uniqExact(host, time, victim_pid) AS kills FROM oom_kills;
         SELECT 'kept' AS what, count() AS kept, countIf(attribution = 'report') AS whole FROM oom_kills FINAL;
         CREATE TABLE deployments (time DateTime, namespace String, version String) ENGINE = MergeTree ORDER BY time;
         INSERT INTO deployments VALUES (now() - 1900, '', 'v2');
         {}
         SELECT * FROM logs INTO OUTFILE {parquet} TRUNCATE FORMAT Parquet;
         SELECT 'files' AS what;
         {of_files}",
        tables("1"),
        asked.join("\n"),
        shipped("continuous.sql"),
        shipped("questions.sql"),
    );
    let rows = run("views", &sql)?;
    views_agree(&rows, &VIEWS.map(|(view, _)| view));
    the_table_keeps_one_of_each(&rows);
    let questions = rows.iter().filter(|row| row.get("what").is_none());
    let has = |column: &str| questions.clone().any(|row| row.get(column).is_some());
    for column in [
        "week",
        "victims",
        "last",
        "highest_limit",
        "first_kill",
        "summary",
    ] {
        assert!(has(column), "no question gave {column}");
    }
    let files = rows.iter().position(|row| row["what"] == "files").unwrap();
    assert_eq!(
        rows.len() - files - 1,
        122 + KILLS + CLAIMED,
        "kills in files"
    );
    Ok(())
}

/// Every view tells the same, and none doubts who wrote the lines that it knows the authors of.
fn views_agree(rows: &[Value], views: &[&str]) {
    let without = |row: &Value| {
        let mut row = row.clone();
        row["what"] = Value::Null;
        row.to_string()
    };
    let first = of(rows, "oom_kills_in_vector_logs");
    for view in views {
        let kills = of(rows, view);
        if *view == "oom_kills_in_logs" {
            assert_eq!(
                kills.len(),
                KILLS + CLAIMED,
                "nothing tells who wrote a line"
            );
            continue;
        }
        assert_eq!(kills.len(), KILLS, "{view}");
        assert!(kills.iter().all(|row| row["origin"] == "kernel"), "{view}");
        let same = kills
            .iter()
            .map(|row| without(row))
            .eq(first.iter().map(|row| without(row)));
        assert!(same, "{view} tells something else than another one");
    }
}

fn the_table_keeps_one_of_each(rows: &[Value]) {
    let (cut, told, kept) = (of(rows, "cut")[0], of(rows, "told")[0], of(rows, "kept")[0]);
    assert!(cut["cut"].as_u64() > Some(0), "no report was cut");
    assert!(
        told["told"].as_u64() > told["kills"].as_u64(),
        "windows overlap: {told}"
    );
    assert_eq!(
        kept["kept"],
        KILLS + CLAIMED,
        "none is lost, none is there twice"
    );
    let whole = of(rows, "oom_kills_in_logs");
    let whole = whole
        .iter()
        .filter(|row| row["attribution"] == "report")
        .count();
    assert_eq!(
        kept["whole"], whole,
        "a report that was cut replaced no whole one"
    );
}

fn odd_input_fails_no_query() -> Tested {
    const KILL: &str =
        "Out of memory: Killed process 42 (java) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
    let sql = format!(
        "SELECT sum(length(oom_kills([concat('line ', toString(number))]))) AS kills FROM numbers(1000000)
           SETTINGS max_block_size = 1000000;
         SELECT sum(oom_line(if(number % 1000 = 7, '{KILL}', toString(number))).victim_pid) AS pids FROM numbers(1000000)
           SETTINGS max_block_size = 1000000;
         SELECT oom_kills([arrayStringConcat(arrayMap(n -> repeat('0123456789abcdef', 65536), range(64)))])[1] AS kill;
         SELECT length(kills) AS count, kills[-1] AS kill FROM (
           SELECT oom_kills(arrayMap(number -> '{KILL}', range(600000))) AS kills
         );
         SELECT oom_kills(CAST([], 'Array(String)')) AS none, oom_kills(['', '{KILL}', unhex('00ff80'), '{{', '[1,', repeat('[', 100000)]) AS one;
         SELECT oom_kills_at([oom_entry(toDateTime64('1900-01-01', 6, 'UTC'), unhex('ff'), '{KILL}', map(unhex('ff'), unhex('fe')))]) AS one;
         SELECT oom_cgroup(repeat('/a', 1000000)).level AS level, oom_line(unhex('fffe')).event AS event;"
    );
    let rows = run("odd", &sql)?;
    assert_eq!(rows[0]["kills"], 0);
    assert_eq!(rows[1]["pids"], 42 * 1000);
    assert_eq!(rows[2]["kill"]["event"], "unread");
    assert!(
        rows[2]["kill"]["reason"]
            .as_str()
            .unwrap()
            .starts_with("1 lines were longer")
    );
    let told = rows[3]["count"].as_u64().unwrap() - 1;
    let left_out = format!("{} kills were left out", 600_000 - told);
    assert_eq!(rows[3]["kill"]["event"], "unread");
    assert!(
        rows[3]["kill"]["reason"]
            .as_str()
            .unwrap()
            .starts_with(&left_out),
        "{}",
        rows[3]
    );
    assert_eq!(rows[4]["none"].as_array().unwrap().len(), 0);
    assert_eq!(rows[4]["one"].as_array().unwrap().len(), 1);
    assert_eq!(rows[5]["one"][0]["victim"], "java");
    assert_eq!(rows[6]["level"], "cgroup");
    assert_eq!(rows[6]["event"], "");
    Ok(())
}

fn history_reads_files() -> Tested {
    let log = home().join("../fixtures/captures/debian-6.1.192-cgroup2.kmsg");
    let odd = scratch("odd [1] {a,b} *.log");
    fs::copy(&log, &odd).unwrap();
    let files = [
        Path::new("--json"),
        Path::new("--module"),
        &module(),
        &log,
        Path::new("not there"),
        &odd,
    ];
    let output = script("history.py", &files)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("cannot read not there: No such file or directory"),
        "{errors}"
    );
    let records: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("nothing but records"))
        .collect();
    assert_eq!(records.len(), 2 * 122);
    assert!(
        records
            .iter()
            .all(|record| record["oom"]["event"] == "kill")
    );

    // As a file is read that is too large to be handed over whole.
    let whole = [Path::new("--json"), Path::new("--module"), &module()];
    let windows = [&whole[..], &[Path::new("--whole"), Path::new("0"), &log]].concat();
    let output = script("history.py", &windows)?;
    let lines = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(lines, 122, "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
