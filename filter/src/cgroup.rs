//! What a cgroup path tells: the pod, the container, the unit, the level.
//!
//! Two tables hold the shapes, one row each: where the kubelet's tree may hang
//! (`NESTS`), and containers of anybody else (`CONTAINERS`). What lies below
//! `kubepods` follows the kubelet's own rules (`pkg/kubelet/cm`).
//!
//! Whoever may create cgroups below his own can name one `kubepods`. A pod is
//! believed only where the kubelet puts one, and the outermost match decides.

use alloc::string::String;

use serde::Serialize;

use crate::bytes::{rfind, split_at};

/// Whose limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A container's own cgroup.
    Container,
    /// A pod's. Its limit is the sum of its containers', so with one container
    /// it is reached first.
    Pod,
    /// That of all burstable or all best-effort pods.
    Qos,
    /// That of all pods: what the node can allocate is used up.
    Kubepods,
    /// The whole machine, a cpuset or a memory policy.
    Node,
    /// Any other memory cgroup: a service, a user slice.
    Cgroup,
}

impl Level {
    /// The word of the record: `container`, `pod`, `qos`, `kubepods`, `node`, `cgroup`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "pod",
            Self::Qos => "qos",
            Self::Kubepods => "kubepods",
            Self::Node => "node",
            Self::Cgroup => "cgroup",
        }
    }
}

/// A pod's quality of service, which the kubelet writes into its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Qos {
    /// Requests equal limits.
    Guaranteed,
    /// Some request or limit.
    Burstable,
    /// Neither.
    Besteffort,
}

/// Who runs the container, where the path says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// Docker Engine, dockershim, cri-dockerd.
    Docker,
    /// containerd, nerdctl.
    Containerd,
    /// CRI-O.
    Crio,
    /// Podman, and everything else built on libpod.
    Podman,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pod {
    /// Lower case with dashes. The 32 hex digits of a static pod stay as they
    /// are: they are its `kubernetes.io/config.hash`, not a UID of the API.
    pub uid: String,
    /// Absent where the path names a class that is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<Qos>,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Container {
    /// 64 hex digits. Absent where the path holds something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Absent where the path does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
}

/// What a cgroup path tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity<'a> {
    /// Whose limit it is, if this cgroup's limit is hit.
    pub level: Level,
    /// The pod it belongs to.
    pub pod: Option<Pod>,
    /// The container it belongs to. Absent for one that has no 64-digit id and
    /// no known runtime, such as an LXC container.
    pub container: Option<Container>,
    /// The innermost systemd service or scope, else slice, of a path that
    /// belongs to no pod.
    pub unit: Option<&'a [u8]>,
    /// The path lies below the container's own cgroup: a limit here is not the
    /// container's.
    pub is_inside: bool,
}

/// Where the kubelet's tree may hang when it does not hang at the root. One or
/// two of these may stand in a row: k3s in an LXC container.
const NESTS: [&str; 16] = [
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
const NESTS_LXC: [&str; 2] = ["lxc/{any}/ns", "lxc/{any}"];

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
const IN_POD: [(&str, Option<Runtime>); 7] = [
    ("{id}", None),
    ("cri-containerd-{id}.scope", Some(Runtime::Containerd)),
    ("crio-{id}.scope", Some(Runtime::Crio)),
    ("crio-{id}", Some(Runtime::Crio)),
    ("docker-{id}.scope", Some(Runtime::Docker)),
    ("libpod-{id}.scope", Some(Runtime::Podman)),
    ("nerdctl-{id}.scope", Some(Runtime::Containerd)),
];

/// Reads a path as the kernel prints it, from the root of its hierarchy.
///
/// Linear in the path.
///
/// ```
/// use oom_filter::cgroup::{identify, Level};
///
/// let identity = identify(b"/system.slice/nginx.service");
/// assert_eq!(identity.level, Level::Cgroup);
/// assert_eq!(identity.unit, Some(&b"nginx.service"[..]));
/// ```
pub fn identify(path: &[u8]) -> Identity<'_> {
    let components = Components::new(path);
    let mut identity = below_kubepods(components)
        .or_else(|| container(components))
        .unwrap_or(Identity {
            level: Level::Cgroup,
            pod: None,
            container: None,
            unit: None,
            is_inside: false,
        });
    if identity.pod.is_none() {
        identity.unit = unit(components);
    }
    identity
}

fn below_kubepods(components: Components<'_>) -> Option<Identity<'_>> {
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

fn container(components: Components<'_>) -> Option<Identity<'_>> {
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

/// Whether what lies below a container's cgroup is anything but the one that
/// crun makes there for the container itself.
fn is_inside(mut below: Components<'_>) -> bool {
    match below.take() {
        None => false,
        Some(name) => name != b"container" || below.first().is_some(),
    }
}

impl Container {
    /// A container, if anything is known of it.
    fn known(id: Option<&[u8]>, runtime: Option<Runtime>) -> Option<Self> {
        let id = id.filter(|id| is_container_id(id)).map(crate::printable);
        (id.is_some() || runtime.is_some()).then_some(Self { id, runtime })
    }
}

fn is_container_id(text: &[u8]) -> bool {
    text.len() == 64 && text.iter().copied().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
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

fn unit(mut components: Components<'_>) -> Option<&[u8]> {
    let mut unit = None;
    let mut slice = None;
    while let Some(name) = components.take() {
        if name.ends_with(b".service") || name.ends_with(b".scope") {
            unit = Some(name);
        } else if name.ends_with(b".slice") {
            slice = Some(name);
        }
    }
    unit.or(slice)
}

/// The components of a path, left to right.
#[derive(Clone, Copy)]
struct Components<'a> {
    rest: &'a [u8],
}

impl<'a> Components<'a> {
    fn new(path: &'a [u8]) -> Self {
        Self { rest: path }
    }

    fn first(self) -> Option<&'a [u8]> {
        { self }.take()
    }
}

impl<'a> Components<'a> {
    /// The next component, taken off.
    fn take(&mut self) -> Option<&'a [u8]> {
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
fn starts_with<'a>(
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
