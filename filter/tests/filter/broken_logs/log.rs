//! Logs: machines whose kills are known, and every way in which a log breaks on its way.

use std::collections::HashSet;

use oom_suite::dice::Dice;
use serde_json::{Value, json};

use super::kernel::{Cluster, Kernel, Line, Plan, Truth, report};

/// What was done to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Breakage {
    Whole,
    /// Lines are lost one by one.
    LinesLost,
    /// Stretches of lines are lost.
    StretchesLost,
    /// The journal loses stretches, and says so.
    JournalDrops,
    /// Lines change places with their neighbours.
    Swapped,
    /// Lines come twice.
    LinesTwice,
    /// Two readers hand in the same log, one behind the other.
    TwoInputs,
    /// A line is cut into two records.
    Split,
    /// Several machines, and nothing that tells them apart.
    MachinesMixed,
    /// The same, and lines are lost.
    MachinesMixedAndLost,
}

impl Breakage {
    pub const ALL: [Self; 10] = [
        Self::Whole,
        Self::LinesLost,
        Self::StretchesLost,
        Self::JournalDrops,
        Self::Swapped,
        Self::LinesTwice,
        Self::TwoInputs,
        Self::Split,
        Self::MachinesMixed,
        Self::MachinesMixedAndLost,
    ];

    /// Whether lines of a report are missing.
    pub fn loses_lines(self) -> bool {
        matches!(
            self,
            Self::LinesLost
                | Self::StretchesLost
                | Self::JournalDrops
                | Self::Split
                | Self::MachinesMixedAndLost
        )
    }
}

/// What brings the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Fluent Bit's records of `/dev/kmsg`.
    Kmsg,
    /// `journalctl -o json`, its keys in any order.
    Journal,
    /// Lines with the kernel's clock.
    Dmesg,
    /// Lines with nothing in front.
    Bare,
}

/// A broken log.
#[derive(Debug)]
pub struct Log {
    pub records: Vec<Vec<u8>>,
    pub truths: Vec<Truth>,
    pub breakage: Breakage,
    pub carrier: Carrier,
    /// Lines of two reports were printed in between each other.
    pub is_interleaved: bool,
}

/// A record of the log that is to be.
#[derive(Clone, Debug)]
struct Entry {
    sequence: u64,
    line: Line,
    /// The journal's own word that it lost lines.
    is_notice: bool,
}

/// The log of this number.
pub fn log(seed: u64) -> Log {
    let dice = &mut Dice::new(seed);
    let breakage = dice.one_of(&Breakage::ALL);
    let carrier = match breakage {
        Breakage::JournalDrops => Carrier::Journal,
        _ => dice.one_of(&[
            Carrier::Kmsg,
            Carrier::Journal,
            Carrier::Dmesg,
            Carrier::Bare,
        ]),
    };
    let is_mixed = matches!(
        breakage,
        Breakage::MachinesMixed | Breakage::MachinesMixedAndLost
    );
    let machines = if is_mixed { dice.number(2, 4) } else { 1 };
    let kernel = dice.one_of(&Kernel::ALL);
    let mut truths = Vec::new();
    let mut is_interleaved = false;
    let logs: Vec<Vec<Entry>> = (0..machines)
        .map(|_| {
            let kernel = if is_mixed {
                dice.one_of(&Kernel::ALL)
            } else {
                kernel
            };
            let (lines, interleaved) = machine(kernel, &mut truths, dice);
            is_interleaved |= interleaved;
            let entry = |(sequence, line)| Entry {
                sequence,
                line,
                is_notice: false,
            };
            (dice.number(1, 5000)..).zip(lines).map(entry).collect()
        })
        .collect();
    let entries = if is_mixed {
        // An aggregator hands over the lines as they come.
        merged(logs, dice)
    } else {
        logs.concat()
    };
    let entries = broken(entries, breakage, dice);
    for entry in &entries {
        if let Some(truth) = entry.line.kills {
            truths[truth].kill_lines += 1;
        }
    }
    let records = entries
        .iter()
        .flat_map(|entry| records(entry, carrier, breakage, dice))
        .collect();
    Log {
        records,
        truths,
        breakage,
        carrier,
        is_interleaved,
    }
}

