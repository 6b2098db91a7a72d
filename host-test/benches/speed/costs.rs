//! The table that a user reads: what the filter costs, beside what, and what bounds it.

use std::fmt::Write as _;

use crate::memory::Memory;
use crate::records::{
    CONTAINERD, JOURNAL_2K, KUBELET, KUBELET_NAMES, Kind, ORDINARY_KMSG, ORDINARY_TAIL, REPORT,
    STORM, named,
};
use crate::runners::fluent_bit::{FLOOR, GREP, LUA, NO_FILTER, PLACE as FLUENT_BIT};
use crate::runners::native::{CADVISOR, NEEDLE, PLACE as NATIVE};
use crate::table::{Row, Table, float, thousands, time};
use crate::wasm::{FILTER, PEER};

/// WAMR's name.
const WAMR: &str = "wamr";
const MEBIBYTE: f64 = 1_048_576.0;

/// A cost: of which record, where, beside whom, and what bounds it.
type Cost = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const HOSTS_JSON: &str = "the host writes the record as JSON and reads the answer back";
const IN_FLUENT_BIT: &[&str] = &[NO_FILTER, FLOOR, GREP, LUA];

const COSTS: [Cost; 8] = [
    (ORDINARY_TAIL, FLUENT_BIT, IN_FLUENT_BIT, HOSTS_JSON),
    (JOURNAL_2K, FLUENT_BIT, IN_FLUENT_BIT, HOSTS_JSON),
    (CONTAINERD, FLUENT_BIT, IN_FLUENT_BIT, HOSTS_JSON),
    (KUBELET, FLUENT_BIT, IN_FLUENT_BIT, HOSTS_JSON),
    (
        KUBELET_NAMES,
        FLUENT_BIT,
        IN_FLUENT_BIT,
        "the record is read twice: who wrote it, and what of which container",
    ),
    (
        STORM,
        FLUENT_BIT,
        IN_FLUENT_BIT,
        "each line is checked as JSON, read as the kernel's and written anew, by an interpreter",
    ),
    (
        REPORT,
        WAMR,
        &[PEER],
        "the same, without the host; in rewrite and events mode a line is not written",
    ),
    (
        ORDINARY_KMSG,
        NATIVE,
        &[NEEDLE, CADVISOR],
        "one search for all words, over every byte",
    ),
];

/// The table, and below it sizes.
pub fn table(rows: &Table, kinds: &[Kind], memory: &Memory, size: usize) -> String {
    let mut text =
        String::from("| record | in | costs | beside | bounded by |\n|---|---|---:|---|---|\n");
    // A string takes all text.
    for (record, place, others, bound) in COSTS {
        let each = |what: &str| rows.find(record, place, what)?.each();
        let Some(cost) = each(FILTER) else { continue };
        let others = others.iter().filter_map(|what| {
            let other = each(what)?;
            Some(format!("{what}: {}", time(other)))
        });
        let others = others.collect::<Vec<_>>().join("; ");
        let _ = writeln!(
            text,
            "| {record} | {place} | {} | {others} | {bound} |",
            time(cost)
        );
    }
    let mut say = |sentence: String| {
        let _ = writeln!(text, "\n{sentence}");
    };
    if let Some(line) = rows.find(STORM, FLUENT_BIT, FILTER).and_then(Row::each) {
        let lines = float(named(kinds, REPORT).measured.len());
        say(format!(
            "Fluent Bit takes {:.0} whole reports in a second of one processor.",
            1e9 / (line * lines)
        ));
    }
    say(format!(
        "The module has {} bytes. In WAMR it holds {:.2} MiB of linear memory after 10 000 records of 1 KiB, {:.2} MiB \
         after a report and its kill besides.",
        thousands(size as u64),
        float(memory.after_records) / MEBIBYTE,
        float(memory.after_kill) / MEBIBYTE,
    ));
    text
}
