//! A log record: the kernel's text is found in it, and what we add is spliced into it. Its own bytes are
//! never written anew.

mod author;
mod document;
mod field;
mod foreign;
mod journal;
pub(crate) mod json;
pub mod lines;
mod machine;
pub(crate) mod notice;
mod order;
mod otlp;
mod own;
pub(crate) mod program;
mod splice;
mod text;
mod unescape;

use alloc::borrow::Cow;

pub(crate) use own::is_id;
pub(crate) use splice::Addition;
pub use splice::IdentityKeys;
pub(crate) use unescape::decode as undo_json_escapes;

use crate::carrier::{Author, KernelLine, since_1970};
use crate::report::Machine;
use crate::text::cursor::unsigned;
use field::{FieldName, Gate, Table};
use json::{Member, Value};
use text::Texts;

/// Fields that say when and by which device.
#[derive(Clone, Copy)]
enum Clock {
    Sequence,
    Priority,
    Seconds,
    Microseconds,
    Boot,
    Wall(WallClock),
}

/// Fields that say when by the clock on the wall, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WallClock {
    /// Microseconds since 1970.
    Journal,
    /// Nanoseconds since 1970.
    OpenTelemetry,
    /// Any form that leaves no doubt.
    Text,
}

impl WallClock {
    /// Notes what the field says. Of two that are as sure the earlier counts, in whatever order they stand.
    fn note(self, text: &[u8], known: &mut Option<(Self, u64)>) {
        let time_us = match self {
            Self::Journal => unsigned(text),
            Self::OpenTelemetry => unsigned(text).map(|nanoseconds| nanoseconds / 1000),
            Self::Text => since_1970(text),
        };
        // Where it is not known OTLP has 0.
        if let Some(time_us) = time_us.filter(|time_us| *time_us > 0) {
            let said = (self, time_us);
            *known = Some(known.map_or(said, |known| known.min(said)));
        }
    }
}

const CLOCKS: Table<Clock> = Table::new(&[
    // Fluent Bit's `kmsg` input.
    (b"sequence", Clock::Sequence),
    (b"priority", Clock::Priority),
    (b"sec", Clock::Seconds),
    (b"usec", Clock::Microseconds),
    // The journal.
    (b"sourcemonotonictimestamp", Clock::Boot),
    (b"realtimetimestamp", Clock::Wall(WallClock::Journal)),
    // OTLP.
    (b"timeunixnano", Clock::Wall(WallClock::OpenTelemetry)),
    // Vector, Cloud Logging; Logstash, Filebeat; Splunk.
    (b"timestamp", Clock::Wall(WallClock::Text)),
    (b"@timestamp", Clock::Wall(WallClock::Text)),
    (b"time", Clock::Wall(WallClock::Text)),
]);

/// Objects whose members are read as well.
#[derive(Clone, Copy)]
enum Parent {
    /// Its members are what the same names with its own in front are: `kubernetes.host`.
    Joined,
    /// Its members are what they are at the top.
    Wrapper,
}

const PARENTS: Table<Parent> = Table::new(&[
    (b"host", Parent::Joined),
    (b"node", Parent::Joined),
    (b"k8s", Parent::Joined),
    (b"k8snode", Parent::Joined),
    (b"kubernetes", Parent::Joined),
    (b"kubernetesnode", Parent::Joined),
    (b"process", Parent::Joined),
    (b"syslog", Parent::Joined),
    (b"syslogfacility", Parent::Joined),
    (b"log", Parent::Joined),
    (b"logsyslog", Parent::Joined),
    (b"logsyslogfacility", Parent::Joined),
    (b"http", Parent::Joined),
    (b"attributes", Parent::Wrapper),
    (b"body", Parent::Wrapper),
    (b"data", Parent::Wrapper),
    (b"event", Parent::Wrapper),
    (b"object", Parent::Wrapper),
    (b"payload", Parent::Wrapper),
    (b"resource", Parent::Wrapper),
    (b"jsonpayload", Parent::Wrapper),
    (b"source", Parent::Wrapper),
    (b"result", Parent::Wrapper),
    (b"content", Parent::Wrapper),
    (b"labels", Parent::Wrapper),
    (b"k8sevent", Parent::Wrapper),
    (b"kubernetesevent", Parent::Wrapper),
]);

