//! Nomad's driver of Docker, from 1.6 on.

use super::{Witness, container_id};
use crate::killers::is_of_root;
use crate::record::program::Entry;
use crate::text::cursor::part;

pub(super) const TELLING_WORD: &[u8] = b"client.driver_mgr.docker: OOM Killed";

/// `    2024-01-01T00:00:00.000Z [ERROR] client.driver_mgr.docker: OOM Killed: container_id=<id> container_image=...`
///
/// Tasks of the driver `exec` may run in Nomad's own unit, as other users.
pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    (entry.unit == b"nomad.service" && is_of_root(entry)).then_some(())?;
    let (time, rest) = part(&entry.text, b" [ERROR] ")?;
    let is_time = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b':' | b'.' | b'T' | b'Z');
    time.trim_ascii().iter().all(is_time).then_some(())?;
    let rest = rest.trim_ascii_start().strip_prefix(TELLING_WORD)?;
    let rest = rest.strip_prefix(b": ")?;
    let rest = rest.strip_prefix(b"driver=docker ").unwrap_or(rest);
    let (id, _) = part(rest.strip_prefix(b"container_id=")?, b" ")?;
    container_id(id).map(Witness::of)
}
