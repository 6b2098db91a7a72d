//! `/init` of the boxed kernel: runs the scenarios, then hands the kernel's messages to the host.
//!
//! Started again with the argument `victim` it is a process that takes memory until it is killed.

mod cgroup;
mod failure;
mod fill;
mod kmsg;
mod pace;
mod place;
mod plan;
mod scenarios;
mod swap;
mod sys;
mod system;
mod victim;
mod world;

use failure::Failure;
use oom_kernels::truth::Truth;
use oom_kernels::wire;
use world::World;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("victim") {
        if let Err(error) = victim::live(&arguments.next().unwrap_or_default()) {
            eprintln!("victim: {error}");
            std::process::exit(1);
        }
        return;
    }
    if let Err(error) = run() {
        eprintln!("oom-guest: {error}");
    }
    system::power_off();
}

/// The whole boot.
fn run() -> Result<(), Failure> {
    system::mount_basics()?;
    let mut kmsg = kmsg::Kmsg::open()?;
    let truth = match World::new() {
        Ok(world) => run_scenarios(world, &mut kmsg)?,
        Err(Failure::Cannot(why)) => Truth {
            cannot: Some(why),
            ..Truth::default()
        },
        Err(failure) => return Err(failure),
    };
    kmsg.mark("end")?;
    let mut line = system::serial_line("/dev/ttyS1")?;
    wire::send(&mut line, "truth.json", &serde_json::to_vec(&truth)?)?;
    wire::send(&mut line, "kmsg", &kmsg.read_all()?)?;
    wire::finish(&mut line)?;
    system::drain(&line)
}

/// Every row of the table that the kernel's command line asks for, one after the other.
fn run_scenarios(mut world: World, kmsg: &mut kmsg::Kmsg) -> Result<Truth, Failure> {
    let only = system::parameter("oom_only");
    let table = match system::parameter("oom_table").as_deref() {
        Some("filled") => scenarios::FILLED,
        _ => scenarios::TABLE,
    };
    for scenario in table {
        if only
            .as_deref()
            .is_some_and(|only| !only.split(',').any(|name| name == scenario.name))
        {
            continue;
        }
        kmsg.mark(scenario.name)?;
        world.run(scenario);
    }
    Ok(world.into_truth())
}
