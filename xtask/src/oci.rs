//! `cargo xtask oci`: Envoy's module as an OCI image, for Istio and registries.

use std::fs;

use crate::Subcommand;
use crate::dist;
use crate::failure::{Failure, unexpected};
use crate::module::ENVOY;
use crate::work::Work;
use crate::workspace;

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "oci",
    arguments: "",
    about: "builds Envoy's module as an OCI image into dist/oom-envoy-oci",
    details: "
The folder is an image layout, which registry tools push as it is, without a daemon:
`skopeo copy oci:dist/oom-envoy-oci docker://...`. The same module gives the same image.
The digest of its manifest is printed.",
    run,
};

fn run(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    if let Some(argument) = parser.next()? {
        return Err(unexpected(&argument));
    }
    let work = Work::start("building the image", "oci")?;
    let built = build(&work);
    work.finish(if built.is_ok() { "done" } else { "failed" });
    println!("{}", built?.trim());
    Ok(())
}

/// Builds the image and gives its digest.
fn build(work: &Work) -> Result<String, Failure> {
    let module = ENVOY.build(work)?;
    let folder = dist::folder().join("oom-envoy-oci");
    if folder.exists() {
        // Blobs of an older module would stay beside those of this one.
        fs::remove_dir_all(&folder).map_err(|error| Failure::file("remove", &folder, &error))?;
    }
    let mut cargo = workspace::cargo();
    cargo.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "oom-envoy-image",
        "--",
    ]);
    cargo
        .arg(module)
        .arg(env!("CARGO_PKG_VERSION"))
        .arg(&folder);
    work.output(&mut cargo)
}
