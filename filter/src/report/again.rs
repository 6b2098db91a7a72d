//! Lines that come twice: a reader that lost its place hands them in again.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::INCIDENT_PAUSE_US;
use crate::carrier::KernelLine;
use crate::text::fnv::Fnv;

/// Kills of one stream that are known again.
const MOST_TOLD: usize = 128;
/// Bytes of a line that are held against the next: up to the number of a killed process.
const LONGEST_KEPT: usize = 64;

/// The newest line of a report. The kernel prints none twice with one reading of its clock.
#[derive(Clone, Debug, Default)]
pub(super) struct NewestLine {
    at_us: Option<u64>,
    length: usize,
    text: Vec<u8>,
}

impl NewestLine {
    pub(super) fn keep(&mut self, line: &KernelLine<'_>) {
        self.at_us = line.at_us;
        if line.at_us.is_none() {
            return;
        }
        self.length = line.text.len();
        self.text.clear();
        let kept = line.text.get(..LONGEST_KEPT).unwrap_or(&line.text);
        self.text.extend_from_slice(kept);
    }

    /// Whether `line` is the newest one once more.
    pub(super) fn is_again(&self, line: &KernelLine<'_>) -> bool {
        line.at_us.is_some()
            && self.at_us == line.at_us
            && self.length == line.text.len()
            && line.text.starts_with(&self.text)
            && !self.text.is_empty()
    }
}

/// The newest kills of a stream that have a clock: of one boot, the same text at the same time is the same
/// kill. The kernel itself prints the line of a group's first victim again, a little later.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldKills(VecDeque<ToldKill>);

#[derive(Clone, Debug)]
struct ToldKill {
    text: u64,
    at_us: u64,
    id: u64,
}

impl ToldKills {
    pub(super) fn add(&mut self, line: &KernelLine<'_>, id: u64) {
        let Some(at_us) = line.at_us else {
            return;
        };
        if self.0.len() >= MOST_TOLD {
            self.0.pop_front();
        }
        let text = Fnv::new().with(&line.text).value();
        self.0.push_back(ToldKill { text, at_us, id });
    }

    /// The report of the kill that this line told before. `has_report` says that another report came to it
    /// since: then a later reading of the clock is another kill's.
    pub(super) fn id_of(&self, line: &KernelLine<'_>, has_report: bool) -> Option<u64> {
        let at_us = line.at_us?;
        let text = Fnv::new().with(&line.text).value();
        let pause = if has_report { 0 } else { INCIDENT_PAUSE_US };
        let mut told = self.0.iter();
        let same = told.find(|told| told.text == text && told.at_us.abs_diff(at_us) <= pause)?;
        Some(same.id)
    }
}
