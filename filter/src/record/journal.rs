//! Entries of the journal that are blocks of lines: `journalctl -o export` and `-o verbose`.

use alloc::vec::Vec;

use super::json;
use super::lines::Step;
use crate::text::cursor::split_once;

/// Most bytes of an entry, its core dump left out of it.
const LONGEST: usize = 1024 * 1024;

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `NAME=value`, or a name, the length in eight bytes and the value; an empty line ends the entry.
    Export,
    /// A line with the time, and the fields behind four spaces.
    Verbose,
}

/// An entry whose lines are being read.
#[derive(Debug)]
pub(super) struct Entry {
    form: Form,
    /// The object that is made of it, as far as it has come.
    object: Vec<u8>,
    /// The field whose value may go on.
    name: Vec<u8>,
    value: Vec<u8>,
    /// The value is one of bytes, with its length in front.
    is_binary: bool,
}

impl Entry {
    /// An entry that begins with this line.
    pub(super) fn begin(line: &[u8]) -> Option<Self> {
        let is_export = [&b"__CURSOR="[..], b"__REALTIME_TIMESTAMP="]
            .iter()
            .any(|name| line.starts_with(name));
        let form = if is_export {
            Form::Export
        } else if is_head(line) {
            Form::Verbose
        } else {
            return None;
        };
        let mut entry = Self {
            form,
            object: Vec::new(),
            name: Vec::new(),
            value: Vec::new(),
            is_binary: false,
        };
        if is_export {
            entry.line(line);
        }
        Some(entry)
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &[u8]) -> Step {
        let length = self.object.len().saturating_add(self.value.len());
        if length.saturating_add(line.len()) > LONGEST {
            return Step::Broken;
        }
        match self.form {
            Form::Export if self.is_binary => self.bytes(line),
            Form::Export if line.is_empty() => Step::Done,
            Form::Export => self.field(line),
            Form::Verbose => match line.strip_prefix(b"    ") {
                None if line.is_empty() => Step::Done,
                None => Step::DoneBefore,
                Some(field) if field.starts_with(b" ") => self.further_line(field),
                Some(field) => self.field(field),
            },
        }
    }

    /// The object that stands for the entry.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.end_field();
        let mut object = core::mem::take(&mut self.object);
        if object.is_empty() {
            object.push(b'{');
        }
        object.push(b'}');
        object
    }

    fn field(&mut self, line: &[u8]) -> Step {
        self.end_field();
        let (name, value) = split_once(line, b"=").unwrap_or((line, &[]));
        let is_name =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        if name.is_empty() || !name.iter().all(is_name) {
            return Step::Broken;
        }
        self.is_binary = name.len() == line.len();
        if self.is_binary && self.form == Form::Verbose {
            return Step::Broken;
        }
        self.name = name.to_vec();
        self.value = value.to_vec();
        Step::GoesOn
    }

    /// A line of a value of several, below its first.
    fn further_line(&mut self, line: &[u8]) -> Step {
        let indent = self.name.len().saturating_add(1);
        let Some(text) = line.get(indent..) else {
            return Step::Broken;
        };
        self.value.push(b'\n');
        self.value.extend_from_slice(text);
        Step::GoesOn
    }

    /// A part of a value that has its length in front. A line end behind it is not its own.
    fn bytes(&mut self, line: &[u8]) -> Step {
        self.value.extend_from_slice(line);
        self.value.push(b'\n');
        let Some((length, value)) = self.value.split_first_chunk() else {
            return Step::GoesOn;
        };
        let Ok(length) = usize::try_from(u64::from_le_bytes(*length)) else {
            return Step::Broken;
        };
        match value.len().checked_sub(length) {
            None | Some(0) => Step::GoesOn,
            Some(1) => {
                self.value = value.get(..length).unwrap_or_default().to_vec();
                self.is_binary = false;
                self.end_field();
                Step::GoesOn
            }
            Some(_) => Step::Broken,
        }
    }

    /// Writes the field that was read. A value that is no text becomes an array of its bytes, as in
    /// `journalctl -o json`.
    fn end_field(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let out = &mut self.object;
        out.push(if out.is_empty() { b'{' } else { b',' });
        json::write_string(out, core::str::from_utf8(&self.name).unwrap_or_default());
        out.push(b':');
        if let Ok(text) = core::str::from_utf8(&self.value) {
            json::write_string(out, text);
        } else {
            for (at, byte) in self.value.iter().enumerate() {
                out.push(if at == 0 { b'[' } else { b',' });
                out.extend_from_slice(alloc::format!("{byte}").as_bytes());
            }
            out.push(b']');
        }
        self.name = Vec::new();
        self.value = Vec::new();
    }
}

/// `Sun 2024-05-05 10:11:14.414000 UTC [s=103ea45d;i=1;b=01234567;m=24d5b0;t=617b22c4;x=686d3609]`
fn is_head(line: &[u8]) -> bool {
    line.strip_suffix(b"]")
        .and_then(|line| split_once(line, b" [s="))
        .is_some_and(|(time, cursor)| {
            !time.starts_with(b" ") && time.len() < 64 && split_once(cursor, b";i=").is_some()
        })
}
