//! The kubelet's own tree of cgroups.

use alloc::string::String;

use super::shapes::{Components, IN_POD, NESTS, NESTS_LXC, is_inside, is_lower_hex, starts_with};
use super::{Container, Identity, Level, Pod, Qos, Runtime};
use crate::text::cursor::{rfind, split_at};

/// What a path tells that lies in the kubelet's tree, wherever that may hang.
pub(super) fn identity(components: Components<'_>) -> Option<Identity<'_>> {
    if components.first() == Some(b"user.slice") {
        return None;
    }
    let mut rest = components;
    for _ in 0..3 {
        if let Some(identity) = kubepods(rest) {
            return Some(identity);
        }
        (_, rest) = NESTS
            .iter()
            .chain(&NESTS_LXC)
            .find_map(|nest| starts_with(rest, nest))?;
    }
    None
}

/// Reads the kubelet's tree, `components` being what lies below its parent.
fn kubepods(components: Components<'_>) -> Option<Identity<'_>> {
    let mut rest = components;
    let first = rest.take()?;
    if let Some(identity) = pod_and_container_in_one(first) {
        return Some(Identity {
            is_inside: is_inside(rest),
            ..identity
        });
    }
    if first == b"kubepods" {
        return Some(cgroupfs_driver(rest));
    }
    let is_slice = |name: &[u8]| name.ends_with(b".slice");
    if !is_slice(first) || first == b"user.slice" {
        return None;
    }
    // systemd driver: only its manager creates slices out here, and a slice's
    // name repeats those above it, so the innermost that is a slice counts.
    let mut level = is_kubepods_slice(first);
    let mut slice = Some(first);
    while let Some(name) = slice.filter(|name| is_slice(name)) {
        if let Some(pod) = pod_slice(name) {
            return Some(in_pod(pod, rest));
        }
        level = is_kubepods_slice(name).or(level);
        slice = rest.take();
    }
    // Any other component ends the kubelet's own: it is nobody's known container.
    let level = match slice {
        None => level?,
        Some(_) => level.map(|_| Level::Cgroup)?,
    };
    Some(Identity {
        level,
        pod: None,
        container: None,
        unit: None,
        is_inside: false,
    })
}

/// `kubepods.slice` and `kubepods-burstable.slice`, with any slice's name in
/// front (`kubelet-kubepods.slice`).
fn is_kubepods_slice(name: &[u8]) -> Option<Level> {
    let last = name
        .strip_suffix(b".slice")?
        .rsplit(|byte| *byte == b'-')
        .next()?;
    match last {
        b"kubepods" => Some(Level::Kubepods),
        b"burstable" | b"besteffort" if contains_kubepods(name) => Some(Level::Qos),
        _ => None,
    }
}

fn contains_kubepods(name: &[u8]) -> bool {
    rfind(name, b"kubepods-").is_some()
}

fn cgroupfs_driver(mut rest: Components<'_>) -> Identity<'_> {
    let bare = |level| Identity {
        level,
        pod: None,
        container: None,
        unit: None,
        is_inside: false,
    };
    let Some(mut name) = rest.take() else {
        return bare(Level::Kubepods);
    };
    let mut qos = Qos::Guaranteed;
    if let Some(class) = class(name) {
        qos = class;
        match rest.take() {
            Some(below) => name = below,
            None => return bare(Level::Qos),
        }
    }
    match name.strip_prefix(b"pod").and_then(pod_uid) {
        Some(uid) => in_pod(
            Pod {
                uid,
                qos: Some(qos),
            },
            rest,
        ),
        None => bare(Level::Cgroup),
    }
}

fn class(name: &[u8]) -> Option<Qos> {
    match name {
        b"burstable" => Some(Qos::Burstable),
        b"besteffort" => Some(Qos::Besteffort),
        _ => None,
    }
}

/// `kubepods-burstable-pod<uid>.slice`; without a class the pod is guaranteed.
fn pod_slice(name: &[u8]) -> Option<Pod> {
    let name = name.strip_suffix(b".slice")?;
    let (parent, uid) = split_at(name, rfind(name, b"-pod")?, b"-pod".len())?;
    let uid = pod_uid(uid)?;
    let last = parent.rsplit(|byte| *byte == b'-').next()?;
    let qos = match last {
        b"kubepods" => Some(Qos::Guaranteed),
        _ if contains_kubepods(parent) => class(last),
        _ => return None,
    };
    Some(Pod { uid, qos })
}

/// containerd with the cgroupfs driver under a kubelet with systemd's:
/// `kubepods-burstable-pod<uid>.slice:cri-containerd:<id>`, at the root or below
/// containerd's own service.
fn pod_and_container_in_one(name: &[u8]) -> Option<Identity<'_>> {
    let mut parts = name.split(|byte| *byte == b':');
    let pod = pod_slice(parts.next()?)?;
    let runtime = match parts.next()? {
        b"cri-containerd" => Runtime::Containerd,
        b"crio" => Runtime::Crio,
        _ => return None,
    };
    let id = parts.next()?;
    Some(Identity {
        level: Level::Container,
        pod: Some(pod),
        container: Container::known(Some(id), Some(runtime)),
        unit: None,
        is_inside: false,
    })
}

fn in_pod(pod: Pod, rest: Components<'_>) -> Identity<'_> {
    let (level, container, is_inside) = match rest.first() {
        None => (Level::Pod, None, false),
        Some(_) => IN_POD
            .iter()
            .find_map(|(shape, runtime)| Some((starts_with(rest, shape)?, *runtime)))
            .map_or((Level::Cgroup, None, false), |((id, below), runtime)| {
                let container = Container::known(id, runtime);
                (Level::Container, container, is_inside(below))
            }),
    };
    Identity {
        level,
        pod: Some(pod),
        container,
        unit: None,
        is_inside,
    }
}

/// 8-4-4-4-12 hex digits with dashes (cgroupfs) or underscores (systemd), or the
/// 32 of a static pod.
fn pod_uid(text: &[u8]) -> Option<String> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    if text.len() == 32 && text.iter().copied().all(is_lower_hex) {
        return Some(crate::printable(text));
    }
    let mut groups = text.split(|byte| matches!(byte, b'-' | b'_'));
    let shaped = GROUPS.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && group.iter().all(u8::is_ascii_hexdigit))
    }) && groups.next().is_none();
    shaped.then(|| {
        text.iter()
            .map(|byte| match byte {
                b'_' => '-',
                other => char::from(other.to_ascii_lowercase()),
            })
            .collect()
    })
}
