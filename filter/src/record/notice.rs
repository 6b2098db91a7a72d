//! The journal's own word that it lost lines of the kernel: `Missed N kernel messages`.

use super::field::FieldName;
use super::json::{self, Value};
use super::{decoded_key, machine};
use crate::report::Machine;
use crate::text::cursor::find;

/// `SD_MESSAGE_JOURNAL_MISSED` of `systemd/sd-messages.h`.
const MESSAGE_ID: &[u8] = b"e9bf28e6e834481bb6f48f548ad13606";

/// The machine whose lines are missing; `None` where the record is no such notice. A client of the journal
/// can send the message's id, but not the transport of the journal itself.
pub(crate) fn machine_of(record: &[u8]) -> Option<Machine> {
    find(record, MESSAGE_ID)?;
    let (mut machine, mut is_missed, mut is_journals) = (Machine::default(), false, false);
    json::members(record, &mut |member| {
        let key = decoded_key(member.key);
        let Some(name) = FieldName::of(&key) else {
            return;
        };
        match (name.bytes(), member.value) {
            (b"messageid", Value::String(id)) => is_missed = id == MESSAGE_ID,
            (b"transport", Value::String(transport)) => is_journals = transport == b"driver",
            (_, value) if machine::is_name(&name) => {
                machine::add(&mut machine, machine::own_name(&key), value);
            }
            _ => {}
        }
    })?;
    (is_missed && is_journals).then_some(machine)
}
