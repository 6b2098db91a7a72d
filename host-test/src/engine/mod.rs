//! The engines that can play the host, and what they have in common for a caller.

#[cfg(feature = "wamr")]
mod wamr;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
pub(crate) mod wasmtime;

use crate::error::HostError;
use crate::options::Options;
use crate::verdict::Verdict;

#[cfg(not(any(feature = "wamr", feature = "wasmi", feature = "wasmtime")))]
compile_error!("the harness needs an engine: the feature `wamr`, `wasmi` or `wasmtime`");

/// Every engine that is built in. A new one is a file beside this one, a feature and a row here.
pub const ENGINES: &[&dyn Engine] = &[
    #[cfg(feature = "wamr")]
    &wamr::Wamr,
    #[cfg(feature = "wasmtime")]
    &wasmtime::Wasmtime,
    #[cfg(feature = "wasmi")]
    &wasmi::Wasmi,
];

/// The engine of that name.
pub fn engine(name: &str) -> Option<&'static dyn Engine> {
    ENGINES.iter().copied().find(|engine| engine.name() == name)
}

/// Every engine that can load a module that reads directories.
pub fn directory_engines() -> impl Iterator<Item = &'static dyn Engine> {
    let engines = ENGINES.iter().copied();
    engines.filter(|engine| engine.lends_directories())
}

/// A WebAssembly engine that plays Fluent Bit.
pub trait Engine: Sync {
    /// Its name, as the command line takes it.
    fn name(&self) -> &'static str;

    /// Whether it can load a module that reads directories: [`Options::accessible_paths`].
    fn lends_directories(&self) -> bool {
        true
    }

    /// Reads a module and makes an instance of it.
    ///
    /// # Errors
    ///
    /// [`HostError::Load`], [`HostError::Instantiate`], [`HostError::MissingExport`],
    /// [`HostError::WrongType`] for `malloc` and `free`, and [`HostError::Unsupported`] for an option
    /// that this engine cannot honour.
    fn load(&self, wasm: &[u8], options: &Options) -> Result<Box<dyn Instance>, HostError>;
}

/// A host with one module in it, called record by record. It belongs to the thread that made it;
/// other threads make their own.
pub trait Instance {
    /// Hands one record in as Fluent Bit does and judges what comes back.
    ///
    /// `time` is seconds and nanoseconds since the Unix epoch, `record` a JSON object without a NUL.
    ///
    /// # Errors
    ///
    /// Whatever would lose the record in the host. After [`HostError::Trap`] every further call is
    /// [`HostError::Poisoned`], unless each record has an instance of its own.
    fn call(
        &mut self,
        function: &str,
        tag: &[u8],
        time: (u32, u32),
        record: &[u8],
    ) -> Result<Verdict, HostError>;

    /// Throws the instance away and makes a new one of the same module, as a hot reload does.
    ///
    /// # Errors
    ///
    /// As [`Engine::load`]; the old instance then stays.
    fn restart(&mut self) -> Result<(), HostError>;

    /// Size of the guest's linear memory in bytes. It never shrinks.
    fn memory_bytes(&self) -> usize;

    /// Fuel the last record took; absent where fuel is not counted.
    fn fuel_used(&self) -> Option<u64>;
}
