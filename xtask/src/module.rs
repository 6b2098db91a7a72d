//! The modules: what a host loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::{tools, workspace};

/// A module that is handed out.
pub struct Module {
    /// The file as it is handed out.
    pub file: &'static str,
    /// The package it is built from.
    pub package: &'static str,
    /// The file that the package's build makes.
    pub built: &'static str,
    /// The package's own features that make this module of it, with commas between.
    pub with: &'static str,
    /// Whether it has the package's default features, too.
    pub has_defaults: bool,
    /// What it is compiled for.
    pub target: &'static str,
    /// The profile of Cargo.toml.
    pub profile: &'static str,
    /// What else rustc is told: above all what the engines of its hosts have beside the target's own.
    pub flags: &'static [&'static str],
    /// What wasm-opt is told, which makes it smaller: above all what its engine can do. Nothing where it is
    /// handed out as it is compiled.
    pub optimizer: &'static [&'static str],
    /// The size above which it is refused, in bytes.
    pub limit: u64,
}

/// The variable that names the C compiler for musl.
const MUSL_CC: &str = "CC_x86_64_unknown_linux_musl";

/// Fluent Bit's module.
pub const FLUENT_BIT: Module = Module {
    file: "oom-fluentbit.wasm",
    package: "oom-fluentbit",
    built: "oom_fluentbit.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32v1-none",
    profile: "module",
    flags: &[],
    // Of the levels, this one saves most instructions.
    optimizer: &["--mvp-features", "--enable-mutable-globals", "-O2"],
    limit: 188 << 10,
};

/// Fluent Bit's module that also names pods and containers.
pub const FLUENT_BIT_NAMES: Module = Module {
    file: "oom-fluentbit-names.wasm",
    with: "names",
    // Small comes first here: `kubectl apply` refuses a ConfigMap of 262,144 bytes, and this one stands in it as lines
    // of base64, which are three eighths more. The directories have every name that the journal would tell.
    has_defaults: false,
    optimizer: &["--mvp-features", "--enable-mutable-globals", "-O2", "-Oz"],
    limit: 186 << 10,
    ..FLUENT_BIT
};

/// The program that Vector runs.
pub const VECTOR: Module = Module {
    file: "oom-vector.wasm",
    package: "oom-vector",
    built: "oom-vector.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32-wasip1",
    profile: "program",
    flags: &["-Ctarget-feature=+simd128"],
    optimizer: &[],
    limit: 596 << 10,
};

/// Envoy's module.
pub const ENVOY: Module = Module {
    file: "oom-envoy.wasm",
    package: "oom-envoy",
    built: "oom_envoy.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32-unknown-unknown",
    profile: "proxy",
    flags: &["-Ctarget-feature=+simd128"],
    optimizer: &[],
    limit: 968 << 10,
};

/// ClickHouse's functions.
pub const CLICKHOUSE: Module = Module {
    file: "oom-clickhouse.wasm",
    package: "oom-clickhouse",
    built: "oom_clickhouse.wasm",
    with: "",
    has_defaults: true,
    target: "wasm32-unknown-unknown",
    profile: "program",
    flags: &["-Ctarget-feature=+simd128"],
    optimizer: &[],
    limit: 448 << 10,
};

/// The same program for Linux itself: one file that needs no library. It is linked by what comes with Rust,
/// since every machine's own linker writes other bytes.
pub const PROGRAM: Module = Module {
    file: "oom-vector-x86_64-linux",
    package: "oom-vector",
    built: "oom-vector",
    with: "",
    has_defaults: true,
    target: "x86_64-unknown-linux-musl",
    profile: "program",
    flags: &["-Clinker=rust-lld"],
    optimizer: &[],
    limit: 1152 << 10,
};

/// The program that tries a user's own configuration, likewise.
pub const CHECK: Module = Module {
    file: "oom-check-x86_64-linux",
    package: "oom-check",
    built: "oom-check",
    profile: "tool",
    limit: 2 << 20,
    ..PROGRAM
};

