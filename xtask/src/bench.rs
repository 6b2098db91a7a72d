//! `cargo xtask bench`: what a record costs, here and with what a user would pick instead, in every host.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::{ENVOY, FLUENT_BIT, Module};
use crate::{Subcommand, switches, tools, web, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "bench",
    arguments: "[--quick] [--store]",
    about: "measures speed, memory and size, and prints them as tables",
    details: "
  --quick  fewer rounds, and without VRL, whose engine is a large build
  --store  measures nothing, but stores the counts that the tests compare with

The tables are Markdown; docs/speed.md has one run, and says where those of Envoy and
the page stand. Fluent Bit is measured where `fluent-bit` is on the PATH or FLUENT_BIT
names it; Envoy where it is installed, and the page where Node, npm and Chromium are.
What is left out is said in the place of its tables.",
    run,
};

/// A host with a benchmark of its own.
struct Host {
    heading: &'static str,
    /// By which name [`tools`] knows what it needs.
    user: &'static str,
    /// Measures it, with fewer turns where told so.
    measure: fn(bool) -> Result<(), Failure>,
}

/// Those that are measured after the module itself.
const HOSTS: &[Host] = &[
    Host {
        heading: "Envoy",
        user: "bench of Envoy",
        measure: envoy,
    },
    Host {
        heading: "The page and the npm package",
        user: "bench of the page",
        measure: page_and_package,
    },
];

/// What the module is measured against.
const PEER: Module = Module {
    file: "oom-peer.wasm",
    package: "oom-peer",
    built: "oom_peer.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32-unknown-unknown",
    profile: "program",
    flags: &[],
    optimizer: &[],
    limit: u64::MAX,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [quick, store] = switches(parser, ["quick", "store"])?;
    tools::require(COMMAND.name)?;
    if store {
        // Without wasm-opt the module has other counts, and the tests compare with those of the module as it ships.
        tools::require("stored counts")?;
        return store_counts(FLUENT_BIT.build()?);
    }
    let module = FLUENT_BIT.build()?;
    let mut bench = workspace::cargo(&["bench", "--package", "oom-host-test", "--locked"]);
    bench.args(["--bench", "speed", "--"]);
    bench.env("OOM_MODULE", module);
    bench.env("OOM_NAMED_MODULE", named()?);
    bench.env("OOM_PEER", PEER.build()?);
    if quick {
        bench.arg(QUICK);
    } else {
        bench.env("OOM_VRL", vrl()?);
    }
    println!("## The module in its engines, and Fluent Bit\n");
    workspace::run(&mut bench)?;
    for host in HOSTS {
        println!("\n## {}\n", host.heading);
        let lines = tools::lines_for(host.user);
        if lines.is_empty() {
            (host.measure)(quick)?;
        } else {
            let lines = lines.join("\n    ");
            println!(
                "NOT MEASURED: this machine lacks what the following installs.\n\n    {lines}"
            );
        }
    }
    Ok(())
}

/// What benchmarks are told for fewer turns.
const QUICK: &str = "--quick";

/// The real Envoy without the filter, with a module that does nothing, and with it.
fn envoy(quick: bool) -> Result<(), Failure> {
    let mut bench = workspace::cargo(&["run", "--package", "oom-envoy-test", "--locked"]);
    bench.args(["--profile", "bench", "--example", "bench", "--"]);
    bench.args(quick.then_some(QUICK));
    workspace::run(bench.env("OOM_ENVOY_MODULE", ENVOY.build()?))
}

/// The page in Chromium, and the package in Node.
fn page_and_package(quick: bool) -> Result<(), Failure> {
    web::build()?;
    web::install_for_tests()?;
    let mut node = web::node();
    workspace::run(node.arg("measure.mjs").args(quick.then_some(QUICK)))
}

/// Fluent Bit's module with its functions' names. It has a folder of its own, so that nobody takes it
/// for the one that is handed out.
fn named() -> Result<PathBuf, Failure> {
    let Module {
        target,
        profile,
        built,
        ..
    } = FLUENT_BIT;
    let folder = workspace::target().join("named");
    let mut cargo = FLUENT_BIT.command("build");
    cargo.arg(format!("--config=profile.{profile}.strip=false"));
    workspace::run(cargo.arg("--target-dir").arg(&folder))?;
    Ok(folder.join(target).join(profile).join(built))
}

/// The program that runs `vector/oom.vrl`.
fn vrl() -> Result<PathBuf, Failure> {
    let mut cargo = workspace::cargo(&["build", "--package", "oom-vrl-test", "--locked"]);
    workspace::run(cargo.args(["--profile", "bench", "--example", "records"]))?;
    // Cargo keeps what the profiles `bench` and `release` make in one folder.
    Ok(workspace::target().join("release/examples/records"))
}

/// Has the test that compares the counts write them instead.
fn store_counts(module: PathBuf) -> Result<(), Failure> {
    let mut cargo = workspace::cargo(&["test", "--package", "oom-host-test", "--locked"]);
    cargo.args(["--test", "module", "--", "counts::"]);
    workspace::run(cargo.env("OOM_MODULE", module).env("BLESS", "1"))
}
