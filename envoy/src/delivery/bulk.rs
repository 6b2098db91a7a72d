//! Elasticsearch's `_bulk`: a line that says what to do, and for most a line with the document.
//!
//! An action line stays as it is while its document stays, and goes with it: without its document
//! it would take the next action line for one.

use super::lines::{ending, line_end};
use super::reader::{Fate, Reader};
use crate::json::Members;
use crate::tally::Passed;

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

/// Reads what is complete of `data`; the rest, from its action line on, is put into `held`. Where
/// this is no bulk request the rest of it goes on, with the reason.
pub(super) fn read(
    reader: &mut Reader<'_>,
    mut data: Vec<u8>,
    last: bool,
    held: &mut Vec<u8>,
) -> (Vec<u8>, Option<Passed>) {
    let mut out = Vec::with_capacity(data.len());
    let mut done = 0;
    while let Some(action_end) = end_of_line(&data, done, last) {
        let action_line = data.get(done..action_end).unwrap_or_default();
        if ending(action_line).0.trim_ascii().is_empty() {
            out.extend_from_slice(action_line);
            done = action_end;
            continue;
        }
        let end = match action(action_line) {
            None => {
                out.extend(data.drain(done..));
                return (out, Some(Passed::Unreadable));
            }
            Some(Action::Delete) => {
                out.extend_from_slice(action_line);
                action_end
            }
            Some(kind) => {
                let Some(end) = end_of_line(&data, action_end, last) else {
                    break;
                };
                let document = data.get(action_end..end).unwrap_or_default();
                if kind == Action::Document {
                    pair(reader, action_line, document, &mut out);
                } else {
                    out.extend_from_slice(action_line);
                    out.extend_from_slice(document);
                }
                end
            }
        };
        done = end;
    }
    let rest = data.split_off(done);
    if rest.len() > reader.settings.max_body_bytes {
        out.extend(rest);
        return (out, Some(Passed::TooLarge));
    }
    *held = rest;
    if last {
        out.append(held);
    }
    (out, None)
}

fn pair(reader: &mut Reader<'_>, action_line: &[u8], document: &[u8], out: &mut Vec<u8>) {
    let (text, end) = ending(document);
    match reader.record(text) {
        Fate::Same => {
            out.extend_from_slice(action_line);
            out.extend_from_slice(document);
        }
        Fate::Dropped => {}
        Fate::Replaced(text) => {
            out.extend_from_slice(action_line);
            out.extend_from_slice(&text);
            out.extend_from_slice(end);
        }
    }
}

/// The place behind the line that begins at `start`; at the end of a body it may lack its end.
fn end_of_line(data: &[u8], start: usize, last: bool) -> Option<usize> {
    line_end(data, start).or_else(|| (last && start < data.len()).then_some(data.len()))
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
