//! Lines of a log, as records: for a host that reads lines where others are handed records.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::document::{self, Document};
use super::journal::Entry;
use super::json;
pub use super::order::{is_newest_first, reversed};
use super::otlp;
use crate::carrier::{KernelLine, KmsgHeader, NameBytes};
use crate::text::cursor::Cursor;
use crate::text::printable::push_escaped;

/// What the lines of an input are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// Each line tells: a JSON object is a record, what begins as a record of
    /// `/dev/kmsg` does is one, any other line is plain. Entries of `journalctl -o export` and `-o verbose`,
    /// and JSON that is written over several lines or in lists, are records too.
    #[default]
    Auto,
    /// Plain lines, as `dmesg` and syslog files have them.
    Text,
    /// Records of `/dev/kmsg`: `priority,sequence,microseconds,flags;text`, and
    /// lines that begin with a space, which belong to the record before.
    Kmsg,
    /// JSON objects, one to a line.
    Ndjson,
}

/// A line, as a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A JSON object.
    Object(Cow<'a, [u8]>),
    /// A line that is no JSON, or a record of `/dev/kmsg` with its further lines.
    Plain(PlainLine<'a>),
    /// A line that should be a JSON object and is not, as it came.
    Malformed(&'a [u8]),
}

/// A line that is no JSON. It is read as a line; an object is made of it only where one is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainLine<'a> {
    line: Cow<'a, [u8]>,
    is_kmsg: bool,
}

impl<'a> PlainLine<'a> {
    fn text(line: &'a [u8]) -> Self {
        Self {
            line: Cow::Borrowed(line),
            is_kmsg: false,
        }
    }

    /// The line as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.line
    }

    /// What the kernel says in it.
    pub fn kernel_line(&self) -> KernelLine<'_> {
        // Behind a record of `/dev/kmsg` stand lines of its dictionary.
        let end = self.line.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| self.line.get(..end));
        let mut line = KernelLine::read(line.unwrap_or(&self.line));
        if line.name_bytes == NameBytes::MaybeEscaped
            && let Cow::Owned(text) = valid(&line.text)
        {
            line.text = Cow::Owned(text.into_bytes());
        }
        line
    }

    /// The object that stands for it.
    pub fn object(&self) -> Vec<u8> {
        if self.is_kmsg {
            kmsg(&self.line)
        } else {
            text(&self.line)
        }
    }
}

/// Makes records of lines.
///
/// The kernel's text becomes `message`; of a `/dev/kmsg` record also `priority`, `facility`,
/// `sequence`, and its time since boot as `sec` and `usec`. Bytes that are no
/// UTF-8 become the text `\xNN`.
///
/// ```
/// use oom_filter::lines::{LineFormat, Record, Records};
///
/// let mut records = Records::new(LineFormat::Auto);
/// let mut objects = Vec::new();
/// let mut keep = |record: Record<'_>| if let Record::Plain(line) = record {
///     objects.push(String::from_utf8_lossy(&line.object()).into_owned());
/// };
/// records.line(b"3,505,3136498470,-;Out of memory: Killed process 42 (a)", &mut keep);
/// records.settle(&mut keep);
/// assert_eq!(objects, [concat!(
///     r#"{"message":"Out of memory: Killed process 42 (a)","priority":3,"facility":0,"#,
///     r#""sequence":505,"sec":3136,"usec":498470}"#,
/// )]);
/// ```
#[derive(Debug)]
pub struct Records {
    format: LineFormat,
    /// A `/dev/kmsg` record whose further lines may follow; empty for none.
    held: Vec<u8>,
    block: Option<Block>,
    /// The lines of the block since its last record, each with its end.
    lines_of_block: Vec<u8>,
    /// The last record was a block, or no line was read yet.
    may_be_blocks: bool,
}

/// Records of several lines.
#[derive(Debug)]
enum Block {
    Entry(Entry),
    Document(Document),
}

