//! What a failed comparison says.

use std::fmt::Write;

use serde_json::Value;

use super::{Identity, Mode, Suite};

impl Suite {
    /// How that which left differs from what must leave: the first such record, field by field. `None`
    /// where nothing does.
    ///
    /// # Panics
    ///
    /// Where the file does not fit its input.
    pub fn difference(&self, mode: Mode, identity: &Identity, found: Vec<Value>) -> Option<String> {
        let comparable = |records: Vec<Value>| -> Vec<Value> {
            if self.file.kills_only {
                records.into_iter().map(without_lines).collect()
            } else {
                records
            }
        };
        let expected = comparable(self.expected(mode, identity));
        let text = difference(&expected, &comparable(found))?;
        Some(format!(
            "{}, {}: {}\n{text}",
            self.name,
            mode.name(),
            self.about
        ))
    }
}

/// Of a line of a report, only what it is and of which report.
fn without_lines(mut record: Value) -> Value {
    if let Some(oom) = record.get_mut("oom").and_then(Value::as_object_mut)
        && !oom.contains_key("summary")
    {
        oom.retain(|key, _| key == "event" || key == "id");
    }
    record
}

/// The first record that is not the expected one, field by field; `None` where all are equal.
fn difference(expected: &[Value], found: &[Value]) -> Option<String> {
    let length = expected.len().max(found.len());
    let differs = |index: &usize| expected.get(*index) != found.get(*index);
    let mut differing = (0..length).filter(differs);
    let first = differing.next()?;
    let mut text = format!(
        "{} records expected, {} left; {} differ. The first, record {} of those that left:\n",
        expected.len(),
        found.len(),
        differing.count() + 1,
        first + 1
    );
    match (expected.get(first), found.get(first)) {
        (Some(expected), Some(found)) => {
            let _ = writeln!(text, "  {}", without_oom(found));
            fields("", Some(expected), Some(found), &mut text);
        }
        (expected, found) => fields("", expected, found, &mut text),
    }
    Some(text)
}

/// The record that came, more or less: what tells a reader which line this is about.
fn without_oom(record: &Value) -> Value {
    let mut record = record.clone();
    if let Some(object) = record.as_object_mut() {
        object.remove("oom");
    }
    record
}

/// Each field that differs, by its path.
fn fields(path: &str, expected: Option<&Value>, found: Option<&Value>, text: &mut String) {
    if expected == found {
        return;
    }
    if let (Some(Value::Object(expected)), Some(Value::Object(found))) = (expected, found) {
        let mut keys: Vec<&String> = expected.keys().chain(found.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            fields(&path, expected.get(key), found.get(key), text);
        }
        return;
    }
    let print =
        |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let _ = writeln!(
        text,
        "  {path}\n    expected {}\n    found    {}",
        print(expected),
        print(found)
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn names_the_field() {
        let expected = [
            json!({"log": "a"}),
            json!({"log": "b", "oom": {"victim": {"pid": 1}, "level": "pod"}}),
        ];
        let found = [
            json!({"log": "a"}),
            json!({"log": "b", "oom": {"victim": {"pid": 2}, "level": "pod"}}),
        ];
        assert_eq!(difference(&expected, &expected), None);
        let text = difference(&expected, &found).unwrap();
        assert!(
            text.ends_with("  oom.victim.pid\n    expected 1\n    found    2\n"),
            "{text}"
        );
        let text = difference(&expected, &found[..1]).unwrap();
        assert!(text.ends_with("    found    nothing\n"), "{text}");
    }
}
