//! The shapes of cgroup paths, and how a path is matched against one.

use super::{Container, Identity, Level, Runtime};

/// Where the kubelet's tree may hang when it does not hang at the root. One or
/// two of these may stand in a row: k3s in an LXC container.
pub(super) const NESTS: [&str; 16] = [
    // kind, and `--cgroup-root=/kubelet`.
    "kubelet",
    "kubelet.slice",
    // k3s and RKE2 started as services, and k3s's own root.
    "k3s",
    "system.slice/k3s.service",
    "system.slice/k3s-agent.service",
    "system.slice/rke2-server.service",
    "system.slice/rke2-agent.service",
    // containerd with the cgroupfs driver under a kubelet with systemd's.
    "system.slice/containerd.service",
    // MicroK8s.
    "system.slice/snap.microk8s.{any}.service",
    // A node that is itself a container: kind, k3d, minikube on Docker or podman.
    "docker/{id}",
    "{slices}/docker-{id}.scope",
    "{slices}/libpod-{id}.scope/container",
    "{slices}/libpod-{id}.scope",
    "libpod_parent/libpod-{id}",
    // LXC, LXD, Incus; Proxmox adds `ns`.
    "lxc.payload.{any}",
    "lxc.payload/{any}",
];

/// The same for LXC's older layout, whose second component is optional.
pub(super) const NESTS_LXC: [&str; 2] = ["lxc/{any}/ns", "lxc/{any}"];

/// Containers outside Kubernetes.
const CONTAINERS: [(&str, Option<Runtime>); 18] = [
    ("docker/{id}", Some(Runtime::Docker)),
    // `{slices}` covers `--cgroup-parent`, ECS and Nomad with Docker.
    ("{slices}/docker-{id}.scope", Some(Runtime::Docker)),
    ("{slices}/nerdctl-{id}.scope", Some(Runtime::Containerd)),
    (
        "{slices}/cri-containerd-{id}.scope",
        Some(Runtime::Containerd),
    ),
    ("{slices}/crio-{id}.scope", Some(Runtime::Crio)),
    ("{slices}/libpod-{id}.scope", Some(Runtime::Podman)),
    (
        "{slices}/{any}.service/libpod-payload-{id}",
        Some(Runtime::Podman),
    ),
    ("libpod_parent/libpod-{id}", Some(Runtime::Podman)),
    ("libpod_parent/{any}/libpod-{id}", Some(Runtime::Podman)),
    // Amazon ECS on cgroup v1; on Fargate the second is `<task>-<n>`.
    ("ecs/{any}/{id}", Some(Runtime::Docker)),
    ("ecs/{any}/{any}", None),
    ("nomad.slice/{slices}/{any}.scope", None),
    ("nomad.slice/{any}.scope", None),
    // `lxc.monitor.<name>` is the monitor, not the payload.
    ("lxc.payload.{any}", None),
    ("lxc.payload/{any}", None),
    ("lxc/{any}", None),
    // A cgroup parent of somebody's choice on cgroup v1.
    ("{any}/{id}", None),
    ("{id}", None),
];

/// The same below a user's own manager, where engines run without root.
const ROOTLESS: [(&str, Option<Runtime>); 3] = [
    (
        "user.slice/{slices}/user@{any}.service/{slices}/libpod-{id}.scope",
        Some(Runtime::Podman),
    ),
    (
        "user.slice/{slices}/user@{any}.service/{slices}/docker-{id}.scope",
        Some(Runtime::Docker),
    ),
    (
        "user.slice/{slices}/user@{any}.service/{slices}/{any}.service/libpod-payload-{id}",
        Some(Runtime::Podman),
    ),
];

/// How runtimes name a container's cgroup inside its pod's. `crio-conmon-` is
/// the monitor process.
pub(super) const IN_POD: [(&str, Option<Runtime>); 7] = [
    ("{id}", None),
    ("cri-containerd-{id}.scope", Some(Runtime::Containerd)),
    ("crio-{id}.scope", Some(Runtime::Crio)),
    ("crio-{id}", Some(Runtime::Crio)),
    ("docker-{id}.scope", Some(Runtime::Docker)),
    ("libpod-{id}.scope", Some(Runtime::Podman)),
    ("nerdctl-{id}.scope", Some(Runtime::Containerd)),
];

/// A container outside Kubernetes.
pub(super) fn container(components: Components<'_>) -> Option<Identity<'_>> {
    let rows: &[_] = if components.first() == Some(b"user.slice") {
        &ROOTLESS
    } else {
        &CONTAINERS
    };
    let ((id, rest), runtime) = rows
        .iter()
        .find_map(|(shape, runtime)| Some((starts_with(components, shape)?, *runtime)))?;
    Some(Identity {
        level: Level::Container,
        pod: None,
        container: Container::known(id, runtime),
        unit: None,
        is_inside: is_inside(rest),
    })
}

/// Whether what lies below a container's cgroup is anything but the one that
/// crun makes there for the container itself.
pub(super) fn is_inside(mut below: Components<'_>) -> bool {
    match below.take() {
        None => false,
        Some(name) => name != b"container" || below.first().is_some(),
    }
}

pub(super) fn is_container_id(text: &[u8]) -> bool {
    text.len() == 64 && text.iter().copied().all(is_lower_hex)
}

pub(super) fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// The components of a path, left to right.
#[derive(Clone, Copy)]
pub(super) struct Components<'a> {
    rest: &'a [u8],
}

impl<'a> Components<'a> {
    pub(super) fn new(path: &'a [u8]) -> Self {
        Self { rest: path }
    }

    pub(super) fn first(self) -> Option<&'a [u8]> {
        { self }.take()
    }

    /// The next component, taken off.
    pub(super) fn take(&mut self) -> Option<&'a [u8]> {
        while let Some(rest) = self.rest.strip_prefix(b"/") {
            self.rest = rest;
        }
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }
}

/// Matches the beginning of a path against a row: the id found, and the rest.
///
/// Each component of a row is plain text with at most one placeholder: `{id}`
/// (hex digits; all 64 of them where nothing else stands in the component),
/// `{any}` (at least one byte), or, alone, `{slices}` (one or more slices).
pub(super) fn starts_with<'a>(
    components: Components<'a>,
    shape: &str,
) -> Option<(Option<&'a [u8]>, Components<'a>)> {
    let mut rest = components;
    let mut id = None;
    for part in shape.split('/') {
        if part == "{slices}" {
            let is_slice = |name: &[u8]| name.ends_with(b".slice");
            rest.take().filter(|name| is_slice(name))?;
            while rest.first().is_some_and(is_slice) {
                rest.take();
            }
            continue;
        }
        let name = rest.take()?;
        let Some((prefix, placeholder)) = part.split_once('{') else {
            (name == part.as_bytes()).then_some(())?;
            continue;
        };
        let (kind, suffix) = placeholder.split_once('}')?;
        let inside = name
            .strip_prefix(prefix.as_bytes())?
            .strip_suffix(suffix.as_bytes())?;
        if inside.is_empty() {
            return None;
        }
        if kind == "id" {
            let alone = prefix.is_empty() && suffix.is_empty();
            if alone && !is_container_id(inside) || !inside.iter().copied().all(is_lower_hex) {
                return None;
            }
            id = Some(inside);
        }
    }
    Some((id, rest))
}
