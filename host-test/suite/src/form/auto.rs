//! The form of a log that does not say which it has: its first line tells.

use super::kmsg::Kmsg;
use super::ndjson::Ndjson;
use super::text::Text;
use super::{Form, Item};
use crate::json::{self, Kind};

/// The form, once the first line has come.
#[derive(Default)]
pub(super) struct Auto(Option<Box<dyn Form>>);

impl Form for Auto {
    fn line(&mut self, number: u64, line: &[u8]) -> Option<Item> {
        if self.0.is_none() && line.trim_ascii().is_empty() {
            return Text.line(number, line);
        }
        self.0.get_or_insert_with(|| of(line)).line(number, line)
    }

    fn flush(&mut self) -> Option<Item> {
        self.0.as_mut()?.flush()
    }
}

/// The form of a log that starts with this line.
fn of(line: &[u8]) -> Box<dyn Form> {
    if Kmsg::is_record(line) {
        Box::new(Kmsg::default())
    } else if json::kind(line) == Kind::Object {
        Box::new(Ndjson)
    } else {
        Box::new(Text)
    }
}

#[cfg(test)]
mod tests {
    use crate::form::records;

    #[test]
    fn the_first_line_tells() {
        for (form, log) in [
            ("text", "\n\n[ 1.0] a\n6,1,0,-;b"),
            ("text", "Nov 21 host kernel: {x}; 1,2,3"),
            ("text", "{not json}\n{\"log\":\"a\"}"),
            ("text", "1,2;3"),
            ("kmsg", "6,1,0,-;a\n SUBSYSTEM=x\n DEVICE=y\n6,2,0,-;b"),
            ("kmsg", "6,1,0,-,caller=T1;a"),
            ("ndjson", "{\"log\":\"a\"}\n{\"log\":\"b"),
        ] {
            let log = log.as_bytes();
            assert_eq!(records("auto", log), records(form, log), "{form}");
        }
        assert_ne!(records("text", b"6,1,0,-;a"), records("kmsg", b"6,1,0,-;a"));
    }
}
