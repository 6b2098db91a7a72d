//! What Kubernetes takes: the kustomize folder with the module in it, and the chart.

use std::path::Path;

use super::{VERSION, add_licences, archive, copy, copy_all, read, repository, write};
use crate::failure::Failure;
use crate::module::FLUENT_BIT_NAMES;
use crate::{dist, workspace};

/// The chart's name.
pub(super) const CHART: &str = "oom-kills";
/// Files of the overlays that the chart reads as they are.
const CHART_FILES: &[&str] = &[
    "base/fluent-bit.yaml",
    "base/lost.lua",
    "base/module.yaml",
    "base/output-stdout.yaml",
    "journal/own.lua",
    "journal/source.yaml",
    "kmsg/once.lua",
    "kmsg/source.yaml",
    "outputs/events/output-events.yaml",
    "prometheus/rules.yaml",
    "grafana/oom-kills.json",
];

/// Builds both into `folder`.
pub(super) fn build(pack: &Path, folder: &Path) -> Result<(), Failure> {
    let sources = workspace::root().join("fluentbit/kubernetes");
    let module = dist::path(&FLUENT_BIT_NAMES);

    let staged = workspace::fresh(workspace::target().join("staged/kubernetes"))?;
    for part in [
        "base",
        "grafana",
        "journal",
        "kmsg",
        "module-image",
        "operator",
        "outputs",
        "prometheus",
    ] {
        copy_all(&sources.join(part), &staged.join(part))?;
    }
    // kustomize reads no file above the folder of its kustomization.
    for part in ["base", "operator"] {
        copy(&module, &staged.join(part).join(FLUENT_BIT_NAMES.file))?;
    }
    add_licences(&staged)?;
    archive(pack, &staged, "oom-kubernetes", folder)?;

    let staged = workspace::fresh(workspace::target().join("staged").join(CHART))?;
    chart(&sources, &module, &staged)?;
    let mut pack = workspace::command(pack);
    pack.arg("archive").arg(&staged).arg(CHART);
    workspace::run(pack.arg(folder.join(format!("{CHART}-{VERSION}.tgz"))))
}

/// Lays the chart out: its own files, those of the overlays, and the module.
fn chart(sources: &Path, module: &Path, staged: &Path) -> Result<(), Failure> {
    copy_all(&sources.join("chart"), staged)?;
    for file in CHART_FILES {
        copy(&sources.join(file), &staged.join("files").join(file))?;
    }
    copy(module, &staged.join("files").join(FLUENT_BIT_NAMES.file))?;
    add_licences(staged)?;
    let path = staged.join("Chart.yaml");
    let about = read(&path)?
        .replace("VERSION", VERSION)
        .replace("REPOSITORY", repository());
    write(&path, about)
}
