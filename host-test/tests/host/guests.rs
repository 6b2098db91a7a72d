//! The guest modules of `tests/guests`, and what every test does with them.

use std::fs;
use std::path::PathBuf;

use oom_host_test::{ENGINES, Engine, HostError, Instance, Options, Verdict};

/// The function that most guests export.
pub const FUNCTION: &str = "oom_annotate";
/// A record, seven bytes long.
pub const RECORD: &[u8] = br#"{"a":1}"#;
/// A tag, three bytes long.
pub const TAG: &[u8] = b"tag";
/// A time whose halves differ.
pub const TIME: (u32, u32) = (1_700_000_000, 999_999_999);

/// Compiles a guest.
pub fn guest(name: &str) -> Vec<u8> {
    let text = source(&format!("{name}.wat")).replace("(; allocator ;)", &source("allocator.part"));
    wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compiles a guest into a file, for the command.
pub fn guest_file(name: &str) -> PathBuf {
    // Tests run side by side, and two may want the same guest.
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _writing = WRITING.lock().unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wasm"));
    if !path.exists() || fs::read(&path).unwrap() != guest(name) {
        fs::write(&path, guest(name)).unwrap();
    }
    path
}

fn source(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/guests")
        .join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Does the same in every engine, telling which one where it fails.
pub fn each_engine(test: impl Fn(&dyn Engine)) {
    for engine in ENGINES {
        println!("engine: {}", engine.name());
        test(*engine);
    }
}

/// Loads a guest that must load.
pub fn load(engine: &dyn Engine, name: &str, options: &Options) -> Box<dyn Instance> {
    engine
        .load(&guest(name), options)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Hands [`RECORD`] in.
pub fn call(instance: &mut dyn Instance) -> Result<Verdict, HostError> {
    instance.call(FUNCTION, TAG, TIME, RECORD)
}
