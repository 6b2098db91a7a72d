//! The modules: what a host loads.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::work::Work;
use crate::{tools, workspace};

/// A module that is handed out.
pub struct Module {
    /// The file as it is handed out.
    pub file: &'static str,
    /// The package it is built from.
    pub package: &'static str,
    /// The package's own features that make this module of it, with commas between.
    pub with: &'static str,
    /// What it is compiled for.
    pub target: &'static str,
    /// The profile of Cargo.toml.
    pub profile: &'static str,
    /// What the engines of its hosts have beside the target's own: `target-feature` of rustc.
    pub features: &'static str,
    /// The size above which it is refused, in bytes.
    pub limit: u64,
}

/// Fluent Bit's module.
pub const FLUENT_BIT: Module = Module {
    file: "oom-fluentbit.wasm",
    package: "oom-fluentbit",
    with: "",
    target: "wasm32v1-none",
    profile: "module",
    features: "",
    limit: 160 << 10,
};

/// Fluent Bit's module that also names pods and containers.
pub const FLUENT_BIT_NAMES: Module = Module {
    file: "oom-fluentbit-names.wasm",
    with: "names",
    ..FLUENT_BIT
};

/// The program that Vector runs.
pub const VECTOR: Module = Module {
    file: "oom-vector.wasm",
    package: "oom-vector",
    with: "",
    target: "wasm32-wasip1",
    profile: "program",
    features: "+simd128",
    limit: 320 << 10,
};

/// Envoy's module.
pub const ENVOY: Module = Module {
    file: "oom-envoy.wasm",
    package: "oom-envoy",
    with: "",
    target: "wasm32-unknown-unknown",
    profile: "program",
    features: "+simd128",
    limit: 640 << 10,
};

/// Every module. A new one is a row here.
pub const MODULES: &[Module] = &[FLUENT_BIT, FLUENT_BIT_NAMES, VECTOR, ENVOY];

impl Module {
    /// What cargo is told so that the compiler knows the features.
    pub fn settings(&self) -> Option<String> {
        let Self {
            target, features, ..
        } = self;
        (!features.is_empty())
            .then(|| format!("--config=target.{target}.rustflags=['-Ctarget-feature={features}']"))
    }

    /// Compiles it, and says where it is.
    ///
    /// # Errors
    ///
    /// [`Failure::Missing`] without the compiler's target, [`Failure::Failed`] from the build.
    pub fn build(&self, work: &Work) -> Result<PathBuf, Failure> {
        self.build_with(work, &[])
    }

    /// Compiles it with further features of its package.
    ///
    /// # Errors
    ///
    /// As [`Module::build`].
    pub fn build_with(&self, work: &Work, features: &[&str]) -> Result<PathBuf, Failure> {
        tools::target(work, self.target)?;
        let mut cargo = self.command();
        cargo.args(["--features", &features.join(",")]);
        built(work, &mut cargo, ".wasm")
    }

    /// The command that compiles it, where the compiler has its target.
    pub fn command(&self) -> Command {
        let mut cargo = workspace::cargo();
        cargo.args(["build", "--package", self.package, "--target", self.target]);
        cargo.args(["--profile", self.profile, "--locked"]);
        cargo.args(self.settings());
        cargo.args(["--features", self.with]);
        cargo
    }
}

/// Runs `cargo build` and gives the file it made: the one whose name ends so, or the executable for
/// an empty end.
///
/// # Errors
///
/// [`Failure::Failed`] from the build, or where no such file came of it.
pub fn built(work: &Work, cargo: &mut Command, end: &str) -> Result<PathBuf, Failure> {
    // The compiler's own words still go to standard error.
    cargo.arg("--message-format=json-render-diagnostics");
    let messages = work.output(cargo)?;
    artifact(&messages, end)
        .ok_or_else(|| Failure::Failed("the build made no file of the kind it should".to_owned()))
}

/// The last file of that kind that cargo tells of.
fn artifact(messages: &str, end: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| {
            if end.is_empty() {
                return message["executable"].as_str().map(PathBuf::from);
            }
            let files = message["filenames"].as_array()?;
            let mut files = files.iter().filter_map(Value::as_str);
            files.find(|file| file.ends_with(end)).map(PathBuf::from)
        })
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::artifact;

    #[test]
    fn finds_what_was_built() {
        let messages = r#"
{"reason":"compiler-artifact","filenames":["/t/liba.rlib"],"executable":null}
{"reason":"compiler-artifact","filenames":["/t/b.wasm","/t/b.d"],"executable":null}
{"reason":"compiler-artifact","filenames":["/t/c"],"executable":"/t/c"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            artifact(messages, ".wasm").unwrap().to_str(),
            Some("/t/b.wasm")
        );
        assert_eq!(artifact(messages, "").unwrap().to_str(), Some("/t/c"));
        assert_eq!(artifact("", ""), None);
    }
}
