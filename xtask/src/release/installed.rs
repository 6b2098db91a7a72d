//! Whether what is published can be used where nothing else is, and finds a kill there; and whether the chart is
//! one.

use super::kubernetes::CHART;
use super::{Extent, VERSION, folder};
use crate::failure::Failure;
use crate::{tools, workspace};

/// Installs the packages into empty folders, runs what they installed as if that were all of a machine, and removes
/// them. Of a whole release the npm package, the crates and the images are used as well.
///
/// # Errors
///
/// [`Failure::Failed`] where something is missing.
pub(super) fn installed(extent: Extent) -> Result<(), Failure> {
    let root = workspace::fresh(workspace::target().join("staged/root"))?;
    let mut shell = workspace::command("sh");
    shell.args(["-euc", include_str!("installed.sh")]);
    shell.env("ROOT", root).env("RELEASE", folder());
    workspace::run(shell.env("VERSION", VERSION))?;
    if extent == Extent::Whole {
        let mut shell = workspace::command("sh");
        shell.args(["-euc", include_str!("outside.sh")]);
        shell.env("RELEASE", folder()).env("VERSION", VERSION);
        workspace::run(&mut shell)?;
    }
    let python = workspace::target().join("python/bin/python");
    if !tools::has_helm() {
        println!("SKIPPED the chart is not rendered: there is no helm-python-sdk");
        return Ok(());
    }
    let mut chart = workspace::command(python);
    chart.args(["-c", include_str!("chart.py")]);
    chart.arg(folder().join(format!("{CHART}-{VERSION}.tgz")));
    workspace::run(chart.arg("fluentbit/kubernetes"))
}
