//! What a cgroup path tells: the pod, the container, the unit, the level.
//!
//! `shapes.rs` holds tables, one row for each place where the kubelet's tree may hang and for each kind of
//! container of anybody else. What lies below `kubepods` follows the kubelet's own rules (`pkg/kubelet/cm`).
//!
//! Whoever may create cgroups below his own can name one `kubepods`. A pod is believed only where the
//! kubelet puts one, and the outermost match decides.

mod kubepods;
mod level;
mod shapes;

use alloc::string::String;

use serde::Serialize;

pub use level::Level;
pub(crate) use level::UNKNOWN_TAG;
use shapes::{Components, is_container_id};

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
    let mut identity = kubepods::identity(components)
        .or_else(|| shapes::container(components))
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

impl Container {
    /// A container, if anything is known of it.
    fn known(id: Option<&[u8]>, runtime: Option<Runtime>) -> Option<Self> {
        let id = id.filter(|id| is_container_id(id)).map(crate::printable);
        (id.is_some() || runtime.is_some()).then_some(Self { id, runtime })
    }
}
