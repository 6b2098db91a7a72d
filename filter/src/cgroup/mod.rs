//! What a cgroup path tells: the pod, the container, the unit, the level.
//!
//! `shapes.rs` holds tables, one row for each place where the kubelet's tree may hang and for each kind of
//! container of anybody else; `owners.rs` holds the same for jobs, machines and applications. What lies below
//! `kubepods` follows the kubelet's own rules (`pkg/kubelet/cm`).
//!
//! Whoever may create cgroups can name one `kubepods`. A pod is believed only where the
//! kubelet puts one: at the root, below a directory that root's services make, or in a container that may be a
//! node of kind. The owner of that container can have made up all that is below it, so the container is told with
//! the pod, and [`Identity::is_nested`] says so. The outermost pod decides. What `claimed` reads is a pod only if the
//! node's own directories confirm it.

mod components;
mod kubepods;
mod level;
mod owners;
mod shapes;
mod unit;
mod workload;

use alloc::string::String;

use serde::Serialize;

use components::{Components, is_container_id};
pub(crate) use kubepods::pod_uid;
pub use level::Level;
pub(crate) use level::UNKNOWN_TAG;
use owners::Owner;
use shapes::FoundContainer;
pub use workload::Workload;

/// A pod's quality of service, which the kubelet writes into its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
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
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
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

impl Runtime {
    /// The word of the record.
    const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::Crio => "crio",
            Self::Podman => "podman",
        }
    }
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
pub struct Pod {
    /// Lower case with dashes. The 32 hex digits of a static pod stay as they
    /// are: they are its `kubernetes.io/config.hash`, not a UID of the API.
    pub uid: String,
    /// Absent where the path names a class that is not the kubelet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qos: Option<Qos>,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
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
    /// The container it belongs to: if containers are nested, the innermost that is known. Absent for one
    /// that has no 64-digit id and no known runtime, such as an LXC container.
    pub container: Option<Container>,
    /// The innermost systemd service or scope, else slice, of a path that belongs to no pod.
    pub unit: Option<&'a [u8]>,
    /// Who else owns the path: if containers are nested, the outermost.
    pub workload: Option<Workload>,
    /// Pod, container or unit was read inside another container, whose owner can have made it up.
    pub is_nested: bool,
    /// The path lies below the cgroup of the container, or of the workload: a limit here is not theirs.
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
///
/// let identity = identify(b"/lxc/web/ns/system.slice/nginx.service");
/// assert_eq!(identity.workload.unwrap().id.unwrap(), "web");
/// assert!(identity.is_nested);
/// ```
pub fn identify(path: &[u8]) -> Identity<'_> {
    let root = Components::new(path);
    let mut rest = root;
    let mut unit = None;
    let mut is_nested = false;
    let mut outermost: Option<FoundContainer<'_>> = None;
    let mut innermost: Option<FoundContainer<'_>> = None;
    // A user's own directories are no pods, and neither are those of a container that he can make up.
    let mut may_hold_pods = true;
    while innermost.is_none_or(FoundContainer::is_known) {
        may_hold_pods &= rest.first() != Some(b"user.slice");
        // A machine, such as LXC's, has a systemd of its own. What an engine's container has is nobody's.
        if unit.is_none() && innermost.is_none_or(FoundContainer::is_machine) {
            unit = unit::innermost(rest);
            is_nested |= innermost.is_some() && unit.is_some();
        }
        if may_hold_pods && let Some(tree) = kubepods::read(rest) {
            return Identity {
                level: tree.level,
                unit: unit.filter(|_| tree.pod.is_none()),
                pod: tree.pod,
                container: tree.container,
                workload: (outermost.or(innermost))
                    .and_then(FoundContainer::as_owner)
                    .or(tree.workload),
                is_nested: innermost.is_some(),
                is_inside: tree.is_inside,
            };
        }
        let Some(found) = shapes::container(rest, innermost.is_none()) else {
            break;
        };
        is_nested |= innermost.is_some();
        rest = found.below();
        may_hold_pods &= found.may_hold_pods();
        outermost = outermost.or(innermost);
        innermost = Some(found);
    }
    let Some(container) = innermost else {
        let owner = owners::of(root);
        return Identity {
            level: Level::Cgroup,
            pod: None,
            container: None,
            unit,
            is_nested,
            is_inside: owner.as_ref().is_some_and(Owner::has_more_below),
            workload: owner.as_ref().map(Owner::workload),
        };
    };
    let is_inside = rest.first().is_some();
    Identity {
        level: Level::of_container(is_inside),
        pod: None,
        container: container.container(),
        unit,
        workload: match outermost {
            Some(outermost) => outermost.as_owner(),
            None => container.workload(),
        },
        is_nested,
        is_inside,
    }
}

/// What a path tells if the kubelet made it, and others may have.
pub(crate) struct Claimed<'a> {
    /// Whose limit it is, if this cgroup's limit is hit.
    pub(crate) level: Level,
    pub(crate) pod: Option<Pod>,
    pub(crate) container: Option<Container>,
    /// The directory that the tree hangs below, of an administrator's choice. Absent where it hangs at the root.
    pub(crate) root: Option<&'a [u8]>,
}

/// Reads a path that [`identify`] finds nothing in as one of the kubelet's all the same: below a root of an
/// administrator's choice (`cgroupRoot: /mygroup`), or in a class of pods that is not the kubelet's
/// (`/kubepods/offline`).
///
/// Whoever was given such a directory can make the rest up. Believe it only if this node knows that pod and
/// container belong together, and believe a root only if its administrator named it.
pub(crate) fn claimed(path: &[u8]) -> Option<Claimed<'_>> {
    let known = identify(path);
    let is_nobodys = known.level == Level::Cgroup
        && known.pod.is_none()
        && known.container.is_none()
        && known.unit.is_none()
        && known.workload.is_none();
    let (root, tree) = kubepods::read_claim(Components::new(path)).filter(|_| is_nobodys)?;
    Some(Claimed {
        level: tree.level,
        pod: tree.pod,
        container: tree.container,
        root,
    })
}

/// Whether the last directory of a path is called as a pod's is with the cgroupfs driver.
pub(crate) fn is_pod_directory(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next();
    name.and_then(|name| name.strip_prefix(b"pod"))
        .is_some_and(|uid| pod_uid(uid).is_some())
}

impl Container {
    /// A container, if anything is known of it.
    fn known(id: Option<&[u8]>, runtime: Option<Runtime>) -> Option<Self> {
        let id = id.filter(|id| is_container_id(id)).map(crate::printable);
        (id.is_some() || runtime.is_some()).then_some(Self { id, runtime })
    }
}
