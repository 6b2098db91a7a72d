//! Raw lines of `/dev/kmsg`, wrapped as Fluent Bit's `kmsg` input does.
//!
//! `pri,seq,usec,flags;text` and the lines after it that start with a space become
//! `{"priority":..,"sequence":..,"sec":..,"usec":..,"msg":".."}`. As in `in_kmsg.c`: the priority is
//! the level alone, without the facility; the escapes stay as they are; and so do the lines of the
//! dictionary, after a newline. Not as there: a record above 4095 bytes is not lost.

use super::{Content, Form, Item, Record, push_string};

/// Most bytes a record is held back for: the kernel's own limit is 8 KiB.
const MAX_RECORD: usize = 1 << 20;

/// The form, with the record whose continuation lines may still follow.
#[derive(Default)]
pub(super) struct Kmsg {
    held: Option<(u64, Vec<u8>)>,
}

impl Kmsg {
    /// Whether a line is the first of a record.
    pub(super) fn is_record(line: &[u8]) -> bool {
        wrap(line).is_some()
    }
}

impl Form for Kmsg {
    fn line(&mut self, number: u64, line: &[u8]) -> Option<Item> {
        if let Some((_, held)) = &mut self.held
            && line.starts_with(b" ")
            && held.len() + line.len() < MAX_RECORD
        {
            held.push(b'\n');
            held.extend_from_slice(line);
            return None;
        }
        self.held.replace((number, line.to_vec())).map(item)
    }

    fn flush(&mut self) -> Option<Item> {
        self.held.take().map(item)
    }
}

fn item((line, record): (u64, Vec<u8>)) -> Item {
    let content = match wrap(&record) {
        Some(record) => Content::Record(record),
        None => Content::Foreign(record),
    };
    Item { line, content }
}

fn wrap(record: &[u8]) -> Option<Record> {
    let separator = record.iter().position(|byte| *byte == b';')?;
    let (prefix, text) = record.split_at(separator);
    let mut fields = std::str::from_utf8(prefix).ok()?.split(',');
    let priority = number(fields.next()?)? & 7;
    let sequence = number(fields.next()?)?;
    let uptime_us = number(fields.next()?)?;
    let (seconds, microseconds) = (uptime_us / 1_000_000, uptime_us % 1_000_000);
    let mut json = format!(
        "{{\"priority\":{priority},\"sequence\":{sequence},\"sec\":{seconds},\
         \"usec\":{microseconds},\"msg\":"
    )
    .into_bytes();
    push_string(&mut json, &text[1..]);
    json.push(b'}');
    Some(Record {
        json,
        uptime_us: Some(uptime_us),
    })
}

/// Digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{Content, Form, Item, Kmsg, Record};

    fn record(line: u64, json: &str, uptime_us: u64) -> Item {
        let json = json.as_bytes().to_vec();
        Item {
            line,
            content: Content::Record(Record {
                json,
                uptime_us: Some(uptime_us),
            }),
        }
    }

    #[test]
    fn wraps_as_fluent_bit_does() {
        let mut form = Kmsg::default();
        assert_eq!(
            form.line(1, b"3,505,3136498470,-;Out of memory: \\x22a\\x22; b"),
            None
        );
        let killed = record(
            1,
            r#"{"priority":3,"sequence":505,"sec":3136,"usec":498470,"msg":"Out of memory: \\x22a\\x22; b"}"#,
            3_136_498_470,
        );
        assert_eq!(form.line(2, b"6,506,7,-,caller=T1;pci"), Some(killed));
        assert_eq!(form.line(3, b" SUBSYSTEM=pci"), None);
        assert_eq!(form.line(4, b" DEVICE=+pci:0"), None);
        let pci = record(
            2,
            r#"{"priority":6,"sequence":506,"sec":0,"usec":7,"msg":"pci\n SUBSYSTEM=pci\n DEVICE=+pci:0"}"#,
            7,
        );
        // Facility 1 (user space): Fluent Bit keeps the level alone.
        assert_eq!(form.line(5, b"12,507,8,-;"), Some(pci));
        let user = record(
            5,
            r#"{"priority":4,"sequence":507,"sec":0,"usec":8,"msg":""}"#,
            8,
        );
        assert_eq!(form.flush(), Some(user));
        assert_eq!(form.flush(), None);
    }

    #[test]
    fn leaves_other_lines_alone() {
        for line in [
            "",
            " DEVICE=x",
            "[ 1.0] text",
            "6,1;x",
            "6,1,x,-;y",
            "-6,1,2,-;y",
            "6,,2,-;y",
        ] {
            let mut form = Kmsg::default();
            assert_eq!(form.line(1, line.as_bytes()), None);
            let content = Content::Foreign(line.as_bytes().to_vec());
            assert_eq!(form.flush(), Some(Item { line: 1, content }));
        }
    }
}
