//! Takes our keys out of a record again, knowing nothing of how they got in.

use oom_filter::IdentityKeys;
use serde_json::{Map, Value};

/// Whether `after` is `before` with nothing but our keys added: `oom` as the last member, and identity
/// beside it or in an object of the record's own. Every other byte must be there, in its place.
///
/// `before` is what JSON allows: one object in UTF-8, no control character inside a string.
pub fn only_ours_was_added(before: &[u8], after: &[u8], keys: &IdentityKeys) -> bool {
    let Some(end) = before.iter().rposition(|byte| *byte == b'}') else {
        return false;
    };
    let (body, tail) = before.split_at(end);
    let Some(text) = after.strip_suffix(tail) else {
        return false;
    };
    // Identity and `oom` in one piece, where the record's last brace was.
    if let Some(added) = text.strip_prefix(body)
        && is_ours(added, &[&flat(keys)[..], &["oom"]].concat())
    {
        return true;
    }
    // Identity in an object of the record, `oom` at the end.
    let Some(start) = last(text, b",\"oom\":") else {
        return false;
    };
    let (text, oom) = text.split_at(start);
    let Some(added) = text.len().checked_sub(body.len()) else {
        return false;
    };
    let same_start = count_same(text.iter(), body.iter());
    let same_end = count_same(text.iter().rev(), body.iter().rev());
    is_ours(oom, &["oom"])
        && (body.len().saturating_sub(same_end)..=same_start)
            .any(|at| is_ours(&text[at..at + added], &names(keys)))
}

/// The `oom` that was written into a record: its last member.
pub fn oom(after: &[u8]) -> Option<Value> {
    const KEY: &[u8] = b"\"oom\":";
    // A quote inside a string of ours has a backslash in front.
    let start = last(after, KEY)? + KEY.len();
    let end = after.iter().rposition(|byte| *byte == b'}')?;
    serde_json::from_slice(after.get(start..end)?).ok()
}

/// Whether these are members, with or without a comma in front, of these names only.
fn is_ours(members: &[u8], names: &[&str]) -> bool {
    let members = members.strip_prefix(b",").unwrap_or(members);
    let object = [b"{", members, b"}"].concat();
    serde_json::from_slice::<Map<String, Value>>(&object).is_ok_and(|object| {
        !object.is_empty() && object.keys().all(|key| names.contains(&key.as_str()))
    })
}

/// The names of identity inside its object.
fn names(keys: &IdentityKeys) -> [&'static str; 5] {
    [
        keys.pod_uid,
        keys.pod_name,
        keys.namespace,
        keys.container_name,
        keys.container_id,
    ]
}

/// The names that identity has at the top level.
fn flat(keys: &IdentityKeys) -> Vec<&'static str> {
    keys.parent
        .map_or_else(|| names(keys).to_vec(), |parent| vec![parent])
}

fn last(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .rposition(|window| window == wanted)
}

fn count_same<'a>(one: impl Iterator<Item = &'a u8>, other: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}
