//! The machine's memory.

use crate::failure::Failure;
use crate::place::{Place, Qos, Runtime};
use crate::plan::Plan;
use crate::system;
use crate::world::World;

/// The machine has no memory left.
pub fn global(world: &mut World) -> Result<(), Failure> {
    let service = Place::unit("/system.slice/ssh.service");
    world.accompany(&Plan::at(service).comm("sshd").adj(-1000))?;
    let place = Place::systemd_pod(world.name(), Qos::BestEffort, Runtime::Containerd);
    world.kill_one(&Plan::at(place).comm("global-hog").uid(1000).adj(500))
}

/// The same, and the one who asks for memory is the one to die.
pub fn global_allocating_task(world: &mut World) -> Result<(), Failure> {
    system::set("vm/oom_kill_allocating_task", "1")?;
    let result = world.kill_one(&Plan::at(Place::docker(world.name())).comm("asker"));
    system::set("vm/oom_kill_allocating_task", "0")?;
    result
}

/// The machine's memory, but only one node of it may be used.
pub fn global_cpuset(world: &mut World) -> Result<(), Failure> {
    let place = Place::scope("/system.slice", world.name(), Runtime::Docker);
    let plan = Plan {
        constraint: "cpuset",
        ..Plan::at(place).comm("confined").adj(400)
    };
    world.prepare(&plan)?;
    world
        .tree
        .set_cpuset(&plan.place.path, "cpuset.mems", "1")?;
    world.kill_one(&plan)
}

/// The machine has memory left, but not on the node that the process bound itself to.
pub fn global_memory_policy(world: &mut World) -> Result<(), Failure> {
    let place = Place::unit("/system.slice/numa-bound.service");
    let plan = Plan {
        node: Some(1),
        constraint: "memory_policy",
        ..Plan::at(place).comm("bound").adj(300)
    };
    world.kill_one(&plan)
}

/// An operator asks for a kill.
pub fn sysrq(world: &mut World) -> Result<(), Failure> {
    world.pace.wait_for(1);
    let place = Place::unit("/user.slice/user-1000.slice/session-2.scope");
    let plan = Plan::at(place)
        .comm("sysrq-victim")
        .uid(1000)
        .hold(30 * 1024);
    world.prepare(&plan)?;
    let mut victim = world.start(&plan)?;
    std::fs::write("/proc/sysrq-trigger", "f").map_err(|error| Failure::at("sysrq", error))?;
    victim.wait_killed()?;
    world.note(&plan, victim.pid, |kill| kill.manual = true);
    Ok(())
}
