//! Files over a serial line: a header with name and length, the bytes, and an end mark.

use std::collections::BTreeMap;
use std::io::{self, Write};

const FILE: &[u8] = b"@@FILE ";
const END: &[u8] = b"@@DONE\n";

/// Sends one file.
///
/// # Errors
/// When the line cannot be written.
pub fn send(line: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    line.write_all(FILE)?;
    writeln!(line, "{name} {}", bytes.len())?;
    line.write_all(bytes)
}

/// Says that nothing follows.
///
/// # Errors
/// When the line cannot be written.
pub fn finish(line: &mut impl Write) -> io::Result<()> {
    line.write_all(END)?;
    line.flush()
}

/// Takes the files out of everything that arrived on the line.
///
/// # Errors
/// Says what is missing when the guest did not send everything.
pub fn receive(mut bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    while let Some(rest) = bytes.strip_prefix(FILE) {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("a file's header is cut off")?;
        let (head, body) = rest.split_at(end);
        let head = str::from_utf8(head).map_err(|_| "a file's header is no text")?;
        let (name, length) = head
            .split_once(' ')
            .ok_or("a file's header has no length")?;
        let length: usize = length.parse().map_err(|_| "a file's length is no number")?;
        let body = body
            .get(1..=length)
            .ok_or_else(|| format!("the file `{name}` is cut off"))?;
        files.insert(name.to_owned(), body.to_owned());
        bytes = rest.get(end + 1 + length..).unwrap_or_default();
    }
    if bytes == END {
        Ok(files)
    } else {
        Err("the end mark is missing".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{finish, receive, send};

    #[test]
    fn carries_any_bytes() {
        let mut line = Vec::new();
        send(&mut line, "a", b"@@FILE \xff\n").unwrap();
        send(&mut line, "b", b"").unwrap();
        finish(&mut line).unwrap();
        let files = receive(&line).unwrap();
        assert_eq!(files["a"], b"@@FILE \xff\n");
        assert_eq!(files["b"], b"");
        assert!(receive(&line[..line.len() - 1]).is_err());
    }
}