/// The programs that are handed out.
pub const PROGRAMS: &[Module] = &[PROGRAM, CHECK];

/// The program that writes Events of Kubernetes, likewise. It has C of `ring` in it, compiled by the machine's own
/// compiler, so its bytes are the same on machines with the same one.
pub const EVENTS: Module = Module {
    file: "oom-events-x86_64-linux",
    package: "oom-events",
    built: "oom-events",
    limit: 8 << 20,
    ..PROGRAM
};

/// Every module. A new one is a row here.
pub const MODULES: &[Module] = &[FLUENT_BIT, FLUENT_BIT_NAMES, VECTOR, ENVOY, CLICKHOUSE];

impl Module {
    /// Compiles it, makes it smaller where that is wanted and can be done, and says where it is.
    ///
    /// # Errors
    ///
    /// [`Failure::Failed`] from the build or from wasm-opt, [`Failure::file`] for what cannot be read.
    pub fn build(&self) -> Result<PathBuf, Failure> {
        workspace::run(&mut self.command("build"))?;
        let compiled = self.path();
        if self.optimizer.is_empty() {
            return Ok(compiled);
        }
        let Some(mut wasm_opt) = tools::wasm_opt() else {
            eprintln!(
                "xtask: {} is as it is compiled, a seventh larger than it can be. What makes it smaller:\n    {}",
                self.file,
                tools::lines_for("dist").join("\n    ")
            );
            return Ok(compiled);
        };
        let folder = workspace::target().join("optimized");
        fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
        // What was compiled, and how it was made smaller, is kept beside it for the next time.
        let after = folder.join(self.file);
        let before = folder.join(format!("{}.compiled", self.file));
        let read =
            |path: &Path| fs::read(path).map_err(|error| Failure::file("read", path, &error));
        let how = format!("{} {}\n", tools::WASM_OPT, self.optimizer.join(" "));
        let made_of = [how.into_bytes(), read(&compiled)?].concat();
        if after.exists() && read(&before).is_ok_and(|known| known == made_of) {
            return Ok(after);
        }
        wasm_opt.args(self.optimizer).arg(&compiled);
        workspace::run(wasm_opt.arg("--output").arg(&after))?;
        fs::write(&before, made_of).map_err(|error| Failure::file("write", &before, &error))?;
        Ok(after)
    }

    /// The same, where what it builds is not larger than it may be.
    ///
    /// # Errors
    ///
    /// As [`Self::build`], and [`Failure::Failed`] above the limit.
    pub fn build_within_limit(&self) -> Result<PathBuf, Failure> {
        let Self { file, limit, .. } = self;
        let path = self.build()?;
        let bytes = fs::metadata(&path).map_err(|error| Failure::file("read", &path, &error))?;
        match bytes.len().checked_sub(*limit) {
            None | Some(0) => Ok(path),
            Some(more) => Err(Failure::Failed(format!(
                "{file} has {more} bytes more than the limit beside its name in xtask/src"
            ))),
        }
    }

    /// Cargo's command over the package, as this module is compiled.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut cargo = workspace::cargo(&[subcommand, "--package", self.package, "--locked"]);
        cargo.args(["--target", self.target, "--profile", self.profile]);
        cargo.args(["--features", self.with]);
        if !self.has_defaults {
            cargo.arg("--no-default-features");
        }
        let mut flags = workspace::without_paths();
        flags.extend(self.flags.iter().map(|flag| (*flag).to_owned()));
        if self.target == PROGRAM.target && std::env::var_os(MUSL_CC).is_none() {
            // Of C what is compiled needs no library's headers but the compiler's own.
            cargo.env(MUSL_CC, "cc");
        }
        // Nobody's own flags are in what is handed out.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        cargo
    }

    /// Where it is once it is compiled.
    pub fn path(&self) -> PathBuf {
        let folder = workspace::target().join(self.target);
        folder.join(self.profile).join(self.built)
    }
}
