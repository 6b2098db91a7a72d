//! Who wrote a record's text, as far as the record's fields say: the journal, syslog, `/dev/kmsg`.

use super::field::{FieldName, Table};
use super::json::Value;
use crate::carrier::Author;
use crate::text::cursor::unsigned;

/// What a field tells of the author.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// How the journal got the entry.
    Transport,
    /// The journal alone writes such a field, by whatever spelling.
    Journal,
    /// The unit of the process that wrote the entry. The kernel's own entries have none.
    Unit,
    /// Of that process too, but others use the word without the journal's underscore.
    Process,
    /// The name of a program.
    Program,
    /// The same, or a process that the text names, taken out of it by somebody.
    ProcessName,
    /// The same, or the name of a stream in a log shipper.
    Tag,
    /// The process id that syslog puts behind the name. The kernel has none.
    ProcessId,
    /// Syslog's facility, a number or a name.
    Facility,
    /// A level, or level and facility in one number.
    Priority,
    /// Level and facility in one number.
    LevelAndFacility,
}

pub(super) const FIELDS: Table<Meaning> = Table::new(&[
    (b"transport", Meaning::Transport),
    (b"bootid", Meaning::Journal),
    (b"machineid", Meaning::Journal),
    (b"sourcemonotonictimestamp", Meaning::Journal),
    (b"sourcerealtimetimestamp", Meaning::Journal),
    (b"systemdinvocationid", Meaning::Journal),
    (b"systemdunit", Meaning::Unit),
    (b"systemduserunit", Meaning::Unit),
    (b"systemdcgroup", Meaning::Unit),
    (b"comm", Meaning::Process),
    (b"exe", Meaning::Process),
    (b"pid", Meaning::Process),
    (b"cmdline", Meaning::Process),
    // The journal, Fluent Bit's and Fluentd's parsers of syslog, Vector, rsyslog, syslog-ng, Logstash,
    // Azure and macOS, GELF, the Elastic Common Schema.
    (b"syslogidentifier", Meaning::Program),
    (b"ident", Meaning::Program),
    (b"appname", Meaning::Program),
    (b"applicationname", Meaning::Program),
    (b"program", Meaning::Program),
    (b"programname", Meaning::Program),
    (b"processname", Meaning::ProcessName),
    (b"process", Meaning::ProcessName),
    (b"syslogtag", Meaning::Program),
    (b"syslogprogram", Meaning::Program),
    (b"syslogappname", Meaning::Program),
    (b"tag", Meaning::Tag),
    (b"procid", Meaning::ProcessId),
    (b"syslogprocid", Meaning::ProcessId),
    (b"syslogpid", Meaning::ProcessId),
    (b"facility", Meaning::Facility),
    (b"fac", Meaning::Facility),
    (b"facilitylabel", Meaning::Facility),
    (b"facilitycode", Meaning::Facility),
    (b"syslogfacility", Meaning::Facility),
    (b"syslogfacilitytext", Meaning::Facility),
    (b"syslogfacilitylabel", Meaning::Facility),
    (b"syslogfacilitycode", Meaning::Facility),
    (b"syslogfacilityname", Meaning::Facility),
    (b"logsyslogfacilitycode", Meaning::Facility),
    (b"logsyslogfacilityname", Meaning::Facility),
    (b"priority", Meaning::Priority),
    (b"pri", Meaning::LevelAndFacility),
]);

/// How the journal gets entries (`systemd.journal-fields(7)`).
const TRANSPORTS: [&[u8]; 6] = [
    b"kernel", b"syslog", b"journal", b"stdout", b"audit", b"driver",
];

/// Words of the tags that people give to the kernel's log in a log shipper. A program that is called so
/// writes a colon or its process id behind the name.
const STREAM_WORDS: [&[u8]; 15] = [
    b"kern",
    b"kernel",
    b"kmsg",
    b"klog",
    b"dmesg",
    b"oom",
    b"log",
    b"logs",
    b"syslog",
    b"messages",
    b"journal",
    b"journald",
    b"systemd",
    b"host",
    b"linux",
];

