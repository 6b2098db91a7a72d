//! What a host makes of a result.

use oom_suite::json::{self, Kind};

use crate::error::HostError;

/// What became of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The record's own pointer came back, and its text with it.
    Unchanged,
    /// `""` came back: the host drops the record.
    Dropped,
    /// One JSON object came back, with these bytes.
    Replaced(Vec<u8>),
}

/// Judges `text`, the result up to its NUL. `same_pointer`: it lies where the record was put.
///
/// The text decides even then: a guest that writes into the record's buffer and returns it has
/// changed the record, and a record with a NUL in it comes back short.
pub(crate) fn judge(
    same_pointer: bool,
    record: &[u8],
    text: Vec<u8>,
) -> Result<Verdict, HostError> {
    if same_pointer && text == record {
        return Ok(Verdict::Unchanged);
    }
    if text.is_empty() {
        return Ok(Verdict::Dropped);
    }
    match json::kind(&text) {
        Kind::Object => Ok(Verdict::Replaced(text)),
        Kind::Other => Err(HostError::NotAnObject(text)),
        Kind::Several => Err(HostError::SeveralValues(text)),
        Kind::Invalid(reason) => Err(HostError::NotJson { text, reason }),
    }
}
