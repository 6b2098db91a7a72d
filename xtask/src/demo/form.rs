//! What form a log has, guessed from its first lines.

use serde_json::Value;

/// Most lines that are looked at.
const LINES: usize = 100;

/// A form of log that the harness reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Kmsg,
    Ndjson,
    Text,
}

impl Form {
    /// The name the harness knows it by.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kmsg => "kmsg",
            Self::Ndjson => "ndjson",
            Self::Text => "text",
        }
    }

    /// What it is, for a person.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Kmsg => "raw /dev/kmsg records",
            Self::Ndjson => "one JSON object to a line",
            Self::Text => "plain lines",
        }
    }

    /// The form most of the first lines have.
    pub(super) fn guess(start: &[u8]) -> Self {
        let mut votes = [(Self::Text, 0), (Self::Ndjson, 0), (Self::Kmsg, 0)];
        let lines = start.split(|byte| *byte == b'\n').take(LINES);
        for form in lines.filter_map(Self::of) {
            for (candidate, count) in &mut votes {
                *count += usize::from(*candidate == form);
            }
        }
        votes
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .filter(|(_, count)| *count > 0)
            .map_or(Self::Text, |(form, _)| form)
    }

    /// The form of a line, where it tells.
    fn of(line: &[u8]) -> Option<Self> {
        // Empty, or the continuation of a kmsg record.
        if line.trim_ascii().is_empty() || line.starts_with(b" ") {
            return None;
        }
        if is_kmsg(line) {
            Some(Self::Kmsg)
        } else if line.starts_with(b"{") && is_object(line) {
            Some(Self::Ndjson)
        } else {
            Some(Self::Text)
        }
    }
}

/// `6,1234,5678,-;text`: three numbers at least, then the flags.
fn is_kmsg(line: &[u8]) -> bool {
    let Some(end) = line.iter().position(|byte| *byte == b';') else {
        return false;
    };
    let fields: Vec<&[u8]> = line[..end].split(|byte| *byte == b',').collect();
    fields.len() >= 3
        && fields[..3]
            .iter()
            .all(|field| !field.is_empty() && field.iter().all(u8::is_ascii_digit))
}

/// The last line of what was read may be cut; what it has of an object is enough then.
fn is_object(line: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(line) {
        Ok(value) => value.is_object(),
        Err(error) => error.is_eof(),
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn tells_the_forms() {
        for (start, form) in [
            (&b""[..], Form::Text),
            (b"\n\n[ 1.0] a\n", Form::Text),
            (b"Nov 21 host kernel: {x}; 1,2,3", Form::Text),
            (b"6,1,0,-;a\n SUBSYSTEM=x\n DEVICE=y\n", Form::Kmsg),
            (b"6,1,0,-,caller=T1;a", Form::Kmsg),
            (b"the first line is cut\n6,1,0,-;a\n6,2,0,-;b\n", Form::Kmsg),
            (b"{\"log\":\"a\"}\n{\"log\":\"b", Form::Ndjson),
            (b"{not json}\n", Form::Text),
            (b"1,2;3", Form::Text),
        ] {
            assert_eq!(Form::guess(start), form, "{}", start.escape_ascii());
        }
    }
}
