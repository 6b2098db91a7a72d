//! One report that has begun: which lines are its own.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::OnceCell;

use super::learnt::Learnt;
use super::{REPORT_PAUSE_US, advance, is_stale};
use crate::message::{Message, Part, Rows, part};

/// Lines after which a report that has not ended is released.
const LINE_BUDGET: u32 = 4096;
/// Lines after which nothing more is taken for its own: the most tasks a table
/// can have by the kernel's default `pid_max`.
const LINE_LIMIT: u32 = 32_768;

#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) id: u64,
    /// The record of its first line, where a release would need it.
    pub(super) first_record: Option<Arc<[u8]>>,
    pub(super) learnt: Learnt,
    /// It began with a header, not in the middle.
    pub(super) has_header: bool,
    caller: Option<Vec<u8>>,
    last_us: Option<u64>,
    lines: u32,
    foreign: u32,
    part: Part,
    rows: Option<Rows>,
    /// Released once, as its lines were too many; they are still its own.
    is_released: bool,
    /// No line is expected, save the kill.
    is_over: bool,
}

/// A record that may have to be released, copied once however many reports
/// begin in it.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    bytes: &'a [u8],
    copy: OnceCell<Arc<[u8]>>,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            copy: OnceCell::new(),
        }
    }

    pub(super) fn copy(&self) -> Arc<[u8]> {
        Arc::clone(self.copy.get_or_init(|| Arc::from(self.bytes)))
    }
}

/// When a line came, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    pub(super) at_us: Option<u64>,
    pub(super) caller: Option<&'a [u8]>,
}

/// Whether two lines can be of the same task: unknown callers can.
pub(super) fn same_caller(known: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (known, other) {
        (Some(known), Some(other)) => known == other,
        _ => true,
    }
}

impl Report {
    pub(super) fn new(id: u64, mark: Mark<'_>, first_record: Option<Arc<[u8]>>) -> Self {
        Self {
            id,
            first_record,
            learnt: Learnt::default(),
            has_header: false,
            caller: mark.caller.map(<[u8]>::to_vec),
            last_us: mark.at_us,
            lines: 0,
            foreign: 0,
            part: Part::Header,
            rows: None,
            is_released: false,
            is_over: false,
        }
    }

    /// Whether any line could still be its own.
    pub(super) fn is_active(&self) -> bool {
        !self.is_over
    }

    /// Whether it has not been released yet.
    pub(super) fn is_owed(&self) -> bool {
        !self.is_released
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether a line of `mark` can be its own at all.
    pub(super) fn admits(&self, mark: Mark<'_>) -> bool {
        same_caller(self.caller.as_deref(), mark.caller)
            && !is_stale(self.last_us, mark.at_us, REPORT_PAUSE_US)
    }

    /// Whether a message that opens no report is its own: it must stand where
    /// the kernel prints it.
    pub(super) fn expects(&self, message: &Message<'_>, mark: Mark<'_>) -> bool {
        let latest = match message {
            Message::StackHead(_) | Message::Cpuset(_) => Part::Stack,
            Message::TaskIn(_) | Message::LimitOf(_) => Part::Memory,
            _ => Part::Kill,
        };
        self.is_active() && self.admits(mark) && self.part <= latest
    }

    /// Takes a line that is nothing but a part of a report.
    pub(super) fn take_part(&mut self, text: &[u8], mark: Mark<'_>) -> Option<Part> {
        if !self.is_active() || !self.admits(mark) {
            return None;
        }
        let (part, rows) = part(text, self.rows)?;
        if part < self.part {
            return None;
        }
        self.part = part;
        self.rows = rows;
        Some(part)
    }

    /// Notes that `message` stands in the report.
    pub(super) fn take_message(&mut self, message: &Message<'_>) {
        self.rows = matches!(message, Message::Stats).then_some(Rows::Statistics);
        let part = match message {
            Message::StackHead(_) | Message::Cpuset(_) => Part::Stack,
            Message::Usage(_) | Message::Stats | Message::TaskIn(_) | Message::LimitOf(_) => {
                Part::Memory
            }
            Message::TasksTitle | Message::TasksHeading(_) => Part::Tasks,
            // A `Task in` line stands before the figures.
            Message::Constraint(constraint) if constraint.word.is_none() => Part::Memory,
            Message::ConstraintStart(start) if start.starts_with(b"Task in ") => Part::Memory,
            Message::Constraint(_) | Message::ConstraintStart(_) | Message::Selected(_) => {
                Part::Kill
            }
            _ => return,
        };
        self.part = self.part.max(part);
    }

    /// Counts a line of its own; true when that spends its budget.
    pub(super) fn count(&mut self, mark: Mark<'_>) -> bool {
        advance(&mut self.last_us, mark.at_us);
        if self.caller.is_none() {
            self.caller = mark.caller.map(<[u8]>::to_vec);
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINE_LIMIT {
            self.is_over = true;
        }
        let spent = !self.is_released && self.lines >= LINE_BUDGET;
        self.is_released |= spent;
        spent
    }

    /// Counts a line of somebody else's, so that a report that never ends is not
    /// waited for forever.
    pub(super) fn count_foreign(&mut self) {
        self.foreign = self.foreign.saturating_add(1);
        if self.foreign > LINE_BUDGET {
            self.end();
        }
    }
}
