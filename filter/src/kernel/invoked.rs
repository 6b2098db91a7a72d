//! What stands behind the mask of a report's first line.

use super::constraint::range_list;
use super::message::{Invoked, Message};
use super::pieces::Values;
use crate::text::cursor::{Cursor, rsplit_once};

/// The line of a task whose name is printed.
pub(super) fn by_task<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    read(values, Some(values.comm))
}

/// The line of 2.6.18, which prints no name.
pub(super) fn by_nobody<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    read(values, None)
}

fn read<'a>(values: &Values<'a>, comm: Option<&'a [u8]>) -> Option<Message<'a>> {
    let fields = values.rest;
    let gfp_mask = mask(&mut Cursor::new(fields))?;
    let (order, oom_score_adj) = (field(fields, b" order="), field(fields, b" oom_score_adj="));
    if values.has_long_name && (order.is_none() || oom_score_adj.is_none()) {
        return None;
    }
    Some(Message::Invoked(Invoked {
        comm,
        gfp_mask,
        nodemask: nodes(fields),
        order,
        oom_score_adj,
    }))
}

/// `0xcc0(GFP_KERNEL)`, `0x0()`, or before 4.6 `0xd0`.
fn mask<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let whole = cursor.rest();
    cursor.tag(b"0x")?;
    cursor.take_some(|byte| byte.is_ascii_hexdigit())?;
    let mut names = *cursor;
    if names.tag(b"(").is_some() && names.until(b")").is_some() {
        *cursor = names;
    }
    whole.get(..whole.len().saturating_sub(cursor.rest().len()))
}

/// The nodes behind `nodemask=`, where it is a list.
fn nodes(fields: &[u8]) -> Option<&[u8]> {
    let (_, list) = rsplit_once(fields, b", nodemask=")?;
    range_list(&mut Cursor::new(list))
}

/// The number behind `key`. Nothing in these fields is anybody's but the kernel's. Between them 4.9 to
/// 4.20 print a `nodemask`, 4.11 to 4.14 two spaces.
fn field(fields: &[u8], key: &[u8]) -> Option<i64> {
    let (_, value) = rsplit_once(fields, key)?;
    Cursor::new(value).signed()
}
