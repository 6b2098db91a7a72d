//! The kubelet, which ends pods while its node is short of memory (`pkg/kubelet/eviction/eviction_manager.go`, from
//! 1.21 on). The kernel prints nothing of it.
//!
//! Up to 1.20 it printed errors of containers as they were, with their line ends, so that no line of it is proven.

use alloc::boxed::Box;
use alloc::string::String;

use super::sequence::{Sequence, Step};
use crate::cgroup::{Level, Pod, pod_uid};
use crate::oom::{Event, Names, Oom};
use crate::printable;
use crate::text::cursor::{Cursor, split_once};

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
    if let Some(of_pod) = message.strip_prefix(b"Evicting pod\" pod=\"") {
        sequence.told = why(of_pod);
        return None;
    }
    let (what, of_what) = split_once(message, b"\" ")?;
    let is_memory = of_what == b"resourceName=\"memory\"";
    match what {
        b"Eviction manager: attempting to reclaim" if is_memory => {
            Some(told(Event::Pressure, "attempting to reclaim memory".into()))
        }
        b"Eviction manager: must evict pod(s) to reclaim" => {
            sequence.begin();
            if is_memory {
                sequence.step = Step::Sent;
                sequence.awaited = AWAITED;
            }
            None
        }
        b"Eviction manager: pod is evicted successfully" if sequence.step == Step::Sent => {
            let names = names(of_what.strip_prefix(b"pod=\"")?.strip_suffix(b"\"")?)?;
            let known = sequence.told.take();
            let mut oom = known
                .filter(|oom| oom.names.as_ref() == Some(&names))
                .unwrap_or_else(|| {
                    told(Event::Evicted, "must evict pod(s) to reclaim memory".into())
                });
            oom.names = Some(names);
            sequence.begin();
            Some(oom)
        }
        _ => None,
    }
}

fn told(event: Event, reason: String) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = event;
    oom.reason = Some(reason);
    oom.set_level(Some(Level::Node));
    oom
}

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

/// What `shop/web-1" podUID="..." message="The node was low on resource: memory. ..."` says.
fn why(text: &[u8]) -> Option<Box<Oom>> {
    let (name, rest) = split_once(text, b"\" podUID=\"")?;
    let (uid, message) = split_once(rest, b"\" message=\"")?;
    let message = message.strip_suffix(b"\"")?;
    let is_memory = message.starts_with(b"The node was low on resource: memory. ");
    (is_memory && !message.contains(&b'\\')).then_some(())?;
    let mut oom = told(Event::Evicted, in_bytes(message));
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
fn in_bytes(text: &[u8]) -> String {
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
    let shift = match unit {
        b"Ki" => 10,
        b"Mi" => 20,
        b"Gi" => 30,
        b"Ti" => 40,
        _ => return None,
    };
    number.checked_mul(1_u64.checked_shl(shift)?)
}
