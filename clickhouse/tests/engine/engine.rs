//! Runs SQL in chDB.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oom_suite::trial::Skip;
use serde_json::Value;

/// The folder of the crate.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder for what tests write.
pub fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The module as it is handed out.
pub fn module() -> PathBuf {
    let path = home().join("../dist/oom-clickhouse.wasm");
    let known = path.canonicalize();
    known.unwrap_or_else(|_| {
        panic!("dist/oom-clickhouse.wasm is not there: `cargo xtask dist` builds it")
    })
}

/// The Python that has chDB.
pub fn python() -> Result<PathBuf, Skip> {
    let ours = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python/bin/python");
    let python = std::env::var_os("OOM_PYTHON").map_or(ours, PathBuf::from);
    let mut check = Command::new(&python);
    check.args(["-c", "import importlib.metadata as m; m.version('chdb')"]);
    match check.output() {
        Ok(output) if output.status.success() => Ok(python),
        _ => Err(Skip::new(
            "chDB is not there: `cargo xtask test tests` installs it",
        )),
    }
}

/// Runs a script of the crate.
pub fn script(name: &str, arguments: &[&Path]) -> Result<Output, Skip> {
    let mut python = Command::new(python()?);
    python.arg(home().join(name)).args(arguments);
    Ok(python.output().unwrap())
}

/// Runs statements in an engine of their own, and gives the rows of all of them.
pub fn run(name: &str, sql: &str) -> Result<Vec<Value>, Skip> {
    let file = scratch(&format!("{name}.sql"));
    fs::write(&file, sql).unwrap();
    let output = script("run.py", &[&module(), &file])?;
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows = output.stdout.split(|byte| *byte == b'\n');
    let rows = rows.filter(|row| !row.is_empty());
    Ok(rows
        .map(|row| serde_json::from_slice(row).unwrap())
        .collect())
}

/// The statements of a file that ships.
pub fn shipped(name: &str) -> String {
    fs::read_to_string(home().join("sql").join(name)).unwrap()
}

/// A text as SQL writes it.
pub fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "\\'"))
}
