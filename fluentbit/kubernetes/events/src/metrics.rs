//! Figures for Prometheus, on a port of their own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use tokio::net::TcpListener;

use crate::http;
use crate::queue::{Change, Lost};
use crate::writer::Writer;

/// The longest time for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Count(Cell<u64>);

impl Count {
    /// Counts more.
    pub fn add(&self, more: u64) {
        self.0.set(self.0.get().saturating_add(more));
    }
}

/// What has been counted since the start. All that is received is told, skipped, dropped or waits.
#[derive(Debug, Default)]
pub struct Figures {
    /// Records that came.
    pub received: Count,
    /// Of them those that are no kills.
    pub no_kill: Count,
    /// Of them those that anybody can have made up.
    pub unproven: Count,
    /// Bodies that could not be read.
    pub unreadable: Count,
    known: Count,
    told: Count,
    written: Count,
    full: Count,
    namespace: Count,
    invalid: Count,
    failures: RefCell<BTreeMap<String, u64>>,
}

impl Figures {
    /// Counts what became of kills.
    pub fn count(&self, change: Change) {
        self.told.add(change.told);
        self.known.add(change.known);
        self.written.add(change.written.into());
        if let Some((why, kills)) = change.lost {
            let count = match why {
                Lost::Full => &self.full,
                Lost::Namespace => &self.namespace,
                Lost::Invalid => &self.invalid,
            };
            count.add(kills);
        }
    }

    /// Counts a request that failed with this status.
    pub fn failed(&self, code: String) {
        let mut failures = self.failures.borrow_mut();
        let count = failures.entry(code).or_default();
        *count = count.saturating_add(1);
    }

    /// The page, in Prometheus' text format.
    fn page(&self, waiting: u64) -> String {
        let mut page = String::new();
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, u64)]| {
            // A string takes all text.
            let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(page, "{name}{labels} {value}");
            }
        };
        let plain = |count: &Count| [(String::new(), count.0.get())];
        let by = |label: &str, rows: &[(&str, &Count)]| -> Vec<(String, u64)> {
            rows.iter()
                .map(|(value, count)| (format!("{{{label}=\"{value}\"}}"), count.0.get()))
                .collect()
        };
        family(
            "oom_events_received_total",
            "counter",
            "Records that were handed over.",
            &plain(&self.received),
        );
        family(
            "oom_events_told_total",
            "counter",
            "Kills that an Event tells.",
            &plain(&self.told),
        );
        family(
            "oom_events_written_total",
            "counter",
            "Events that were made or changed.",
            &plain(&self.written),
        );
        family(
            "oom_events_skipped_total",
            "counter",
            "Records that get no Event.",
            &by(
                "reason",
                &[
                    ("no_kill", &self.no_kill),
                    ("told_before", &self.known),
                    ("unproven", &self.unproven),
                ],
            ),
        );
        family(
            "oom_events_dropped_total",
            "counter",
            "Kills that should have got an Event.",
            &by(
                "reason",
                &[
                    ("invalid", &self.invalid),
                    ("namespace_gone", &self.namespace),
                    ("queue_full", &self.full),
                ],
            ),
        );
        family(
            "oom_events_unreadable_total",
            "counter",
            "Requests whose body could not be read to its end.",
            &plain(&self.unreadable),
        );
        let failures = self.failures.borrow();
        let failures: Vec<_> = failures
            .iter()
            .map(|(code, count)| (format!("{{code=\"{code}\"}}"), *count))
            .collect();
        family(
            "oom_events_api_failures_total",
            "counter",
            "Requests that the API server refused or did not answer.",
            &failures,
        );
        family(
            "oom_events_waiting",
            "gauge",
            "Kills whose Event is still to be written.",
            &[(String::new(), waiting)],
        );
        page
    }
}

/// Answers whoever asks: `/metrics` with the page, all else so that a probe sees it run.
pub async fn serve(listener: TcpListener, writer: Rc<Writer>) {
    let answer = move |request: Request<Incoming>| {
        let writer = writer.clone();
        async move {
            let page = match request.uri().path() {
                "/metrics" => writer.figures.page(writer.waiting()),
                _ => "oom-events\n".to_owned(),
            };
            let mut response = Response::new(Full::new(Bytes::from(page)));
            let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4");
            response
                .headers_mut()
                .insert(hyper::header::CONTENT_TYPE, kind);
            response
        }
    };
    http::serve(listener, PATIENCE, false, answer).await;
}