/// What the fields said, before they are put together.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is said by fields of its own, in any order"
)]
pub(super) struct Fields {
    author: Author,
    /// The journal says that the text is the kernel's own.
    pub(super) is_of_kernel: bool,
    /// Some field is the journal's, without its underscore.
    is_stripped: bool,
    /// A field names a process, as the journal does, without the underscore too.
    names_process: bool,
    /// A name may be a program's, or something else that the field is used for.
    has_doubtful_name: bool,
    /// `pri` below 8, and whether it is a number, not a text.
    priority: Option<bool>,
}

impl Fields {
    /// Notes what a field says.
    pub(super) fn read(&mut self, name: &FieldName, value: Value<'_>) {
        let (Some(meaning), Some(text)) = (FIELDS.find(name), scalar(value)) else {
            return;
        };
        let said = match meaning {
            Meaning::Transport if name.is_of_journal || TRANSPORTS.contains(&text) => {
                self.is_of_kernel = text == b"kernel";
                Author::kernel_if(self.is_of_kernel)
            }
            Meaning::Journal => {
                self.is_stripped |= !name.is_of_journal;
                Author::Unsaid
            }
            Meaning::Process if !name.is_of_journal => {
                self.names_process = true;
                Author::Unsaid
            }
            Meaning::Unit | Meaning::Process => Author::Other,
            Meaning::Program => Author::of_program(text),
            Meaning::Tag if is_tag_of_syslog(text) => Author::of_program(text),
            Meaning::Tag => {
                self.has_doubtful_name |= !names_stream(text);
                Author::Unsaid
            }
            Meaning::ProcessName => {
                self.has_doubtful_name |= Author::of_program(text) == Author::Other;
                Author::Unsaid
            }
            Meaning::ProcessId if text != b"-" && text != b"0" => Author::Other,
            Meaning::Facility => Author::of_facility(text),
            // A level alone says nothing of the author.
            Meaning::Priority if unsigned(text).is_some_and(|priority| priority >= 8) => {
                Author::Other
            }
            Meaning::LevelAndFacility => match unsigned(text) {
                Some(0..8) => {
                    self.priority = Some(matches!(value, Value::Plain(_)));
                    Author::Unsaid
                }
                Some(_) => Author::Other,
                None => Author::Unsaid,
            },
            Meaning::Transport | Meaning::ProcessId | Meaning::Priority => Author::Unsaid,
        };
        self.author = self.author.and(said);
    }

    /// Whether nothing can make the kernel the author any more.
    pub(super) fn is_others(&self) -> bool {
        self.author == Author::Other
    }

    /// What they say together. `is_kmsg` tells that the fields are those of `/dev/kmsg`, `has_msg` that the
    /// text stands where `dmesg` writes it.
    pub(super) fn author(&self, is_kmsg: bool, has_msg: bool) -> Author {
        // In a record of the kernel's the word is somebody's who took the victim out of the text.
        if self.is_stripped && self.names_process && !self.is_of_kernel {
            return Author::Other;
        }
        // `dmesg --json` of util-linux up to 2.39 writes facility and level over one another, so that what
        // a program wrote to `/dev/kmsg` has a number below 8 as well: 12, user.warn, becomes 5. The
        // kernel's own numbers are right.
        let is_proven = is_kmsg
            || self
                .priority
                .is_some_and(|is_number| !(is_number && has_msg));
        let author = if is_proven {
            self.author.and(Author::Kernel)
        } else {
            self.author
        };
        match author {
            Author::Unsaid if self.has_doubtful_name => Author::Other,
            author => author,
        }
    }
}

/// The text of a value that says anything.
pub(super) fn scalar(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Plain(b"null") | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) | Value::Plain(text) => (!text.is_empty()).then_some(text),
    }
}

/// Whether a tag has what syslog puts behind a name, a colon or a process id.
fn is_tag_of_syslog(tag: &[u8]) -> bool {
    tag.ends_with(b":") || tag.ends_with(b"]")
}

/// Whether a tag is one that a shipper may be told for the kernel's log: with dots, slashes or stars in it, or
/// with one of [`STREAM_WORDS`].
fn names_stream(tag: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'-' | b'_');
    let is_word = tag
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || is_separator(byte));
    let is_stream_word = |part: &[u8]| {
        let mut words = STREAM_WORDS.iter();
        words.any(|word| part.eq_ignore_ascii_case(word))
    };
    !is_word || tag.split(is_separator).any(is_stream_word)
}
