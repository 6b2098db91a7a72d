//! wasmi: an interpreter in pure Rust. Its build needs no C compiler and is short, which is what the
//! demo is run by.

use std::ffi::CStr;

use ::wasmi as wi;

use super::{Engine, Instance};
use crate::error::HostError;
use crate::host::{Guest, Host, Module};
use crate::known::Known;
use crate::options::Options;

const NAME: &str = "wasmi";

/// Bytes of a page of linear memory.
const PAGE: usize = 65536;

/// Fluent Bit's filter function.
type Filter = wi::TypedFunc<(u32, u32, u32, u32, u32, u32), u32>;

/// The engine.
pub(crate) struct Wasmi;

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn lends_directories(&self) -> bool {
        false
    }

    fn load(&self, wasm: &[u8], options: &Options) -> Result<Box<dyn Instance>, HostError> {
        let unsupported = |option| HostError::Unsupported {
            engine: NAME,
            option,
        };
        if options.fuel.is_some() {
            return Err(unsupported("fuel"));
        }
        if !options.accessible_paths.is_empty() {
            return Err(unsupported("accessible_paths"));
        }
        #[cfg(feature = "check")]
        crate::host::admit(wasm, options)?;
        let translated = Translated {
            module: translated(wasm, options)?,
            memory_pages: options.memory_pages,
        };
        Ok(Box::new(Host::new(translated, options.clone())?))
    }
}

/// Translates a module, or takes it from those that were translated.
fn translated(wasm: &[u8], options: &Options) -> Result<wi::Module, HostError> {
    static KNOWN: Known<(Vec<u8>, Option<u32>), wi::Module> = Known::new();
    KNOWN.or_make((wasm.to_vec(), options.stack_bytes), || {
        let mut config = wi::Config::default();
        if let Some(bytes) = options.stack_bytes {
            config.set_min_stack_height(0);
            config.set_max_stack_height(bytes as usize);
        }
        wi::Module::new(&wi::Engine::new(&config), wasm)
            .map_err(|error| HostError::Load(error.to_string()))
    })
}

/// A module in wasmi's own code.
struct Translated {
    module: wi::Module,
    memory_pages: Option<u32>,
}

impl Module for Translated {
    type Guest = Running;

    fn instantiate(&self) -> Result<Running, HostError> {
        let mut limits = wi::StoreLimitsBuilder::new();
        if let Some(pages) = self.memory_pages {
            limits = limits.memory_size(PAGE.saturating_mul(pages as usize));
        }
        let engine = self.module.engine();
        let mut store = wi::Store::new(engine, limits.build());
        store.limiter(|limits| limits);
        let instance = wi::Linker::new(engine)
            .instantiate_and_start(&mut store, &self.module)
            .map_err(|error| HostError::Instantiate(error.to_string()))?;
        let memory = instance
            .get_memory(&store, "memory")
            .ok_or_else(|| HostError::MissingExport("memory".to_owned()))?;
        let malloc = typed(instance, &store, "malloc")?;
        let free = typed(instance, &store, "free")?;
        Ok(Running {
            store,
            instance,
            memory,
            malloc,
            free,
        })
    }
}

/// An instance.
struct Running {
    store: wi::Store<wi::StoreLimits>,
    instance: wi::Instance,
    memory: wi::Memory,
    malloc: wi::TypedFunc<u32, u32>,
    free: wi::TypedFunc<u32, ()>,
}

impl Guest for Running {
    type Function = Filter;

    fn begin(&mut self) -> Result<(), HostError> {
        Ok(())
    }

    fn function(&mut self, name: &str) -> Result<Filter, HostError> {
        typed(self.instance, &self.store, name)
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
        let text = CStr::from_bytes_until_nul(from_address).ok()?;
        Some(text.to_bytes().to_vec())
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

/// An exported function of that type.
fn typed<P: wi::WasmParams, R: wi::WasmResults>(
    instance: wi::Instance,
    store: &wi::Store<wi::StoreLimits>,
    name: &str,
) -> Result<wi::TypedFunc<P, R>, HostError> {
    instance
        .get_func(store, name)
        .ok_or_else(|| HostError::MissingExport(name.to_owned()))?
        .typed(store)
        .map_err(|_| HostError::WrongType(name.to_owned()))
}

fn trap(error: &wi::Error) -> HostError {
    HostError::Trap(error.to_string())
}
