//! The message of the event and of the status of an evicted pod, where exporters write it. It does not name the pod.

use alloc::boxed::Box;

use crate::killers::kubelet;
use crate::oom::{Event, Oom};
use crate::text::cursor::find;

pub(super) const TELLING_WORD: &[u8] = b"The node was low on resource: memory. ";

/// `The node was low on resource: memory. Threshold quantity: 100Mi, available: 58472Ki. ...`
pub(super) fn read(text: &[u8]) -> Option<Box<Oom>> {
    let message = text.get(find(text, TELLING_WORD)?..)?;
    Some(kubelet::told(Event::Evicted, &kubelet::in_bytes(message)))
}
