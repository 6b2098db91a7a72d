//! One JSON object to a line, handed on as it is.

use super::{Content, Form, Item, Record};
use crate::json::{self, Kind};

/// The form.
pub(super) struct Ndjson;

impl Form for Ndjson {
    fn line(&mut self, number: u64, line: &[u8]) -> Option<Item> {
        let content = match json::kind(line) {
            Kind::Object => Content::Record(Record {
                json: line.to_vec(),
                uptime_us: None,
            }),
            Kind::Other | Kind::Several | Kind::Invalid(_) => Content::Foreign(line.to_vec()),
        };
        Some(Item {
            line: number,
            content,
        })
    }
}
