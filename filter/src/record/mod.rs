//! A log record: the kernel's text is found in it, and what we add is spliced into it. Its own bytes are
//! never written anew.

mod json;
pub mod lines;
mod splice;
mod unescape;

use alloc::borrow::Cow;
use alloc::vec::Vec;

pub use splice::IdentityKeys;

use crate::carrier::{Author, KernelLine};
use crate::report::Machine;
use crate::text::cursor::{Cursor, unsigned};
use json::{Member, Value};

/// The keys that may hold the kernel's text, the likeliest first.
const TEXT_KEYS: [&[u8]; 5] = [b"MESSAGE", b"msg", b"message", b"log", b"body"];

/// The length of the longest field's name that says anything of a record: `source_monotonic_timestamp`.
const LONGEST_FIELD: usize = 26;

/// Our own key.
const OOM_KEY: &str = "oom";

/// The text of a record, as JSON holds it.
#[derive(Clone, Copy)]
enum Text<'a> {
    String(&'a [u8]),
    /// A journal message that is no UTF-8: an array of its bytes.
    Bytes(&'a [u8]),
}

/// What a record tells, beside its text.
pub(crate) struct Record<'a> {
    bytes: &'a [u8],
    texts: [Option<Text<'a>>; TEXT_KEYS.len()],
    /// Which machine, of every field that names one.
    pub(crate) machine: Machine,
    /// Microseconds since boot.
    pub(crate) at_us: Option<u64>,
    pub(crate) author: Author,
    /// The journal says that the message is the kernel's own: nothing stands in
    /// front of it.
    pub(crate) is_journal: bool,
    /// One of `/dev/kmsg`, by its fields: the text has that device's escapes.
    pub(crate) is_kmsg: bool,
    /// The record carries an `oom` already.
    pub(crate) is_done: bool,
    /// How many members it has.
    count: usize,
}

/// What the fields of a kmsg record say before they are put together.
#[derive(Default)]
struct Kmsg {
    seconds: Option<u64>,
    microseconds: Option<u64>,
    has_sequence: bool,
    has_priority: bool,
}

impl<'a> Record<'a> {
    /// Reads a record. `None` unless it is one JSON object.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut record = Self {
            bytes,
            texts: [None; TEXT_KEYS.len()],
            machine: Machine::default(),
            at_us: None,
            author: Author::Unsaid,
            is_journal: false,
            is_kmsg: false,
            is_done: false,
            count: 0,
        };
        let mut kmsg = Kmsg::default();
        json::members(bytes, |member| record.read_member(member, &mut kmsg))?;
        if kmsg.has_sequence && kmsg.has_priority && kmsg.seconds.is_some() {
            record.is_kmsg = true;
            record.at_us = kmsg
                .seconds
                .and_then(|seconds| seconds.checked_mul(1_000_000))
                .and_then(|at_us| at_us.checked_add(kmsg.microseconds?));
        }
        Some(record)
    }

    /// Notes what a member says.
    fn read_member(&mut self, member: Member<'a>, kmsg: &mut Kmsg) {
        self.count = self.count.saturating_add(1);
        let key = decoded_key(member.key);
        if *key == *OOM_KEY.as_bytes() {
            self.is_done = true;
        }
        for (slot, name) in self.texts.iter_mut().zip(TEXT_KEYS) {
            if *key == *name {
                *slot = match member.value {
                    Value::String(text) => Some(Text::String(text)),
                    Value::Array(text) => Some(Text::Bytes(text)),
                    _ => None,
                };
            }
        }
        let scalar = match member.value {
            Value::String(text) | Value::Plain(text) => text,
            Value::Array(_) | Value::Object(_) => return,
        };
        // Fluent Bit can write a journal's field names in lower case and without
        // their underscores.
        let start = key.iter().take_while(|byte| **byte == b'_').count();
        let name = key.get(start..).unwrap_or_default();
        let mut lower = [0; LONGEST_FIELD];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return;
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            b"hostname" | b"boot_id" | b"host" => {
                self.machine.add(name, scalar);
            }
            b"transport" => {
                self.is_journal = scalar == b"kernel";
                self.judge_author(Author::kernel_if(self.is_journal));
            }
            b"syslog_identifier" | b"ident" | b"appname" => {
                self.judge_author(Author::kernel_if(scalar == b"kernel"));
            }
            b"syslog_facility" | b"facility" | b"fac" => {
                let is_kernel = matches!(scalar, b"0" | b"kern");
                self.judge_author(Author::kernel_if(is_kernel));
            }
            b"priority" | b"pri" => {
                kmsg.has_priority = true;
                if let Some(priority) = unsigned(scalar) {
                    self.judge_author(Author::of_priority(priority));
                }
            }
            b"sequence" => kmsg.has_sequence = true,
            b"sec" => kmsg.seconds = unsigned(scalar),
            b"usec" => kmsg.microseconds = unsigned(scalar),
            b"source_monotonic_timestamp" => self.at_us = unsigned(scalar),
            _ => {}
        }
    }

    /// Notes that a field names the kernel, or somebody else.
    fn judge_author(&mut self, author: Author) {
        self.author = self.author.and(author);
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
        line
    }

    /// The texts that may be the kernel's, in the order they are to be tried.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Vec<u8>> + use<'a> {
        self.texts
            .into_iter()
            .flatten()
            .filter_map(|text| match text {
                Text::String(raw) => Some(unescape::decode(raw)),
                Text::Bytes(raw) => byte_array(raw),
            })
    }
}

/// A key of interest is short; escapes in it are rare.
fn decoded_key(key: &[u8]) -> Cow<'_, [u8]> {
    const LONGEST: usize = 200;
    if key.len() <= LONGEST && key.contains(&b'\\') {
        Cow::Owned(unescape::decode(key))
    } else {
        Cow::Borrowed(key)
    }
}

/// `79,117,116`, each a byte.
fn byte_array(text: &[u8]) -> Option<Vec<u8>> {
    text.split(|byte| *byte == b',')
        .map(|number| {
            let mut cursor = Cursor::new(number);
            cursor.blanks();
            let byte = u8::try_from(cursor.unsigned()?).ok()?;
            cursor.blanks();
            cursor.end().map(|()| byte)
        })
        .collect()
}
