//! runc and crun, which cannot start a container that has too little memory. Who had them start it tells it with their
//! words: containerd, Docker's daemon, the kubelet.

use super::{Witness, container_id};
use crate::record::program::Entry;
use crate::text::cursor::{find, part, rsplit_once};
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
        of_containerd(&entry.text)
    } else if is_of(&units::DOCKER) && entry.transport == b"stdout" {
        of_docker(&entry.text)
    } else if is_of(&units::KUBELET) {
        of_kubelet(&entry.text)
    } else {
        None
    }?;
    let is_it = (TELLING_WORDS.iter()).any(|word| find(error, word).is_some());
    is_it.then(|| container_id(id).map(Witness::of))?
}

/// `time="..." level=error msg="StartContainer for \"<id>\" failed" error="..., container init was OOM-killed ..."`
fn of_containerd(text: &[u8]) -> Failure<'_> {
    let rest = text.strip_prefix(b"time=\"")?;
    let (_, rest) = part(rest, b"\" level=error msg=\"StartContainer for \\\"")?;
    part(rest, b"\\\" failed\" error=\"")
}

/// `time="..." level=error msg="Handler for POST /v1.47/containers/<id>/start returned error: ..., container init was
/// OOM-killed (memory limit too low?): unknown"`
fn of_docker(text: &[u8]) -> Failure<'_> {
    let rest = text.strip_prefix(b"time=\"")?;
    let (_, rest) = part(rest, b"\" level=error msg=\"Handler for POST /")?;
    let (path, error) = part(rest, b"/start returned error: ")?;
    let (before, id) = rsplit_once(path, b"/")?;
    before.ends_with(b"containers").then_some((id, error))
}

/// `E0907 21:48:13.187571    2199 remote_runtime.go:326] "StartContainer from runtime service failed" err="...,
/// container init was OOM-killed (memory limit too low?): unknown" containerID="<id>"`
fn of_kubelet(text: &[u8]) -> Failure<'_> {
    let (before, rest) = part(
        text,
        b"] \"StartContainer from runtime service failed\" err=\"",
    )?;
    let is_its = before.starts_with(b"E") && find(before, b" remote_runtime.go:").is_some();
    // Quotes in the error have a backslash in front.
    let (error, id) = rsplit_once(rest, b"\" containerID=\"")?;
    is_its.then_some((id.strip_suffix(b"\"")?, error))
}
