//! More kills than the kernel reports.

use crate::failure::Failure;
use crate::place::{Place, Qos, Runtime};
use crate::plan::{MIB, Plan};
use crate::world::World;

/// Kills in a storm: three times what the kernel reports.
const STORM: usize = 30;

/// Thirty children of one container, all in the table of the first report, die one after the other.
pub fn storm_one_container(world: &mut World) -> Result<(), Failure> {
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    let plan = Plan::at(place).own_limit(24 * MIB).adj(950);
    world.prepare(&plan)?;
    world.accompany(&plan.clone().comm("supervisor"))?;
    let plans: Vec<Plan> = (0..STORM)
        .map(|number| plan.clone().comm(format!("worker{number}")))
        .collect();
    let mut victims = plans
        .iter()
        .map(|plan| world.start(plan))
        .collect::<Result<Vec<_>, _>>()?;
    world.pace.wait_for_new_window();
    plans
        .iter()
        .zip(&mut victims)
        .try_for_each(|(plan, victim)| world.kill(plan, victim))
}

/// Ten containers lose three processes each, in turn.
pub fn storm_many_containers(world: &mut World) -> Result<(), Failure> {
    let mut plans = Vec::new();
    for container in 0..STORM / 3 {
        let place = Place::systemd_pod(
            &format!("{} {container}", world.name()),
            Qos::Burstable,
            Runtime::Crio,
        );
        let plan = Plan::at(place).own_limit(4 * MIB).adj(950);
        world.prepare(&plan)?;
        plans.extend((0..3).map(|number| plan.clone().comm(format!("c{container}-w{number}"))));
    }
    // Process `n` of every container, before process `n + 1` of any.
    let order =
        (0..3).flat_map(|number| (0..STORM / 3).map(move |container| 3 * container + number));
    let plans: Vec<Plan> = order.map(|index| plans[index].clone()).collect();
    let mut victims = plans
        .iter()
        .map(|plan| world.start(plan))
        .collect::<Result<Vec<_>, _>>()?;
    world.pace.wait_for_new_window();
    plans
        .iter()
        .zip(&mut victims)
        .try_for_each(|(plan, victim)| world.kill(plan, victim))
}

/// Reports are back after five seconds.
pub fn after_the_storm(world: &mut World) -> Result<(), Failure> {
    world.pace.wait_for_new_window();
    let place = Place::systemd_pod(world.name(), Qos::Burstable, Runtime::Containerd);
    world.kill_one(&Plan::at(place).own_limit(16 * MIB).comm("late"))
}
