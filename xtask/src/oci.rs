//! `cargo xtask oci`: Envoy's module as an OCI image, for Istio and registries.

use crate::failure::Failure;
use crate::module::ENVOY;
use crate::{Subcommand, dist, switches, workspace};

/// The command.
pub const COMMAND: Subcommand = Subcommand {
    name: "oci",
    arguments: "",
    about: "builds Envoy's module as an OCI image into dist/oom-envoy-oci",
    details: "
The folder is an image layout, which registry tools push as it is, without a daemon:
`skopeo copy oci:dist/oom-envoy-oci docker://...`. The same module gives the same image.
The digest that its tag stands for is printed.",
    run,
};

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let [] = switches(parser, [])?;
    let module = ENVOY.build()?;
    let folder = workspace::fresh(dist::folder().join("oom-envoy-oci"))?;
    let mut pack = workspace::command(workspace::pack()?);
    pack.arg("image").arg(module).arg("oom-envoy");
    workspace::run(pack.arg(env!("CARGO_PKG_VERSION")).arg(folder))
}
