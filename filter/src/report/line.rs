//! What a line was.

use alloc::boxed::Box;

use super::compose;
use crate::kernel::{Message, TaskRow};
use crate::oom::{Event, Oom};

/// What [`super::Streams::read`] tells of a line.
#[derive(Debug)]
pub enum Told<'a> {
    /// It is nothing of an OOM report.
    Nothing,
    /// It is a line of a report, or stands beside one.
    Line(ReportLine<'a>),
    /// A process was killed: everything that is known of it.
    Kill(Box<Oom>),
}

/// A line of a report, not written yet: most hosts want kills alone.
#[derive(Debug)]
pub struct ReportLine<'a> {
    pub(super) event: Event,
    pub(super) id: u64,
    pub(super) said: Said<'a>,
}

/// What the line says beside its event.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Nothing,
    Message(Message<'a>),
    /// A row of the task table, and the size of a page as far as the report has told it.
    Row(TaskRow<'a>, Option<u64>),
    /// Written already: it was put together from several lines.
    Written(Box<Oom>),
}

/// A line that says nothing but what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlainLine {
    event: Event,
    id: u64,
}

impl PlainLine {
    /// The object that says it.
    pub(crate) fn to_oom(self) -> Box<Oom> {
        ReportLine::plain(self.event, self.id).into_oom()
    }
}

impl<'a> ReportLine<'a> {
    /// A line that says nothing but what it is.
    pub(super) fn plain(event: Event, id: u64) -> Self {
        Self {
            event,
            id,
            said: Said::Nothing,
        }
    }

    pub(super) fn of_message(event: Event, id: u64, message: Message<'a>) -> Self {
        Self {
            event,
            id,
            said: Said::Message(message),
        }
    }

    /// The same, where the line says nothing else: of those, all of a report are written alike.
    pub(crate) fn as_plain(&self) -> Option<PlainLine> {
        let Self { event, id, .. } = *self;
        matches!(self.said, Said::Nothing).then_some(PlainLine { event, id })
    }

    /// What the line is.
    pub fn event(&self) -> Event {
        self.event
    }

    /// Whether it belongs to the report of this kill.
    pub(crate) fn belongs_to(&self, kill: &Oom) -> bool {
        compose::format_id(self.id) == kill.id
    }

    /// The object that says all of it.
    pub fn into_oom(self) -> Box<Oom> {
        compose::line(self)
    }
}
