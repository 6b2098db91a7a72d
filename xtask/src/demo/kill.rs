//! A kill as the module reports it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use serde_json::value::RawValue;

use super::layout;

/// What a record says about a kill, borrowed from its line.
pub(super) struct Kill<'a> {
    /// The whole record.
    pub record: &'a RawValue,
    /// Its `oom` object.
    pub oom: &'a RawValue,
    summary: Option<String>,
    /// Whose limit was hit, where the kernel said.
    level: Option<String>,
    /// A report that broke off before its kill.
    truncated: bool,
}

/// Reads a record; nothing where it is none of a kill.
pub(super) fn read(line: &[u8]) -> Option<Kill<'_>> {
    let record: &RawValue = serde_json::from_slice(line).ok()?;
    let oom = *object(record)?.get("oom")?;
    let fields = object(oom)?;
    let text = |key| serde_json::from_str::<String>(fields.get(key).map(|raw| raw.get())?).ok();
    let event = text("event")?;
    Some(Kill {
        record,
        oom,
        summary: text("summary"),
        level: text("level"),
        truncated: event == "truncated",
    })
}

fn object(raw: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

impl Kill<'_> {
    /// Writes the sentence and then the value, with an empty line after.
    pub(super) fn show(&self, to: &mut impl Write, value: &RawValue, bold: bool) -> io::Result<()> {
        let sentence = self.summary.as_deref().unwrap_or("An OOM kill.");
        if bold {
            writeln!(to, "\x1b[1m{sentence}\x1b[0m")?;
        } else {
            writeln!(to, "{sentence}")?;
        }
        to.write_all(&layout::pretty(value)?)?;
        to.write_all(b"\n\n")
    }
}

/// What was found so far. As text it is the last line.
#[derive(Default)]
pub(super) struct Totals {
    kills: u64,
    truncated: u64,
    levels: BTreeMap<String, u64>,
}

impl Totals {
    pub(super) fn count(&mut self, kill: &Kill<'_>) {
        if kill.truncated {
            self.truncated += 1;
            return;
        }
        self.kills += 1;
        let level = kill.level.clone().unwrap_or_else(|| "unknown".to_owned());
        *self.levels.entry(level).or_default() += 1;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kills {
            0 => f.write_str("no kill found")?,
            1 => f.write_str("1 kill found")?,
            kills => write!(f, "{kills} kills found")?,
        }
        let mut levels: Vec<_> = self.levels.iter().collect();
        // The sort is stable, so those that are as many stay in the order of their names.
        levels.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (number, (level, count)) in levels.into_iter().enumerate() {
            let before = if number == 0 { ", by level: " } else { ", " };
            write!(f, "{before}{level} {count}")?;
        }
        match self.truncated {
            0 => Ok(()),
            1 => f.write_str("; 1 report broke off"),
            reports => write!(f, "; {reports} reports broke off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Totals, read};

    #[test]
    fn reads_and_counts() {
        let lines = [
            r#"{"log":"x","oom":{"event":"kill","level":"pod","summary":"A \"b\"."}}"#,
            r#"{"oom":{"event":"kill","level":"container"}}"#,
            r#"{"oom":{"event":"kill","level":"pod"}}"#,
            r#"{"oom":{"event":"kill"}}"#,
            r#"{"oom":{"event":"truncated","level":"pod"}}"#,
        ];
        let mut totals = Totals::default();
        assert_eq!(totals.to_string(), "no kill found");
        for line in lines {
            totals.count(&read(line.as_bytes()).unwrap());
        }
        assert_eq!(
            totals.to_string(),
            "4 kills found, by level: pod 2, container 1, unknown 1; 1 report broke off"
        );
        for line in ["", "x", "[]", "{}", r#"{"oom":1}"#, r#"{"oom":{}}"#] {
            assert!(read(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn shows_the_sentence_first() {
        let line = br#"{"z":1,"oom":{"event":"kill","a":{"c":[]},"summary":"A \"b\"."}}"#;
        let kill = read(line).unwrap();
        let mut shown = Vec::new();
        kill.show(&mut shown, kill.oom, false).unwrap();
        let expected = "A \"b\".\n  {\n    \"event\": \"kill\",\n    \"a\": {\n      \"c\": []\n    },\n    \
                        \"summary\": \"A \\\"b\\\".\"\n  }\n\n";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }
}
