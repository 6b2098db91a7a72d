//! Whose a cgroup is that is neither a pod's nor a container's: a batch job's, a machine's, an application's.
//!
//! A row is believed only where the path begins with it. Below `user.slice` a user makes the directories, so
//! there only his own applications are looked for, whatever else he calls them.

use super::Workload;
use super::components::{Components, Match, is_slice, starts_with};

/// From the root: the shape, and the system that it is of. The first that fits counts.
const AT_ROOT: [(&str, &str); 42] = [
    // Amazon ECS, a task with all its containers.
    ("ecs/{name}", "ecs"),
    ("ecstasks.slice/ecstasks-{name}.slice", "ecs"),
    // Slurm, cgroup v2 and v1. `slurm` below a step holds its daemon, `system` those that wait.
    (
        "{slices}/{node}slurmstepd.scope/{job}/(step_{any})/[user]/(task_{any})/(slurm)",
        "slurm",
    ),
    ("{slices}/{node}slurmstepd.scope/(system)", "slurm"),
    (
        "slurm{node}/uid_{digits}/{job}/(step_{any})/(task_{any})/(slurm)",
        "slurm",
    ),
    ("slurm{node}", "slurm"),
    // OpenPBS on cgroup v1, PBS Professional on v2.
    ("pbs_jobs.service/jobid/{name}", "pbs"),
    ("pbs_jobs.service/jobs/{name}", "pbs"),
    ("pbs_jobs.service", "pbs"),
    ("[system.slice]/htcondor/condor{slot}", "htcondor"),
    ("[system.slice]/htcondor", "htcondor"),
    ("hadoop-yarn/{yarn}", "yarn"),
    ("hadoop-yarn", "yarn"),
    // The agent itself, then containers in each other.
    ("mesos/slave/=slave", "mesos"),
    ("mesos/{name}/mesos/{part}", "mesos"),
    ("mesos/{name}", "mesos"),
    ("ray-node_{name}/[user]/({any})", "ray"),
    // The monitor of a container is outside of it.
    ("lxc.monitor.{name}/=monitor", "lxc"),
    ("lxc.monitor/{name}/=monitor", "lxc"),
    // A virtual machine, by its number.
    ("qemu.slice/{number}.scope", "proxmox"),
    // libvirt with machined and without.
    (
        "machine.slice/machine-qemu\\x2d{digits}\\x2d{unit}.scope/[libvirt]/(emulator)/(vcpu{digits})/(iothread{digits})",
        "libvirt",
    ),
    (
        "machine.slice/machine-lxc\\x2d{digits}\\x2d{unit}.scope",
        "libvirt",
    ),
    (
        "machine/qemu-{digits}-{name}.libvirt-qemu/(emulator)/(vcpu{digits})/(iothread{digits})",
        "libvirt",
    ),
    (
        "machine/{name}.libvirt-qemu/(emulator)/(vcpu{digits})",
        "libvirt",
    ),
    (
        "machine.slice/machine-{unit}.scope/[payload]/(supervisor)",
        "nspawn",
    ),
    (
        "machine.slice/systemd-nspawn@{unit}.service/[payload]/(supervisor)",
        "nspawn",
    ),
    // What a sandbox needs beside its pod.
    ("kata_overhead/{name}/=overhead", "kata"),
    ("kata-overhead.slice:runtime-rs:{name}/=overhead", "kata"),
    ("firecracker/{name}", "firecracker"),
    // Cloud Foundry.
    (
        "[system.slice]/[garden.service]/garden/[good]/[bad]/{name}",
        "garden",
    ),
    ("{slices}/runc-bpm-{name}.2e{part}.scope", "bpm"),
    ("{slices}/runc-bpm-{name}.scope", "bpm"),
    // A step of a build: alone, in Docker, and in Docker with systemd's driver.
    ("[docker]/buildkit/{name}", "buildkit"),
    ("{slices}/{any}.slice:docker:{name}", "buildkit"),
    // The repository and the runner: dots may stand in both.
    ("system.slice/actions.runner.{name}.service", "github"),
    ("system.slice/gitlab-runner.service", "gitlab"),
    ("system.slice/jenkins.service", "jenkins"),
    ("system.slice/buildkite-agent.service", "buildkite"),
    ("system.slice/snap.{name}.{part}.service", "snap"),
    ("podruntime/{name}", "talos"),
    (
        "system/{runtime|apid|trustd|udevd|dashboard|extensions}",
        "talos",
    ),
    // OpenWrt.
    ("services/{name}/({any})", "procd"),
];

/// Below a user's own manager: his word, and no proof of anything.
const OF_A_USER: [(&str, &str); 10] = [
    ("app-flatpak-{unit}-{part}.scope", "flatpak"),
    ("app-{app}-{any}.scope", "app"),
    ("app-{app}@{any}.service", "app"),
    ("app-{app}.service", "app"),
    ("app-{app}.slice", "app"),
    ("dbus-:1.{app}@{any}.service", "app"),
    ("snap.{name}.hook.{part}-{uuid}.scope", "snap"),
    ("snap.{name}.{part}-{uuid}.scope", "snap"),
    ("snap.{name}.{part}.{uuid}.scope", "snap"),
    ("snap.{name}.{part}.service", "snap"),
];

/// The system whose cgroup a path lies in, and how its shape fits.
pub(super) struct Owner<'a> {
    system: &'static str,
    found: Match<'a>,
}

impl Owner<'_> {
    pub(super) fn workload(&self) -> Workload {
        Workload::new(self.system, &self.found)
    }

    /// Whether the path goes on below the owner's cgroup.
    pub(super) fn has_more_below(&self) -> bool {
        self.found.below.first().is_some()
    }
}

/// Whoever owns what a path lies in.
pub(super) fn of(components: Components<'_>) -> Option<Owner<'_>> {
    if components.first() == Some(b"user.slice") {
        return of_a_user(components);
    }
    first_of(&AT_ROOT, components)
}

fn first_of<'a>(rows: &[(&'static str, &'static str)], path: Components<'a>) -> Option<Owner<'a>> {
    rows.iter().find_map(|(shape, system)| {
        Some(Owner {
            system,
            found: starts_with(path, shape)?,
        })
    })
}

/// Below a user's manager the innermost unit that it made itself: slices, and what lies in them.
fn of_a_user(components: Components<'_>) -> Option<Owner<'_>> {
    let mut rest = starts_with(components, "user.slice/{slices}/user@{any}.service")?.below;
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
