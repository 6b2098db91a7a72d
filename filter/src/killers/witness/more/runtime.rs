//! runc and crun, which cannot start a container that has too little memory. Who had them start it tells it with their
//! words: containerd, Docker's daemon, the kubelet.

use super::{LONGEST_ID, Witness, container_id};
use crate::record::program::Entry;
use crate::text::cursor::part;
use crate::units;

/// runc's words, and crun's.
pub(super) const TELLING_WORDS: [&[u8]; 2] = [
    b"container init was OOM-killed",
    b"OOM: the memory limit could be too low",
];

/// The container that could not be started, and the error. This may hold words of whoever made the container, the id
/// beside it does not.
type Failure<'a> = Option<(&'a [u8], &'a [u8])>;

pub(super) fn read(entry: &Entry<'_>) -> Option<Witness> {
    let is_of = |units: &[&[u8]]| units.contains(&entry.unit);
    // What a container wrote comes by Docker's daemon too, but by another transport.
    let (id, error) = if is_of(&units::CONTAINERD) {
        of_runtime(&entry.text, &CONTAINERD)
    } else if is_of(&units::DOCKER) && entry.transport == b"stdout" {
        of_runtime(&entry.text, &DOCKER)
    } else if is_of(&units::KUBELET) {
        of_kubelet(&entry.text)
    } else {
        None
    }?;
    let is_it = (TELLING_WORDS.iter()).any(|word| part(error, word).is_some());
    is_it.then(|| container_id(id).map(Witness::of))?
}

/// What stands before a container's id, in two parts, and between that and the error:
/// `time="..." level=error msg="StartContainer for \"<id>\" failed" error="..., container init was OOM-killed ..."`
static CONTAINERD: [&[u8]; 3] = [
    b"\" level=error msg=\"StartContainer ",
    b"for \\\"",
    b"\\\" failed\" error=\"",
];

/// `time="..." level=error msg="Handler for POST /v1.47/containers/<id>/start returned error: ..., container init was
/// OOM-killed (memory limit too low?): unknown"`
static DOCKER: [&[u8]; 3] = [
    b"\" level=error msg=\"Handler for POST /",
    b"containers/",
    b"/start returned error: ",
];

fn of_runtime<'a>(text: &'a [u8], [begin, before, behind]: &[&[u8]; 3]) -> Failure<'a> {
    let (_, rest) = part(text.strip_prefix(b"time=\"")?, begin)?;
    let (path, error) = part(rest, behind)?;
    Some((part(path, before)?.1, error))
}

/// `E0907 21:48:13.187571    2199 remote_runtime.go:326] "StartContainer from runtime service failed" err="...,
/// container init was OOM-killed (memory limit too low?): unknown" containerID="<id>"`
fn of_kubelet(text: &[u8]) -> Failure<'_> {
    const WORDS: &[u8] = b"] \"StartContainer from runtime service failed\" err=\"";
    let (head, rest) = part(text, WORDS)?;
    let is_its = head.starts_with(b"E") && part(head, b" remote_runtime.go:").is_some();
    let rest = rest.strip_suffix(b"\"").filter(|_| is_its)?;
    // Quotes in the error have a backslash in front.
    let (error, id) = rest.split_at_checked(rest.len().checked_sub(LONGEST_ID)?)?;
    Some((id, error.strip_suffix(b"\" containerID=\"")?))
}