/// What a line was to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A part of it.
    GoesOn,
    /// Its last.
    Done,
    /// Not a part of it any more: it was whole before.
    DoneBefore,
    /// It shows that this is no such block.
    Broken,
}

/// Most bytes held back for further lines; the kernel's own limit is 8 KiB.
const MOST_HELD: usize = 64 * 1024;

impl Records {
    /// For lines of this format.
    pub const fn new(format: LineFormat) -> Self {
        Self {
            format,
            held: Vec::new(),
            block: None,
            lines_of_block: Vec::new(),
            may_be_blocks: true,
        }
    }

    /// Takes the next line, without its line end, and hands over each record that is complete.
    pub fn line<'a>(&mut self, line: &'a [u8], each: &mut impl FnMut(Record<'a>)) {
        match self.format {
            LineFormat::Ndjson if json::is_object(line) => each(Record::Object(line.into())),
            LineFormat::Ndjson => each(Record::Malformed(line)),
            LineFormat::Text => each(Record::Plain(PlainLine::text(without_return(line)))),
            LineFormat::Kmsg => self.kmsg_line(without_return(line), each),
            LineFormat::Auto => self.any_line(line, each),
        }
    }

    /// Nothing more is there for now: hands over what was held back, but for a record of several lines that has
    /// begun.
    pub fn settle<'a>(&mut self, each: &mut impl FnMut(Record<'a>)) {
        if !self.held.is_empty() {
            each(Record::Plain(PlainLine {
                line: Cow::Owned(core::mem::take(&mut self.held)),
                is_kmsg: true,
            }));
        }
    }

    /// The input has ended: hands over everything.
    pub fn end<'a>(&mut self, each: &mut impl FnMut(Record<'a>)) {
        self.settle(each);
        match self.block.take() {
            Some(Block::Entry(mut entry)) => each(Record::Object(entry.finish().into())),
            Some(Block::Document(_)) => self.release(each),
            None => {}
        }
        self.lines_of_block.clear();
    }

    /// Whether the next line may be a part of something longer: then none may be left out, whatever it holds.
    pub fn may_be_in_block(&self) -> bool {
        self.format == LineFormat::Auto && (self.block.is_some() || self.may_be_blocks)
    }

    fn any_line<'a>(&mut self, line: &'a [u8], each: &mut impl FnMut(Record<'a>)) {
        if self.block.is_some() {
            return self.line_of_block(line, each);
        }
        // `journalctl -o json-seq` puts this in front of each.
        let object = line.strip_prefix(b"\x1e").unwrap_or(line);
        let is_object = object.first() == Some(&b'{') && json::is_object(object);
        if is_object && !Document::is_around_records(object) {
            self.may_be_blocks = false;
            self.settle(each);
            return object_or_stream(object.into(), each);
        }
        let block = if is_object || Document::begins(object) {
            Some(Block::Document(Document::new()))
        } else {
            Entry::begin(without_return(line)).map(Block::Entry)
        };
        self.may_be_blocks = block.is_some() || self.may_be_blocks && line.is_empty();
        match block {
            None => self.kmsg_line(without_return(line), each),
            Some(block @ Block::Document(_)) => {
                self.settle(each);
                self.block = Some(block);
                self.line_of_block(object, each);
            }
            Some(block) => {
                self.settle(each);
                self.keep_line(line);
                self.block = Some(block);
            }
        }
    }

    fn line_of_block<'a>(&mut self, line: &'a [u8], each: &mut impl FnMut(Record<'a>)) {
        self.keep_line(line);
        let mut has_record = false;
        let step = match &mut self.block {
            Some(Block::Entry(entry)) => {
                let step = entry.line(line);
                if matches!(step, Step::Done | Step::DoneBefore) {
                    each(Record::Object(entry.finish().into()));
                }
                step
            }
            Some(Block::Document(document)) => document.line(line, &mut |record| {
                has_record = true;
                let record = otlp::with_object_body(&record).unwrap_or(record);
                object_or_stream(record.into(), each);
            }),
            None => return,
        };
        if has_record {
            self.lines_of_block.clear();
        }
        match step {
            Step::GoesOn => {}
            Step::Done => {
                let behind = match self.block.take() {
                    Some(Block::Document(document)) => document.behind,
                    _ => 0,
                };
                self.lines_of_block.clear();
                let start = line.len().saturating_sub(behind);
                let rest = line.get(start..).unwrap_or_default().trim_ascii();
                if !matches!(rest, b"" | b",") {
                    each(Record::Plain(PlainLine::text(rest)));
                }
            }
            Step::DoneBefore => {
                self.block = None;
                self.lines_of_block.clear();
                self.any_line(line, each);
            }
            Step::Broken => {
                self.block = None;
                self.release(each);
            }
        }
    }

    fn keep_line(&mut self, line: &[u8]) {
        self.lines_of_block.extend_from_slice(line);
        self.lines_of_block.push(b'\n');
    }

    /// Hands over the lines of a block that is none, as plain ones.
    fn release<'a>(&mut self, each: &mut impl FnMut(Record<'a>)) {
        self.may_be_blocks = false;
        let lines = core::mem::take(&mut self.lines_of_block);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = without_return(line.strip_suffix(b"\n").unwrap_or(line));
            each(Record::Plain(PlainLine {
                line: Cow::Owned(line.to_vec()),
                is_kmsg: false,
            }));
        }
    }

    fn kmsg_line<'a>(&mut self, line: &'a [u8], each: &mut impl FnMut(Record<'a>)) {
        let whole = self.held.len().saturating_add(line.len());
        if !self.held.is_empty() && line.starts_with(b" ") && whole < MOST_HELD {
            self.held.push(b'\n');
            self.held.extend_from_slice(line);
            return;
        }
        self.settle(each);
        if KmsgHeader::read(&mut Cursor::new(line)).is_some() {
            self.held.extend_from_slice(line);
        } else {
            each(Record::Plain(PlainLine::text(line)));
        }
    }
}

