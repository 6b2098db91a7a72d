//! Whose limit it is.

use crate::failure::Failure;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::world::World;

/// The ordinary case: a container reaches its own limit.
pub fn container_limit(world: &mut World) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    world.pause(&place)?;
    world.kill_one(&Plan::at(place).own_limit(20 * MIB).comm("java").adj(969))
}

/// A pod of two containers without limits of their own; the other one lives.
pub fn pod_limit(world: &mut World) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    world.pause(&place)?;
    world.accompany(
        &Plan::at(place.sibling(world.name()))
            .comm("istio-proxy")
            .uid(1337)
            .hold(1024)
            .adj(900),
    )?;
    world.kill_one(
        &Plan::at(place)
            .limit_above(1, "pod", 22 * MIB)
            .comm("java")
            .adj(900),
    )
}