/// What one machine prints, and whether reports stand in each other.
fn machine(kernel: Kernel, truths: &mut Vec<Truth>, dice: &mut Dice) -> (Vec<Line>, bool) {
    let plan = Plan {
        kernel,
        has_table: dice.chance(85),
        one_name: dice.chance(40),
        pids: if dice.chance(30) {
            100..400
        } else {
            100..32_768
        },
    };
    let mut cluster = Cluster::new(&plan, dice);
    let mut clock = dice.number(1_000_000, 10_000_000_000);
    let mut lines = Vec::new();
    let mut is_interleaved = false;
    let mut left = dice.number(2, 6);
    while left > 0 {
        let together = if kernel.is_parallel() && dice.chance(40) {
            dice.number(2, 4).min(left)
        } else {
            1
        };
        left -= together;
        let mut reports = Vec::new();
        let mut busy = HashSet::new();
        for _ in 0..together {
            // The kernel suppresses reports where they come thick.
            let is_suppressed = !lines.is_empty() && dice.chance(20);
            reports.extend(report(
                &plan,
                &mut cluster,
                is_suppressed,
                &mut busy,
                truths,
                dice,
            ));
        }
        is_interleaved |= reports.len() > 1;
        for mut line in side_by_side(reports, dice) {
            clock += dice.number(1, 40);
            line.at_us = clock;
            lines.push(line);
            if dice.chance(2) {
                lines.push(foreign(clock, dice));
            }
        }
        clock += dice.one_of(&[50, 5_000, 300_000, 4_000_000, 30_000_000, 200_000_000]);
        for _ in 0..dice.number(0, 3) {
            lines.push(foreign(clock, dice));
        }
    }
    (lines, is_interleaved)
}

fn foreign(at_us: u64, dice: &mut Dice) -> Line {
    Line {
        at_us,
        ..Line::new(dice.one_of(&[
            "eth0: link becomes ready",
            "audit: type=1400 audit(1.0:1): apparmor=\"STATUS\"",
            "INFO: task jbd2/sda1-8:300 blocked for more than 120 seconds.",
        ]))
    }
}

/// Several reports, each in its own order.
fn side_by_side(reports: Vec<Vec<Line>>, dice: &mut Dice) -> Vec<Line> {
    let longest = dice.one_of(&[1, 3, 12, 40]);
    let mut rests: Vec<_> = reports.into_iter().map(Vec::into_iter).collect();
    let mut out = Vec::new();
    while !rests.is_empty() {
        let at = dice.index(rests.len());
        for _ in 0..dice.number(1, longest + 1) {
            let Some(line) = rests[at].next() else {
                drop(rests.swap_remove(at));
                break;
            };
            out.push(line);
        }
    }
    out
}

fn merged(logs: Vec<Vec<Entry>>, dice: &mut Dice) -> Vec<Entry> {
    let longest = dice.one_of(&[2, 10, 60]);
    let mut rests: Vec<_> = logs.into_iter().map(Vec::into_iter).collect();
    let mut out = Vec::new();
    while !rests.is_empty() {
        let at = dice.index(rests.len());
        let before = out.len();
        let count = usize::try_from(dice.number(1, longest + 1)).unwrap();
        out.extend(rests[at].by_ref().take(count));
        if out.len() == before {
            drop(rests.swap_remove(at));
        }
    }
    out
}

fn broken(entries: Vec<Entry>, breakage: Breakage, dice: &mut Dice) -> Vec<Entry> {
    match breakage {
        Breakage::Whole | Breakage::MachinesMixed | Breakage::Split => entries,
        Breakage::LinesLost => lines_lost(entries, dice),
        Breakage::StretchesLost => stretches_lost(entries, false, dice),
        Breakage::JournalDrops => stretches_lost(entries, true, dice),
        Breakage::MachinesMixedAndLost => {
            if dice.chance(50) {
                lines_lost(entries, dice)
            } else {
                stretches_lost(entries, false, dice)
            }
        }
        Breakage::Swapped => {
            let mut entries = entries;
            for _ in 0..dice.number(1, 12) {
                let at = dice.index(entries.len().saturating_sub(1).max(1));
                if at + 1 < entries.len() {
                    entries.swap(at, at + 1);
                }
            }
            entries
        }
        Breakage::LinesTwice => {
            let percent = dice.one_of(&[2, 10, 100]);
            let twice = |entry: Entry| {
                let copies = if dice.chance(percent) { 2 } else { 1 };
                vec![entry; copies]
            };
            entries.into_iter().flat_map(twice).collect()
        }
        Breakage::TwoInputs => {
            if dice.chance(30) {
                return [entries.clone(), entries].concat();
            }
            let copies = vec![entries.clone(), entries];
            merged(copies, dice)
        }
    }
}

