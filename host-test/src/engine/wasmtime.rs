//! wasmtime: fast, and the only one that counts fuel.

use std::ffi::CStr;
#[cfg(feature = "wasi")]
use std::path::PathBuf;

use ::wasmtime as wt;

use super::{Engine, Instance};
use crate::error::HostError;
use crate::host::{Guest, Host, Module, admit};
use crate::known::Known;
use crate::options::Options;

/// Bytes of a page of linear memory.
const PAGE: usize = 65536;

/// What belongs to an instance.
struct State {
    limits: wt::StoreLimits,
    #[cfg(feature = "wasi")]
    wasi: wasmtime_wasi::p1::WasiP1Ctx,
}

/// Fluent Bit's filter function.
type Filter = wt::TypedFunc<(u32, u32, u32, u32, u32, u32), u32>;

/// The engine.
pub(crate) struct Wasmtime;

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn load(&self, wasm: &[u8], options: &Options) -> Result<Box<dyn Instance>, HostError> {
        if cfg!(not(feature = "wasi")) && !options.accessible_paths.is_empty() {
            return Err(HostError::Unsupported {
                engine: "wasmtime",
                option: "accessible_paths",
            });
        }
        admit(wasm, options)?;
        let module = compiled(wasm, options)?;
        let compiled = Compiled {
            module: linked(&module)?,
            memory_pages: options.memory_pages,
            fuel: options.fuel,
            #[cfg(feature = "wasi")]
            accessible_paths: options.accessible_paths.clone(),
        };
        Ok(Box::new(Host::new(compiled, options.clone())?))
    }
}

/// How modules are compiled: for speed, as wasmtime does by itself, but in tests as soon as can be, for there the
/// compiler takes far longer than the module runs.
pub(crate) fn config() -> wt::Config {
    let mut config = wt::Config::new();
    if cfg!(debug_assertions) {
        config.cranelift_opt_level(wt::OptLevel::None);
        config.cranelift_regalloc_algorithm(wt::RegallocAlgorithm::SinglePass);
    }
    config
}

/// Compiles a module, or takes it from those that were compiled.
fn compiled(wasm: &[u8], options: &Options) -> Result<wt::Module, HostError> {
    /// What the machine code depends on.
    type Key = (Vec<u8>, bool, Option<u32>);
    static KNOWN: Known<Key, wt::Module> = Known::new();
    let key = (wasm.to_vec(), options.fuel.is_some(), options.stack_bytes);
    KNOWN.or_make(key, || {
        let mut config = config();
        config
            .wasm_relaxed_simd(false)
            .wasm_simd(false)
            .wasm_tail_call(false)
            .consume_fuel(options.fuel.is_some());
        if let Some(bytes) = options.stack_bytes {
            config.max_wasm_stack(bytes as usize);
        }
        let engine = wt::Engine::new(&config).map_err(|error| load_error(&error))?;
        wt::Module::new(&engine, wasm).map_err(|error| load_error(&error))
    })
}

/// Links what a module imports.
fn linked(module: &wt::Module) -> Result<wt::InstancePre<State>, HostError> {
    #[cfg_attr(
        not(feature = "wasi"),
        expect(unused_mut, reason = "there is nothing to add")
    )]
    let mut linker = wt::Linker::new(module.engine());
    #[cfg(feature = "wasi")]
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi)
        .map_err(|error| load_error(&error))?;
    linker
        .instantiate_pre(module)
        .map_err(|error| load_error(&error))
}

/// A module in machine code, linked.
struct Compiled {
    module: wt::InstancePre<State>,
    memory_pages: Option<u32>,
    fuel: Option<u64>,
    #[cfg(feature = "wasi")]
    accessible_paths: Vec<PathBuf>,
}

#[cfg(feature = "wasi")]
impl Compiled {
    /// The directories that it may read, under the paths that they have outside.
    fn wasi(&self) -> Result<wasmtime_wasi::p1::WasiP1Ctx, HostError> {
        let mut context = wasmtime_wasi::WasiCtxBuilder::new();
        context.allow_blocking_current_thread(true);
        for path in &self.accessible_paths {
            context
                .preopened_dir(
                    path,
                    path.to_string_lossy(),
                    wasmtime_wasi::FsPerms::ReadOnly,
                )
                .map_err(|error| {
                    HostError::Instantiate(format!("{}: {error:#}", path.display()))
                })?;
        }
        Ok(context.build_p1())
    }
}

