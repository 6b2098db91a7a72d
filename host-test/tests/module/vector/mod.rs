//! The program that Vector runs, in wasmtime, against what it must do.

mod lines;
mod names;
mod pipes;
mod suites;

use std::path::PathBuf;
use std::sync::OnceLock;

use oom_filter::IdentityKeys;
use oom_host_test::wasi::{Lent, Program, Ran};
use oom_suite::trial::Trial;

use crate::runs::{read_module, top};

/// The tests of all its files.
pub fn tests() -> Vec<Trial> {
    [
        lines::tests(),
        names::tests(),
        pipes::tests(),
        suites::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// As Vector's `kubernetes_logs` source names identity.
const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_uid",
    pod_name: "pod_name",
    namespace: "pod_namespace",
    container_name: "container_name",
    container_id: "container_id",
};

/// Where the program is.
fn path() -> PathBuf {
    top().join("dist/oom-vector.wasm")
}

/// Runs it in memory. It must end by itself, and well.
fn run(arguments: &[&str], lent: &[Lent], input: &[u8]) -> Ran {
    let ran = end(arguments, lent, input);
    let said = String::from_utf8_lossy(&ran.err);
    assert_eq!(ran.code, 0, "{arguments:?}: {said}");
    ran
}

/// Runs it in memory, whatever its end.
fn end(arguments: &[&str], lent: &[Lent], input: &[u8]) -> Ran {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| Program::load(&read_module(&path())).expect("it loads"));
    program
        .run_in_memory(arguments, lent, input.to_vec())
        .expect("no trap")
}

/// The lines of an output.
fn lines(out: &[u8]) -> Vec<Vec<u8>> {
    assert!(
        out.is_empty() || out.ends_with(b"\n"),
        "a line is not whole"
    );
    let lines = out.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| line[..line.len() - 1].to_vec()).collect()
}

/// A container's files, as the kubelet names them.
fn lent(host: PathBuf) -> Lent {
    Lent {
        host,
        guest: "/var/log".to_owned(),
    }
}
