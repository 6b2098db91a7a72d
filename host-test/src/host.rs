//! Fluent Bit's side of a call, the same for every engine.
//!
//! The order is that of `flb_wasm_call_function_format_json` in `src/wasm/flb_wasm.c` of Fluent Bit
//! v5.1.1: look the function up, copy tag and record in, call, copy the result out, free both.

#[cfg(feature = "check")]
use crate::check;
use crate::engine::Instance;
use crate::error::HostError;
#[cfg(feature = "check")]
use crate::known::Known;
#[cfg(feature = "check")]
use crate::options::Proposals;
use crate::options::{Frees, Lifetime, Options, Pointer};
use crate::verdict::{self, Verdict};

/// A loaded module, ready to be instantiated any number of times.
pub(crate) trait Module {
    /// Its instances.
    type Guest: Guest;

    /// Makes an instance.
    fn instantiate(&self) -> Result<Self::Guest, HostError>;
}

/// An instance, as the few steps a host takes with it. A trap is [`HostError::Trap`].
pub(crate) trait Guest {
    /// An exported function of six i32 to one i32.
    type Function;

    /// A new record begins: fuel is counted from here.
    fn begin(&mut self) -> Result<(), HostError>;
    /// Looks a function up, and its type.
    fn function(&mut self, name: &str) -> Result<Self::Function, HostError>;
    /// The guest's `malloc`: 0 when there is no memory left.
    fn malloc(&mut self, bytes: u32) -> Result<u32, HostError>;
    /// The guest's `free`.
    fn free(&mut self, address: u32) -> Result<(), HostError>;
    /// Copies bytes into linear memory.
    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), HostError>;
    /// Calls a function.
    fn call(&mut self, function: &Self::Function, arguments: [u32; 6]) -> Result<u32, HostError>;
    /// The bytes from an address up to the first NUL; nothing where memory ends before.
    fn text(&mut self, address: u32) -> Option<Vec<u8>>;
    /// Linear memory in bytes.
    fn memory_bytes(&self) -> usize;
    /// Fuel used since [`Guest::begin`], where it is counted.
    fn fuel_used(&self) -> Option<u64>;
}

/// A host with one module in it.
pub(crate) struct Host<M: Module> {
    // Before the module: an instance may borrow from it behind Rust's back.
    guest: M::Guest,
    module: M,
    options: Options,
    called: bool,
    poisoned: bool,
}

impl<M: Module> Host<M> {
    /// Takes a module in.
    pub(crate) fn new(module: M, options: Options) -> Result<Self, HostError> {
        let guest = module.instantiate()?;
        Ok(Self {
            guest,
            module,
            options,
            called: false,
            poisoned: false,
        })
    }

    fn exchange(
        &mut self,
        function: &str,
        tag: &[u8],
        (seconds, nanoseconds): (u32, u32),
        record: &[u8],
    ) -> Result<Verdict, HostError> {
        let Self { guest, options, .. } = self;
        guest.begin()?;
        let function = guest.function(function)?;
        let tag_at = place(guest, options.tag_pointer, tag)?;
        let record_at = place(guest, options.record_pointer, record)?;
        let arguments = [
            tag_at,
            wasm_length(tag),
            seconds,
            nanoseconds,
            record_at,
            options.record_length.of(wasm_length(record)),
        ];
        // After a trap the host still frees; here the instance is not used again, so nobody could
        // see it.
        let result = guest.call(&function, arguments)?;
        let text = guest.text(result);
        let buffers = match options.frees {
            Frees::InOrder => [tag_at, record_at],
            Frees::Reversed => [record_at, tag_at],
            Frees::Never => [0, 0],
        };
        for address in buffers {
            if address != 0 {
                guest.free(address)?;
            }
        }
        let text = text.ok_or(HostError::OutOfMemoryPointer(result))?;
        verdict::judge(record_at != 0 && result == record_at, record, text)
    }
}

impl<M: Module> Instance for Host<M> {
    fn call(
        &mut self,
        function: &str,
        tag: &[u8],
        time: (u32, u32),
        record: &[u8],
    ) -> Result<Verdict, HostError> {
        if self.options.lifetime == Lifetime::Record && self.called {
            self.restart()?;
        }
        if self.poisoned {
            return Err(HostError::Poisoned);
        }
        self.called = true;
        let outcome = self.exchange(function, tag, time, record);
        self.poisoned = matches!(outcome, Err(HostError::Trap(_)));
        outcome
    }

    fn restart(&mut self) -> Result<(), HostError> {
        self.guest = self.module.instantiate()?;
        self.poisoned = false;
        Ok(())
    }

    fn memory_bytes(&self) -> usize {
        self.guest.memory_bytes()
    }

    fn fuel_used(&self) -> Option<u64> {
        self.guest.fuel_used()
    }
}

/// What every engine asks of a module before its own loader sees it, so that all refuse the same:
/// the host's set of proposals, and no imports but those that read directories, for the hosts here
/// have nothing else to link.
#[cfg(feature = "check")]
pub(crate) fn admit(wasm: &[u8], options: &Options) -> Result<(), HostError> {
    static KNOWN: Known<(Vec<u8>, Proposals), ()> = Known::new();
    KNOWN.or_make((wasm.to_vec(), options.proposals), || {
        check::proposals(wasm, options.proposals)
            .and_then(|()| check::no_imports_but(&check::READS_DIRECTORIES, wasm))
            .map_err(|problems| HostError::Load(problems.join("; ")))
    })
}

/// Puts bytes and a NUL into linear memory: their address, 0 where there is no room.
fn place<G: Guest>(guest: &mut G, pointer: Pointer, bytes: &[u8]) -> Result<u32, HostError> {
    if pointer == Pointer::Null {
        return Ok(0);
    }
    let mut string = Vec::with_capacity(bytes.len() + 1);
    string.extend_from_slice(bytes);
    string.push(0);
    let address = guest.malloc(wasm_length(&string))?;
    if address != 0 {
        guest.write(address, &string)?;
    }
    Ok(address)
}

/// The length as the guest can hold it. What is longer than its whole memory finds no room there.
fn wasm_length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
