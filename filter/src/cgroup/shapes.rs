//! The shapes of cgroup paths: tables of one row each.

use super::components::{Components, Match, starts_with};
use super::{Container, Runtime, Workload, owners};

/// Where the kubelet's tree may hang when it does not hang at the root. Only root's own services make
/// these directories.
pub(super) const PARENTS_OF_PODS: [&str; 9] = [
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
];

/// A container's cgroup outside Kubernetes, the system that calls it by a name of its own, and who runs it.
///
/// crun makes `container` below a scope for the container itself, LXC the directory `ns`.
type ContainerShape = (&'static str, Option<&'static str>, Option<Runtime>);

/// Containers that may be a whole machine, and a node with pods: of kind, k3d or minikube.
const MACHINES: [ContainerShape; 9] = [
    ("docker/{id}", None, Some(Runtime::Docker)),
    // Amazon ECS on cgroup v2.
    (
        "ecstasks.slice/ecstasks-{name}.slice/docker-{id}.scope/[container]",
        Some("ecs"),
        Some(Runtime::Docker),
    ),
    // `{slices}` covers `--cgroup-parent`, and Nomad with Docker.
    (
        "{slices}/docker-{id}.scope/[container]",
        None,
        Some(Runtime::Docker),
    ),
    (
        "{slices}/nerdctl-{id}.scope/[container]",
        None,
        Some(Runtime::Containerd),
    ),
    (
        "{slices}/libpod-{id}.scope/[container]",
        None,
        Some(Runtime::Podman),
    ),
    (
        "libpod_parent/libpod-{id}/[container]",
        None,
        Some(Runtime::Podman),
    ),
    // `lxc.monitor.<name>` is the monitor, not the payload. LXD, Incus and Proxmox name theirs alike.
    ("lxc.payload.{name}/[ns]", Some("lxc"), None),
    ("lxc.payload/{name}/[ns]", Some("lxc"), None),
    ("lxc/{name}/[ns]", Some("lxc"), None),
];

/// Other containers. They may hold containers, but no pods: some of these directories a user can make.
const CONTAINERS: [ContainerShape; 16] = [
    ("docker/buildx/{id}", None, Some(Runtime::Docker)),
    // Amazon ECS on cgroup v1; on Fargate the second is `<task>-<n>`.
    ("ecs/{name}/{id}", Some("ecs"), Some(Runtime::Docker)),
    ("ecs/{name}/{any}", Some("ecs"), None),
    (
        "{slices}/cri-containerd-{id}.scope/[container]",
        None,
        Some(Runtime::Containerd),
    ),
    (
        "{slices}/crio-{id}.scope/[container]",
        None,
        Some(Runtime::Crio),
    ),
    (
        "{slices}/{any}.service/libpod-payload-{id}",
        None,
        Some(Runtime::Podman),
    ),
    (
        "libpod_parent/{any}/libpod-{id}/[container]",
        None,
        Some(Runtime::Podman),
    ),
    (
        "nomad.slice/{slices}/{uuid}.{part}.scope",
        Some("nomad"),
        None,
    ),
    ("nomad.slice/{uuid}.{part}.scope", Some("nomad"), None),
    ("nomad.slice/{slices}/{any}.scope", Some("nomad"), None),
    ("nomad.slice/{any}.scope", Some("nomad"), None),
    ("nomad/{uuid}.{part}", Some("nomad"), None),
    // Up to 1.6 on cgroup v1: a number of no allocation.
    ("nomad/{any}", Some("nomad"), None),
    (
        "hadoop-yarn/{yarn}/{id}",
        Some("yarn"),
        Some(Runtime::Docker),
    ),
    // A cgroup parent of somebody's choice on cgroup v1, at the root alone: who runs it is not known, and
    // so nothing of what lies below is read.
    ("{any}/{id}", None, None),
    ("{id}", None, None),
];

