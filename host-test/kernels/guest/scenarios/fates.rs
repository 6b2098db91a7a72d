//! Who dies and who lives.

use crate::failure::Failure;
use crate::kmsg;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::swap::Swap;
use crate::system;
use crate::victim::Victim;
use crate::world::World;

/// The container's first process lives, a child dies: the kill that Kubernetes does not report.
pub fn child_killed(world: &mut World) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let plan = Plan::at(place).own_limit(20 * MIB).adj(900);
    world.pause(&plan.place)?;
    world.prepare(&plan)?;
    world.accompany(&plan.clone().comm("gunicorn").hold(2048))?;
    world.kill_one(&plan.comm("worker"))
}

/// The container's first process dies, four children live on.
pub fn main_killed(world: &mut World) -> Result<(), Failure> {
    let plan = Plan::at(Place::docker(world.name())).own_limit(20 * MIB);
    world.pace.wait_for(1);
    world.prepare(&plan)?;
    let main = plan.clone().comm("main-proc");
    let mut victim = world.start(&main)?;
    for child in ["child0", "child1", "child2", "child3"] {
        world.accompany(&plan.clone().comm(child).hold(1024))?;
    }
    world.kill(&main, &mut victim)
}

/// `memory.oom.group`: all of the container die.
pub fn oom_group(world: &mut World) -> Result<(), Failure> {
    if world.tree.version == 1 {
        return Err(Failure::Cannot(
            "cgroup v1 has no memory.oom.group".to_owned(),
        ));
    }
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let plan = Plan::at(place).own_limit(20 * MIB).adj(900);
    world.pace.wait_for(5);
    world.prepare(&plan)?;
    world.pause(&plan.place)?;
    world.tree.set(&plan.place.path, "memory.oom.group", "1")?;
    let members: Vec<Plan> = ["member0", "member1", "member2"]
        .iter()
        .map(|comm| plan.clone().comm(comm).hold(1024))
        .collect();
    let mut group = members
        .iter()
        .map(|member| world.start(member))
        .collect::<Result<Vec<_>, _>>()?;
    let chosen = plan.comm("chosen");
    let mut victim = world.start(&chosen)?;
    victim.release()?;
    victim.wait_killed()?;
    World::wait_all(&mut group)?;
    world.note(&chosen, victim.pid, |kill| kill.survivors = None);
    for (member, process) in members.iter().zip(&group) {
        world.note(member, process.pid, |kill| {
            kill.group = true;
            kill.survivors = None;
        });
    }
    Ok(())
}

/// Two containers at their limits at the same moment; the host side finds out which was first.
pub fn two_at_once(world: &mut World) -> Result<(), Failure> {
    world.pace.wait_for(2);
    let first = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let second = Place::docker(world.name());
    let plans = [
        Plan::at(first).own_limit(16 * MIB).comm("castor").adj(10),
        Plan::at(second).own_limit(16 * MIB).comm("pollux").adj(20),
    ];
    plans.iter().try_for_each(|plan| world.prepare(plan))?;
    let mut victims = plans
        .iter()
        .map(|plan| world.start(plan))
        .collect::<Result<Vec<_>, _>>()?;
    victims.iter_mut().try_for_each(Victim::release)?;
    World::wait_all(&mut victims)?;
    for (plan, victim) in plans.iter().zip(&victims) {
        world.note(plan, victim.pid, |_| ());
    }
    Ok(())
}

/// The victim is process 1 of its own pid namespace; the kernel prints the pid of the outermost.
pub fn pid_namespace_init(world: &mut World) -> Result<(), Failure> {
    use nix::sched::{CloneFlags, setns, unshare};
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let plan = Plan::at(place).own_limit(16 * MIB).comm("tini").adj(800);
    world.pace.wait_for(1);
    world.prepare(&plan)?;
    let own = std::fs::File::open("/proc/self/ns/pid")?;
    unshare(CloneFlags::CLONE_NEWPID)?;
    let victim = world.start(&plan);
    setns(&own, CloneFlags::CLONE_NEWPID)?;
    world.kill(&plan, &mut victim?)
}

/// Every task is exempt: reports without a kill, over and over, until the process is told to stop.
pub fn no_killable(world: &mut World) -> Result<(), Failure> {
    world.pace.wait_for(1);
    let plan = Plan::at(Place::docker(world.name()))
        .own_limit(8 * MIB)
        .comm("exempt")
        .adj(-1000);
    world.prepare(&plan)?;
    let mut victim = world.start(&plan)?;
    // It cannot die by itself; the end of the scenario kills it.
    kmsg::wait_for("Out of memory and no killable processes", || {
        victim.release()
    })?;
    if victim.killed()? {
        Err(Failure::Wrong("an exempt process was killed".to_owned()))
    } else {
        Ok(())
    }
}

/// A report without the task table.
pub fn no_task_table(world: &mut World) -> Result<(), Failure> {
    system::set("vm/oom_dump_tasks", "0")?;
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let result = world.kill_one(
        &Plan::at(place)
            .own_limit(16 * MIB)
            .comm("untabled")
            .adj(500),
    );
    system::set("vm/oom_dump_tasks", "1")?;
    result
}

/// Memory and swap are both used up.
pub fn swap(world: &mut World) -> Result<(), Failure> {
    let swap = Swap::start()?;
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let result = world.kill_one(
        &Plan::at(place)
            .own_limit(12 * MIB)
            .with_swap(8 * MIB)
            .comm("swapper"),
    );
    drop(swap);
    result
}
