//! `cargo xtask bench`: what a record costs, here and with what a user would pick instead.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::{FLUENT_BIT, Module};
use crate::{Subcommand, switches, tools, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "bench",
    arguments: "[--quick] [--store]",
    about: "measures speed, memory and size, and prints them as tables",
    details: "
  --quick  fewer rounds, and without VRL, whose engine is a large build
  --store  measures nothing, but stores the counts that the tests compare with

The tables are Markdown, and stand in docs/speed.md. Fluent Bit is measured where
`fluent-bit` is on the PATH or FLUENT_BIT names it.",
    run,
};

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
    let module = FLUENT_BIT.build()?;
    if store {
        return store_counts(module);
    }
    let mut bench = workspace::cargo(&["bench", "--package", "oom-host-test", "--locked"]);
    bench.args(["--bench", "speed", "--"]);
    bench.env("OOM_MODULE", module);
    bench.env("OOM_NAMED_MODULE", named()?);
    bench.env("OOM_PEER", PEER.build()?);
    if quick {
        bench.arg("--quick");
    } else {
        bench.env("OOM_VRL", vrl()?);
    }
    workspace::run(&mut bench)
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
