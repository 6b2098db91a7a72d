//! Who owns a cgroup that is not Kubernetes' own.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::Serialize;

/// A batch system's job, a machine in a container, or an outer container: whoever owns the cgroup beside
/// the container that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Workload {
    /// `lxc`, `docker`, `podman`, `nomad`, `ecs` and so on.
    pub system: Cow<'static, str>,
    /// What that system calls it: a job, an allocation, an instance, a container. Its text may be a
    /// user's choice. Absent where the path does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A step, a task or a session of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl Workload {
    /// What a person calls it, to stand before its id.
    pub(crate) fn noun(&self) -> &str {
        const NOUNS: [(&str, &str); 8] = [
            ("docker", "Docker container"),
            ("podman", "Podman container"),
            ("containerd", "containerd container"),
            ("crio", "CRI-O container"),
            ("lxc", "LXC container"),
            ("nomad", "Nomad allocation"),
            ("ecs", "ECS task"),
            ("proxmox", "Proxmox machine"),
        ];
        NOUNS
            .iter()
            .find(|(system, _)| *system == self.system)
            .map_or(&self.system, |(_, noun)| noun)
    }
}
