//! The counters. Their names carry the labels; the proxy's `stats_tags` take them out again.

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use crate::tally::{Format, Refusal, Tally, UnreadReason, levels};

/// The identifiers of the counters; none where the proxy refused one.
pub(super) struct Metrics {
    kills: Vec<Option<u32>>,
    records: Vec<Option<u32>>,
    bodies: Vec<Option<u32>>,
    passed: Vec<Option<u32>>,
    refused: Vec<Option<u32>>,
    incomplete: Option<u32>,
    silent: Option<u32>,
    forgotten: Option<u32>,
}

/// What becomes of a record.
const OUTCOMES: [&str; 4] = ["same", "rewritten", "dropped", "too_large"];

impl Metrics {
    pub(super) fn define() -> Self {
        let all = |metric: &str, label: &str, values: &[&str]| {
            let values = values.iter();
            values
                .map(|value| counter(&format!("{metric}.{label}.{value}")))
                .collect()
        };
        Self {
            kills: all("oom_kills_total", "level", &levels()),
            records: all("oom_records_total", "outcome", &OUTCOMES),
            bodies: all("oom_bodies_total", "format", &Format::ALL.map(Format::name)),
            passed: all(
                "oom_bodies_passed_total",
                "reason",
                &UnreadReason::ALL.map(UnreadReason::name),
            ),
            refused: all(
                "oom_bodies_refused_total",
                "reason",
                &Refusal::ALL.map(Refusal::name),
            ),
            incomplete: counter("oom_kills_incomplete_total"),
            silent: counter("oom_records_silent_total"),
            forgotten: counter("oom_reports_forgotten_total"),
        }
    }

    /// Counts what came of a delivery; its kills only where it was accepted, for else it comes again.
    pub(super) fn count(&self, tally: &Tally, is_accepted: bool) {
        if let Some(format) = tally.format {
            add_at(
                &self.bodies,
                Format::ALL.iter().position(|name| *name == format),
                1,
            );
        }
        if let Some(reason) = tally.passed {
            add_at(
                &self.passed,
                UnreadReason::ALL.iter().position(|name| *name == reason),
                1,
            );
        }
        let records = [tally.same, tally.rewritten, tally.dropped, tally.too_large];
        for (counter, count) in self.records.iter().zip(records) {
            add(*counter, count);
        }
        add(self.silent, tally.silent);
        if is_accepted {
            for (counter, count) in self.kills.iter().zip(tally.kills) {
                add(*counter, count);
            }
            add(self.incomplete, tally.incomplete);
        }
    }

    /// Counts a body that was refused.
    pub(super) fn refused(&self, refusal: Refusal) {
        add_at(
            &self.refused,
            Refusal::ALL.iter().position(|name| *name == refusal),
            1,
        );
    }

    /// Counts reports that were forgotten before they were complete.
    pub(super) fn forgotten(&self, count: u64) {
        add(self.forgotten, count);
    }
}

fn counter(name: &str) -> Option<u32> {
    hostcalls::define_metric(MetricType::Counter, name).ok()
}

fn add_at(counters: &[Option<u32>], position: Option<usize>, count: u64) {
    let counter = position.and_then(|position| counters.get(position));
    add(counter.copied().flatten(), count);
}

fn add(counter: Option<u32>, count: u64) {
    if let Some(counter) = counter
        && count > 0
    {
        // What cannot be counted goes on all the same.
        let _ = hostcalls::increment_metric(counter, i64::try_from(count).unwrap_or(i64::MAX));
    }
}
