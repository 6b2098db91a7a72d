//! The kubelet, which ends pods while its node is short of memory (`pkg/kubelet/eviction/eviction_manager.go`, from
//! 1.21 on; with the feature `more-programs` as JSON too). The kernel prints nothing of it.
//!
//! Up to 1.20 it printed errors of containers as they were, with their line ends, so that no line of it is proven.

use alloc::boxed::Box;
use alloc::string::String;
#[cfg(feature = "more-programs")]
use alloc::vec::Vec;

use super::form;
use super::sequence::{Sequence, Step};
use crate::cgroup::{Level, Pod, pod_uid};
use crate::oom::{Event, Names, Oom};
use crate::printable;
#[cfg(feature = "more-programs")]
use crate::record::json::{self, Value};
use crate::text::cursor::{Cursor, split_once};

/// Stands in every line that is read.
pub(super) const TELLING_WORD: &[u8] = b"viction_manager.go:";

/// What a line says.
pub(super) fn read(text: &[u8], sequence: &mut Sequence) -> Option<Box<Oom>> {
    #[cfg(feature = "more-programs")]
    let as_text = of_json(text);
    #[cfg(feature = "more-programs")]
    let text = as_text.as_deref().unwrap_or(text);
    // `I0617 16:18:42.212181 3814777 eviction_manager.go:392] "`
    let (_, message) = form::read(b"@# #:#:## eviction_manager.go:#] \"", text)?;
    if let Some(of_pod) = message.strip_prefix(b"Evicting pod\" pod=\"") {
        sequence.told = why(of_pod);
        return None;
    }
    // Compared by calls: a pattern of bytes is compared one by one, and large.
    let message = message.strip_prefix(b"Eviction manager: ")?;
    let (what, of_what) = split_once(message, b"\" ")?;
    let is = |words: &[u8]| what == words;
    let is_memory = of_what == b"resourceName=\"memory\"";
    if is(b"attempting to reclaim") {
        let oom = || told(Event::Pressure, "attempting to reclaim memory");
        return is_memory.then(oom);
    }
    if is(b"must evict pod(s) to reclaim") {
        sequence.begin();
        if is_memory {
            sequence.step = Step::Sent;
        }
        return None;
    }
    (is(b"pod is evicted successfully") && sequence.step == Step::Sent).then_some(())?;
    let names = names(of_what.strip_prefix(b"pod=\"")?.strip_suffix(b"\"")?)?;
    let known = sequence.told.take();
    let mut oom = known
        .filter(|oom| oom.names.as_ref() == Some(&names))
        .unwrap_or_else(|| told(Event::Evicted, "must evict pod(s) to reclaim memory"));
    oom.names = Some(names);
    sequence.begin();
    Some(oom)
}

/// A line of `--logging-format=json` as it is without: `{"ts":1655581336244.2942,
/// "caller":"eviction/eviction_manager.go:627","msg":"Eviction manager: pod is evicted successfully","v":0,
/// "pod":{"name":"web-1","namespace":"shop"}}`. `None` where it is none, or holds escapes.
#[cfg(feature = "more-programs")]
fn of_json(text: &[u8]) -> Option<Vec<u8>> {
    const KEYS: [&[u8]; 6] = [
        b"caller",
        b"msg",
        b"resourceName",
        b"pod",
        b"podUID",
        b"message",
    ];
    text.starts_with(b"{").then_some(())?;
    let mut found: [Vec<u8>; KEYS.len()] = Default::default();
    json::members(text, &mut |member| {
        let at = KEYS.iter().position(|key| *key == member.key);
        let Some(slot) = at.and_then(|at| found.get_mut(at)) else {
            return;
        };
        *slot = match member.value {
            Value::String(text) => text.to_vec(),
            Value::Object(inside) => reference(inside),
            _ => Vec::new(),
        };
    })?;
    let [caller, msg, rest @ ..] = &found;
    let has_escape = found.iter().any(|value| value.contains(&b'\\'));
    (caller.starts_with(b"eviction/eviction_manager.go:") && !has_escape).then_some(())?;
    let mut line = b"I0 0:0:0 0 eviction_manager.go:0] \"".to_vec();
    line.extend_from_slice(msg);
    line.push(b'"');
    let [.., resource, pod, uid, message] = KEYS;
    for (key, value) in [resource, pod, uid, message].iter().zip(rest) {
        if !value.is_empty() {
            line.extend([b" ", *key, b"=\"", value, b"\""].concat());
        }
    }
    Some(line)
}

/// `"name":"web-1","namespace":"shop"` as `shop/web-1`.
#[cfg(feature = "more-programs")]
fn reference(inside: &[u8]) -> Vec<u8> {
    let (mut name, mut namespace): (&[u8], &[u8]) = (b"", b"");
    json::members_inside(inside, &mut |member| match (member.key, member.value) {
        (b"name", Value::String(text)) => name = text,
        (b"namespace", Value::String(text)) => namespace = text,
        _ => {}
    });
    [namespace, b"/", name].concat()
}

pub(super) fn told(event: Event, reason: &str) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = event;
    oom.reason = Some(reason.into());
    oom.set_level(Some(Level::Node));
    oom
}

/// What `shop/web-1" podUID="..." message="The node was low on resource: memory. ..."` says.
fn why(text: &[u8]) -> Option<Box<Oom>> {
    let (name, rest) = split_once(text, b"\" podUID=\"")?;
    let (uid, message) = split_once(rest, b"\" message=\"")?;
    let message = message.strip_suffix(b"\"")?;
    let is_memory = message.starts_with(b"The node was low on resource: memory. ");
    (is_memory && !message.contains(&b'\\')).then_some(())?;
    let mut oom = told(Event::Evicted, &in_bytes(message));
    oom.names = names(name);
    oom.pod = pod_uid(uid).map(|uid| Pod { uid, qos: None });
    Some(oom)
}

/// `shop/web-1`
fn names(text: &[u8]) -> Option<Names> {
    let (namespace, pod) = split_once(text, b"/")?;
    Names::of_pod(namespace, pod)
}

/// The same text, with each quantity in bytes: `58472Ki` is 59875328.
pub(super) fn in_bytes(text: &[u8]) -> String {
    let mut out = String::new();
    for word in text.trim_ascii_end().split(|byte| *byte == b' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        // A comma or a full stop may stand behind it.
        let mut cursor = Cursor::new(word);
        match quantity(&mut cursor) {
            Some(bytes) => {
                out.push_str(itoa::Buffer::new().format(bytes));
                out.push_str(&printable(cursor.rest()));
            }
            None => out.push_str(&printable(word)),
        }
    }
    out
}

fn quantity(cursor: &mut Cursor<'_>) -> Option<u64> {
    let number = cursor.unsigned()?;
    let unit = cursor.take_while(|byte| byte.is_ascii_alphabetic());
    let [size, b'i'] = unit else {
        return None;
    };
    let power = b"KMGT".iter().position(|known| known == size)?;
    let powers = [1_u64 << 10, 1 << 20, 1 << 30, 1 << 40];
    number.checked_mul(*powers.get(power)?)
}
