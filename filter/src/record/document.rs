//! JSON that is no object to a line: pretty-printed, in arrays, in what an export puts around its records.

use alloc::vec::Vec;

use super::json::{self, Value};
use super::lines::Step;

/// Most bytes of a record.
const LONGEST: usize = 1024 * 1024;
/// How deep records are looked for.
const DEEPEST: usize = 16;

/// Members whose value is a list of records: `dmesg --json`, CloudWatch, Elasticsearch, Datadog, OTLP.
const LISTS: [&[u8]; 9] = [
    b"dmesg",
    b"events",
    b"hits",
    b"data",
    b"entries",
    b"logs",
    b"resourceLogs",
    b"scopeLogs",
    b"logRecords",
];

/// A document whose lines are being read.
#[derive(Debug)]
pub(super) struct Document {
    /// The brackets that are open around the records.
    around: Vec<u8>,
    /// How many are open within the record.
    depth: usize,
    /// The record, without blanks between its parts.
    record: Vec<u8>,
    is_in_string: bool,
    is_escaped: bool,
    /// Where in the record the last string begins, and where it ends.
    string: (usize, usize),
    /// The last string stands in front of a value of the record.
    is_key: bool,
    /// Bytes of the last line behind the end of the document.
    pub(super) behind: usize,
}

impl Document {
    /// A document that begins with this line, which is no object by itself.
    pub(super) fn begins(line: &[u8]) -> bool {
        let line = line.trim_ascii();
        match line {
            b"{" | b"[" | [b'[', b'{' | b'"', ..] => true,
            [b'{', b'"', .., last] => matches!(last, b'[' | b'{' | b','),
            _ => false,
        }
    }

    /// Whether a whole object holds records in a list.
    pub(super) fn is_around_records(object: &[u8]) -> bool {
        let mut is_around = false;
        let mut count = 0_u32;
        json::members(object, &mut |member| {
            count = count.saturating_add(1);
            let is_list = matches!(member.value, Value::Array(inside) if inside.trim_ascii().starts_with(b"{"));
            let is_hits = member.key == b"hits" && matches!(member.value, Value::Object(_));
            is_around |= LISTS.contains(&member.key) && (is_list || is_hits);
        });
        // A log record has more to say than its lists.
        is_around && count <= 8
    }

    pub(super) fn new() -> Self {
        Self {
            around: Vec::new(),
            depth: 0,
            record: Vec::new(),
            is_in_string: false,
            is_escaped: false,
            string: (0, 0),
            is_key: false,
            behind: 0,
        }
    }

    /// Takes the next line, and hands over each record that is complete.
    pub(super) fn line(&mut self, line: &[u8], each: &mut dyn FnMut(Vec<u8>)) -> Step {
        for (at, byte) in line.iter().enumerate() {
            let step = self.byte(*byte, each);
            if step != Step::GoesOn {
                self.behind = line.len().saturating_sub(at).saturating_sub(1);
                return step;
            }
        }
        if self.is_in_string || self.record.len() > LONGEST {
            Step::Broken
        } else {
            Step::GoesOn
        }
    }

    fn byte(&mut self, byte: u8, each: &mut dyn FnMut(Vec<u8>)) -> Step {
        if self.is_in_string {
            self.record.push(byte);
            let is_end = byte == b'"' && !self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            if is_end {
                self.is_in_string = false;
                self.string.1 = self.record.len();
                self.text_of_list(each);
            }
            return Step::GoesOn;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => return Step::GoesOn,
            b'"' => {
                if self.depth == 0 {
                    self.record.clear();
                }
                self.is_in_string = true;
                self.is_key = false;
                self.string.0 = self.record.len();
            }
            b'{' | b'[' => return self.open(byte),
            b'}' | b']' => return self.close(byte, each),
            b':' => self.is_key = true,
            _ => self.is_key = false,
        }
        if self.depth > 0 || byte == b'"' {
            self.record.push(byte);
        }
        Step::GoesOn
    }

