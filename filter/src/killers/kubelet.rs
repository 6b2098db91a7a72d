//! The kubelet, which ends pods while its node is short of memory (`pkg/kubelet/eviction/eviction_manager.go`, from
//! 1.21 on). The kernel prints nothing of it.
//!
//! Up to 1.20 it printed errors of containers as they were, with their line ends, so that no line of it is proven.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::sequence::{Sequence, Step};
use crate::cgroup::{Level, Pod, pod_uid};
use crate::oom::{Event, Names, Oom};
use crate::printable;
use crate::text::cursor::{Cursor, split_once, unsigned};

/// The units that it runs in: its own, and those of what it is a part of.
pub(super) const UNITS: [&[u8]; 8] = [
    b"kubelet.service",
    b"k3s.service",
    b"k3s-agent.service",
    b"rke2-server.service",
    b"rke2-agent.service",
    b"snap.microk8s.daemon-kubelite.service",
    b"snap.k8s.kubelet.service",
    b"snap.kubelet-eks.daemon.service",
];

/// Stands in every line that is read, but the one that says why.
pub(super) const TELLING_WORD: &[u8] = b"viction manager: ";

/// Records of others that may come before the one that says why.
const AWAITED: u16 = 16;

/// What a line says.
pub(super) fn read(text: &[u8], sequence: &mut Sequence) -> Option<Box<Oom>> {
    let message = of_eviction_manager(text)?;
    if let Some(of_pod) = message.strip_prefix(b"Evicting pod\" ") {
        why(of_pod, sequence);
        return None;
    }
    let message = message.strip_prefix(b"Eviction manager: ")?;
    if let Some(resource) = message.strip_prefix(b"must evict pod(s) to reclaim\" ") {
        sequence.begin();
        if resource == MEMORY {
            sequence.step = Step::Sent;
            sequence.awaited = AWAITED;
        }
        return None;
    }
    let mut oom = Box::<Oom>::default();
    if message.strip_prefix(b"attempting to reclaim\" ") == Some(MEMORY) {
        oom.event = Event::Pressure;
        oom.reason = Some("attempting to reclaim memory".into());
    } else {
        let of_pod = message.strip_prefix(b"pod is evicted successfully\" ")?;
        let names = names(of_pod.strip_prefix(b"pod=\"")?.strip_suffix(b"\"")?)?;
        (sequence.step == Step::Sent).then_some(())?;
        oom.event = Event::Evicted;
        if sequence.names.as_ref() == Some(&names) {
            oom.reason = sequence.reason.take();
            let uid = sequence.pod_uid.take();
            oom.pod = uid.map(|uid| Pod { uid, qos: None });
        }
        oom.reason = oom
            .reason
            .or_else(|| Some("must evict pod(s) to reclaim memory".into()));
        oom.names = Some(names);
        sequence.begin();
    }
    oom.set_level(Some(Level::Node));
    Some(oom)
}

const MEMORY: &[u8] = b"resourceName=\"memory\"";

/// What stands in quotes behind `I0617 16:18:42.212181 3814777 eviction_manager.go:392] "`, with the rest.
fn of_eviction_manager(text: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(text);
    cursor.take_some(|byte| matches!(byte, b'I' | b'W' | b'E'))?;
    cursor.take_some(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b':' | b'.'))?;
    cursor.tag(b"eviction_manager.go:")?;
    cursor.unsigned()?;
    cursor.tag(b"] \"")?;
    Some(cursor.rest())
}

/// Keeps what `pod="shop/web-1" podUID="..." message="The node was low on resource: memory. ..."` says.
fn why(text: &[u8], sequence: &mut Sequence) -> Option<()> {
    let (name, rest) = split_once(text.strip_prefix(b"pod=\"")?, b"\" podUID=\"")?;
    let (uid, message) = split_once(rest, b"\" message=\"")?;
    let message = message.strip_suffix(b"\"")?;
    if message.starts_with(b"The node was low on resource: memory. ") && !message.contains(&b'\\') {
        sequence.names = names(name);
        sequence.pod_uid = pod_uid(uid);
        sequence.reason = Some(in_bytes(message));
    }
    Some(())
}

/// `shop/web-1`
fn names(text: &[u8]) -> Option<Names> {
    let (namespace, pod) = split_once(text, b"/")?;
    Names::of_pod(namespace, pod)
}

/// The same text, with each quantity in bytes: `58472Ki` is 59875328.
fn in_bytes(text: &[u8]) -> String {
    let words: Vec<_> = text
        .trim_ascii_end()
        .split(|byte| *byte == b' ')
        .map(word_in_bytes)
        .collect();
    words.join(" ")
}

fn word_in_bytes(word: &[u8]) -> String {
    let end = word
        .iter()
        .rposition(u8::is_ascii_alphanumeric)
        .map_or(0, |at| at.saturating_add(1));
    let (quantity, behind) = word.split_at_checked(end).unwrap_or((word, &[]));
    let bytes = || {
        let (number, unit) = quantity.split_last_chunk()?;
        let shift = match unit {
            b"Ki" => 10,
            b"Mi" => 20,
            b"Gi" => 30,
            b"Ti" => 40,
            _ => return None,
        };
        unsigned(number)?.checked_mul(1_u64.checked_shl(shift)?)
    };
    match bytes() {
        Some(bytes) => [itoa::Buffer::new().format(bytes), &printable(behind)].concat(),
        None => printable(word),
    }
}
