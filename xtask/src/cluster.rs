//! `cargo xtask cluster`: kills in a real cluster, and whether the DaemonSet there tells them.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::{Subcommand, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "cluster",
    arguments: "[--kubeconfig FILE] [--static-pods FOLDER] [SCENARIO...]",
    about: "kills in a cluster with an overlay applied, and compares each record with the API",
    details: "
Needs kubectl, a cluster of yours that has nothing to lose, and an overlay of
fluentbit/kubernetes applied there. Pods of the namespace oom-cluster are killed for
memory, one scenario after the other; the images are busybox:1.36 and
debian:stable-slim. The DaemonSet is rolled out anew once. Takes four minutes, and
prints a table such as docs/cluster.md has.

  --kubeconfig FILE     the cluster; else KUBECONFIG says, as for kubectl
  --static-pods FOLDER  the static pods of a node, where this machine is one; else
                        that scenario is skipped
  --namespace NAME      where the DaemonSet is: oom
  --daemonset NAME      what it is called: oom-fluent-bit
  SCENARIO              only those that have this in their name",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    use lexopt::Arg;
    let (mut kubeconfig, mut words) = (None, Vec::<OsString>::new());
    while let Some(argument) = parser.next()? {
        let option = match argument {
            Arg::Long("kubeconfig") => {
                kubeconfig = Some(absolute(&parser.value()?)?);
                continue;
            }
            Arg::Long("static-pods") => {
                words.extend(["--static-pods".into(), absolute(&parser.value()?)?]);
                continue;
            }
            Arg::Long(name @ ("namespace" | "daemonset")) => format!("--{name}"),
            Arg::Value(name) => {
                words.push(name);
                continue;
            }
            other => return Err(other.unexpected().into()),
        };
        words.extend([option.into(), parser.value()?]);
    }
    workspace::run(&mut workspace::cargo(&[
        "build",
        "--quiet",
        "--locked",
        "--package=oom-cluster",
    ]))?;
    let mut program = workspace::command(workspace::target().join("debug/oom-cluster"));
    if let Some(kubeconfig) = kubeconfig {
        program.env("KUBECONFIG", kubeconfig);
    }
    workspace::run(program.args(words))
}

/// A path that holds also in the top folder, where programs are run.
fn absolute(path: &OsString) -> Result<OsString, Failure> {
    let whole = std::path::absolute(path);
    let whole = whole.map_err(|error| Failure::file("find", path.as_ref(), &error))?;
    Ok(whole.into())
}
