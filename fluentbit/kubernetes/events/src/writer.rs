//! Writes what waits, one request after the other.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use crate::api::{Api, Fault};
use crate::kill::{Kill, Unfit};
use crate::metrics::Figures;
use crate::queue::{Change, Next, Queue};

/// The queue with what empties it. All tasks share one thread.
pub struct Writer {
    queue: RefCell<Queue>,
    api: Api,
    /// What has been counted.
    pub figures: Figures,
    /// There is more, or something is due earlier.
    news: Notify,
    /// Whether the last request failed: only the first of a row of failures is told.
    is_failing: Cell<bool>,
}

impl Writer {
    /// One with nothing to write.
    pub fn new(queue: Queue, api: Api) -> Self {
        Self {
            queue: RefCell::new(queue),
            api,
            figures: Figures::default(),
            news: Notify::new(),
            is_failing: Cell::new(false),
        }
    }

    /// Takes what was read of a record.
    pub fn take(&self, kill: Result<Kill, Unfit>) {
        self.figures.received.add(1);
        match kill {
            Ok(kill) => {
                let now_us = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                let now_us = now_us.as_micros().try_into().unwrap_or_default();
                let change = self.queue.borrow_mut().add(&kill, Instant::now(), now_us);
                self.count(change);
                self.news.notify_one();
            }
            Err(Unfit::NoKill) => self.figures.no_kill.add(1),
            Err(Unfit::Unproven) => self.figures.unproven.add(1),
        }
    }

    /// How many kills wait.
    pub fn waiting(&self) -> u64 {
        self.queue.borrow().waiting()
    }

    /// Writes, for ever.
    pub async fn work(&self) {
        loop {
            let next = self.queue.borrow_mut().next(Instant::now());
            match next {
                Next::Idle => self.news.notified().await,
                Next::At(at) => {
                    // Either way it is to be looked again.
                    let _ = tokio::time::timeout_at(at.into(), self.news.notified()).await;
                }
                Next::Step(step) => {
                    let told = self.api.send(&step).await;
                    self.tell(&step.namespace, &step.name, told.fault);
                    let now = Instant::now();
                    let change = self.queue.borrow_mut().done(&step, told.answer, now);
                    self.count(change);
                }
            }
        }
    }

    /// Makes what waits due, and returns once nothing does.
    pub async fn finish(&self) {
        self.queue.borrow_mut().hurry(Instant::now());
        self.news.notify_one();
        while self.waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn count(&self, change: Change) {
        self.figures.count(change);
        if let Some((why, kills)) = change.lost {
            eprintln!("oom-events: {kills} kills got no Event: {why:?}");
        }
    }

    fn tell(&self, namespace: &str, name: &str, fault: Option<Fault>) {
        let was_failing = self.is_failing.replace(fault.is_some());
        match fault {
            Some(Fault { code, text }) => {
                if !was_failing {
                    eprintln!("oom-events: {namespace}/{name}: {code}: {text}");
                }
                self.figures.failed(code);
            }
            None if was_failing => eprintln!("oom-events: {namespace}/{name} is written again"),
            None => {}
        }
    }
}
