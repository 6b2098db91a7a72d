//! The kill that a configuration is tried with: the report of a real kernel, in each form in which hosts read it.

use serde_json::{Map, Value, json};

/// A log of Debian's kernel 6.12, of which the first report is taken.
const LOG: &str = include_str!("../../fixtures/demo.kmsg");
/// The process that was killed.
pub const PID: u64 = 150;
/// The pod that it ran in. No node knows it, so it has no name.
pub const POD: &str = "b7b1bf51-ca94-46ce-a0b5-0df42d311174";
/// Whose limit it was.
pub const LEVEL: &str = "container";
/// What the line of the kill begins with, whatever stands in front of it.
pub const KILL: &str = "Memory cgroup out of memory: Killed process 150 ";
/// Higher than the number of any record that a machine's kernel has written.
const SEQUENCE: usize = 4_000_000_000;

/// A line of the report.
pub struct Line {
    /// The kernel's level, from 0 to 7.
    pub priority: u8,
    /// The text, without what carriers put in front.
    pub text: &'static str,
}

/// The report, from its header to its kill.
pub fn report() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut has_begun = false;
    for line in LOG.lines() {
        let Some((head, text)) = line.split_once(';') else {
            continue;
        };
        has_begun |= text.contains("invoked oom-killer");
        let priority = head.split(',').next().and_then(|word| word.parse().ok());
        if let (true, Some(priority)) = (has_begun, priority) {
            lines.push(Line { priority, text });
        }
        if text.starts_with(KILL) {
            break;
        }
    }
    lines
}

/// As `/dev/kmsg` has it.
pub fn device() -> String {
    let line = |(at, line): (usize, Line)| {
        let number = SEQUENCE.saturating_add(at);
        format!(
            "{},{number},{},-;{}\n",
            line.priority,
            1_000_000 + at,
            line.text
        )
    };
    report().into_iter().enumerate().map(line).collect()
}

/// The records of Fluent Bit's `kmsg` input.
pub fn kmsg() -> Vec<Value> {
    let record = |(at, line): (usize, Line)| {
        json!({
            "priority": line.priority, "sequence": SEQUENCE.saturating_add(at), "sec": 1, "usec": at,
            "msg": line.text,
        })
    };
    report().into_iter().enumerate().map(record).collect()
}

/// The journal's entries.
pub fn journal() -> Vec<Value> {
    let record = |line: Line| {
        json!({
            "_TRANSPORT": "kernel", "_HOSTNAME": "oom-check", "SYSLOG_FACILITY": "0",
            "SYSLOG_IDENTIFIER": "kernel", "PRIORITY": line.priority.to_string(), "MESSAGE": line.text,
        })
    };
    report().into_iter().map(record).collect()
}

/// The events of Vector's `journald` source, which calls text and machine by names of its own.
pub fn vector_journal() -> Vec<Value> {
    let renamed = |entry: Value| {
        let Value::Object(entry) = entry else {
            return entry;
        };
        let field = |(key, value): (String, Value)| match key.as_str() {
            "MESSAGE" => ("message".to_owned(), value),
            "_HOSTNAME" => ("host".to_owned(), value),
            _ => (key, value),
        };
        let mut record: Map<String, Value> = entry.into_iter().map(field).collect();
        record.insert("source_type".to_owned(), "journald".into());
        record.into()
    };
    journal().into_iter().map(renamed).collect()
}

/// How the lines of a file of syslog's begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syslog {
    /// `2026-11-28T10:00:00.123456+00:00 host kernel:`, as Debian 12 has it.
    Iso,
    /// `Nov 28 10:00:00 host kernel:`.
    Traditional,
}

impl Syslog {
    /// What a line begins with.
    pub fn head(self) -> &'static str {
        match self {
            Self::Iso => "2026-11-28T10:00:00.123456+00:00 oom-check kernel:",
            Self::Traditional => "Nov 28 10:00:00 oom-check kernel:",
        }
    }

    /// The form of a log of which this is a line; `None` where it is another one.
    pub fn of(line: &str) -> Option<Self> {
        let (month, rest) = line.split_at_checked(3)?;
        if month.bytes().all(|byte| byte.is_ascii_digit()) {
            return line
                .get(10..11)
                .filter(|mark| *mark == "T")
                .map(|_| Self::Iso);
        }
        let is_month = "JanFebMarAprMayJunJulAugSepOctNovDec".contains(month);
        (is_month && rest.starts_with(' ')).then_some(Self::Traditional)
    }

    /// The report in that form.
    pub fn log(self) -> String {
        let head = self.head();
        let line = |line: Line| format!("{head} [    1.921907] {}\n", line.text);
        report().into_iter().map(line).collect()
    }
}

/// One to a line.
pub fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{KILL, Syslog, report};

    #[test]
    fn is_a_whole_report() {
        let report = report();
        assert!(report.len() > 50);
        assert!(
            report
                .first()
                .is_some_and(|line| line.text.contains("invoked oom-killer"))
        );
        assert!(
            report
                .last()
                .is_some_and(|line| line.text.starts_with(KILL))
        );
    }

    #[test]
    fn knows_the_form_of_a_line() {
        for form in [Syslog::Iso, Syslog::Traditional] {
            assert_eq!(Syslog::of(form.head()), Some(form));
        }
        assert_eq!(Syslog::of("{\"log\":1}"), None);
        assert_eq!(Syslog::of("[    1.0] text"), None);
    }
}
