//! A day of a busy node's journal: what a kubelet, containerd, systemd and the kernel wrote on real machines
//! (`fixtures/captures/journal`), again and again, at clocks of that day, of other pods and processes each time.
//!
//! `day RECORDS TIMES` writes so many records to standard output, and has everything that was captured of kills
//! happen so many times, evenly over the day; else the lines of kills are left out.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use serde_json::{Map, Value};

type Record = Map<String, Value>;

/// 29 November 2026, in microseconds.
const MIDNIGHT: u64 = 1_795_910_400_000_000;
const DAY: u64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut number = || -> Result<u64, Box<dyn Error>> {
        let argument = arguments.next().ok_or("usage: day RECORDS TIMES")?;
        Ok(argument.parse()?)
    };
    let (records, times) = (number()?, number()?);
    let kubelet = read("kubelet")?;
    let quiet = without_kills(&kubelet);
    let kills: Vec<Record> = kubelet.into_iter().chain(read("systemd")?).collect();
    let victims: Vec<String> = kills
        .iter()
        .filter_map(|record| victim(text(record)))
        .collect();

    let mut out = BufWriter::new(stdout().lock());
    let (mut written, mut planted, mut round) = (0, 0, 0);
    while written < records {
        // The first ones have had time to be told before the day ends.
        let is_due = planted < times && written >= (2 * planted + 1) * records / (2 * times);
        planted += u64::from(is_due);
        round += 1;
        for record in if is_due { &kills } else { &quiet } {
            let clock = MIDNIGHT + DAY / records * written;
            let record = Value::Object(at(record, clock, round, &victims));
            serde_json::to_writer(&mut out, &record)?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
    out.flush()?;
    eprintln!("{written} records, {planted} times the kills of the captures");
    Ok(())
}

fn read(name: &str) -> Result<Vec<Record>, Box<dyn Error>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(top.join(format!("fixtures/captures/journal/{name}.ndjson")))?;
    let records: Result<_, _> = text.lines().map(serde_json::from_str).collect();
    Ok(records?)
}

fn text(record: &Record) -> &str {
    record
        .get("MESSAGE")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// What is left where nobody was killed.
fn without_kills(records: &[Record]) -> Vec<Record> {
    let mut is_report = false;
    let mut quiet = records.to_vec();
    quiet.retain(|record| {
        let text = text(record);
        if record["_TRANSPORT"] == "kernel" {
            let was_report = is_report || text.contains(" invoked oom-killer: ");
            is_report = was_report && !text.contains("Killed process ");
            return !was_report && !text.starts_with("oom_reaper: ");
        }
        !["killed by the OOM killer", "oom-kill", "TaskOOM"]
            .iter()
            .any(|words| text.contains(words))
    });
    quiet
}

/// The number in `Killed process 712 (`.
fn victim(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Killed process ")?;
    Some(rest.split(' ').next()?.to_owned())
}

/// The same record at a clock, of other pods, containers and victims.
fn at(record: &Record, clock: u64, round: u64, victims: &[String]) -> Record {
    let mut record = record.clone();
    for (key, value) in &mut record {
        let Value::String(text) = value else {
            continue;
        };
        match key.as_str() {
            "__REALTIME_TIMESTAMP" | "_SOURCE_REALTIME_TIMESTAMP" => *text = clock.to_string(),
            "__MONOTONIC_TIMESTAMP" | "_SOURCE_MONOTONIC_TIMESTAMP" => {
                *text = (clock - MIDNIGHT + 1_000_000).to_string();
            }
            // Both captures are of one machine now.
            "_HOSTNAME" => "node-1".clone_into(text),
            "MESSAGE" | "UNIT" => *text = renamed(text, round, victims),
            _ => {}
        }
    }
    record.insert("_BOOT_ID".into(), "c3d0c4ed440b4edbb7b3c47bdd533575".into());
    record
}

/// The text with other numbers of victims, ids of containers and UIDs of pods: the first eight digits change.
fn renamed(text: &str, round: u64, victims: &[String]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (run, behind) = rest.split_at(length);
        let is_uid = length == 8
            && behind.starts_with(['-', '_'])
            && matches!(behind.as_bytes().get(5), Some(b'-' | b'_'));
        if length == 64 || is_uid {
            let number = u64::from_str_radix(&run[..8], 16).unwrap_or_default();
            let changed = format!("{:08x}", number ^ round);
            out += &changed;
            out += &run[8..];
        } else if let (true, Ok(number)) =
            (victims.iter().any(|pid| pid == run), run.parse::<u64>())
        {
            out += &(number + 1000 * round).to_string();
        } else {
            out += run;
        }
        let next = behind.chars().next().map_or(0, char::len_utf8);
        out += &behind[..next];
        rest = &behind[next..];
    }
    out
}
