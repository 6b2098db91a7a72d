//! Whether a package can be installed where nothing else is, and its program finds a kill there.

use super::{VERSION, folder, fresh};
use crate::failure::Failure;
use crate::workspace;

/// Installs the packages into empty folders, and runs what they installed as if that were all of a machine.
///
/// # Errors
///
/// [`Failure::Failed`] where something is missing.
pub(super) fn installed() -> Result<(), Failure> {
    let root = fresh(workspace::target().join("staged/root"))?;
    let mut shell = workspace::command("sh");
    shell.args(["-euc", include_str!("installed.sh")]);
    shell.env("ROOT", root).env("RELEASE", folder());
    workspace::run(shell.env("VERSION", VERSION))
}
