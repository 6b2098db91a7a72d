//! `cargo xtask demo`: the kills in a log, as Fluent Bit's module tells them.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::module::FLUENT_BIT;
use crate::{Subcommand, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "demo",
    arguments: "[--record | --json] [FILE | - | --live]",
    about: "shows the OOM kills in a log, found by Fluent Bit's module",
    details: "
Without FILE it runs over fixtures/demo.kmsg, the log of a kernel that killed a lot.

  FILE      a log: plain lines (dmesg, syslog, journalctl), one JSON object to a
            line, or raw /dev/kmsg records; its first line tells which. It may
            be packed by gzip or zstd
  -         the same from standard input, for example: dmesg | cargo xtask demo -
  --live    this machine's kernel log: what it holds now and what follows, until
            Ctrl-C. Where only the superuser may read it:
            sudo cat /dev/kmsg | cargo xtask demo -

  --record  the whole record of each kill, not only the `oom` object
  --json    the whole records, one to a line, and nothing else on standard output

The module runs in wasmi, an interpreter in Rust, so that a Rust toolchain and the
linker that it needs are all that must be there.",
    run,
};

/// The log that comes with the repository, cut from a capture of `fixtures/captures`.
const BUNDLED: &str = "fixtures/demo.kmsg";
/// The kernel's log as a device.
const KERNEL_LOG: &str = "/dev/kmsg";

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::Arg;
    let mut show: &[&str] = &["--show", "oom"];
    let mut log: Option<OsString> = None;
    while let Some(argument) = parser.next()? {
        let next = match argument {
            Arg::Long("record") => {
                show = &["--show", "record"];
                continue;
            }
            Arg::Long("json") => {
                show = &[];
                continue;
            }
            Arg::Long("live") => KERNEL_LOG.into(),
            Arg::Value(value) => value,
            other => return Err(other.unexpected().into()),
        };
        if log.replace(next).is_some() {
            return Err(Failure::Usage("one log at a time".to_owned()));
        }
    }
    let log = log.unwrap_or_else(|| workspace::root().join(BUNDLED).into());
    // What cannot be read is told before anything is built.
    if log != "-" {
        let path = Path::new(&log);
        File::open(path).map_err(|error| Failure::file("read", path, &error))?;
    }
    let mut host = Command::new(build()?);
    host.args(["--engine", "wasmi", "--mode", "events", "--input", "auto"]);
    host.args(show).arg("--module").arg(FLUENT_BIT.path());
    workspace::run(host.arg("--").arg(log))
}

/// Builds the module and the harness, and says where the harness is. Side by side: most of the
/// harness is one crate, whose build keeps one core busy.
fn build() -> Result<PathBuf, Failure> {
    eprintln!("building the module, and the harness that runs it");
    let mut module = FLUENT_BIT.command("build");
    let mut module = module
        .arg("--quiet")
        .spawn()
        .map_err(|error| Failure::Failed(format!("cannot run cargo: {error}")))?;
    let harness = workspace::run(&mut workspace::cargo(&[
        "build",
        "--package=oom-host-test",
        "--bin=oom-host",
        "--no-default-features",
        "--features=wasmi",
        "--locked",
    ]));
    let module = module.wait();
    harness?;
    if !module.is_ok_and(|status| status.success()) {
        return Err(Failure::Failed("the module cannot be built".to_owned()));
    }
    Ok(workspace::target().join("debug/oom-host"))
}
