//! The kubelet's own tree of cgroups.

use alloc::string::String;

use super::components::{Components, is_lower_hex, is_slice, is_uuid_between, starts_with};
use super::shapes::{IN_POD, KATA_IN_POD, PARENTS_OF_PODS};
use super::{Container, Level, Pod, Qos, Runtime, Workload};
use crate::text::cursor::{rfind, split_at};

/// What a path tells that lies in the kubelet's tree.
pub(super) struct InTree {
    pub(super) level: Level,
    pub(super) pod: Option<Pod>,
    pub(super) container: Option<Container>,
    /// The sandbox of a virtual machine that holds the whole pod.
    pub(super) workload: Option<Workload>,
    /// The path lies below the container's own cgroup.
    pub(super) is_inside: bool,
}

impl InTree {
    fn bare(level: Level) -> Self {
        Self {
            level,
            pod: None,
            container: None,
            workload: None,
            is_inside: false,
        }
    }
}

/// Reads a path that begins where the kubelet's tree may hang: at a machine's root, or a container's that
/// is a machine.
pub(super) fn read(components: Components<'_>) -> Option<InTree> {
    let parents = PARENTS_OF_PODS.iter();
    tree(components).or_else(|| {
        parents
            .filter_map(|parent| starts_with(components, parent.as_bytes()))
            .find_map(|parent| tree(parent.below))
    })
}

/// Reads a path as [`read`] does where the kubelet may have made it, and others too: its tree below a root of
/// an administrator's choice (`cgroupRoot`), and in it classes of pods that are not the kubelet's own
/// (`offline`). The root is told.
pub(super) fn read_claim(components: Components<'_>) -> Option<(Option<&[u8]>, InTree)> {
    let mut rest = components;
    let mut root = None;
    if rest.first() != Some(TREE) {
        root = Some(rest.take()?);
    }
    (rest.take() == Some(TREE)).then(|| (root, cgroupfs_driver(rest, true)))
}

/// What the cgroupfs driver calls the directory of all pods.
const TREE: &[u8] = b"kubepods";

/// The same of what lies below the tree's parent.
fn tree(components: Components<'_>) -> Option<InTree> {
    let mut rest = components;
    let mut name = rest.take()?;
    if name == TREE {
        return Some(cgroupfs_driver(rest, false));
    }
    if name == b"user.slice" {
        return None;
    }
    // systemd driver: only its manager creates slices out here, and a slice's name repeats those above it,
    // so the innermost that is a slice counts. A level is that of the last one alone: what is below it and
    // not understood is somebody's cgroup.
    let mut level = None;
    while is_slice(name) {
        if let Some(pod) = pod_slice(name) {
            return Some(in_pod(pod, rest));
        }
        level = kubepods_slice(name).or(level.map(|_| Level::Cgroup));
        match rest.take() {
            Some(below) => name = below,
            None => return level.map(InTree::bare),
        }
    }
    // Any other component ends the kubelet's own: it is nobody's known container.
    pod_and_container_in_one(name, rest).or(level.map(|_| InTree::bare(Level::Cgroup)))
}

/// `kubepods.slice` and `kubepods-burstable.slice`, with any slice's name in
/// front (`kubelet-kubepods.slice`).
fn kubepods_slice(name: &[u8]) -> Option<Level> {
    let name = name.strip_suffix(b".slice")?;
    let class = [&b"-burstable"[..], b"-besteffort"]
        .iter()
        .find_map(|class| name.strip_suffix(*class));
    let (tree, level) = match class {
        Some(tree) => (tree, Level::Qos),
        None => (name, Level::Kubepods),
    };
    ends_with_word(tree, b"kubepods").then_some(level)
}

/// Whether a slice's name ends with that word, which stands alone or behind a dash.
fn ends_with_word(name: &[u8], word: &[u8]) -> bool {
    name.rsplit(|byte| *byte == b'-').next() == Some(word)
}

/// What lies in the directory of all pods. A class that is not the kubelet's is read where `has_other_classes`.
fn cgroupfs_driver(mut rest: Components<'_>, has_other_classes: bool) -> InTree {
    let Some(mut name) = rest.take() else {
        return InTree::bare(Level::Kubepods);
    };
    let mut qos = Some(Qos::Guaranteed);
    let known = class(name);
    if known.is_some() || has_other_classes && !name.starts_with(b"pod") {
        qos = known;
        match rest.take() {
            Some(below) => name = below,
            None => return InTree::bare(known.map_or(Level::Cgroup, |_| Level::Qos)),
        }
    }
    match name.strip_prefix(b"pod").and_then(pod_uid) {
        Some(uid) => in_pod(Pod { uid, qos }, rest),
        None => InTree::bare(Level::Cgroup),
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
        _ if rfind(parent, b"kubepods-").is_some() => class(last),
        _ => return None,
    };
    Some(Pod { uid, qos })
}

/// containerd with the cgroupfs driver under a kubelet with systemd's:
/// `kubepods-burstable-pod<uid>.slice:cri-containerd:<id>`, at the root, below
/// containerd's own service or in the slice of that.
fn pod_and_container_in_one(name: &[u8], below: Components<'_>) -> Option<InTree> {
    let mut parts = name.split(|byte| *byte == b':');
    let pod = pod_slice(parts.next()?)?;
    let runtime = match parts.next()? {
        b"cri-containerd" => Runtime::Containerd,
        b"crio" => Runtime::Crio,
        _ => return None,
    };
    let id = parts.next()?;
    Some(in_container(pod, Some(id), Some(runtime), below))
}

fn in_pod(pod: Pod, rest: Components<'_>) -> InTree {
    let container = IN_POD
        .iter()
        .find_map(|(shape, runtime)| Some((starts_with(rest, shape.as_bytes())?, *runtime)));
    match container {
        Some((found, runtime)) => in_container(pod, found.id, runtime, found.below),
        None => InTree {
            pod: Some(pod),
            workload: starts_with(rest, KATA_IN_POD.as_bytes())
                .map(|found| Workload::new("kata", &found)),
            ..InTree::bare(match rest.first() {
                None => Level::Pod,
                Some(_) => Level::Cgroup,
            })
        },
    }
}

fn in_container(
    pod: Pod,
    id: Option<&[u8]>,
    runtime: Option<Runtime>,
    below: Components<'_>,
) -> InTree {
    let is_inside = below.first().is_some();
    InTree {
        level: Level::of_container(is_inside),
        pod: Some(pod),
        container: Container::known(id, runtime),
        workload: None,
        is_inside,
    }
}

/// 8-4-4-4-12 hex digits with dashes (cgroupfs) or underscores (systemd), or the
/// 32 of a static pod.
pub(crate) fn pod_uid(text: &[u8]) -> Option<String> {
    if text.len() == 32 && text.iter().copied().all(is_lower_hex) {
        return Some(crate::printable(text));
    }
    is_uuid_between(text, b"-_").then(|| {
        text.iter()
            .map(|byte| match byte {
                b'_' => '-',
                other => char::from(other.to_ascii_lowercase()),
            })
            .collect()
    })
}
