//! What is counted, and the names it is counted under.

use oom_filter::cgroup::Level;
use serde::Deserialize;

use crate::unpack::Broken;

/// The forms in which records are sent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object to a line.
    Ndjson,
    /// Elasticsearch's `_bulk`: a line that says what to do, and the document it is done with.
    Bulk,
    /// One JSON array of records.
    JsonArray,
    /// JSON objects one behind the other, with or without line ends.
    JsonStream,
    /// Loki's push request.
    Loki,
    /// The logs of OTLP over HTTP.
    Otlp,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Ndjson,
        Self::Bulk,
        Self::JsonArray,
        Self::JsonStream,
        Self::Loki,
        Self::Otlp,
    ];

    /// As it is configured and counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Bulk => "bulk",
            Self::JsonArray => "json_array",
            Self::JsonStream => "json_stream",
            Self::Loki => "loki",
            Self::Otlp => "otlp",
        }
    }
}

/// Why a body, or what was left of it, went on unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadReason {
    /// Its content type is none of records.
    ContentType,
    /// It is encoded, by gzip for example.
    Encoding,
    /// It is protobuf.
    Protobuf,
    /// Its format is not among those configured.
    Disabled,
    /// It is larger than what is held.
    TooLarge,
    /// It is not what its content type or its beginning says.
    Unreadable,
    /// Too much was held already, of other deliveries.
    Memory,
}

impl UnreadReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::ContentType,
        Self::Encoding,
        Self::Protobuf,
        Self::Disabled,
        Self::TooLarge,
        Self::Unreadable,
        Self::Memory,
    ];

    /// As it is counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentType => "content_type",
            Self::Encoding => "encoding",
            Self::Protobuf => "protobuf",
            Self::Disabled => "disabled",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Memory => "memory",
        }
    }
}

/// Why a body was refused: the sender is told so, and the receiver gets nothing whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not packed as it says, or its checksum is wrong, or its packing breaks off.
    Packing,
    /// It ends inside a record, and was told to end when nothing could be added to it any more.
    Cut,
    /// More comes out of a piece of it than the proxy can hold.
    TooLarge,
    /// Too much was held already, of other deliveries.
    Memory,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Packing, Self::Cut, Self::TooLarge, Self::Memory];

    /// As it is counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packing => "packing",
            Self::Cut => "cut",
            Self::TooLarge => "too_large",
            Self::Memory => "memory",
        }
    }

    /// The status of the answer: with 503 it may be sent again, and fare better.
    pub const fn status(self) -> u16 {
        match self {
            Self::Packing => 400,
            Self::TooLarge => 413,
            Self::Cut | Self::Memory => 503,
        }
    }

    /// What the answer says.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Packing => "the body cannot be unpacked",
            Self::Cut => "the body ends inside a record",
            Self::TooLarge => "the body unpacks to too much",
            Self::Memory => "too many bodies are under way",
        }
    }
}

impl From<Broken> for Refusal {
    fn from(_: Broken) -> Self {
        Self::Packing
    }
}

/// The names that kills are counted under: the levels, and `unknown` for none of them.
pub fn levels() -> Vec<&'static str> {
    let levels = Level::ALL.iter().map(|level| level.name());
    levels.chain(["unknown"]).collect()
}

/// What came of one delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The format it was read as.
    pub format: Option<Format>,
    /// Why it, or the rest of it, went on unread.
    pub passed: Option<UnreadReason>,
    /// Records that went on as they came.
    pub same: u64,
    /// Records that gained something.
    pub rewritten: u64,
    /// Records that the mode takes out.
    pub dropped: u64,
    /// Records above the bound, which went on unread.
    pub too_large: u64,
    /// Of those that went on as they came, records that hold words of a report and told nothing: lines
    /// that only look like one, or records whose text stands where it is not looked for.
    pub silent: u64,
    /// Of the kills, those of whose report lines are known to be missing.
    pub incomplete: u64,
    /// Kills, in the order of [`levels`].
    pub kills: [u64; Level::ALL.len() + 1],
}

impl Tally {
    /// Counts a kill of that level; a level that is not known, and none, count as `unknown`.
    pub(crate) fn kill(&mut self, level: Option<&str>) {
        let position = Level::ALL
            .iter()
            .position(|known| Some(known.name()) == level);
        let slot = self.kills.get_mut(position.unwrap_or(Level::ALL.len()));
        if let Some(count) = slot {
            *count = count.saturating_add(1);
        }
    }
}
