//! What a program wrote into the journal, by the fields that the journal alone can write.

use alloc::borrow::Cow;

use super::field::FieldName;
use super::json::{self, Value};
use super::text::Texts;
use super::{CLOCKS, Clock, GATE, decoded_key, foreign, machine, unescape};
use crate::report::Machine;

/// How the journal gets what a process writes (`systemd.journal-fields(7)`).
const OF_PROCESSES: [&[u8]; 3] = [b"journal", b"stdout", b"syslog"];

/// Fields of an entry. Those that begin with an underscore are the journal's own, the others the process's.
const FIELDS: &[&[u8]] = &[
    b"_SYSTEMD_UNIT",
    b"_TRANSPORT",
    b"_PID",
    b"MESSAGE_ID",
    b"UNIT",
    #[cfg(feature = "more-programs")]
    b"_UID",
    #[cfg(feature = "more-programs")]
    b"PODMAN_ID",
    #[cfg(feature = "more-programs")]
    b"PODMAN_OOM_KILLED",
];

/// An entry of the journal.
pub(crate) struct Entry<'a> {
    /// The unit of the system's manager whose process wrote it. A user's own units stand in another field.
    pub(crate) unit: &'a [u8],
    /// How the journal got it.
    #[cfg(feature = "more-programs")]
    pub(crate) transport: &'a [u8],
    /// The user whose process it is. Empty where nothing says it.
    #[cfg(feature = "more-programs")]
    pub(crate) uid: &'a [u8],
    /// Its own fields, of podman's events: the container, and whether memory ended it. Empty as above.
    #[cfg(feature = "more-programs")]
    pub(crate) podman: [&'a [u8]; 2],
    /// The process. Empty where nothing says it.
    pub(crate) pid: &'a [u8],
    /// Its own fields: what kind of message it is, and which unit it is about. Empty as above.
    pub(crate) message_id: &'a [u8],
    pub(crate) about_unit: Cow<'a, [u8]>,
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) machine: Machine,
    /// Microseconds since 1970.
    pub(crate) time_us: Option<u64>,
    /// The `id` of an `oom` that the record brings along.
    pub(crate) own_id: Option<&'a [u8]>,
    /// That says that it confirms a kill.
    pub(crate) own_confirms: bool,
    /// Its fields name a container: it is that one's output, or a filter of ours was there before.
    pub(crate) names_container: bool,
}

impl<'a> Entry<'a> {
    /// Reads a record. `None` where it is no entry of a unit's process, or holds another program's output, whose own
    /// words then stand in its fields.
    ///
    /// Of a field that comes twice nobody knows which one is the journal's.
    #[cfg_attr(feature = "unproven", inline(never))]
    pub(crate) fn read(record: &'a [u8]) -> Option<Self> {
        let mut fields = [None; FIELDS.len()];
        let (mut is_doubtful, mut names_container) = (false, false);
        let mut texts = Texts::default();
        let mut machine = Machine::default();
        let mut foreign = foreign::Fields::default();
        let mut wall = None;
        let mut own_id = None;
        let mut own_confirms = false;
        json::members(record, &mut |member| {
            let key = decoded_key(member.key);
            if *key == *super::OOM_KEY.as_bytes() {
                own_id = Some(text_of(member.value, b"id"));
                own_confirms = text_of(member.value, b"event") == b"confirmed";
                return;
            }
            let is_it = |known: &&[u8]| known.len() == key.len() && **known == *key;
            let known = FIELDS.iter().position(is_it);
            let Some(field) = known.and_then(|at| fields.get_mut(at)) else {
                if texts.read(&key, member.value) {
                    return;
                }
                let Some(name) = FieldName::of(&key).filter(|name| GATE.admits(name)) else {
                    return;
                };
                foreign.read(&name, member.value);
                names_container |= foreign::names_container(&name);
                names_container |= name.bytes() == b"kubernetes";
                if machine::is_name(&name) {
                    machine::add(&mut machine, machine::own_name(&key), member.value);
                }
                if let (Some(Clock::Wall(clock)), Value::String(text) | Value::Plain(text)) =
                    (CLOCKS.find(&name), member.value)
                {
                    clock.note(text, &mut wall);
                }
                return;
            };
            match (field.is_some(), member.value) {
                (false, Value::String(text)) => *field = Some(text),
                _ => is_doubtful = true,
            }
        })?;
        let [unit, transport, pid, message_id, about_unit, ..] = fields;
        #[cfg(feature = "more-programs")]
        let [.., uid, container, is_oom_killed] = fields;
        let (unit, transport) = (unit?, transport?);
        if is_doubtful || foreign.is_foreign() || !OF_PROCESSES.contains(&transport) {
            return None;
        }
        Some(Self {
            unit,
            #[cfg(feature = "more-programs")]
            transport,
            #[cfg(feature = "more-programs")]
            uid: uid.unwrap_or_default(),
            #[cfg(feature = "more-programs")]
            podman: [container, is_oom_killed].map(Option::unwrap_or_default),
            pid: pid.unwrap_or_default(),
            message_id: message_id.unwrap_or_default(),
            about_unit: about_unit.map(unescape::decode).unwrap_or_default(),
            text: texts.decoded().next()?,
            machine,
            time_us: wall.map(|(_, time_us)| time_us),
            own_id,
            own_confirms,
            names_container,
        })
    }
}

/// A text of an object, empty where there is none.
fn text_of<'a>(value: Value<'a>, name: &[u8]) -> &'a [u8] {
    let Value::Object(inside) = value else {
        return b"";
    };
    let mut found: &[u8] = b"";
    json::members_inside(inside, &mut |member| {
        if let (true, Value::String(text)) = (member.key == name, member.value) {
            found = text;
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn a_field_that_comes_twice_proves_nothing() {
        let once = br#"{"_SYSTEMD_UNIT":"a.service","_TRANSPORT":"stdout","MESSAGE":"x"}"#;
        assert_eq!(
            Entry::read(once).map(|entry| entry.unit),
            Some(&b"a.service"[..])
        );
        for twice in [
            &br#"{"_SYSTEMD_UNIT":"a.service","_TRANSPORT":"stdout","MESSAGE":"x","_SYSTEMD_UNIT":"b.service"}"#[..],
            br#"{"_SYSTEMD_UNIT":"a.service","_TRANSPORT":"stdout","MESSAGE":"x","_TRANSPORT":"stdout"}"#,
            br#"{"_SYSTEMD_UNIT":["a.service","b.service"],"_TRANSPORT":"stdout","MESSAGE":"x"}"#,
        ] {
            assert!(Entry::read(twice).is_none());
        }
    }
}
