//! `kubectl`, as a child process: it knows every way to log in.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What went wrong, for a person.
pub type Fallible<T> = Result<T, String>;

/// `kubectl` with these arguments. The cluster is that of `KUBECONFIG`.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("kubectl");
    command.args(arguments);
    command
}

/// What it prints.
///
/// # Errors
///
/// Where it cannot be run, or fails.
pub fn ask(arguments: &[&str]) -> Fallible<String> {
    let output = command(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot run kubectl: {error}"))?;
    if !output.status.success() {
        let fault = String::from_utf8_lossy(&output.stderr);
        return Err(format!("kubectl {}: {}", arguments.join(" "), fault.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The objects of an answer.
///
/// # Errors
///
/// Where there is none.
pub fn get(arguments: &[&str]) -> Fallible<Value> {
    let words = [&["get", "--output=json"], arguments].concat();
    serde_json::from_str(&ask(&words)?).map_err(|error| format!("kubectl get: {error}"))
}

/// Applies a manifest in a namespace.
///
/// # Errors
///
/// Where it is refused.
pub fn apply(namespace: &str, manifest: &str) -> Fallible<()> {
    let mut command = command(&["apply", "--namespace", namespace, "--filename=-"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = child.map_err(|error| format!("cannot run kubectl: {error}"))?;
    let written = child
        .stdin
        .take()
        .map(|mut input| input.write_all(manifest.as_bytes()));
    let status = child.wait();
    match (written, status) {
        (Some(Ok(())), Ok(status)) if status.success() => Ok(()),
        _ => Err(format!("kubectl apply: refused\n{manifest}")),
    }
}

/// A child that is ended with its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
