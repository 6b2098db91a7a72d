//! What filled the memory: a set of its own, for a boot of its own.

use crate::failure::Failure;
use crate::fill::Fill;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::scenarios::{Scenario, row};
use crate::world::World;
use crate::{sys, system};

/// A container's limit, unless a scenario needs many small things to reach it.
const LIMIT: u64 = 40 * MIB;
const SMALL_LIMIT: u64 = 24 * MIB;
/// What the sidecar holds: more than half of the pod's limit.
const SIDECAR_KIB: usize = 28 * 1024;

/// How many huge pages are kept.
const HUGE_PAGES: &str = "vm/nr_hugepages";

/// The scenarios that fill memory with something.
pub const FILLED: &[Scenario] = &[
    // First, while memory is in large pieces.
    row("node-huge-pages", node_huge_pages),
    row("anon", |world| {
        fill(
            world,
            Plan::at(pod(world)).own_limit(LIMIT).fill(Fill::Anon),
        )
    }),
    row("huge-pages", huge_pages),
    row("tmpfs", |world| {
        let fill_with = Fill::Tmpfs(64);
        fill(world, Plan::at(pod(world)).own_limit(LIMIT).fill(fill_with))
    }),
    row("page-cache", |world| {
        let fill_with = Fill::PageCache(64);
        fill(world, Plan::at(pod(world)).own_limit(LIMIT).fill(fill_with))
    }),
    row("page-tables", |world| {
        let fill_with = Fill::PageTables;
        fill(world, Plan::at(pod(world)).own_limit(LIMIT).fill(fill_with))
    }),
    row("files", |world| {
        let plan = Plan::at(pod(world)).own_limit(SMALL_LIMIT);
        fill(world, plan.fill(Fill::Files))
    }),
    row("threads", |world| {
        system::set("kernel/threads-max", "30000")?;
        let plan = Plan::at(pod(world)).own_limit(SMALL_LIMIT);
        fill(world, plan.fill(Fill::Threads))
    }),
    row("unix-sockets", |world| {
        let fill_with = Fill::UnixBuffers;
        fill(world, Plan::at(pod(world)).own_limit(LIMIT).fill(fill_with))
    }),
    row("tcp-sockets", tcp_sockets),
    row("sidecar-spared", sidecar_spared),
    row("sidecar-killed", sidecar_killed),
    row("node-tmpfs", |world| {
        let plan = Plan::at(pod(world)).fill(Fill::Tmpfs(140));
        fill(world, plan.adj(500))
    }),
];

fn pod(world: &World) -> Place {
    Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd)
}

fn fill(world: &mut World, plan: Plan) -> Result<(), Failure> {
    world.kill_one(&plan.comm("filler"))
}

fn tcp_sockets(world: &mut World) -> Result<(), Failure> {
    if world.tree.version == 1 {
        return Err(Failure::Cannot(
            "cgroup v1 counts TCP buffers apart from memory".to_owned(),
        ));
    }
    sys::loopback_up().map_err(|error| Failure::at("the loopback interface", error))?;
    // By themselves all sockets of so small a machine may hold less than the limit.
    system::set("net/ipv4/tcp_mem", "65536 65536 65536")?;
    let plan = Plan::at(pod(world)).own_limit(LIMIT);
    fill(world, plan.fill(Fill::TcpBuffers(26)))
}

/// The sidecar holds most of the pod's memory, and the other container's process is the one to die.
fn sidecar_spared(world: &mut World) -> Result<(), Failure> {
    let place = pod(world);
    let sidecar = Plan::at(place.sibling(world.name()));
    world.pause(&place)?;
    world.accompany(&sidecar.comm("istio-proxy").hold(SIDECAR_KIB).adj(-900))?;
    let plan = Plan::at(place).limit_above(1, "pod", LIMIT);
    world.kill_one(&plan.comm("java").adj(900).fill(Fill::Anon))
}

/// The same, but the sidecar dies of what the other container's process asks for. Whoever is left must not be
/// killable: the kernel counts the victim's memory a moment longer than it waits for it.
fn sidecar_killed(world: &mut World) -> Result<(), Failure> {
    let place = pod(world);
    world.pace.wait_for(1);
    let sidecar = Plan::at(place.sibling(world.name()))
        .limit_above(1, "pod", LIMIT)
        .comm("istio-proxy")
        .hold(SIDECAR_KIB)
        .adj(900)
        .fill(Fill::Anon);
    world.prepare(&sidecar)?;
    let mut victim = world.start(&sidecar)?;
    let asker = Plan::at(place).comm("java").adj(-1000);
    world.tree.make(&asker.place.path, asker.place.cpuset)?;
    let mut asker = world.start(&asker.fill(Fill::SomeAnon(20 * 1024)))?;
    asker.release()?;
    victim.wait_killed()?;
    world.note(&sidecar, victim.pid, |_| ());
    Ok(())
}

/// More than half of the machine's memory is set aside for huge pages that nobody uses.
fn node_huge_pages(world: &mut World) -> Result<(), Failure> {
    system::set("vm/drop_caches", "3")?;
    system::set("vm/compact_memory", "1")?;
    system::set(HUGE_PAGES, "70")?;
    let result = beside_huge_pages(world);
    system::set(HUGE_PAGES, "0")?;
    result
}

fn beside_huge_pages(world: &mut World) -> Result<(), Failure> {
    let found = std::fs::read_to_string(format!("/proc/sys/{HUGE_PAGES}"))?;
    // Of 2 MiB each, on a machine of 256.
    if found.trim().parse().is_ok_and(|pages: u32| pages <= 64) {
        return Err(Failure::Wrong(format!("{} huge pages", found.trim())));
    }
    world.pace.wait_for(1);
    let plan = Plan::at(pod(world)).comm("filler").adj(500);
    world.prepare(&plan)?;
    let mut victim = world.start(&plan)?;
    victim.release()?;
    victim.wait_killed()?;
    world.note(&plan, victim.pid, |kill| {
        kill.filled = Some("huge pages".to_owned());
    });
    Ok(())
}

/// Memory in huge pages is anonymous as any other.
fn huge_pages(world: &mut World) -> Result<(), Failure> {
    const SETTING: &str = "/sys/kernel/mm/transparent_hugepage/enabled";
    let settings = std::fs::read_to_string(SETTING)?;
    let before = settings.split(['[', ']']).nth(1).unwrap_or("madvise");
    std::fs::write(SETTING, "always")?;
    let plan = Plan::at(pod(world)).own_limit(LIMIT);
    let result = fill(world, plan.fill(Fill::HugePages));
    std::fs::write(SETTING, before)?;
    result
}
