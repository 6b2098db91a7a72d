//! One report that has begun: which lines are its own.

use alloc::vec::Vec;

use super::evidence::Evidence;
use super::unfinished::Unfinished;
use super::{LineStamp, REPORT_PAUSE_US, advance, compose, is_stale, same_caller};
use crate::kernel::{Message, Rows, Section, section_of};

/// Lines after which a report that has not ended is told as unfinished.
const LINE_BUDGET: u32 = 4096;
/// Lines after which nothing more is taken for its own: the most tasks a table can have by the kernel's
/// default `pid_max`.
const LINE_LIMIT: u32 = 32_768;

/// A report that has not come to its kill yet. `P` is what the caller handed in with its first line.
#[derive(Clone, Debug)]
pub(super) struct OpenReport<P> {
    pub(super) id: u64,
    /// Absent where nobody wants to hear of it unless it finishes, or somebody has heard of it.
    payload: Option<P>,
    pub(super) evidence: Evidence,
    /// It began with a header, not in the middle.
    pub(super) has_header: bool,
    caller: Option<Vec<u8>>,
    last_us: Option<u64>,
    lines: u32,
    foreign: u32,
    section: Section,
    rows: Option<Rows>,
    /// No line is expected, save the kill.
    is_over: bool,
}

impl<P> OpenReport<P> {
    pub(super) fn new(id: u64, stamp: LineStamp<'_>, payload: Option<P>) -> Self {
        Self {
            id,
            payload,
            evidence: Evidence::default(),
            has_header: false,
            caller: stamp.caller.map(<[u8]>::to_vec),
            last_us: stamp.at_us,
            lines: 0,
            foreign: 0,
            section: Section::Header,
            rows: None,
            is_over: false,
        }
    }

    /// Whether any line could still be its own.
    pub(super) fn is_active(&self) -> bool {
        !self.is_over
    }

    /// What it told, where somebody wants to hear of it and has not yet.
    pub(super) fn unfinished(&mut self) -> Option<Unfinished<P>> {
        let payload = self.payload.take()?;
        Some(Unfinished {
            oom: compose::truncated(&self.evidence, self.id),
            payload,
        })
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether a line of this time and task can be its own at all.
    pub(super) fn admits(&self, stamp: LineStamp<'_>) -> bool {
        same_caller(self.caller.as_deref(), stamp.caller)
            && !is_stale(self.last_us, stamp.at_us, REPORT_PAUSE_US)
    }

    /// Whether a line that opens no report is its own: it must not stand behind its section.
    pub(super) fn expects(&self, section: Section, stamp: LineStamp<'_>) -> bool {
        self.is_active() && self.admits(stamp) && self.section <= section
    }

    /// Takes a line that is told by its place alone.
    pub(super) fn take_section_line(
        &mut self,
        text: &[u8],
        stamp: LineStamp<'_>,
    ) -> Option<Section> {
        if !self.is_active() || !self.admits(stamp) {
            return None;
        }
        let (section, rows) = section_of(text, self.rows)?;
        if section < self.section {
            return None;
        }
        self.section = section;
        self.rows = rows;
        Some(section)
    }

    /// Notes that a message of this section stands in the report.
    pub(super) fn take_message(&mut self, message: &Message<'_>, section: Section) {
        self.rows = matches!(message, Message::Stats).then_some(Rows::Statistics);
        self.section = self.section.max(section);
    }

    /// Counts a line of its own; gives what it told where that spends its budget. The lines that follow
    /// are its own all the same.
    pub(super) fn count(&mut self, stamp: LineStamp<'_>) -> Option<Unfinished<P>> {
        advance(&mut self.last_us, stamp.at_us);
        if self.caller.is_none() {
            self.caller = stamp.caller.map(<[u8]>::to_vec);
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines > LINE_LIMIT {
            self.is_over = true;
        }
        (self.lines >= LINE_BUDGET)
            .then(|| self.unfinished())
            .flatten()
    }

    /// Counts a line of somebody else's, so that a report that never ends is not waited for forever.
    pub(super) fn count_foreign(&mut self) {
        self.foreign = self.foreign.saturating_add(1);
        if self.foreign > LINE_BUDGET {
            self.end();
        }
    }
}
