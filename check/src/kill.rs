//! Whether the sample's kill is in a record, and what it tells.

use serde_json::Value;

use crate::report::Report;
use crate::sample::{KILL, LEVEL, PID, POD};

/// Characters that are shown of a record.
const LONGEST: usize = 400;

/// The `oom` of a record that tells the sample's kill.
pub fn of(record: &Value) -> Option<&Value> {
    let oom = record.get("oom")?;
    let is_kill = oom["event"] == "kill" && oom["victim"]["pid"] == PID;
    is_kill.then_some(oom)
}

/// The key of a record that holds the kernel's line of the kill.
pub fn key(record: &Value) -> Option<&str> {
    let fields = record.as_object()?.iter();
    let mut holding =
        fields.filter(|(_, value)| value.as_str().is_some_and(|text| text.contains(KILL)));
    holding.next().map(|(key, _)| key.as_str())
}

/// A record for a person: its beginning, where it is long.
pub fn shown(record: &Value) -> String {
    let text = record.to_string();
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_none() {
        head
    } else {
        head + " ..."
    }
}

/// Whether the filter finds the kernel's line of the kill where the record has it.
pub fn is_read(record: &Value) -> bool {
    let mut is_read = false;
    oom_filter::kernel_lines(record.to_string().as_bytes(), &mut |line| {
        is_read |= line.text.starts_with(KILL.as_bytes());
    });
    is_read
}

/// Tells what the kill has, and what it lacks.
pub fn tell(oom: &Value, report: &mut Report) {
    if let Some(summary) = oom["summary"].as_str() {
        report.note(format!("\"{summary}\""));
    }
    let level = oom["level"].as_str();
    report.either(
        level == Some(LEVEL),
        format!("its level is {LEVEL}, by which it can be routed"),
        format!(
            "its level is {}, and should be {LEVEL}: lines of the report are missing in front of the module",
            level.unwrap_or("not there")
        ),
    );
    let pod = oom["pod"]["uid"].as_str();
    report.either(
        pod == Some(POD),
        format!("its pod is {POD}. The names of a pod are there only for one that the node knows"),
        format!(
            "its pod is {}, and should be {POD}: the line that names it is missing in front of the module",
            pod.unwrap_or("not there")
        ),
    );
}