/// The same below a user's own manager, where engines run without root.
const ROOTLESS: [ContainerShape; 3] = [
    (
        "user.slice/{slices}/user@{any}.service/{slices}/libpod-{id}.scope/[container]",
        None,
        Some(Runtime::Podman),
    ),
    (
        "user.slice/{slices}/user@{any}.service/{slices}/docker-{id}.scope/[container]",
        None,
        Some(Runtime::Docker),
    ),
    (
        "user.slice/{slices}/user@{any}.service/{slices}/{any}.service/libpod-payload-{id}",
        None,
        Some(Runtime::Podman),
    ),
];

/// How runtimes name a container's cgroup inside its pod's. `crio-conmon-` is
/// the monitor process.
pub(super) const IN_POD: [(&str, Option<Runtime>); 7] = [
    ("{id}/[container]", None),
    (
        "cri-containerd-{id}.scope/[container]",
        Some(Runtime::Containerd),
    ),
    ("crio-{id}.scope/[container]", Some(Runtime::Crio)),
    ("crio-{id}/[container]", Some(Runtime::Crio)),
    ("docker-{id}.scope/[container]", Some(Runtime::Docker)),
    ("libpod-{id}.scope/[container]", Some(Runtime::Podman)),
    ("nerdctl-{id}.scope/[container]", Some(Runtime::Containerd)),
];

/// How Kata names the cgroup of a sandbox inside its pod's: the machine with all containers of the pod.
pub(super) const KATA_IN_POD: &str = "kata_{name}";

/// A container outside Kubernetes, as its path tells of it.
#[derive(Clone, Copy)]
pub(super) struct FoundContainer<'a> {
    found: Match<'a>,
    system: Option<&'static str>,
    runtime: Option<Runtime>,
    may_hold_pods: bool,
}

/// The container that a path begins with: at the root, or right below another container.
pub(super) fn container(
    components: Components<'_>,
    is_at_root: bool,
) -> Option<FoundContainer<'_>> {
    let tables: &[(&[ContainerShape], bool)] = if components.first() == Some(b"user.slice") {
        &[(&ROOTLESS, false)]
    } else {
        &[(&MACHINES, true), (&CONTAINERS, false)]
    };
    for (rows, may_hold_pods) in tables {
        for (shape, system, runtime) in *rows {
            let Some(found) = starts_with(components, shape.as_bytes()) else {
                continue;
            };
            let found = FoundContainer {
                found,
                system: *system,
                runtime: *runtime,
                may_hold_pods: *may_hold_pods,
            };
            // What an owner calls by that name is nobody's unknown container.
            let is_unclaimed = || !owners::of(components).is_some_and(|owner| owner.has_name());
            if found.is_known() || is_at_root && is_unclaimed() {
                return Some(found);
            }
        }
    }
    None
}

impl<'a> FoundContainer<'a> {
    /// What lies below its cgroup.
    pub(super) fn below(self) -> Components<'a> {
        self.found.below
    }

    /// Whether pods below it are read.
    pub(super) fn may_hold_pods(self) -> bool {
        self.may_hold_pods
    }

    /// Whether it is known who runs it, and so that it may hold others.
    pub(super) fn is_known(self) -> bool {
        self.system.is_some() || self.runtime.is_some()
    }

    /// Whether it is a machine, and not an engine's container: it has neither an id nor an engine.
    pub(super) fn is_machine(self) -> bool {
        self.runtime.is_none() && self.found.id.is_none()
    }

    /// The container by its id.
    pub(super) fn container(self) -> Option<Container> {
        Container::known(self.found.id, self.runtime)
    }

    /// The system that it is of, where that is not its engine.
    pub(super) fn workload(self) -> Option<Workload> {
        Some(Workload::new(self.system?, &self.found))
    }

    /// Itself as the owner of what lies below it.
    pub(super) fn as_owner(self) -> Option<Workload> {
        self.workload().or_else(|| {
            Some(Workload {
                id: self.found.id.map(crate::printable),
                ..Workload::new(self.runtime?.name(), &self.found)
            })
        })
    }
}
