//! What can be said of a module without running it.
//!
//! Each check gives every problem it finds as a sentence, so that one run shows them all.

use wasmparser::{
    CompositeInnerType, Export, ExternalKind, FuncType, Parser, Payload, ValType, Validator,
    WasmFeatures,
};

use crate::options::Proposals;

/// The globals that rustc exports of every module: where data ends and where a heap may begin.
const LINKER_GLOBALS: [&str; 2] = ["__data_end", "__heap_base"];

/// What WAMR calls first, of a module that knows WASI and is no program.
const INITIALIZE: &str = "_initialize";

/// What a module imports that reads the directories of `accessible_paths`, and writes nowhere.
pub const READS_DIRECTORIES: [&str; 5] = [
    "wasi_snapshot_preview1.fd_close",
    "wasi_snapshot_preview1.fd_prestat_dir_name",
    "wasi_snapshot_preview1.fd_prestat_get",
    "wasi_snapshot_preview1.fd_readdir",
    "wasi_snapshot_preview1.path_open",
];

/// Everything a module for Fluent Bit owes: [`exports`], [`no_imports`], and [`proposals`] of the
/// oldest host.
///
/// # Errors
///
/// The problems.
pub fn module(wasm: &[u8], functions: &[&str]) -> Result<(), Vec<String>> {
    let problems: Vec<String> = [
        exports(wasm, functions),
        no_imports(wasm),
        proposals(wasm, Proposals::WithoutReferenceTypes),
    ]
    .into_iter()
    .filter_map(Result::err)
    .flatten()
    .collect();
    none(problems)
}

/// The module exports `malloc: (i32) -> i32`, `free: (i32) -> ()`, each of `functions` as six i32 to
/// one i32, the memory `memory`, and nothing else but the linker's two immutable i32 globals. One that
/// imports anything also exports `_initialize: () -> ()`, without which WAMR prints a warning.
///
/// With the two exact types the host calls the guest's `malloc`; with any other it makes a heap of
/// its own over the guest's memory.
///
/// # Errors
///
/// The problems.
pub fn exports(wasm: &[u8], functions: &[&str]) -> Result<(), Vec<String>> {
    // Which proposals it uses is another check's business.
    let types = match Validator::new_with_features(WasmFeatures::all()).validate_all(wasm) {
        Ok(types) => types,
        Err(error) => return Err(vec![error.to_string()]),
    };
    let types = types.as_ref();
    let mut missing = vec!["free", "malloc", "memory"];
    missing.extend(functions);
    if !imports(wasm)?.is_empty() {
        missing.push(INITIALIZE);
    }
    let owed = missing.clone();
    let mut problems = Vec::new();
    for export in sections(wasm, |payload| match payload {
        Payload::ExportSection(section) => section.into_iter().collect(),
        _ => Vec::new(),
    })? {
        let Export { name, kind, index } = export;
        missing.retain(|wanted| *wanted != name);
        let fits = match kind {
            ExternalKind::Func => {
                let Some(wanted) = owed.contains(&name).then(|| signature(name)) else {
                    problems.push(format!("the function {name} is exported"));
                    continue;
                };
                let found = &types[types.core_function_at(index)].composite_type.inner;
                matches!(found, CompositeInnerType::Func(found) if *found == wanted)
            }
            ExternalKind::Memory => name == "memory" && !types.memory_at(index).memory64,
            ExternalKind::Global => {
                let global = types.global_at(index);
                LINKER_GLOBALS.contains(&name)
                    && global.content_type == ValType::I32
                    && !global.mutable
            }
            _ => false,
        };
        if !fits {
            problems.push(format!(
                "the export {name} ({kind:?}) has another name or type"
            ));
        }
    }
    problems.extend(
        missing
            .into_iter()
            .map(|name| format!("{name} is not exported")),
    );
    none(problems)
}

/// The module imports nothing, not even of WASI, so that it loads in every build of the host.
///
/// # Errors
///
/// The problems.
pub fn no_imports(wasm: &[u8]) -> Result<(), Vec<String>> {
    no_imports_but(&[], wasm)
}

/// The module imports nothing but what is `allowed`, each as `module.name`.
///
/// # Errors
///
/// The problems.
pub fn no_imports_but(allowed: &[&str], wasm: &[u8]) -> Result<(), Vec<String>> {
    let imports = imports(wasm)?.into_iter();
    none(
        imports
            .filter(|import| !allowed.contains(&import.as_str()))
            .map(|import| format!("{import} is imported"))
            .collect(),
    )
}

/// Each import as `module.name`.
///
/// # Errors
///
/// What is wrong with the module.
pub fn imports(wasm: &[u8]) -> Result<Vec<String>, Vec<String>> {
    let imports = sections(wasm, |payload| match payload {
        Payload::ImportSection(section) => section.into_imports().collect(),
        _ => Vec::new(),
    })?;
    Ok(imports
        .iter()
        .map(|import| format!("{}.{}", import.module, import.name))
        .collect())
}

/// The module is valid, and uses of WebAssembly only what these hosts have.
///
/// # Errors
///
/// The validator's words, with the offset in the module.
pub fn proposals(wasm: &[u8], proposals: Proposals) -> Result<(), Vec<String>> {
    Validator::new_with_features(features(proposals))
        .validate_all(wasm)
        .map(drop)
        .map_err(|error| vec![error.to_string()])
}

/// What a host's engine understands.
fn features(proposals: Proposals) -> WasmFeatures {
    let common = WasmFeatures::WASM1
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION;
    match proposals {
        Proposals::WithReferenceTypes => common | WasmFeatures::REFERENCE_TYPES,
        Proposals::WithoutReferenceTypes => common,
    }
}

fn none(problems: Vec<String>) -> Result<(), Vec<String>> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// The type a function of that name must have.
fn signature(name: &str) -> FuncType {
    match name {
        INITIALIZE => FuncType::new([], []),
        "malloc" => FuncType::new([ValType::I32], [ValType::I32]),
        "free" => FuncType::new([ValType::I32], []),
        _ => FuncType::new([ValType::I32; 6], [ValType::I32]),
    }
}

/// The items of one kind of section.
fn sections<'a, T>(
    wasm: &'a [u8],
    items: impl Fn(Payload<'a>) -> Vec<wasmparser::Result<T>>,
) -> Result<Vec<T>, Vec<String>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| vec![error.to_string()])?;
        for item in items(payload) {
            found.push(item.map_err(|error| vec![error.to_string()])?);
        }
    }
    Ok(found)
}