/// Hands over an object, or, of a stream of Loki's, each line that it holds.
fn object_or_stream<'a>(object: Cow<'a, [u8]>, each: &mut impl FnMut(Record<'a>)) {
    match document::of_stream(&object) {
        Some(records) => {
            for record in records {
                each(Record::Object(record.into()));
            }
        }
        None => each(Record::Object(object)),
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A plain line, or a part of one, as a record. Nothing of it is read.
///
/// ```
/// assert_eq!(oom_filter::lines::text(b"say \"hello\""), br#"{"message":"say \"hello\""}"#);
/// ```
pub fn text(line: &[u8]) -> Vec<u8> {
    object(line, "")
}

/// A `/dev/kmsg` record; a plain one where the line is none.
fn kmsg(record: &[u8]) -> Vec<u8> {
    let mut message = Cursor::new(record);
    let Some(header) = KmsgHeader::read(&mut message) else {
        return text(record);
    };
    let KmsgHeader {
        priority,
        sequence,
        at_us,
        ..
    } = header;
    // The shapes of sec and usec are Fluent Bit's: one record, whoever read it.
    let rest = format!(
        ",\"priority\":{},\"facility\":{},\"sequence\":{sequence},\"sec\":{},\"usec\":{}",
        priority & 7,
        priority >> 3,
        at_us / 1_000_000,
        at_us % 1_000_000
    );
    object(message.rest(), &rest)
}

/// The text, with bytes that are no UTF-8 as the text `\xNN`.
fn valid(text: &[u8]) -> Cow<'_, str> {
    if let Ok(valid) = core::str::from_utf8(text) {
        return Cow::Borrowed(valid);
    }
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.push_str(chunk.valid());
        push_escaped(&mut out, chunk.invalid());
    }
    Cow::Owned(out)
}

