//! The filter, and the host's one record at a time.

#[cfg(feature = "names")]
use alloc::boxed::Box;
use alloc::vec::Vec;

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};

use crate::reserve;

/// As Fluent Bit's own kubernetes filter names them
/// (`plugins/filter_kubernetes`).
const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_id",
    pod_name: "pod_name",
    namespace: "namespace_name",
    container_name: "container_name",
    container_id: "docker_id",
};

/// What the host is to be given for a record.
pub(crate) enum Answer<'a> {
    /// The record's own address.
    Same,
    /// An empty string: the record is dropped.
    Nothing,
    /// This text, which ends with a NUL and holds no other.
    Text(&'a [u8]),
}

/// What lives as long as the instance.
pub(crate) struct Module {
    filter: Filter,
    /// The answer that was given last; the host copies it before it calls again.
    answer: Vec<u8>,
    /// The filter knows where it finds names.
    #[cfg(feature = "names")]
    has_names: bool,
}

impl Module {
    pub(crate) const fn new() -> Self {
        Self {
            filter: Filter::new(KEYS),
            answer: Vec::new(),
            #[cfg(feature = "names")]
            has_names: false,
        }
    }

    /// Whether [`Self::read`] has to see `record`. Others pass as they came, or in
    /// [`Mode::Events`] are dropped.
    #[inline]
    pub(crate) fn needs_reading(&self, record: &[u8]) -> bool {
        record.is_empty() || self.filter.needs_reading(record)
    }

    /// Reads one record.
    pub(crate) fn read(&mut self, mode: Mode, tag: &[u8], record: &[u8]) -> Answer<'_> {
        // Fluent Bit never sends an empty record. A program that sees the end of
        // its input does, until nothing comes, to have open reports released.
        if record.is_empty() {
            return self.release(mode);
        }
        // A length may be longer than the text, which ends at its NUL.
        let record = until_nul(record);
        self.answer = Vec::new();
        if !reserve::for_record(record) {
            return Answer::Same;
        }
        #[cfg(feature = "names")]
        if !self.has_names {
            self.filter
                .names_from(Box::new(crate::directories::Directories));
            self.has_names = true;
        }
        let arrival = RecordContext {
            tag: until_nul(tag),
            // The event's time stands beside the record in everything that the host writes, and every
            // host is to give the same `oom` for the same record.
            ..RecordContext::default()
        };
        match self.filter.process(mode, record, &arrival) {
            Outcome::Unchanged => Answer::Same,
            Outcome::Dropped => Answer::Nothing,
            Outcome::Replaced(text) => self.answer(text),
        }
    }

    fn release(&mut self, mode: Mode) -> Answer<'_> {
        self.answer = Vec::new();
        if mode == Mode::Annotate || !reserve::for_record(b"") {
            return Answer::Same;
        }
        match self.filter.next_unfinished() {
            Some(text) => self.answer(text),
            None => Answer::Nothing,
        }
    }

    fn answer(&mut self, mut text: Vec<u8>) -> Answer<'_> {
        text.push(0);
        self.answer = text;
        Answer::Text(&self.answer)
    }
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
