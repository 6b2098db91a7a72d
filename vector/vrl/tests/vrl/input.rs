//! The suites and the captures as events of Vector's, and what the filter makes of them.

use std::fs;
use std::path::{Path, PathBuf};

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use oom_vrl_test::Program;
use serde_json::{Value, json};
use vrl::compiler::runtime::Terminate;

/// As Vector's kubernetes_logs source names identity.
pub const KEYS: IdentityKeys = IdentityKeys {
    parent: Some("kubernetes"),
    pod_uid: "pod_uid",
    pod_name: "pod_name",
    namespace: "pod_namespace",
    container_name: "container_name",
    container_id: "container_id",
};

/// The repository's top.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program or a configuration of the folder above.
pub fn text_of(name: &str) -> String {
    let path = top().join("vector").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A program of the folder above, compiled.
pub fn program(name: &str) -> Program {
    Program::compile(&text_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Lines that belong together: a suite, or a capture of a kernel that was booted.
pub struct Input {
    pub name: String,
    pub is_capture: bool,
    pub events: Vec<Value>,
}

/// Everything there is.
pub fn inputs() -> Vec<Input> {
    let suites = files(&top().join("host-test/suites"))
        .into_iter()
        .filter_map(|folder| {
            ["log", "kmsg", "ndjson"]
                .iter()
                .map(|ending| folder.join("input").with_extension(ending))
                .find(|file| file.exists())
                .map(|file| (folder, file, false))
        });
    let captures = files(&top().join("fixtures/captures"))
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "kmsg"))
        .map(|file| (file.clone(), file, true));
    let inputs: Vec<_> = suites
        .chain(captures)
        .map(|(path, file, is_capture)| Input {
            name: path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            is_capture,
            events: events(&file),
        })
        .collect();
    assert!(inputs.len() >= 46, "suites or captures are missing");
    inputs
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    paths.sort();
    paths
}

/// As Vector's sources hand lines out: one event a line, the line in `message`. An input of JSON is
/// taken as it is.
fn events(file: &Path) -> Vec<Value> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let is_json = file.extension().is_some_and(|ending| ending == "ndjson");
    bytes
        .split(|byte| *byte == b'\n')
        .map(String::from_utf8_lossy)
        .filter(|line| !line.is_empty())
        .filter_map(|line| {
            if is_json {
                // What is no JSON object is none of a pipeline's events.
                let event = serde_json::from_str(&line).ok().filter(Value::is_object);
                event.map(as_vector_holds_it)
            } else {
                Some(json!({ "message": line }))
            }
        })
        .collect()
}

/// Numbers above 63 bits and negative zero are others to Vector from the start.
fn as_vector_holds_it(event: Value) -> Value {
    let value = vrl::value::Value::from(event);
    value.try_into().expect("an event is JSON")
}

/// One event through one filter, in annotate mode.
pub fn annotate(filter: &mut Filter, event: &Value) -> Value {
    let record = event.to_string();
    match filter.process(Mode::Annotate, record.as_bytes(), &RecordContext::default()) {
        Outcome::Unchanged => event.clone(),
        Outcome::Dropped => unreachable!("annotate mode drops nothing"),
        Outcome::Replaced(record) => serde_json::from_slice(&record).expect("a record is JSON"),
    }
}

/// One event through a program; `None` where the program aborts.
pub fn remap(program: &mut Program, event: &Value) -> Option<Value> {
    let mut value = vrl::value::Value::from(event.clone());
    match program.run(&mut value) {
        Ok(_) => Some(value.try_into().expect("an event is JSON")),
        Err(Terminate::Abort(_)) => None,
        Err(error) => panic!("{error}\n{event}"),
    }
}
