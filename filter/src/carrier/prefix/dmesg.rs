//! Times that the kernel and `dmesg` write in brackets.

use super::form::{skip, take};
use super::{CLOCK, Place, Said};
use crate::text::cursor::Cursor;

/// `[36370.036951] `, and every other time `dmesg` writes in brackets:
/// `[Sat Apr 27 22:56:09 2019] ` in any language, `[  +0.000003] `,
/// `[36370.036951 <    0.000003>] `. A task row, `[ 123] `, is none of them.
pub(super) fn bracket_time<'a>(cursor: &mut Cursor<'a>, said: &mut Said<'a>) -> Option<()> {
    if said.at_us.is_some() {
        // The journal has one clock, and took the kernel's own away.
        return None;
    }
    if take(CLOCK, Place::Clock, cursor, said).is_none() {
        time_in_brackets(cursor)?;
    }
    let _ = cursor.tag(b" ");
    Some(())
}

/// Any other time in brackets.
fn time_in_brackets(cursor: &mut Cursor<'_>) -> Option<()> {
    /// Longer than any date of any locale in use.
    const LONGEST: usize = 96;
    cursor.tag(b"[")?;
    let inside = cursor.take_while(|byte| byte != b']');
    cursor.tag(b"]")?;
    let is_delta = [&b"%s+%K"[..], b"<%s%K>"]
        .iter()
        .any(|form| skip(form, &mut Cursor::new(inside)).is_some());
    let is_time = |part: &[u8]| {
        matches!(
            part,
            [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']
        )
    };
    (is_delta || inside.len() <= LONGEST && inside.windows(5).any(is_time)).then_some(())
}
