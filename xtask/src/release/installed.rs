//! Whether a package can be installed where nothing else is, and its program finds a kill there; and whether the
//! chart is one.

use super::kubernetes::CHART;
use super::{VERSION, folder};
use crate::failure::Failure;
use crate::{tools, workspace};

/// Installs the packages into empty folders, and runs what they installed as if that were all of a machine.
///
/// # Errors
///
/// [`Failure::Failed`] where something is missing.
pub(super) fn installed() -> Result<(), Failure> {
    let root = workspace::fresh(workspace::target().join("staged/root"))?;
    let mut shell = workspace::command("sh");
    shell.args(["-euc", include_str!("installed.sh")]);
    shell.env("ROOT", root).env("RELEASE", folder());
    workspace::run(shell.env("VERSION", VERSION))?;
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
