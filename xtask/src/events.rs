//! `cargo xtask events`: the program that writes Events of Kubernetes, as an OCI image.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::module::EVENTS;
use crate::{Subcommand, dist, switches, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "events",
    arguments: "",
    about: "builds the program of fluentbit/kubernetes/events as an OCI image into dist/",
    details: "
dist/oom-events.oci.tar is an image with one static program for Linux on amd64. Push it
with `skopeo copy oci-archive:dist/oom-events.oci.tar docker://...`, or hand it to a node:
`ctr -n k8s.io images import --base-name registry.example/oom-events FILE`. Needs a C
compiler. Compiling takes three minutes.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [] = switches(parser, [])?;
    let path = dist::folder().join("oom-events.oci.tar");
    image(&path)
}

/// Builds the program, and its image as a file.
///
/// # Errors
///
/// [`Failure::Failed`] from the build, and where the program is larger than it may be.
pub fn image(path: &Path) -> Result<(), Failure> {
    let program = EVENTS.build_within_limit()?;
    let layout = workspace::fresh(workspace::target().join("staged/events"))?;
    let pack = workspace::pack()?;
    let mut build = workspace::command(&pack);
    build.arg("program").arg(program).arg(EVENTS.package);
    workspace::run(build.arg(env!("CARGO_PKG_VERSION")).arg(&layout))?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    let mut archive = workspace::command(pack);
    archive.arg("archive").arg(layout).arg("");
    workspace::run(archive.arg(path))
}
