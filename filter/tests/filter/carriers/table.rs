//! `docs/carriers.md`: what each carrier makes of one kill line.

use std::fs;
use std::path::PathBuf;

use super::carrier::Carrier;
use super::log::Log;
use super::programs::PROGRAMS;

const HEAD: &str = "# What may carry a kernel line

Each of these was written over whole logs of booted kernels and read back: every kill is the one that the same log
tells as `dmesg` prints it, figure for figure (`cargo test -p oom-filter --test filter carriers`). The second column is what
the record then has of the time: `time_us` where the carrier says it without doubt, `when` where its text lacks a year
or a zone. The right column is the beginning of a kill's line, as the carrier has it. `BLESS=1` before that command
writes this page.

The third column names the program that wrote a kernel's log so itself, with the same kills, pods and figures read from
it (`cargo test -p oom-vector --test daemons carriers`). Where it is empty the documented format was followed.
";

/// Longest sample, in characters.
const LONGEST: usize = 110;

/// The page; the kinds of carriers have a title each.
fn page(kinds: &[(&str, &[Carrier])]) -> String {
    let log = Log::suite("node");
    let kinds = kinds.iter().map(|(title, carriers)| {
        let rows = carriers.iter().map(|carrier| {
            let sample = sample(carrier, &log);
            let (time, programs) = (time(carrier, &log), programs(carrier));
            format!("| {} | {time} | {programs} | {sample} |", carrier.name)
        });
        let rows: Vec<String> = rows.collect();
        let rows = rows.join("\n");
        format!(
            "\n## {title}\n\n| carrier | time | written by | a kill's line |\n|---|---|---|---|\n{rows}\n"
        )
    });
    let kinds: Vec<String> = kinds.collect();
    HEAD.to_owned() + &kinds.concat()
}

/// What the record of the kill has of the time.
fn time(carrier: &Carrier, log: &Log) -> &'static str {
    let kills = super::told(&carrier.written(log));
    let kill = kills.first().expect("the log holds a kill");
    let has = |key: &str| !kill[key].is_null();
    match (has("time_us"), has("when")) {
        (true, false) => "`time_us`",
        (false, true) => "`when`",
        (false, false) => "",
        (true, true) => panic!("{} has two times", carrier.name),
    }
}

/// Which programs wrote it themselves.
fn programs(carrier: &Carrier) -> String {
    let programs = PROGRAMS
        .iter()
        .filter(|(_, carriers)| carriers.contains(&carrier.name));
    let names: Vec<&str> = programs.map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The line that tells of the kill; a word where the carrier writes no text.
fn sample(carrier: &Carrier, log: &Log) -> String {
    let written = carrier.written(log);
    let Ok(text) = String::from_utf8(written) else {
        return "(not UTF-8)".to_owned();
    };
    let line = text.lines().find(|line| line.contains("Killed process"));
    let Some(line) = line else {
        return "(as bytes, or over several lines)".to_owned();
    };
    // Of a long line what stands around the kill is shown.
    let at = line.find("Killed process").unwrap_or_default();
    let start = line[..at].char_indices().rev().nth(LONGEST - 30);
    let start = start.map_or(0, |(start, _)| start);
    let shown: String = line[start..].chars().take(LONGEST).collect();
    let before = if start > 0 { "…" } else { "" };
    let shown: String = shown
        .chars()
        .map(|char| if char.is_control() { '·' } else { char })
        .collect();
    let fence = if shown.contains('`') { "``" } else { "`" };
    let shown = shown.replace('|', "\\|");
    format!("{fence}{before}{}…{fence}", shown.trim_end())
}

/// Whether the page in the docs is another one. Under `BLESS` it is written instead.
pub fn differs(kinds: &[(&str, &[Carrier])]) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/carriers.md");
    let page = page(kinds);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, page).expect("the page can be written");
        return None;
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    (known != page).then(|| "BLESS=1 writes docs/carriers.md anew".to_owned())
}
