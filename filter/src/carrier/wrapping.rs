//! What stands around a whole line: blanks, quotes, the colours of a terminal.

use alloc::vec::Vec;

use crate::text::cursor::trim_end;

/// A no-break space, which web pages have in place of a space.
const NO_BREAK_SPACE: &[u8] = b"\xc2\xa0";
/// What some editors put in front of a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const ESCAPE: u8 = 0x1b;

/// The line without colours, and with spaces for no-break spaces. `None` where it is nothing but what it
/// looks like.
///
/// Both may stand in a name. They are taken off only where the line begins with one or ends with a colour, a
/// bracket follows the first colour, or the line has no other space.
pub(super) fn cleaned(line: &[u8]) -> Option<Vec<u8>> {
    let is_odd = match line
        .iter()
        .position(|byte| matches!(*byte, ESCAPE | 0xc2))?
    {
        0 => true,
        at => {
            let rest = line.get(at..)?;
            line.ends_with(b"\x1b[0m")
                // `dmesg -x` puts none around facility and level.
                || colour(rest).is_some_and(|behind| behind.starts_with(b"["))
                || rest.starts_with(NO_BREAK_SPACE) && !line.contains(&b' ')
        }
    };
    is_odd.then_some(())?;
    let is_coloured = line.iter().find(|byte| matches!(**byte, ESCAPE | 0xc2)) == Some(&ESCAPE);
    let mut clean = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, tail)) = rest.split_first() {
        let odd = if is_coloured {
            colour(rest)
        } else {
            rest.strip_prefix(NO_BREAK_SPACE)
        };
        rest = if let Some(behind) = odd {
            if !is_coloured {
                clean.push(b' ');
            }
            behind
        } else {
            clean.push(*first);
            tail
        };
    }
    Some(clean)
}

/// What stands behind a colour at the start of `text`, `ESC [ 1;31 m`, if there is one.
fn colour(text: &[u8]) -> Option<&[u8]> {
    let codes = text.strip_prefix(&[ESCAPE, b'['])?;
    let length = codes
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b';')
        .count();
    match codes.get(length..)?.split_first()? {
        (b'm' | b'K', behind) => Some(behind),
        _ => None,
    }
}

/// `line` without blanks in front, the marks of a quoted mail, and quotes around it.
pub(super) fn unwrapped(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let is_outside = |byte: &u8| matches!(byte, b' ' | b'\t' | b'>');
    let start = line.iter().position(|byte| !is_outside(byte));
    let line = start
        .and_then(|start| line.get(start..))
        .unwrap_or_default();
    let Some((quote @ (b'"' | b'\'' | b'`'), rest)) = line.split_first() else {
        return line;
    };
    // An element of a list has a comma behind its quote.
    let inside = trim_end(rest);
    let inside = inside.strip_suffix(b",").unwrap_or(inside);
    inside.strip_suffix(&[*quote]).unwrap_or(line)
}