/// `{"message":"..."<rest>}`
fn object(message: &[u8], rest: &str) -> Vec<u8> {
    let message = valid(message);
    let mut out = Vec::with_capacity(
        message
            .len()
            .saturating_add(rest.len())
            .saturating_add(message.len() / 8)
            .saturating_add(16),
    );
    out.extend_from_slice(b"{\"message\":");
    json::write_string(&mut out, &message);
    out.extend_from_slice(rest.as_bytes());
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn records(format: LineFormat, lines: &[&str]) -> Vec<String> {
        let mut records = Records::new(format);
        let mut found = Vec::new();
        let mut keep = |record: Record<'_>| {
            found.push(match record {
                Record::Object(object) => String::from_utf8(object.into_owned()).unwrap(),
                Record::Plain(line) => String::from_utf8(line.object()).unwrap(),
                Record::Malformed(line) => String::from_utf8_lossy(line).to_string() + "!",
            });
        };
        for line in lines {
            records.line(line.as_bytes(), &mut keep);
        }
        records.end(&mut keep);
        found
    }

    #[test]
    fn what_looks_like_a_block_and_is_none_leaves_line_by_line() {
        let plain = |lines: &[&str]| -> Vec<String> {
            let lines = lines.iter();
            lines
                .map(|line| serde_json::json!({ "message": line }).to_string())
                .collect()
        };
        for lines in [
            &["{", "  \"MESSAGE\": \"x\","][..],
            &["[", "{\"a\":1", "x"],
            &["{", "\"a", "b\": 1}"],
            &["__CURSOR=a", "lower=case"],
            &[
                "__CURSOR=a",
                "MESSAGE",
                "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}too long",
            ],
            &["Sun 2024-05-05 10:11:12 UTC [s=1;i=2]", "    no field"],
        ] {
            assert_eq!(records(LineFormat::Auto, lines), plain(lines));
        }
    }

    #[test]
    fn blocks_become_objects() {
        for (lines, expected) in [
            (
                &[
                    "__CURSOR=a",
                    "MESSAGE",
                    "\u{3}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}a",
                    "b",
                    "X=1",
                    "",
                ][..],
                &[r#"{"__CURSOR":"a","MESSAGE":"a\nb","X":"1"}"#][..],
            ),
            (
                &[
                    "Sun 2024-05-05 10:11:12 UTC [s=1;i=2]",
                    "    MESSAGE=a",
                    "            b",
                    "Sun 2024-05-05 10:11:13 UTC [s=1;i=3]",
                    "    MESSAGE=c",
                ],
                &[r#"{"MESSAGE":"a\nb"}"#, r#"{"MESSAGE":"c"}"#],
            ),
            (
                &[
                    "{",
                    "\t\"a\" : \"b \\\" c\",",
                    "\t\"hits\" : 1",
                    "}",
                    "[",
                    "{\"d\": [ 1 ]}",
                    "]",
                ],
                &[r#"{"a":"b \" c","hits":1}"#, r#"{"d":[1]}"#],
            ),
            (
                &[r#"{"took":1,"hits":{"total":{"value":1},"hits":[{"_source":{"log":"x"}}]}}"#],
                &[r#"{"_source":{"log":"x"}}"#],
            ),
            (
                &[r#"{"stream":{"a":"b"},"values":[["2","y",{"m":"n"}],["1","x"]]}"#],
                &[
                    r#"{"line":"x","labels":{"a":"b"}}"#,
                    r#"{"line":"y","labels":{"a":"b"}}"#,
                ],
            ),
            (&["\u{1e}{\"MESSAGE\":\"x\"}"], &[r#"{"MESSAGE":"x"}"#]),
        ] {
            assert_eq!(records(LineFormat::Auto, lines), expected);
        }
    }

    #[test]
    fn joins_the_lines_of_a_kmsg_record() {
        assert_eq!(
            records(
                LineFormat::Kmsg,
                &[
                    "6,1,2,-;pci",
                    " SUBSYSTEM=pci",
                    " DEVICE=x",
                    "12,2,3000001,c;user"
                ]
            ),
            [
                concat!(
                    r#"{"message":"pci\n SUBSYSTEM=pci\n DEVICE=x","#,
                    r#""priority":6,"facility":0,"sequence":1,"sec":0,"usec":2}"#
                ),
                concat!(
                    r#"{"message":"user","#,
                    r#""priority":4,"facility":1,"sequence":2,"sec":3,"usec":1}"#
                ),
            ]
        );
    }

    #[test]
    fn every_line_of_another_form_is_plain() {
        for line in [
            "",
            " DEVICE=x",
            "6,1;x",
            "6,1,x,-;y",
            "-6,1,2,-;y",
            "6,,2,-;y",
            "a;b",
        ] {
            let message = serde_json::json!({ "message": line }).to_string();
            assert_eq!(records(LineFormat::Kmsg, &[line]), [message.as_str()]);
            assert_eq!(records(LineFormat::Text, &[line]), [message.as_str()]);
            assert_eq!(records(LineFormat::Auto, &[line]), [message.as_str()]);
        }
    }

    #[test]
    fn each_line_tells_what_it_is() {
        let object = r#"{"MESSAGE":"x"}"#;
        assert_eq!(
            records(LineFormat::Auto, &[object, "6,1,2,-;a", object, " b"]),
            [
                object,
                r#"{"message":"a","priority":6,"facility":0,"sequence":1,"sec":0,"usec":2}"#,
                object,
                r#"{"message":" b"}"#,
            ]
        );
        let kmsg = r#"{"message":"a","priority":6,"facility":0,"sequence":1,"sec":0,"usec":2}"#;
        assert_eq!(
            records(LineFormat::Auto, &["{cut", "6,1,2,-;a\r"]),
            [r#"{"message":"{cut"}"#, kmsg]
        );
        assert_eq!(text(b"a\xff\xe2\x82"), br#"{"message":"a\\xff\\xe2\\x82"}"#);
    }

    #[test]
    fn what_should_be_json_and_is_not_stays() {
        assert_eq!(
            records(LineFormat::Ndjson, &["{}", "{", "[1]", ""]),
            ["{}", "{!", "[1]!", "!"]
        );
    }

    #[test]
    fn a_line_may_be_of_a_block_where_one_is_open_or_the_last_record_was_one() {
        let behind = |format, lines: &[&str]| {
            let mut records = Records::new(format);
            for line in lines {
                records.line(line.as_bytes(), &mut |_| {});
            }
            records.may_be_in_block()
        };
        assert!(behind(LineFormat::Auto, &[]));
        assert!(behind(LineFormat::Auto, &["__CURSOR=a"]));
        assert!(behind(LineFormat::Auto, &["__CURSOR=a", "MESSAGE=b", ""]));
        assert!(!behind(LineFormat::Auto, &["a line"]));
        assert!(!behind(LineFormat::Text, &[]));
    }

    #[test]
    fn what_is_no_utf_8_is_escaped_but_where_the_kernel_escapes_by_itself() {
        for (line, expected) in [
            (
                &b"Killed process 7 (\xff)"[..],
                &b"Killed process 7 (\\xff)"[..],
            ),
            (
                b"3,1,2,-;Killed process 7 (\\xff)",
                b"Killed process 7 (\xff)",
            ),
        ] {
            let mut records = Records::new(LineFormat::Auto);
            let mut found = Vec::new();
            let mut keep = |record: Record<'_>| {
                let Record::Plain(line) = record else {
                    panic!("{record:?}");
                };
                found.push(line.kernel_line().text.into_owned());
            };
            records.line(line, &mut keep);
            records.settle(&mut keep);
            assert_eq!(found, [expected]);
        }
    }
}
