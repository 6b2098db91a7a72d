//! The table of kernels and scenarios in docs/kernels.md.

use std::fs;

use serde_json::Value;

use crate::runs::top;

/// Where the table stands in its file: from its head to the end.
const HEAD: &str = "| scenario |";

/// What one capture came to.
pub struct Column {
    /// `6.1, v2`
    name: String,
    /// Each scenario it ran, in order: its name, its kills, and whether every field was right.
    cells: Vec<(String, usize, bool)>,
    /// Scenarios it could not run, and why.
    skipped: Vec<(String, String)>,
}

impl Column {
    /// A column without kills yet, of these scenarios.
    pub fn new(capture: &Value, scenarios: impl Iterator<Item = String>) -> Self {
        let kernel = word(&capture["kernel"]);
        let release: Vec<&str> = kernel.splitn(3, '.').collect();
        let skipped = capture["skipped"].as_array();
        Self {
            name: format!("{}.{}, v{}", release[0], release[1], capture["cgroup"]),
            cells: scenarios.map(|name| (name, 0, true)).collect(),
            skipped: skipped
                .into_iter()
                .flatten()
                .map(|skip| (word(&skip["scenario"]), word(&skip["why"])))
                .collect(),
        }
    }

    /// Counts a kill of a scenario.
    pub fn count(&mut self, scenario: &str) {
        self.cell(scenario).1 += 1;
    }

    /// Notes that something of a scenario was wrong.
    pub fn fail(&mut self, scenario: &str) {
        self.cell(scenario).2 = false;
    }

    fn cell(&mut self, scenario: &str) -> &mut (String, usize, bool) {
        let mut cells = self.cells.iter_mut();
        cells
            .find(|(name, ..)| name == scenario)
            .expect("every kill is of a scenario that has a mark")
    }

    fn text(&self, scenario: &str) -> String {
        if self.skipped.iter().any(|(name, _)| name == scenario) {
            return "-".to_owned();
        }
        match self.cells.iter().find(|(name, ..)| name == scenario) {
            Some((_, kills, true)) => format!("{kills} ok"),
            Some((_, kills, false)) => format!("{kills} WRONG"),
            None => "-".to_owned(),
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// All captures.
#[derive(Default)]
pub struct Table(Vec<Column>);

impl Table {
    /// Adds a capture.
    pub fn add(&mut self, column: Column) {
        self.0.push(column);
    }

    /// Whether the table in the docs is another one. Under `BLESS` it is written instead.
    pub fn differs(&self) -> Option<String> {
        let file = top().join("docs/kernels.md");
        let page = fs::read_to_string(&file).expect("the page can be read");
        let (before, known) = page.split_at(page.find(HEAD).expect("the table's head"));
        let table = self.text();
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file, [before, &table].concat()).expect("the page can be written");
            return None;
        }
        (known != table).then(|| {
            "docs/kernels.md shows another table: `cargo xtask kernels` writes it".to_owned()
        })
    }

    fn text(&self) -> String {
        let mut scenarios: Vec<&str> = Vec::new();
        for column in &self.0 {
            for (name, ..) in &column.cells {
                if !scenarios.contains(&name.as_str()) {
                    scenarios.push(name);
                }
            }
        }
        let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
        let mut text = row("scenario", self.cells(|column| column.name.clone()));
        text += &row("---", self.cells(|_| "---:".to_owned()));
        for scenario in &scenarios {
            text += &row(scenario, self.cells(|column| column.text(scenario)));
        }
        let total = |column: &Column| -> usize { column.cells.iter().map(|cell| cell.1).sum() };
        text += &row("**kills**", self.cells(|column| total(column).to_string()));
        let mut reasons: Vec<String> = Vec::new();
        for column in &self.0 {
            for (scenario, why) in &column.skipped {
                reasons.push(format!("- {}, {scenario}: {why}\n", column.name));
            }
        }
        if !reasons.is_empty() {
            text += "\nNot to be had, and why:\n\n";
            text += &reasons.concat();
        }
        text
    }

    fn cells(&self, text: impl Fn(&Column) -> String) -> Vec<String> {
        self.0.iter().map(text).collect()
    }
}