    fn open(&mut self, bracket: u8) -> Step {
        let key = self.key();
        let is_list = LISTS.contains(&key) && (bracket == b'[' || key == b"hits");
        let is_around = match (self.depth, self.around.last()) {
            (0, None | Some(b'[')) => bracket == b'[',
            // A record, too, may turn out to be what stands around others.
            (0 | 1, _) => is_list,
            _ => false,
        };
        self.is_key = false;
        if is_around {
            if self.around.len() >= DEEPEST {
                return Step::Broken;
            }
            if self.depth == 1 {
                self.around.push(b'{');
            }
            self.depth = 0;
            self.record.clear();
            self.around.push(bracket);
            return Step::GoesOn;
        }
        if self.depth == 0 {
            self.record.clear();
        }
        self.depth = self.depth.saturating_add(1);
        self.record.push(bracket);
        Step::GoesOn
    }

    fn close(&mut self, bracket: u8, each: &mut dyn FnMut(Vec<u8>)) -> Step {
        let opening = if bracket == b'}' { b'{' } else { b'[' };
        self.is_key = false;
        if self.depth == 0 {
            self.record.clear();
            return match self.around.pop() {
                Some(open) if open == opening => self.is_done(),
                _ => Step::Broken,
            };
        }
        self.record.push(bracket);
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            let record = core::mem::take(&mut self.record);
            // What stands beside the lists is of the document, not of a record.
            let is_record = self.around.last() != Some(&b'{') && record.first() == Some(&b'{');
            if is_record && !json::is_object(&record) {
                return Step::Broken;
            }
            if is_record {
                each(record);
            }
            return self.is_done();
        }
        Step::GoesOn
    }

    fn is_done(&self) -> Step {
        if self.around.is_empty() {
            Step::Done
        } else {
            Step::GoesOn
        }
    }

    /// The key of the value that comes next.
    fn key(&self) -> &[u8] {
        let (start, end) = self.string;
        let key = self.record.get(start..end).filter(|_| self.is_key);
        key.and_then(|key| key.strip_prefix(b"\"")?.strip_suffix(b"\""))
            .unwrap_or_default()
    }

    /// A list of texts is one of lines.
    fn text_of_list(&mut self, each: &mut dyn FnMut(Vec<u8>)) {
        if self.depth == 0 && self.around.last() == Some(&b'[') {
            let text = core::mem::take(&mut self.record);
            each([b"{\"message\":", &text[..], b"}"].concat());
        }
    }
}

/// The records of a stream of Loki's, `{"stream":{...},"values":[["nanoseconds","line"],...]}`, the oldest
/// first. `None` where the object is none.
pub(super) fn of_stream(object: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut labels, mut values) = (None, None);
    let mut has_other = false;
    json::members(object, &mut |member| match (member.key, member.value) {
        (b"stream", Value::Object(inside)) => labels = Some(inside),
        (b"values", Value::Array(inside)) => values = Some(inside),
        _ => has_other = true,
    });
    let (labels, values) = (labels?, values.filter(|_| !has_other)?);
    let mut lines = pairs(values)?;
    let order = |time: &[u8]| (time.len(), time.to_vec());
    let ends = lines.first().zip(lines.last());
    if ends.is_some_and(|((first, _), (last, _))| order(first) > order(last)) {
        lines.reverse();
    }
    let record = |(_, line): (&[u8], &[u8])| {
        [b"{\"line\":\"", line, b"\",\"labels\":{", labels, b"}}"].concat()
    };
    Some(lines.into_iter().map(record).collect())
}

/// The first two texts of each list within a list, as JSON holds them.
fn pairs(lists: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut pairs = Vec::new();
    let mut texts = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(byte) = lists.get(at) {
        at = at.saturating_add(1);
        match byte {
            b'[' | b'{' => depth = depth.saturating_add(1),
            b']' if depth == 1 => {
                let [time, line, ..] = texts.as_slice() else {
                    return None;
                };
                pairs.push((*time, *line));
                texts.clear();
                depth = 0;
            }
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b'"' => {
                let rest = lists.get(at..)?;
                let mut is_escaped = false;
                let length = rest.iter().position(|byte| {
                    let is_end = *byte == b'"' && !is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    is_end
                })?;
                if depth == 1 {
                    texts.push(rest.get(..length)?);
                }
                at = at.saturating_add(length).saturating_add(1);
            }
            _ => {}
        }
    }
    Some(pairs)
}
