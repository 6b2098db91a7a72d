//! Whoever may make directories below his own cgroup can give them anybody's names: nobody is taken for the
//! owner of them but whoever the path begins with.

use std::time::{Duration, Instant};

use oom_filter::cgroup::{Level, identify};
use proptest::prelude::*;

const ID: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";

/// The paths of `data/cgroup_paths.tsv`, which have the names of everybody.
fn known_paths() -> Vec<&'static str> {
    let rows = include_str!("../data/cgroup_paths.tsv").lines();
    let paths = rows.filter_map(|row| row.split('\t').nth(1));
    paths.filter(|path| path.starts_with('/')).collect()
}

/// Directories that a user, a service or a container can make others in, and the owner that is told of them.
const OWN_DIRECTORIES: [(&str, Option<&str>); 13] = [
    ("/user.slice/user-1000.slice/user@1000.service", None),
    ("/user.slice/user-1000.slice/session-2.scope", None),
    ("/system.slice/ci.service", None),
    ("/leaker", None),
    ("/docker/{id}", None),
    ("/system.slice/docker-{id}.scope", None),
    ("/batch/{id}", None),
    (
        "/system.slice/slurmstepd.scope/job_42/step_0/user/task_0",
        Some("slurm 42"),
    ),
    ("/slurm/uid_1000/job_42/step_0/task_0", Some("slurm 42")),
    (
        "/system.slice/htcondor/condor_var_lib_condor_execute_slot1_1@n1",
        Some("htcondor slot1_1@n1"),
    ),
    (
        "/nomad.slice/share.slice/8e2f0b5c-3a84-9d5e-4c2b-0f8f6f0f1a11.web.scope",
        Some("nomad 8e2f0b5c-3a84-9d5e-4c2b-0f8f6f0f1a11"),
    ),
    (
        "/machine.slice/machine-web.scope/payload",
        Some("nspawn web"),
    ),
    ("/lxc/x/ns/leaker", Some("lxc x")),
];

/// What is told as the owner.
fn owner(path: &str) -> Option<String> {
    let workload = identify(path.as_bytes()).workload?;
    Some(format!("{} {}", workload.system, workload.id?))
}

/// A component of some path, or one that is like it.
fn component() -> impl Strategy<Value = String> {
    let words: Vec<String> = known_paths()
        .iter()
        .flat_map(|path| path.split('/').map(str::to_owned))
        .collect();
    (prop::sample::select(words), "[ -~]{0,3}", 0..9_u8).prop_map(|(word, more, choice)| {
        match choice {
            0 => format!("{word}{more}"),
            1 => format!("{more}{word}"),
            2 => word.chars().skip(1).collect(),
            _ => word,
        }
    })
}

#[test]
fn nobody_elses_name_below_his_own_directory_counts() {
    for (directory, expected) in OWN_DIRECTORIES {
        let directory = directory.replace("{id}", ID);
        for path in known_paths() {
            let path = format!("{directory}{path}");
            let found = owner(&path);
            // A user's own applications and containers are told as his, and a container as the outer one of those in it.
            let is_users = directory.starts_with("/user.slice/")
                && found.as_deref().is_none_or(|found| {
                    ["app ", "snap ", "flatpak ", "docker ", "podman "]
                        .iter()
                        .any(|own| found.starts_with(own))
                });
            let is_outer = directory.contains(ID)
                && found
                    .as_deref()
                    .is_none_or(|found| found == format!("docker {ID}"));
            assert!(
                found.as_deref() == expected || is_users || is_outer,
                "{path}: {found:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn what_is_told_is_well_formed(components in prop::collection::vec(component(), 1..8)) {
        let path = format!("/{}", components.join("/"));
        let identity = identify(path.as_bytes());
        if let Some(workload) = &identity.workload {
            prop_assert!(!workload.system.is_empty());
            for text in [&workload.id, &workload.part].into_iter().flatten() {
                prop_assert!(!text.is_empty(), "{}", path);
            }
            if path.starts_with("/user.slice/") && identity.container.is_none() {
                prop_assert!(["app", "snap", "flatpak"].contains(&&*workload.system), "{}", path);
            }
            if matches!(&*workload.system, "slurm" | "pbs" | "yarn" | "htcondor" | "libvirt" | "proxmox" | "nspawn")
                && identity.container.is_none()
            {
                prop_assert_eq!(identity.level, Level::Cgroup, "{}", path);
            }
        }
    }
}

#[test]
fn long_paths_take_no_longer_than_their_length() {
    // 16 times the longest path that a kernel prints.
    const LENGTH: usize = 16 * 4096;
    let repeated = [
        "/a",
        "/user.slice",
        "-",
        "_slot",
        "\\x2d",
        "/app.slice",
        "snap.",
        "docker/",
        "/lxc/x/ns",
        "%",
    ];
    let starts = [
        "",
        "/",
        "/user.slice/user-1.slice/user@1.service/",
        "/user.slice/user-1.slice/user@1.service/app-",
        "/htcondor/condor_slot",
        r"/machine.slice/machine-qemu\x2d1\x2d",
        "/system.slice/snap.",
        "/hadoop-yarn/container_",
    ];
    let start = Instant::now();
    for (front, text) in starts
        .iter()
        .flat_map(|front| repeated.map(|text| (front, text)))
    {
        for end in ["", ".scope", ".service"] {
            let path = format!("{front}{}{end}", text.repeat(LENGTH / text.len()));
            std::hint::black_box(identify(path.as_bytes()));
        }
    }
    // Each is some milliseconds where nothing is compiled for speed; a square of the length would be an hour.
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?}",
        start.elapsed()
    );
}
