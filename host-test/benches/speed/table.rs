//! The table: a row for each way to handle each kind of record.

use std::fmt::{self, Write as _};

use crate::records::Kind;

/// What one way of handling one kind of record costs. Costs are of a whole pass.
#[derive(Default)]
pub struct Row {
    /// The kind of record.
    pub record: String,
    /// The engine or host.
    pub place: String,
    /// What handles the record there.
    pub what: String,
    /// Over how many records the costs are spread; 0 where they are no record's.
    pub divisor: usize,
    /// Nanoseconds.
    pub time: Option<f64>,
    /// Nanoseconds where nothing is done with the records.
    pub floor: Option<f64>,
    /// WebAssembly instructions.
    pub fuel: Option<u64>,
    /// Those of the floor.
    pub floor_fuel: Option<u64>,
}

impl Row {
    /// A row of a kind, without figures.
    pub fn new(kind: &Kind, place: &str, what: &str) -> Self {
        Self {
            record: kind.name.to_owned(),
            place: place.to_owned(),
            what: what.to_owned(),
            divisor: kind.divisor(),
            ..Self::default()
        }
    }

    /// Nanoseconds for a record.
    pub fn each(&self) -> Option<f64> {
        self.time.map(|time| self.share(time))
    }

    /// Time, as a multiple of the floor's.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.time? / self.floor?)
    }

    fn share(&self, cost: f64) -> f64 {
        cost / float(self.divisor.max(1))
    }
}

/// The rows, and what else is to be said.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a sentence that stands below the table.
    pub fn note(&mut self, sentence: &str) {
        self.notes.push(sentence.to_owned());
    }

    /// The row of that record, place and name.
    pub fn find(&self, record: &str, place: &str, what: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.record == record && row.place == place && row.what == what)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "| record | in | by | time | floor | times the floor | instructions | of the floor |\n\
             |---|---|---|---:|---:|---:|---:|---:|\n",
        )?;
        // Rows of one kind together, kinds in the order they came.
        let mut kinds: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !kinds.contains(&row.record.as_str()) {
                kinds.push(&row.record);
            }
        }
        for kind in kinds {
            for row in self.rows.iter().filter(|row| row.record == kind) {
                line(f, row)?;
            }
        }
        for note in &self.notes {
            write!(f, "\n{note}\n")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let time_of = |cost: Option<f64>| cost.map(|cost| time(row.share(cost)));
    let count_of = |fuel: Option<u64>| {
        fuel.map(|fuel| {
            let share = fuel / u64::try_from(row.divisor.max(1)).unwrap_or(1);
            thousands(share)
        })
    };
    let cells = [
        time_of(row.time),
        time_of(row.floor),
        row.ratio().map(|ratio| format!("{ratio:.2}")),
        count_of(row.fuel),
        count_of(row.floor_fuel),
    ];
    write!(f, "| {} | {} | {} |", row.record, row.place, row.what)?;
    for cell in cells {
        write!(f, " {} |", cell.unwrap_or_default())?;
    }
    f.write_char('\n')
}

/// Nanoseconds as a person reads them.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        small if small < 100.0 => format!("{small:.1} ns"),
        small if small < 1e3 => format!("{small:.0} ns"),
        middle if middle < 1e6 => format!("{:.2} µs", middle / 1e3),
        large => format!("{:.2} ms", large / 1e6),
    }
}

/// A number with its thousands apart.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A count as a factor.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub fn float(count: usize) -> f64 {
    count as f64
}
