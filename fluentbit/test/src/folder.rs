//! The shipped folder, laid out as a user has it: with the module in its place.

use std::fs;
use std::path::{Path, PathBuf};

use oom_suite::trial::Skip;

/// The repository's top.
///
/// # Panics
///
/// Never, as long as this package lies in its repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the package lies in the repository")
        .to_path_buf()
}

/// A copy of `fluentbit/kubernetes` with the module, as long as this is kept.
pub struct Folder {
    /// Where it lies.
    pub path: PathBuf,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Another test's folder has another name.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Folder {
    /// The module's name in the folder `base`.
    pub const MODULE: &str = "oom-fluentbit-names.wasm";

    /// Copies the folder to one whose name has `test` in it. The module is `OOM_NAMES_MODULE`, else what
    /// `cargo xtask dist` built; where there is none, the test is skipped.
    ///
    /// # Errors
    ///
    /// Why it is skipped.
    ///
    /// # Panics
    ///
    /// Where files cannot be written.
    pub fn lay_out(test: &str) -> Result<Self, Skip> {
        let module = std::env::var_os("OOM_NAMES_MODULE")
            .map_or_else(|| top().join("dist").join(Self::MODULE), PathBuf::from);
        if !module.exists() {
            let module = module.display();
            return Err(Skip::new(format!(
                "there is no {module}; `cargo xtask dist` builds it"
            )));
        }
        let path = std::env::temp_dir().join(format!("oom-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        copy(&top().join("fluentbit/kubernetes"), &path);
        fs::copy(&module, path.join("base").join(Self::MODULE)).expect("the module can be copied");
        Ok(Self { path })
    }

    /// A shipped file.
    ///
    /// # Panics
    ///
    /// Where it does not ship.
    pub fn read(&self, name: &str) -> String {
        read(&self.path.join(name))
    }

    /// Adds a folder with a `kustomization.yaml`.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    pub fn add(&self, name: &str, kustomization: &str) {
        let folder = self.path.join(name);
        fs::create_dir(&folder).expect("it is a new folder");
        fs::write(folder.join("kustomization.yaml"), kustomization).expect("it can be written");
    }
}

/// A text file.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder of ours") {
        let from = entry.expect("an entry of it").path();
        let to = to.join(from.file_name().expect("it has a name"));
        if from.is_dir() {
            fs::create_dir(&to).expect("it is new there");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}