/// The names of all tables.
static GATE: Gate = {
    let gate = CLOCKS.open(PARENTS.open(Gate::new()));
    let gate = machine::NAMES.open(author::FIELDS.open(gate));
    foreign::FIELDS.open(foreign::OF_CONTAINER.open(gate))
};

/// How deep they are looked for: `log.syslog.facility.code`.
const DEEPEST: u8 = 3;

/// Our own key.
const OOM_KEY: &str = "oom";

/// What a record tells, beside its text.
pub(crate) struct Record<'a> {
    bytes: &'a [u8],
    texts: Texts<'a>,
    /// Which machine, of every field that names one.
    pub(crate) machine: Machine,
    /// Microseconds since boot.
    pub(crate) at_us: Option<u64>,
    /// Microseconds since 1970, by the field that is surest.
    wall: Option<(WallClock, u64)>,
    /// The number of a record of `/dev/kmsg`.
    sequence: Option<u64>,
    pub(crate) author: Author,
    /// The journal says that the message is the kernel's own: nothing stands in
    /// front of it.
    pub(crate) is_journal: bool,
    /// One of `/dev/kmsg`, by its fields: the text has that device's escapes.
    pub(crate) is_kmsg: bool,
    /// The record carries an `oom` already, whoever made it.
    oom: Option<Value<'a>>,
    /// Its fields say that a container wrote it, or what a filter of ours adds to a kill.
    names_container: bool,
    /// How many members it has.
    count: usize,
}

/// What the fields of a record say before they are put together.
#[derive(Default)]
struct Found {
    author: author::Fields,
    foreign: foreign::Fields,
    seconds: Option<u64>,
    microseconds: Option<u64>,
    has_sequence: bool,
    has_priority: bool,
    /// Everything is read, whoever wrote it.
    #[cfg(feature = "unproven")]
    is_whole: bool,
}

impl Found {
    /// Whether the record is somebody else's, whatever else it says.
    fn is_decided(&self) -> bool {
        #[cfg(feature = "unproven")]
        if self.is_whole {
            return false;
        }
        self.author.is_others() || self.foreign.is_foreign()
    }
}

