//! Each module in an OCI layout, in both forms, as one file.

use std::path::Path;

use super::VERSION;
use crate::failure::Failure;
use crate::module::MODULES;
use crate::{dist, workspace};

/// A module's form, and what is added to its name.
pub(super) const FORMS: [(&str, &str); 2] = [("image", ""), ("artifact", "-wasm")];

/// The files, each with what a registry calls it.
pub(super) fn names() -> Vec<(String, String)> {
    let mut names = Vec::new();
    for module in MODULES {
        for (_, suffix) in FORMS {
            let title = title(module.file, suffix);
            names.push((format!("{title}-{VERSION}.oci.tar"), title));
        }
    }
    names
}

fn title(file: &str, suffix: &str) -> String {
    format!("{}{suffix}", file.trim_end_matches(".wasm"))
}

/// Builds them into `folder`.
pub(super) fn build(pack: &Path, folder: &Path) -> Result<(), Failure> {
    for module in MODULES {
        for (form, suffix) in FORMS {
            let title = title(module.file, suffix);
            let staged = workspace::fresh(workspace::target().join("staged/layout"))?;
            let mut lay_out = workspace::command(pack);
            lay_out.arg(form).arg(dist::path(module));
            workspace::run(lay_out.args([title.as_str(), VERSION]).arg(&staged))?;
            let mut archive = workspace::command(pack);
            archive.arg("archive").arg(staged).arg("");
            workspace::run(archive.arg(folder.join(format!("{title}-{VERSION}.oci.tar"))))?;
        }
    }
    Ok(())
}
