//! The filter, as the formats use it.

use memchr::memmem;
use oom_filter::{Mode, Outcome};
use serde::Deserialize;

use super::added::{Added, Envelope};
use crate::json::{self, Members};
use crate::senders::{Sender, Senders, Undo};
use crate::settings::Settings;
use crate::tally::Tally;

/// Reads the records of one stream.
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) senders: &'a mut Senders,
    pub(super) undo: &'a mut Undo,
    /// Whose records they are.
    pub(super) sender: Sender,
    pub(super) tally: &'a mut Tally,
    /// The end of the body may be told when nothing can be added to it any more: what can go on must
    /// not wait for it.
    pub(super) may_end_late: bool,
}

/// What becomes of a record, or of an entry of a larger form.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RecordFate {
    Same,
    Dropped,
    Replaced(Vec<u8>),
}

impl Reader<'_> {
    /// Whether these bytes have to be read: if not, all records in them pass, or in
    /// [`Mode::Events`] are dropped.
    pub(super) fn needs_reading(&self, bytes: &[u8]) -> bool {
        self.senders.needs_reading(self.sender, bytes)
    }

    /// The same where it is not known yet which streams of the sender they are of.
    pub(super) fn any_needs_reading(&self, bytes: &[u8]) -> bool {
        self.senders.any_needs_reading(self.sender.address, bytes)
    }

    /// Whether all records in these bytes pass as they are, and need not be read.
    pub(super) fn passes(&self, bytes: &[u8]) -> bool {
        self.ordinary() == RecordFate::Same && !self.needs_reading(bytes)
    }

    /// What becomes of a record that says nothing.
    pub(super) fn ordinary(&self) -> RecordFate {
        match self.settings.mode {
            Mode::Annotate | Mode::Rewrite => RecordFate::Same,
            Mode::Events => RecordFate::Dropped,
        }
    }

    /// Reads a record: one JSON object, or something else that the filter leaves alone.
    pub(super) fn record(&mut self, record: &[u8]) -> RecordFate {
        if !self.needs_reading(record) {
            let fate = self.ordinary();
            self.count(&fate);
            return fate;
        }
        let fate = self.fate(record);
        self.count(&fate);
        self.count_silent(&fate, record);
        fate
    }

    fn fate(&mut self, record: &[u8]) -> RecordFate {
        if self.settings.text_keys.is_empty() {
            return match self.process(record) {
                Outcome::Unchanged => RecordFate::Same,
                Outcome::Dropped => RecordFate::Dropped,
                Outcome::Replaced(text) => RecordFate::Replaced(text),
            };
        }
        let envelope = Members::read(record)
            .and_then(|members| Envelope::of_record(record, &members, &self.settings.text_keys));
        self.envelope(envelope, &mut |added| {
            let mut inside = Vec::new();
            for (key, value) in &added.members.0 {
                inside.push(b',');
                json::push_string(&mut inside, key);
                inside.push(b':');
                inside.extend_from_slice(value.get().as_bytes());
            }
            Some(json::insert_at_end(added.original, &inside))
        })
    }

    /// Reads an entry by the record that stands for it, as `envelope` makes it where the entry is
    /// concerned; `write` puts what was added into the entry. Without a record there is nothing to read.
    pub(super) fn entry(
        &mut self,
        entry: &[u8],
        envelope: &dyn Fn(&Settings) -> Option<Envelope>,
        write: &mut dyn FnMut(&Added<'_>) -> Option<Vec<u8>>,
    ) -> RecordFate {
        if !self.needs_reading(entry) {
            let fate = self.ordinary();
            self.count(&fate);
            return fate;
        }
        let envelope = envelope(self.settings);
        let has_oom = envelope.as_ref().is_some_and(|envelope| envelope.has_oom);
        let fate = self.envelope(envelope, write);
        self.count(&fate);
        if !has_oom {
            self.count_silent(&fate, entry);
        }
        fate
    }

    fn envelope(
        &mut self,
        envelope: Option<Envelope>,
        write: &mut dyn FnMut(&Added<'_>) -> Option<Vec<u8>>,
    ) -> RecordFate {
        let Some(envelope) = envelope else {
            return self.ordinary();
        };
        match self.process(&envelope.record) {
            Outcome::Unchanged => RecordFate::Same,
            Outcome::Dropped => RecordFate::Dropped,
            Outcome::Replaced(text) => Added::read(&text)
                .and_then(|added| write(&added))
                .map_or(RecordFate::Same, RecordFate::Replaced),
        }
    }

    fn process(&mut self, record: &[u8]) -> Outcome {
        let outcome = self
            .senders
            .process(self.undo, self.sender, self.settings.mode, record);
        if let Outcome::Replaced(text) = &outcome {
            self.count_kill(text);
        }
        outcome
    }

    /// Counts records that pass unread.
    pub(super) fn count_same(&mut self, records: u64) {
        self.tally.same = self.tally.same.saturating_add(records);
    }

    /// Counts a record that holds words of a report, and neither told anything nor was done before.
    fn count_silent(&mut self, fate: &RecordFate, record: &[u8]) {
        let is_done = || memmem::find(record, b"\"oom\"").is_some();
        if *fate == RecordFate::Same && self.senders.tells(record) && !is_done() {
            self.tally.silent = self.tally.silent.saturating_add(1);
        }
    }

    fn count(&mut self, fate: &RecordFate) {
        let slot = match fate {
            RecordFate::Same => &mut self.tally.same,
            RecordFate::Dropped => &mut self.tally.dropped,
            RecordFate::Replaced(_) => &mut self.tally.rewritten,
        };
        *slot = slot.saturating_add(1);
    }

    fn count_kill(&mut self, record: &[u8]) {
        #[derive(Deserialize)]
        struct Oom {
            event: String,
            level: Option<String>,
            #[serde(default)]
            incomplete: bool,
        }
        #[derive(Deserialize)]
        struct Marked {
            oom: Oom,
        }
        if let Ok(Marked { oom }) = serde_json::from_slice(record)
            && oom.event == "kill"
        {
            self.tally.kill(oom.level.as_deref());
            let missing = u64::from(oom.incomplete);
            self.tally.incomplete = self.tally.incomplete.saturating_add(missing);
        }
    }
}
