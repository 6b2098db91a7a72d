//! Elasticsearch's `_bulk`: a line that says what to do, and for most a line with the document.
//!
//! An action line stays as it is while its document stays, and goes with it: without its document
//! it would take the next action line for one.

use super::Forwarded;
use super::lines::{ending, line_end};
use super::reader::{Reader, RecordFate};
use super::tail::{RestOfLine, Tail, Unended};
use crate::json::Members;
use crate::tally::UnreadReason;

/// What an action line announces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    /// A document follows: a record.
    Document,
    /// Part of one follows, which is no record.
    Update,
    /// Nothing follows.
    Delete,
}

/// A delivery of documents.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    /// What becomes of the rest of a line that is under way and whose beginning is dealt with.
    rest: RestOfLine,
    tail: Tail,
}

impl Bulk {
    /// Reads what is complete of `data`; the rest, from its action line on, is put into `held`. Where
    /// this is no bulk request the rest of it goes on, with the reason.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        mut data: Vec<u8>,
        last: bool,
        held: &mut Vec<u8>,
    ) -> (Forwarded, Option<UnreadReason>) {
        let is_new_line = matches!(self.rest, RestOfLine::None);
        let mut out = self.rest.take(&mut data);
        // Where nothing in it is to be read, it is only looked at for where its documents end.
        let passes = is_new_line && reader.passes(&data);
        out.reserve(if passes { 0 } else { data.len() });
        let mut done = 0;
        let mut latest = None;
        while let Some(action_end) = self.end_of_line(reader, &data, done, last) {
            let action_line = data.get(done..action_end).unwrap_or_default();
            if ending(action_line).0.trim_ascii().is_empty() {
                if !passes {
                    out.extend_from_slice(action_line);
                }
                done = action_end;
                continue;
            }
            // Shippers write the same line for every document, most of them.
            let action = match latest {
                Some((line, action)) if line == action_line => action,
                _ => action(action_line),
            };
            latest = Some((action_line, action));
            let mut goes_on = true;
            let end = match action {
                None if passes => return (Forwarded::same(data), Some(UnreadReason::Unreadable)),
                None => {
                    out.extend_from_slice(data.get(done..).unwrap_or_default());
                    return (Forwarded::changed(out), Some(UnreadReason::Unreadable));
                }
                Some(Action::Delete) => {
                    if !passes {
                        out.extend_from_slice(action_line);
                    }
                    action_end
                }
                Some(kind) => {
                    let Some(end) = self.end_of_line(reader, &data, action_end, last) else {
                        break;
                    };
                    let document = data.get(action_end..end).unwrap_or_default();
                    if passes {
                        reader.count_same(u64::from(kind == Action::Document));
                    } else if kind == Action::Document {
                        goes_on = pair(reader, action_line, document, &mut out);
                    } else {
                        out.extend_from_slice(action_line);
                        out.extend_from_slice(document);
                    }
                    end
                }
            };
            if end == data.len() && !data.ends_with(b"\n") {
                self.rest = RestOfLine::LineEnd { goes_on };
            }
            done = end;
        }
        self.tail.forget(done);
        *held = data.split_off(done);
        if passes {
            out = data;
        }
        let is_too_large = held.len() > reader.settings.max_body_bytes;
        if is_too_large || last {
            out.append(held);
        }
        let out = Forwarded {
            bytes: out,
            is_as_it_came: passes,
        };
        (out, is_too_large.then_some(UnreadReason::TooLarge))
    }

    /// The place behind the line that begins at `start`. It may lack its end at the end of a body, and
    /// where nothing but that can be missing.
    fn end_of_line(
        &mut self,
        reader: &Reader<'_>,
        data: &[u8],
        start: usize,
        last: bool,
    ) -> Option<usize> {
        let end = line_end(data, start);
        if end.is_some() || start >= data.len() {
            return end;
        }
        let is_whole =
            last || reader.may_end_late && self.tail.look(data, start) == Unended::Object;
        is_whole.then_some(data.len())
    }
}

/// Reads a document and writes it behind its action line; whether they go on.
fn pair(reader: &mut Reader<'_>, action_line: &[u8], document: &[u8], out: &mut Vec<u8>) -> bool {
    let (text, end) = ending(document);
    match reader.record(text) {
        RecordFate::Same => {
            out.extend_from_slice(action_line);
            out.extend_from_slice(document);
        }
        RecordFate::Dropped => return false,
        RecordFate::Replaced(text) => {
            out.extend_from_slice(action_line);
            out.extend_from_slice(&text);
            out.extend_from_slice(end);
        }
    }
    true
}

fn action(line: &[u8]) -> Option<Action> {
    let members = Members::read(line)?;
    let [(name, _)] = members.0.as_slice() else {
        return None;
    };
    Some(match &**name {
        "index" | "create" => Action::Document,
        "update" => Action::Update,
        "delete" => Action::Delete,
        _ => return None,
    })
}
