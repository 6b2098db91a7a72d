//! Kills for a person: each as a sentence and its values, and their number at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use serde_json::value::RawValue;

/// What is shown of a kill below its sentence.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// The `oom` object.
    Oom,
    /// The whole record.
    Record,
}

/// Shows kills and counts them. As text it is the last line.
pub(super) struct Show {
    part: Part,
    bold: bool,
    /// How many kills of each level; of those whose level is not known, `unknown`.
    levels: BTreeMap<String, u64>,
    /// Reports that broke off before their kill.
    truncated: u64,
}

/// Members of a JSON object, each as its text.
type Object<'a> = BTreeMap<String, &'a RawValue>;

impl Show {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            bold: io::stdout().is_terminal(),
            levels: BTreeMap::new(),
            truncated: 0,
        }
    }

    /// Shows a record where it has an `oom` object.
    pub(super) fn record(&mut self, to: &mut impl Write, json: &[u8]) -> io::Result<()> {
        let Some(oom) = serde_json::from_slice::<Object<'_>>(json)
            .ok()
            .and_then(|record| record.get("oom").copied())
        else {
            return Ok(());
        };
        let members: Object<'_> = serde_json::from_str(oom.get()).unwrap_or_default();
        let text = |key| serde_json::from_str::<String>(members.get(key)?.get()).ok();
        if text("event").as_deref() == Some("truncated") {
            self.truncated += 1;
        } else {
            let level = text("level").unwrap_or_else(|| "unknown".to_owned());
            *self.levels.entry(level).or_default() += 1;
        }
        let sentence = text("summary").unwrap_or_else(|| "An OOM kill.".to_owned());
        let shown = match self.part {
            Part::Oom => oom.get().as_bytes(),
            Part::Record => json,
        };
        let (start, end) = if self.bold {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        writeln!(to, "{start}{sentence}{end}\n  {}\n", indented(shown))
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: u64 = self.levels.values().sum();
        write!(f, "kills: {kills}")?;
        let mut levels: Vec<_> = self.levels.iter().collect();
        // The sort is stable, so those that are as many stay in the order of their names.
        levels.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (number, (level, count)) in levels.into_iter().enumerate() {
            let before = if number == 0 { " (" } else { ", " };
            write!(f, "{before}{level} {count}")?;
        }
        if kills > 0 {
            f.write_str(")")?;
        }
        if self.truncated > 0 {
            write!(f, "; reports that broke off: {}", self.truncated)?;
        }
        Ok(())
    }
}

/// Compact JSON as lines: one for each value, but what lies in a list on one line for each element.
/// The keys stay in their order, and numbers as they are written.
fn indented(json: &[u8]) -> String {
    let line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', 2 * (depth + 1)));
    };
    let mut out = Vec::new();
    let mut depth = 0_usize;
    // The depth of the outermost list that is open.
    let mut list = None;
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in json.iter().copied().enumerate() {
        let empty = matches!(json.get(at + 1), Some(b'}' | b']'));
        match byte {
            _ if in_string => {
                out.push(byte);
                in_string = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
            }
            b'{' | b'[' => {
                depth += 1;
                out.push(byte);
                if list.is_none() && !empty {
                    line(&mut out, depth);
                    if byte == b'[' {
                        list = Some(depth);
                    }
                }
            }
            b'}' | b']' => {
                if list == Some(depth) {
                    list = None;
                }
                depth -= 1;
                if list.is_none() && !matches!(out.last(), Some(b'{' | b'[')) {
                    line(&mut out, depth);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                if list.is_none_or(|list| list == depth) {
                    line(&mut out, depth);
                } else {
                    out.push(b' ');
                }
            }
            b':' => out.extend(b": "),
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => {
                out.push(byte);
                in_string = byte == b'"';
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Part, Show, indented};

    #[test]
    fn shows_and_counts() {
        let mut show = Show::new(Part::Oom);
        show.bold = false;
        assert_eq!(show.to_string(), "kills: 0");
        let mut shown = Vec::new();
        for line in [
            r#"{"log":"x","oom":{"event":"kill","level":"pod","summary":"A \"b\"."}}"#,
            r#"{"oom":{"event":"kill","level":"container"}}"#,
            r#"{"oom":{"event":"kill","level":"pod"}}"#,
            r#"{"oom":{"event":"kill"}}"#,
            r#"{"oom":{"event":"truncated","level":"pod"}}"#,
            r#"{"log":"x"}"#,
            "x",
        ] {
            show.record(&mut shown, line.as_bytes()).unwrap();
        }
        let shown = String::from_utf8(shown).unwrap();
        let first = "A \"b\".\n  {\n    \"event\": \"kill\",\n    \"level\": \"pod\",\n    \
                     \"summary\": \"A \\\"b\\\".\"\n  }\n\nAn OOM kill.\n";
        assert!(shown.starts_with(first), "{shown}");
        assert_eq!(
            show.to_string(),
            "kills: 4 (pod 2, container 1, unknown 1); reports that broke off: 1"
        );
    }

    #[test]
    fn keeps_order_and_numbers_and_puts_elements_on_a_line() {
        let json = r#"{"b":18446744073709551615, "a":[{"x":[1,[]],"y":{}},{"z":"\u0001é, {\\"}],"c":{"d":-1.5,"e":{}},"f":[]}"#;
        let expected = r#"{
    "b": 18446744073709551615,
    "a": [
      {"x": [1, []], "y": {}},
      {"z": "\u0001é, {\\"}
    ],
    "c": {
      "d": -1.5,
      "e": {}
    },
    "f": []
  }"#;
        assert_eq!(indented(json.as_bytes()), expected);
    }
}
