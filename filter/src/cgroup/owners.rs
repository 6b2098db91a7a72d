//! Who owns a cgroup that is neither a pod's nor a container's: a batch job, a machine, an application.
//!
//! A row is believed only where the path begins with it. Below `user.slice` a user makes the directories and
//! can give them any name, so there only that user's own applications are looked for.

use super::Workload;
use super::components::{Components, Match, is_slice, starts_with};

/// Each row: the system, and the shapes of its cgroups from the root, with blanks between. The first that fits counts.
const AT_ROOT: [Row; 23] = [
    // Amazon ECS, a task with all its containers.
    ("ecs", "ecs/{name} ecstasks.slice/ecstasks-{name}.slice"),
    // Cgroup v2 and v1. `slurm` below a step holds its daemon, `system` those that wait.
    (
        "slurm",
        "{slices}/{host}slurmstepd.scope/{job}/(step_{any})/[user]/(task_{any})/(slurm) \
        {slices}/{host}slurmstepd.scope/(system) \
        slurm{host}/uid_{digits}/{job}/(step_{any})/(task_{any})/(slurm) \
        slurm{host}",
    ),
    // OpenPBS on cgroup v1, PBS Professional on v2.
    (
        "pbs",
        "pbs_jobs.service/jobid/{name} pbs_jobs.service/jobs/{name} pbs_jobs.service",
    ),
    (
        "htcondor",
        "[system.slice]/htcondor/condor{slot} [system.slice]/htcondor",
    ),
    ("yarn", "hadoop-yarn/{yarn} hadoop-yarn"),
    // The agent itself, then containers in each other.
    (
        "mesos",
        "mesos/slave/=slave mesos/{name}/mesos/{part} mesos/{name}",
    ),
    ("ray", "ray-node_{name}/[user]/({any})"),
    // The monitor of a container is outside of it.
    (
        "lxc",
        "lxc.monitor.{name}/=monitor lxc.monitor/{name}/=monitor",
    ),
    // A virtual machine, by its number.
    ("proxmox", "qemu.slice/{vmid}.scope"),
    // With machined and without. Its names look like nspawn's, so it stands in front.
    (
        "libvirt",
        "machine.slice/machine-qemu\\x2d{digits}\\x2d{escaped}.scope/[libvirt]/({any}) \
        machine.slice/machine-lxc\\x2d{digits}\\x2d{escaped}.scope \
        machine/qemu-{digits}-{name}.libvirt-qemu/({any}) \
        machine/{name}.libvirt-qemu/({any})",
    ),
    (
        "nspawn",
        "machine.slice/machine-{escaped}.scope/[payload]/(supervisor) \
        machine.slice/systemd-nspawn@{escaped}.service/[payload]/(supervisor)",
    ),
    // What a sandbox needs beside its pod.
    (
        "kata",
        "kata_overhead/{name}/=overhead kata-overhead.slice:runtime-rs:{name}/=overhead",
    ),
    ("firecracker", "firecracker/{name}"),
    // Cloud Foundry, and the jobs of BOSH.
    (
        "garden",
        "[system.slice]/[garden.service]/garden/[good]/[bad]/{name}",
    ),
    (
        "bpm",
        "{slices}/runc-bpm-{name}.2e{part}.scope {slices}/runc-bpm-{name}.scope",
    ),
    // A step of a build: alone or in Docker, and in Docker with systemd's driver.
    (
        "buildkit",
        "[docker]/buildkit/{key} {slices}/{any}.slice:docker:{key}",
    ),
    // The repository and the runner: dots may stand in both.
    ("github", "system.slice/actions.runner.{name}.service"),
    ("gitlab", "system.slice/gitlab-runner.service"),
    ("jenkins", "system.slice/jenkins.service"),
    ("buildkite", "system.slice/buildkite-agent.service"),
    ("snap", "system.slice/snap.{name}.{part}.service"),
    (
        "talos",
        "podruntime/{name} system/{runtime|apid|trustd|udevd|dashboard|extensions}",
    ),
    // OpenWrt.
    ("procd", "services/{name}/({any})"),
];

/// The same below a user's own manager. The user chooses these names, so they prove nothing.
const OF_A_USER: [Row; 3] = [
    ("flatpak", "app-flatpak-{escaped}-{part}.scope"),
    (
        "app",
        "app-{xdg}-{any}.scope app-{xdg}@{any}.service app-{xdg}.service app-{xdg}.slice \
        dbus-:1.{xdg}@{any}.service",
    ),
    (
        "snap",
        "snap.{name}.hook.{part}-{uuid}.scope snap.{name}.{part}-{uuid}.scope \
        snap.{name}.{part}.{uuid}.scope snap.{name}.{part}.service",
    ),
];

type Row = (&'static str, &'static str);

/// The system whose cgroup a path lies in, and how its shape fits.
pub(super) struct Owner<'a> {
    system: &'static str,
    found: Match<'a>,
}

impl Owner<'_> {
    pub(super) fn workload(&self) -> Workload {
        Workload::new(self.system, &self.found)
    }

    /// Whether the path says what the owner calls it.
    pub(super) fn has_name(&self) -> bool {
        !self.found.name.is_empty()
    }

    /// Whether the path goes on below the owner's cgroup.
    pub(super) fn has_more_below(&self) -> bool {
        self.found.below.first().is_some()
    }
}

/// The owner of the cgroup that a path lies in.
pub(super) fn of(components: Components<'_>) -> Option<Owner<'_>> {
    if components.first() == Some(b"user.slice") {
        return of_a_user(components);
    }
    first_of(&AT_ROOT, components)
}

fn first_of<'a>(rows: &[Row], path: Components<'a>) -> Option<Owner<'a>> {
    rows.iter().find_map(|(system, shapes)| {
        let mut shapes = shapes.as_bytes().split(|byte| *byte == b' ');
        let found = shapes.find_map(|shape| starts_with(path, shape))?;
        Some(Owner { system, found })
    })
}

/// Below a user's manager the innermost unit that it made itself: slices, and what lies in them.
fn of_a_user(components: Components<'_>) -> Option<Owner<'_>> {
    let mut rest = starts_with(components, b"user.slice/{slices}/user@{any}.service")?.below;
    let mut owner = None;
    while let Some(name) = rest.first() {
        owner = first_of(&OF_A_USER, rest).or(owner);
        if !is_slice(name) {
            break;
        }
        rest.take();
    }
    owner
}