fn lines_lost(entries: Vec<Entry>, dice: &mut Dice) -> Vec<Entry> {
    let percent = dice.one_of(&[1, 5, 20, 50]);
    entries
        .into_iter()
        .filter(|_| !dice.chance(percent))
        .collect()
}

fn stretches_lost(entries: Vec<Entry>, is_said: bool, dice: &mut Dice) -> Vec<Entry> {
    let mut entries = entries;
    for _ in 0..dice.number(1, 4) {
        if entries.is_empty() {
            break;
        }
        let start = dice.index(entries.len());
        let longest = dice.one_of(&[3, 15, 60]);
        let count = usize::try_from(dice.number(1, longest + 1)).unwrap();
        let end = (start + count).min(entries.len());
        let mut notice = entries[start].clone();
        entries.drain(start..end);
        if is_said {
            notice.is_notice = true;
            notice.line = Line {
                at_us: notice.line.at_us,
                ..Line::new(format!("Missed {count} kernel messages"))
            };
            entries.insert(start, notice);
        }
    }
    entries
}

fn records(entry: &Entry, carrier: Carrier, breakage: Breakage, dice: &mut Dice) -> Vec<Vec<u8>> {
    let text = &entry.line.text;
    if breakage == Breakage::Split && text.len() > 20 && dice.chance(5) {
        let cut = dice.number(1, text.len() as u64);
        let (one, other) = text.split_at(usize::try_from(cut).unwrap());
        return vec![
            record(entry, one, carrier, dice),
            record(entry, other, carrier, dice),
        ];
    }
    vec![record(entry, text, carrier, dice)]
}

fn record(entry: &Entry, text: &str, carrier: Carrier, dice: &mut Dice) -> Vec<u8> {
    let (seconds, micros) = (entry.line.at_us / 1_000_000, entry.line.at_us % 1_000_000);
    if carrier != Carrier::Journal {
        let value = match carrier {
            Carrier::Kmsg => json!({
                "priority": 6, "sequence": entry.sequence, "sec": seconds, "usec": micros, "msg": text
            }),
            Carrier::Dmesg => json!({ "log": format!("[{seconds:>5}.{micros:06}] {text}") }),
            _ => json!({ "log": text }),
        };
        return value.to_string().into_bytes();
    }
    let mut members = if entry.is_notice {
        vec![
            ("_TRANSPORT", Value::from("driver")),
            (
                "MESSAGE_ID",
                Value::from("e9bf28e6e834481bb6f48f548ad13606"),
            ),
            ("SYSLOG_IDENTIFIER", Value::from("systemd-journald")),
            ("_PID", Value::from("99")),
            ("_COMM", Value::from("systemd-journal")),
        ]
    } else {
        vec![
            ("_TRANSPORT", Value::from("kernel")),
            (
                "_SOURCE_MONOTONIC_TIMESTAMP",
                Value::from(entry.line.at_us.to_string()),
            ),
            ("SYSLOG_IDENTIFIER", Value::from("kernel")),
            ("SYSLOG_FACILITY", Value::from("0")),
            ("PRIORITY", Value::from("6")),
        ]
    };
    members.extend([
        ("MESSAGE", Value::from(text)),
        ("_HOSTNAME", Value::from("n1")),
        ("_BOOT_ID", Value::from("0f5c21c1a1ae4bb7a8b4ae4f8bb32d6a")),
        (
            "_MACHINE_ID",
            Value::from("5c21c1a1ae4bb7a8b4ae4f8bb32d6a0f"),
        ),
    ]);
    dice.shuffle(&mut members);
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}