impl<'a> Record<'a> {
    /// Reads a record. `None` unless it is one JSON object. Of one that the kernel did not write all may be missing that
    /// stands behind the field which says so.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        Self::read_with(bytes, Found::default())
    }

    /// The same of all of it, whoever wrote it.
    #[cfg(feature = "unproven")]
    pub(crate) fn read_whole(bytes: &'a [u8]) -> Option<Self> {
        let found = Found {
            is_whole: true,
            ..Found::default()
        };
        Self::read_with(bytes, found)
    }

    #[cfg_attr(feature = "unproven", inline(never))]
    fn read_with(bytes: &'a [u8], mut found: Found) -> Option<Self> {
        let mut record = Self {
            bytes,
            texts: Texts::default(),
            machine: Machine::default(),
            at_us: None,
            wall: None,
            sequence: None,
            author: Author::Unsaid,
            is_journal: false,
            is_kmsg: false,
            oom: None,
            names_container: false,
            count: 0,
        };
        json::members(bytes, &mut |member| record.read_member(member, &mut found))?;
        record.is_journal = found.author.is_of_kernel;
        if found.has_sequence && found.has_priority && found.seconds.is_some() {
            record.is_kmsg = true;
            record.at_us = found
                .seconds
                .and_then(|seconds| seconds.checked_mul(1_000_000))
                .and_then(|at_us| at_us.checked_add(found.microseconds?));
        }
        let has_msg = record.texts.has_msg();
        record.author = if found.foreign.is_foreign() {
            Author::Other
        } else {
            found.author.author(record.is_kmsg, has_msg)
        };
        Some(record)
    }

    /// Notes what a member says.
    fn read_member(&mut self, member: Member<'a>, found: &mut Found) {
        self.count = self.count.saturating_add(1);
        if found.is_decided() {
            return;
        }
        let key = decoded_key(member.key);
        if *key == *OOM_KEY.as_bytes() {
            // Of two nobody knows which a reader takes.
            self.oom = Some(match self.oom {
                None => member.value,
                Some(_) => Value::Plain(b"null"),
            });
            return;
        }
        if self.texts.read(&key, member.value) {
            return;
        }
        let Some(name) = FieldName::of(&key).filter(|name| GATE.admits(name)) else {
            return;
        };
        if let (Some(clock), Value::String(text) | Value::Plain(text)) =
            (CLOCKS.find(&name), member.value)
        {
            match clock {
                // These say nothing else.
                Clock::Sequence => {
                    found.has_sequence = true;
                    self.sequence = unsigned(text);
                    return;
                }
                Clock::Seconds => return found.seconds = unsigned(text),
                Clock::Microseconds => return found.microseconds = unsigned(text),
                Clock::Priority => found.has_priority = true,
                // A map of the journal's fields may stand deeper.
                Clock::Boot | Clock::Wall(_) => {}
            }
        }
        let own_name = machine::own_name(&key);
        self.read_field(&name, own_name, member.value, found, 0);
    }

    /// Notes what a field says of machine and author, at whatever depth it stands.
    fn read_field(
        &mut self,
        name: &FieldName,
        key: &[u8],
        value: Value<'a>,
        found: &mut Found,
        depth: u8,
    ) {
        if let Value::String(text) | Value::Plain(text) = value {
            match CLOCKS.find(name) {
                Some(Clock::Boot) => self.at_us = unsigned(text),
                Some(Clock::Wall(clock)) => clock.note(text, &mut self.wall),
                _ => {}
            }
        }
        let names_machine = machine::is_name(name);
        if names_machine {
            machine::add(&mut self.machine, key, value);
        }
        found.author.read(name, value);
        found.foreign.read(name, value);
        self.names_container |= foreign::names_container(name);
        let Value::Object(inside) = value else {
            return;
        };
        let before = self.machine;
        if let Some(parent) = PARENTS.find(name).filter(|_| depth < DEEPEST) {
            json::members_inside(inside, &mut |member| {
                let key = decoded_key(member.key);
                let inner = match parent {
                    Parent::Joined => name.with(&key),
                    Parent::Wrapper => FieldName::of(&key),
                };
                if let Some(inner) = inner {
                    let depth = depth.saturating_add(1);
                    self.read_field(&inner, inner.bytes(), member.value, found, depth);
                }
            });
        }
        if names_machine && self.machine == before {
            machine::add_object(&mut self.machine, inside);
        }
    }

    /// A line of the record's text, with what the record says of it.
    pub(crate) fn line<'t>(&self, line: &'t [u8]) -> KernelLine<'t> {
        let mut line = if self.is_kmsg {
            KernelLine::of_kmsg_text(line)
        } else if self.is_journal {
            KernelLine::of_text(line)
        } else {
            KernelLine::read(line)
        };
        line.at_us = line.at_us.or(self.at_us);
        if line.when.is_none() {
            line.time_us = line.time_us.or(self.wall.map(|(_, time_us)| time_us));
        }
        if self.is_kmsg {
            line.sequence = self.sequence;
        }
        // What a text claims for itself does not outweigh what its record says.
        line.author = if self.is_kmsg || self.is_journal {
            self.author
        } else {
            line.author.and(self.author)
        };
        line
    }

    /// The texts that may be the kernel's, in the order they are to be tried.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Cow<'a, [u8]>> {
        self.texts.decoded()
    }
}

/// A key of interest is short; escapes in it are rare.
fn decoded_key(key: &[u8]) -> Cow<'_, [u8]> {
    const LONGEST: usize = 200;
    if key.len() <= LONGEST {
        unescape::decode(key)
    } else {
        Cow::Borrowed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn of_another_s_record_the_rest_is_not_read() {
        for (field, is_read) in [
            (r#""_TRANSPORT":"stdout""#, false),
            (r#""container_name":"web""#, false),
            (r#""_TRANSPORT":"kernel""#, true),
        ] {
            let text = format!(r#"{{{field},"oom":{{}},"MESSAGE":"a"}}"#);
            let record = Record::read(text.as_bytes()).unwrap();
            assert_eq!(record.oom.is_some(), is_read, "{field}");
        }
    }
}
