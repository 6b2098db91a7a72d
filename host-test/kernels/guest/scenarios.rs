//! The table of scenarios: one row each, run from top to bottom.

mod fates;
mod filled;
mod hostile;
mod limits;
mod machine;
mod storm;

use crate::failure::Failure;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::world::World;

/// One row.
pub struct Scenario {
    /// What its mark says.
    pub name: &'static str,
    act: Act,
}

/// What a scenario does.
enum Act {
    Run(fn(&mut World) -> Result<(), Failure>),
    /// Kills a process of this name.
    Comm(&'static [u8]),
    /// Kills a process in a cgroup of this name.
    Cgroup(&'static [u8]),
}

impl Scenario {
    /// Makes the kills of the row happen.
    pub fn run(&self, world: &mut World) -> Result<(), Failure> {
        match self.act {
            Act::Run(run) => run(world),
            Act::Comm(comm) => hostile::comm(world, comm),
            Act::Cgroup(name) => hostile::cgroup(world, name),
        }
    }
}

const fn row(name: &'static str, run: fn(&mut World) -> Result<(), Failure>) -> Scenario {
    let act = Act::Run(run);
    Scenario { name, act }
}

const fn comm(name: &'static str, comm: &'static [u8]) -> Scenario {
    let act = Act::Comm(comm);
    Scenario { name, act }
}

const fn cgroup(name: &'static str, cgroup: &'static [u8]) -> Scenario {
    let act = Act::Cgroup(cgroup);
    Scenario { name, act }
}

pub use filled::FILLED;

/// The scenarios of a boot, unless it is told others.
pub const TABLE: &[Scenario] = &[
    // Whose limit it is.
    row("container-limit", limits::container_limit),
    row("pod-limit", limits::pod_limit),
    row("kubepods-limit", |world| {
        let place = Place::systemd_pod(world.name(), Qos::Guaranteed, Runtime::Docker);
        world.pause(&place)?;
        world.kill_one(
            &Plan::at(place)
                .limit_above(2, "kubepods", 21 * MIB)
                .comm("allocatable")
                .adj(-997),
        )
    }),
    row("burstable-limit", |world| {
        let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
        world.pause(&place)?;
        world.kill_one(
            &Plan::at(place)
                .limit_above(2, "qos", 19 * MIB)
                .comm("batch-job")
                .adj(936),
        )
    }),
    row("besteffort-cgroupfs-limit", |world| {
        let place = Place::cgroupfs_pod(world.name(), Qos::BestEffort);
        world.pause(&place)?;
        world.kill_one(
            &Plan::at(place)
                .limit_above(2, "qos", 18 * MIB)
                .comm("stress")
                .adj(1000),
        )
    }),
    // Whose cgroup it is.
    row("cgroupfs-guaranteed", |world| {
        let place = Place::cgroupfs_pod(world.name(), Qos::Guaranteed);
        world.pause(&place)?;
        world.kill_one(
            &Plan::at(place)
                .own_limit(16 * MIB)
                .comm("postgres")
                .uid(999)
                .adj(-997),
        )
    }),
    row("static-pod", |world| {
        let place = Place::static_pod(world.name());
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("kube-apiserver"))
    }),
    row("crio", |world| {
        let place = Place::systemd_pod(world.name(), Qos::BestEffort, Runtime::Crio);
        world.kill_one(
            &Plan::at(place)
                .own_limit(16 * MIB)
                .comm("Plex Media Serv")
                .adj(1000),
        )
    }),
    row("crio-crun", |world| {
        let place =
            Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Crio).below(b"container");
        world.kill_one(
            &Plan::at(place)
                .limit_above(1, "container", 16 * MIB)
                .comm("npm start")
                .uid(1000),
        )
    }),
    row("docker-systemd", |world| {
        let place = Place::scope("/system.slice", world.name(), Runtime::Docker);
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("python3"))
    }),
    row("docker-cgroupfs", |world| {
        let place = Place::docker(world.name());
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("node"))
    }),
    row("podman", |world| {
        let place =
            Place::scope("/machine.slice", world.name(), Runtime::Podman).below(b"container");
        world.kill_one(
            &Plan::at(place)
                .limit_above(1, "container", 16 * MIB)
                .comm("httpd")
                .uid(33),
        )
    }),
    row("podman-rootless", |world| {
        let below = "/user.slice/user-1000.slice/user@1000.service/user.slice";
        let place = Place::scope(below, world.name(), Runtime::Podman);
        world.kill_one(
            &Plan::at(place)
                .own_limit(16 * MIB)
                .comm("ruby")
                .uid(100_999),
        )
    }),
    row("kind-in-docker", |world| {
        let place = Place::kind_pod(world.name(), Qos::Burstable, Runtime::Containerd);
        world.pause(&place)?;
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("coredns").adj(991))
    }),
    row("long-path", |world| {
        // The `oom-kill:` line grows beyond what one record holds, and splits.
        let deep = format!(
            "system.slice/{}.slice/{}.service",
            "a".repeat(120),
            "b".repeat(120)
        );
        let place = Place::kind_pod(world.name(), Qos::Burstable, Runtime::Containerd)
            .below(deep.as_bytes());
        world.kill_one(
            &Plan::at(place)
                .limit_above(3, "container", 16 * MIB)
                .comm("deep"),
        )
    }),
    row("systemd-unit", |world| {
        let place = Place::unit("/system.slice/nginx.service");
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("nginx").uid(33))
    }),
    row("systemd-escaped-unit", |world| {
        let place = Place::unit("/system.slice/system-foo.slice/foo@x\\x2dy.service");
        world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("foo"))
    }),
    row("user-session", |world| {
        let place = Place::unit("/user.slice/user-1000.slice/session-2.scope");
        world.kill_one(
            &Plan::at(place)
                .own_limit(16 * MIB)
                .comm("firefox")
                .uid(1000)
                .adj(200),
        )
    }),
    row("user-slice-limit", |world| {
        let place =
            Place::unit("/user.slice/user-1000.slice/user@1000.service/app.slice/app-editor.scope");
        world.kill_one(
            &Plan::at(place)
                .limit_above(3, "cgroup", 17 * MIB)
                .comm("code")
                .uid(1000)
                .adj(100),
        )
    }),
    // Who dies and who lives.
    row("child-killed", fates::child_killed),
    row("main-killed", fates::main_killed),
    row("oom-group", fates::oom_group),
    row("two-at-once", fates::two_at_once),
    row("pid-namespace-init", fates::pid_namespace_init),
    row("no-killable", fates::no_killable),
    row("no-task-table", fates::no_task_table),
    row("swap", fates::swap),
    // Names of processes that imitate something.
    comm("comm-fields", b"a,pid=1,uid=0"),
    comm("comm-figures", b"x) total-vm:1kB"),
    comm("comm-task", b"a,task=b"),
    comm("comm-kill-line", b"Killed process "),
    comm("comm-newline", b"a\nKilled proces"),
    comm("comm-level", b"\x013evil"),
    comm("comm-continuation", b"\x01cevil"),
    comm("comm-escape", b"\x1b[2Jred\x07"),
    comm("comm-not-utf8", b"\xff\xfe\x80caf\xc3\xa9"),
    comm("comm-empty", b""),
    comm("comm-parentheses", b")))))))))))))))"),
    comm("comm-backslash", b"\\x41\\n\\\\"),
    comm("comm-quotes", b"\"a\": {'b'}, [`"),
    comm("comm-spaces", b"  a  b "),
    comm("comm-row", b"[  1]  0  1 0 i"),
    comm("comm-group", b"Tasks in /a are"),
    // Names of cgroups that imitate something.
    cgroup("cgroup-fields", b",task=x,pid=1,uid=0"),
    cgroup("cgroup-paths", b"x,task_memcg="),
    cgroup("cgroup-cpuset", b"z,mems_allowed=0,global_oom,task_memcg="),
    cgroup("cgroup-spaces", b" a b  c "),
    cgroup("cgroup-limit-of", b"a killed as a result of limit of "),
    cgroup("cgroup-not-utf8", b"\xff\xfe\x80"),
    cgroup("cgroup-escape", b"x\\x2dy.service"),
    cgroup("cgroup-control", b"\x1b[31m\x01\x7f\t"),
    row("forged-pod", hostile::forged_pod),
    row("forged-lines", hostile::forged_lines),
    // The machine's memory.
    row("global", machine::global),
    row("global-allocating-task", machine::global_allocating_task),
    row("global-cpuset", machine::global_cpuset),
    row("global-memory-policy", machine::global_memory_policy),
    row("sysrq", machine::sysrq),
    // More kills than the kernel reports.
    row("storm-one-container", storm::storm_one_container),
    row("storm-many-containers", storm::storm_many_containers),
    row("after-the-storm", storm::after_the_storm),
];
