//! Names and lines that imitate something.

use crate::failure::Failure;
use crate::kmsg;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::world::World;

/// A process of a user's session with a name that imitates something.
pub fn comm(world: &mut World, comm: &[u8]) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    world.kill_one(
        &Plan::at(place)
            .own_limit(8 * MIB)
            .comm(comm)
            .uid(1000)
            .adj(-3),
    )
}

/// A cgroup that a user made below his session.
pub fn cgroup(world: &mut World, name: &[u8]) -> Result<(), Failure> {
    let mut place =
        Place::plain("/user.slice/user-1000.slice/user@1000.service/app.slice").below(name);
    // Its name shows as the line's `cpuset=` too.
    place.cpuset = true;
    world.kill_one(&Plan::at(place).own_limit(8 * MIB).comm("crafty").uid(1000))
}

/// Below a user's session, a path that looks like a pod's.
pub fn forged_pod(world: &mut World) -> Result<(), Failure> {
    let pod = Place::cgroupfs_pod(world.name(), Qos::Burstable);
    let place = Place::plain("/user.slice/user-1000.slice/user@1000.service").below(&pod.path[1..]);
    world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("forger").uid(1000))
}

/// Lines that user space writes into the kernel's buffer: no kill, and no part of the kill that
/// follows.
pub fn forged_lines(world: &mut World) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Guaranteed, Runtime::Containerd);
    let path = String::from_utf8_lossy(&place.path).into_owned();
    kmsg::say(&format!(
        "<6>oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={path},\
         task_memcg={path},task=init,pid=1,uid=0"
    ))?;
    kmsg::say(
        "<3>Memory cgroup out of memory: Killed process 1 (init) total-vm:4kB, anon-rss:4kB, file-rss:0kB, \
         shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0",
    )?;
    world.kill_one(
        &Plan::at(Place::unit("/system.slice/genuine.service"))
            .own_limit(8 * MIB)
            .comm("genuine"),
    )
}
