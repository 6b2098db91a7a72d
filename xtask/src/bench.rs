//! `cargo xtask bench`: what a record costs, here and with what a user would pick instead.

use std::path::PathBuf;
use std::process::Command;

use crate::Subcommand;
use crate::failure::{Failure, unexpected};
use crate::module::{FLUENT_BIT, Module, built};
use crate::work::Work;
use crate::{tools, workspace};

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
    with: "",
    target: "wasm32-unknown-unknown",
    profile: "program",
    features: "",
    limit: u64::MAX,
};

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    let (mut quick, mut store) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => quick = true,
            lexopt::Arg::Long("store") => store = true,
            other => return Err(unexpected(&other)),
        }
    }
    let heading = if store {
        "counting, and storing the counts"
    } else {
        "building what is measured"
    };
    let work = Work::start(heading, "bench")?;
    let prepared = if store {
        store_counts(&work).map(|()| None)
    } else {
        build(&work, quick).map(Some)
    };
    work.finish(if prepared.is_ok() { "done" } else { "failed" });
    let Some(mut bench) = prepared? else {
        return Ok(());
    };
    // Its tables are for whoever waits for them.
    match bench.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::Told),
        Err(error) => Err(Failure::Failed(format!("cannot measure: {error}"))),
    }
}

/// The modules, and the program that measures them.
fn build(work: &Work, quick: bool) -> Result<Command, Failure> {
    tools::engine(work)?;
    let module = FLUENT_BIT.build(work)?;
    let named = named(work)?;
    let peer = PEER.build(work)?;
    work.run(speed().arg("--no-run"))?;
    let mut bench = speed();
    bench.args(["--quiet", "--"]);
    bench.env("OOM_MODULE", module);
    bench.env("OOM_NAMED_MODULE", named);
    bench.env("OOM_PEER", peer);
    if quick {
        bench.arg("--quick");
    } else {
        bench.env("OOM_VRL", vrl(work)?);
    }
    Ok(bench)
}

/// The program that measures.
fn speed() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["bench", "--package", "oom-host-test", "--locked"]);
    cargo.args(["--bench", "speed"]);
    cargo
}

/// Fluent Bit's module with its functions' names. It has a folder of its own, so that nobody takes it
/// for the one that is handed out.
fn named(work: &Work) -> Result<PathBuf, Failure> {
    let mut cargo = FLUENT_BIT.command();
    cargo.arg(format!(
        "--config=profile.{}.strip=false",
        FLUENT_BIT.profile
    ));
    cargo.arg("--target-dir");
    cargo.arg(workspace::target().join("named"));
    built(work, &mut cargo, ".wasm")
}

/// The program that runs `vector/oom.vrl`.
fn vrl(work: &Work) -> Result<PathBuf, Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--package", "oom-vrl-test", "--locked"]);
    cargo.args(["--profile", "bench", "--example", "records"]);
    built(work, &mut cargo, "")
}

/// Has the test that compares the counts write them instead.
fn store_counts(work: &Work) -> Result<(), Failure> {
    tools::engine(work)?;
    let module = FLUENT_BIT.build(work)?;
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--package", "oom-host-test", "--locked"]);
    cargo.args(["--test", "module", "--", "counts::"]);
    cargo.env("OOM_MODULE", module).env("BLESS", "1");
    work.run(&mut cargo)
}