impl Module for Compiled {
    type Guest = Running;

    fn instantiate(&self) -> Result<Running, HostError> {
        let mut limits = wt::StoreLimitsBuilder::new();
        if let Some(pages) = self.memory_pages {
            limits = limits.memory_size(PAGE.saturating_mul(pages as usize));
        }
        let state = State {
            limits: limits.build(),
            #[cfg(feature = "wasi")]
            wasi: self.wasi()?,
        };
        let mut store = wt::Store::new(self.module.module().engine(), state);
        store.limiter(|state| &mut state.limits);
        refuel(&mut store, self.fuel)?;
        let instance = self
            .module
            .instantiate(&mut store)
            .map_err(|error| HostError::Instantiate(text(&error)))?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| HostError::MissingExport("memory".to_owned()))?;
        let malloc = typed(&instance, &mut store, "malloc")?;
        let free = typed(&instance, &mut store, "free")?;
        Ok(Running {
            store,
            instance,
            memory,
            malloc,
            free,
            fuel: self.fuel,
        })
    }
}

/// An instance.
struct Running {
    store: wt::Store<State>,
    instance: wt::Instance,
    memory: wt::Memory,
    malloc: wt::TypedFunc<u32, u32>,
    free: wt::TypedFunc<u32, ()>,
    fuel: Option<u64>,
}

impl Guest for Running {
    type Function = Filter;

    fn begin(&mut self) -> Result<(), HostError> {
        refuel(&mut self.store, self.fuel)
    }

    fn function(&mut self, name: &str) -> Result<Filter, HostError> {
        typed(&self.instance, &mut self.store, name)
    }

    fn malloc(&mut self, bytes: u32) -> Result<u32, HostError> {
        self.malloc
            .call(&mut self.store, bytes)
            .map_err(|error| trap(&error))
    }

    fn free(&mut self, address: u32) -> Result<(), HostError> {
        self.free
            .call(&mut self.store, address)
            .map_err(|error| trap(&error))
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.memory
            .write(&mut self.store, address as usize, bytes)
            .map_err(|_| HostError::OutOfMemoryAllocation(address))
    }

    fn call(&mut self, function: &Filter, arguments: [u32; 6]) -> Result<u32, HostError> {
        function
            .call(&mut self.store, arguments.into())
            .map_err(|error| trap(&error))
    }

    fn text(&mut self, address: u32) -> Option<Vec<u8>> {
        let from_address = self.memory.data(&self.store).get(address as usize..)?;
        Some(
            CStr::from_bytes_until_nul(from_address)
                .ok()?
                .to_bytes()
                .to_vec(),
        )
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    fn fuel_used(&self) -> Option<u64> {
        let left = self.store.get_fuel().ok()?;
        self.fuel.map(|fuel| fuel.saturating_sub(left))
    }
}

fn refuel(store: &mut wt::Store<State>, fuel: Option<u64>) -> Result<(), HostError> {
    fuel.map_or(Ok(()), |fuel| store.set_fuel(fuel))
        .map_err(|error| HostError::Instantiate(text(&error)))
}

/// An exported function of that type.
fn typed<P: wt::WasmParams, R: wt::WasmResults>(
    instance: &wt::Instance,
    store: &mut wt::Store<State>,
    name: &str,
) -> Result<wt::TypedFunc<P, R>, HostError> {
    let function = instance
        .get_func(&mut *store, name)
        .ok_or_else(|| HostError::MissingExport(name.to_owned()))?;
    function
        .typed(store)
        .map_err(|_| HostError::WrongType(name.to_owned()))
}

pub(crate) fn load_error(error: &wt::Error) -> HostError {
    HostError::Load(text(error))
}

/// A trap by its own name, without the backtrace that wasmtime wraps around it.
fn trap(error: &wt::Error) -> HostError {
    HostError::Trap(
        error
            .downcast_ref::<wt::Trap>()
            .map_or_else(|| text(error), wt::Trap::to_string),
    )
}

fn text(error: &wt::Error) -> String {
    format!("{error:#}")
}
