//! One run of records through the filter: natively, or as a module in an engine.

#[path = "../../../filter/tests/common/keys.rs"]
mod keys;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
use oom_host_test::{ENGINES, Engine, Instance, Lifetime, Options, Verdict, directory_engines};
use serde_json::Value;

pub use keys::FLUENT_BIT;

/// The modes, with the module's function for each.
pub const MODES: [(Mode, &str, &str); 3] = [
    (Mode::Annotate, "annotate", "oom_annotate"),
    (Mode::Rewrite, "rewrite", "oom_rewrite"),
    (Mode::Events, "events", "oom_events"),
];

/// The repository's top.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the repository")
        .to_path_buf()
}

/// The module under test: `OOM_MODULE`, else what `cargo xtask dist` built.
pub fn module() -> &'static [u8] {
    static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
    MODULE.get_or_init(|| read_module(&module_path()))
}

fn module_path() -> PathBuf {
    std::env::var_os("OOM_MODULE")
        .map_or_else(|| top().join("dist/oom-fluentbit.wasm"), PathBuf::from)
}

/// Its fellow that looks for names, which lies beside it: absent where the one under test was built
/// alone.
pub fn names_module() -> Option<&'static [u8]> {
    static MODULE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let read = || {
        let path = module_path().with_file_name("oom-fluentbit-names.wasm");
        path.exists().then(|| read_module(&path))
    };
    MODULE.get_or_init(read).as_deref()
}

/// What `cargo xtask dist` built.
pub fn read_module(path: &Path) -> Vec<u8> {
    std::fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask dist` builds it", path.display()))
}

/// Each module in each engine that can load both.
pub fn modules() -> impl Iterator<Item = (&'static dyn Engine, &'static [u8])> {
    let modules = [Some(module()), names_module()].into_iter().flatten();
    modules.flat_map(|wasm| directory_engines().map(move |engine| (engine, wasm)))
}

/// What runs records.
#[derive(Clone, Copy)]
pub enum Runner {
    Native,
    /// An engine with a module in it. One that looks for names has no folder to look in.
    Module(&'static dyn Engine, &'static [u8]),
}

impl Runner {
    /// The filter as a Rust library, then as each module in each engine.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Native]
            .into_iter()
            .chain(modules().map(|(engine, wasm)| Self::Module(engine, wasm)))
    }

    /// The other engines, with the module that reads no directories. They are slow: the suites alone
    /// are run by them.
    pub fn slow() -> impl Iterator<Item = Self> {
        let engines = ENGINES.iter().filter(|engine| !engine.lends_directories());
        engines.map(|engine| Self::Module(*engine, module()))
    }

    pub fn takes_names_from_the_journal(self) -> bool {
        match self {
            Self::Native => true,
            Self::Module(_, wasm) => wasm == module(),
        }
    }

    pub fn name(self) -> String {
        match self {
            Self::Native => "native".to_owned(),
            Self::Module(engine, wasm) if wasm == module() => engine.name().to_owned(),
            Self::Module(engine, _) => format!("{}, with names", engine.name()),
        }
    }

    /// Runs `records` and gives what leaves, open reports released at the end.
    pub fn run(self, mode: usize, records: &[Vec<u8>], fresh_instance: bool) -> Vec<Vec<u8>> {
        let (mode, _, function) = MODES[mode];
        match self {
            Self::Native => native(FLUENT_BIT, mode, records, fresh_instance),
            Self::Module(engine, wasm) => {
                in_engine((engine, wasm), function, records, fresh_instance)
            }
        }
    }
}

const TAG: &[u8] = b"suite";

/// The same by the library, with the host's names for identity.
pub fn native(
    keys: IdentityKeys,
    mode: Mode,
    records: &[Vec<u8>],
    fresh_instance: bool,
) -> Vec<Vec<u8>> {
    let arrival = RecordContext {
        tag: TAG,
        ..RecordContext::default()
    };
    let mut filter = Filter::new(keys);
    let mut out = Vec::new();
    for record in records {
        if fresh_instance {
            filter = Filter::new(keys);
        }
        match filter.process(mode, record, &arrival) {
            Outcome::Unchanged => out.push(record.clone()),
            Outcome::Dropped => {}
            Outcome::Replaced(text) => out.push(text),
        }
    }
    if mode != Mode::Annotate && !fresh_instance {
        out.extend(std::iter::from_fn(|| filter.next_unfinished()));
    }
    out
}

fn in_engine(
    engine: (&dyn Engine, &'static [u8]),
    function: &str,
    records: &[Vec<u8>],
    fresh_instance: bool,
) -> Vec<Vec<u8>> {
    with_host(engine, fresh_instance, |host| {
        run_in(host, function, records, fresh_instance)
    })
}

/// Lends a host with a new instance. The module is loaded once per thread, as compiling it takes
/// longer than most runs.
fn with_host<R>(
    (engine, wasm): (&dyn Engine, &'static [u8]),
    fresh_instance: bool,
    lend: impl FnOnce(&mut dyn Instance) -> R,
) -> R {
    /// By the engine's name, the module, and whether each record has an instance of its own.
    type Hosts = HashMap<(&'static str, *const u8, bool), Box<dyn Instance>>;
    thread_local! {
        static HOSTS: RefCell<Hosts> = RefCell::default();
    }
    HOSTS.with_borrow_mut(|hosts| {
        let host = hosts
            .entry((engine.name(), wasm.as_ptr(), fresh_instance))
            .or_insert_with(|| {
                let options = Options {
                    lifetime: if fresh_instance {
                        Lifetime::Record
                    } else {
                        Lifetime::Process
                    },
                    ..Options::default()
                };
                engine.load(wasm, &options).expect("the module loads")
            });
        host.restart().expect("a new instance");
        lend(&mut **host)
    })
}

fn run_in(
    host: &mut dyn Instance,
    function: &str,
    records: &[Vec<u8>],
    fresh_instance: bool,
) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for record in records {
        // Fluent Bit has no empty record: it would ask for a release.
        if record.is_empty() {
            out.extend((function != "oom_events").then(Vec::new));
            continue;
        }
        out.extend(call(host, function, record));
    }
    if !fresh_instance && function != "oom_annotate" {
        while let Some(released) = call(host, function, b"") {
            out.push(released);
        }
    }
    out
}

/// Hands one record in; a record that is lost is a failure.
pub fn call(host: &mut dyn Instance, function: &str, record: &[u8]) -> Option<Vec<u8>> {
    match host.call(function, TAG, (0, 0), record) {
        Ok(Verdict::Unchanged) => Some(record.to_vec()),
        Ok(Verdict::Dropped) => None,
        Ok(Verdict::Replaced(text)) => Some(text),
        Err(error) => panic!("{}: {error}", String::from_utf8_lossy(record)),
    }
}

/// The `oom` objects among the records.
pub fn ooms(records: &[Vec<u8>]) -> Vec<Value> {
    records
        .iter()
        .filter_map(|record| serde_json::from_slice::<Value>(record).ok())
        .filter_map(|record| record.get("oom").cloned())
        .collect()
}

/// One line with its keys sorted, where it is JSON.
pub fn sorted(record: &[u8]) -> String {
    match serde_json::from_slice::<Value>(record) {
        Ok(value) => value.to_string(),
        Err(_) => String::from_utf8_lossy(record).into_owned(),
    }
}
