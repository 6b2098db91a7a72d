//! Two `oom` objects, field by field.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How often each field was given.
#[derive(Default)]
pub struct Count {
    pub by_filter: usize,
    pub by_vrl: usize,
}

/// Counts by a field's path.
pub type Counts = BTreeMap<String, Count>;

/// The fields of an object, by path; an array is one field.
pub fn leaves(value: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    collect("", value, &mut found);
    found
}

fn collect<'v>(path: &str, value: &'v Value, found: &mut BTreeMap<String, &'v Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                collect(&path, value, found);
            }
        }
        Value::Null if path.is_empty() => {}
        value => {
            found.insert(path.to_owned(), value);
        }
    }
}

/// Counts the fields of both, and gives those of `by_vrl` that are not the filter's.
pub fn compare(by_filter: &Value, by_vrl: &Value, counts: &mut Counts) -> Vec<String> {
    let (by_filter, by_vrl) = (leaves(by_filter), leaves(by_vrl));
    for path in by_filter.keys() {
        counts.entry(path.clone()).or_default().by_filter += 1;
    }
    by_vrl
        .into_iter()
        .filter_map(|(path, value)| {
            counts.entry(path.clone()).or_default().by_vrl += 1;
            let theirs = by_filter.get(&path).copied();
            (theirs != Some(value)).then(|| {
                let theirs = theirs.map_or_else(|| "nothing".into(), Value::to_string);
                format!("{path}: {value} in VRL, {theirs} in the filter")
            })
        })
        .collect()
}

/// An event without what is added to it: the rest, `oom`, and `kubernetes`.
pub fn parts(event: &Value) -> (Map<String, Value>, Value, Value) {
    let mut rest = event.as_object().expect("an event is an object").clone();
    let mut take = |key| rest.remove(key).unwrap_or_default();
    let (oom, kubernetes) = (take("oom"), take("kubernetes"));
    (rest, oom, kubernetes)
}
