//! Who owns a cgroup that is not Kubernetes' own.

use alloc::borrow::Cow;
use alloc::string::String;

use serde::Serialize;

use super::components::Match;
use crate::carrier::undo_escapes;
use crate::printable;

/// A batch system's job, a machine, an application, or an outer container: whoever owns the cgroup beside
/// the container that is told.
///
/// ```
/// use oom_filter::cgroup::identify;
///
/// let path = b"/system.slice/slurmstepd.scope/job_42/step_0/user/task_0";
/// let workload = identify(path).workload.unwrap();
/// assert_eq!(workload.system, "slurm");
/// assert_eq!(workload.id.unwrap(), "42");
/// assert_eq!(workload.part.unwrap(), "step_0/task_0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Workload {
    /// `slurm`, `pbs`, `htcondor`, `yarn`, `mesos`, `nomad`, `ecs`, `ray`, `lxc`, `libvirt`, `proxmox`,
    /// `nspawn`, `kata`, `firecracker`, `garden`, `bpm`, `buildkit`, `github`, `gitlab`, `jenkins`,
    /// `buildkite`, `talos`, `procd`; `docker`, `podman`, `containerd` of a container around others. `snap`,
    /// `flatpak` and `app` below `user.slice` are a user's own word, and no proof of anything. Or what a
    /// user's own rule says.
    pub system: Cow<'static, str>,
    /// What that system calls it: a job (`42`, `2404743.opbs`), an application
    /// (`application_1558621002730_0013`, `org.mozilla.firefox`), an allocation, a machine
    /// (`instance-0000001d`), an instance, a container. Its text may be a user's choice. Absent where the
    /// path does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A step, a task or another part of it, as the path has it: `step_0/task_0` of a Slurm job,
    /// `container_1558621002730_0013_01_000002` of a YARN application, `web` of a Nomad allocation, `emulator`
    /// of a virtual machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl Workload {
    /// What a shape found in a path.
    pub(super) fn new(system: &'static str, found: &Match<'_>) -> Self {
        let mut id = String::new();
        match found.kind {
            b'e' | b'x' => id.push_str(&printable(&undo_escapes(found.name))),
            kind => {
                if kind == b'y' {
                    id.push_str("application_");
                }
                id.push_str(&printable(found.name));
            }
        }
        let [outer, inner] = found.parts;
        let mut part = printable(outer);
        if !inner.is_empty() {
            part.push('/');
            part.push_str(&printable(inner));
        }
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            system: Cow::Borrowed(system),
            id: known(id),
            part: known(part),
        }
    }

    /// What a batch system itself told.
    #[cfg(feature = "more-programs")]
    pub(crate) fn of_program(system: &'static str, id: String, part: Option<String>) -> Self {
        Self {
            system: Cow::Borrowed(system),
            id: Some(id),
            part,
        }
    }

    /// Whether it is this part of this job, or a part of that.
    #[cfg(feature = "more-programs")]
    pub(crate) fn is_in(&self, job: &Self) -> bool {
        let part = job.part.as_deref().unwrap_or_default();
        let behind = (self.part.as_deref()).and_then(|own| own.strip_prefix(part));
        (&self.system, &self.id) == (&job.system, &job.id)
            && behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('/'))
    }

    /// What a user's own rule found.
    #[cfg(feature = "rules")]
    pub(crate) fn of_rule(system: String, id: Option<String>, part: Option<String>) -> Self {
        Self {
            system: Cow::Owned(system),
            id,
            part,
        }
    }

    /// What a person calls it, to stand before its id.
    pub(crate) fn noun(&self) -> &str {
        const NOUNS: [(&str, &str); 22] = [
            ("docker", "Docker container"),
            ("podman", "Podman container"),
            ("containerd", "containerd container"),
            ("crio", "CRI-O container"),
            ("lxc", "LXC container"),
            ("nomad", "Nomad allocation"),
            ("ecs", "ECS task"),
            ("proxmox", "Proxmox machine"),
            ("slurm", "Slurm job"),
            ("pbs", "PBS job"),
            ("htcondor", "HTCondor slot"),
            ("yarn", "YARN"),
            ("mesos", "Mesos container"),
            ("ray", "Ray node"),
            ("libvirt", "libvirt domain"),
            ("nspawn", "systemd-nspawn machine"),
            ("kata", "Kata sandbox"),
            ("firecracker", "Firecracker machine"),
            ("garden", "Garden container"),
            ("buildkit", "BuildKit step"),
            ("github", "GitHub runner"),
            ("app", "application"),
        ];
        NOUNS
            .iter()
            .find(|(system, _)| *system == self.system)
            .map_or(&self.system, |(_, noun)| noun)
    }
}
