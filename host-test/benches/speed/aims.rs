//! What was aimed at, and whether this run reached it.

use std::fmt::Write as _;

use crate::memory::Memory;
use crate::records::{
    JOURNAL_2K, Kind, ORDINARY_JOURNAL, ORDINARY_KMSG, ORDINARY_TAIL, REPORT, named,
};
use crate::runners::fluent_bit::PLACE as FLUENT_BIT;
use crate::runners::native::{CADVISOR, NEEDLE, PLACE as NATIVE};
use crate::table::{Table, float, time};
use crate::wasm::FILTER;

/// WAMR's name.
const WAMR: &str = "wamr";
const MEBIBYTE: f64 = 1_048_576.0;
const KIBIBYTE: f64 = 1024.0;

/// One aim: a figure, and the side on which it may be.
struct Aim {
    about: String,
    figure: Option<f64>,
    bound: Bound,
    unit: fn(f64) -> String,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Everything that was aimed at.
fn aims(table: &Table, kinds: &[Kind], memory: &Memory, size: usize) -> Vec<Aim> {
    let mut aims = Vec::new();
    let mut add = |about: String, figure, bound, unit| {
        aims.push(Aim {
            about,
            figure,
            bound,
            unit,
        });
    };
    for (record, bound) in [
        (ORDINARY_KMSG, 1.15),
        (ORDINARY_JOURNAL, 1.15),
        (ORDINARY_TAIL, 1.15),
        (JOURNAL_2K, 1.3),
    ] {
        for place in [WAMR, FLUENT_BIT] {
            if let Some(row) = table.find(record, place, FILTER) {
                let about = format!("{place}, {record}: times the floor");
                add(about, row.ratio(), Bound::AtMost(bound), plain);
            }
        }
    }
    let each = |record, place, what| table.find(record, place, what)?.each();
    add(
        format!("{WAMR}, {REPORT}, in all"),
        each(REPORT, WAMR, FILTER),
        Bound::AtMost(3e6),
        time,
    );
    for record in [ORDINARY_KMSG, ORDINARY_JOURNAL, ORDINARY_TAIL] {
        let bytes = float(named(kinds, record).bytes());
        let row = table.find(record, NATIVE, FILTER);
        add(
            format!("{NATIVE}, {record}"),
            row.and_then(|row| Some(bytes / row.time?)),
            Bound::AtLeast(2.0),
            |rate| format!("{rate:.2} GB/s"),
        );
        add(
            format!("{NATIVE}, {record}: times memmem for one needle"),
            quotient(each(record, NATIVE, FILTER), each(record, NATIVE, NEEDLE)),
            Bound::AtMost(3.0),
            plain,
        );
    }
    add(
        format!("{NATIVE}, {REPORT}: cAdvisor's expressions, times the filter"),
        quotient(each(REPORT, NATIVE, CADVISOR), each(REPORT, NATIVE, FILTER)),
        Bound::AtLeast(20.0),
        plain,
    );
    add(
        "size of the module".to_owned(),
        Some(float(size)),
        Bound::AtMost(100.0 * KIBIBYTE),
        |bytes| format!("{:.1} KiB", bytes / KIBIBYTE),
    );
    for (after, bytes) in [
        ("10 000 records of 1 KiB", memory.after_records),
        ("a report and its kill besides", memory.after_kill),
    ] {
        add(
            format!("{WAMR}, linear memory after {after}"),
            Some(float(bytes)),
            Bound::AtMost(1.2 * MEBIBYTE),
            |bytes| format!("{:.2} MiB", bytes / MEBIBYTE),
        );
    }
    aims
}

fn quotient(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? / other?)
}

fn plain(number: f64) -> String {
    format!("{number:.2}")
}

/// The aims as a table.
pub fn table(rows: &Table, kinds: &[Kind], memory: &Memory, size: usize) -> String {
    let mut text = String::from("| aim | bound | this run | met |\n|---|---:|---:|---|\n");
    for aim in aims(rows, kinds, memory, size) {
        let Some(figure) = aim.figure else {
            continue;
        };
        let (word, bound, is_met) = match aim.bound {
            Bound::AtMost(bound) => ("at most", bound, figure <= bound),
            Bound::AtLeast(bound) => ("at least", bound, figure >= bound),
        };
        // A string takes all text.
        let _ = writeln!(
            text,
            "| {} | {word} {} | {} | {} |",
            aim.about,
            (aim.unit)(bound),
            (aim.unit)(figure),
            if is_met { "yes" } else { "**no**" }
        );
    }
    text
}
