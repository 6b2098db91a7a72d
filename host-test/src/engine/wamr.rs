//! WAMR's fast interpreter: the engine inside Fluent Bit, called through the functions that
//! `flb_wasm.c` calls.
//!
//! Two differences remain. Fluent Bit's build traps out-of-bounds accesses by memory protection and
//! signals; this one checks bounds in software, because the signal handlers would meet wasmtime's in
//! the same process. And where `flb_wasm.c` calls `wasm_runtime_module_dup_data`, this takes that
//! function's two steps one by one, because it copies to whatever address the guest's `malloc` gave.
#![expect(
    unsafe_code,
    reason = "WAMR is C: every call of it goes through its foreign interface"
)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use wamrx_sys as sys;

use super::{Engine, Instance};
use crate::error::HostError;
use crate::host::{Guest, Host, Module, admit};
use crate::options::Options;

const NAME: &str = "wamr";

/// `wasm_stack_size` of Fluent Bit: the default, and the least it accepts.
const STACK_BYTES: u32 = 8192;
/// `wasm_heap_size` of Fluent Bit. It is put aside only for a module without `malloc` and `free`.
const HEAP_BYTES: u32 = 8192;
/// Bytes of a page of linear memory.
const PAGE: usize = 65536;
/// Room for the loader's message, as in Fluent Bit.
const MESSAGE_BYTES: u32 = 128;
/// Parameters of Fluent Bit's filter function.
const PARAMETERS: u32 = 6;

/// Where the loader's message goes.
type Message = [c_char; MESSAGE_BYTES as usize];

/// The engine.
pub(crate) struct Wamr;

impl Engine for Wamr {
    fn name(&self) -> &'static str {
        NAME
    }

    fn load(&self, wasm: &[u8], options: &Options) -> Result<Box<dyn Instance>, HostError> {
        if options.fuel.is_some() {
            return Err(HostError::Unsupported {
                engine: NAME,
                option: "fuel",
            });
        }
        admit(wasm, options)?;
        let module = Loaded {
            handle: Rc::new(Handle::load(wasm, &options.accessible_paths)?),
            stack_bytes: options.stack_bytes.unwrap_or(STACK_BYTES).max(STACK_BYTES),
            memory_pages: options.memory_pages,
        };
        Ok(Box::new(Host::new(module, options.clone())?))
    }
}

/// Starts the runtime once for the process and readies this thread for it. The guard is held while
/// modules and instances are made and unmade: WAMR promises only that separate instances may run at
/// the same time.
fn runtime() -> Result<MutexGuard<'static, ()>, HostError> {
    static LOCK: Mutex<()> = Mutex::new(());
    static STARTED: OnceLock<bool> = OnceLock::new();

    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let started = *STARTED.get_or_init(|| {
        let mut arguments = sys::RuntimeInitArgs {
            mem_alloc_type: sys::Alloc_With_System_Allocator,
            ..Default::default()
        };
        // SAFETY: the arguments are WAMR's own zeroed defaults but for the allocator, and live
        // through the call, which copies them. `get_or_init` lets one thread in.
        unsafe {
            let started = sys::wasm_runtime_full_init(&raw mut arguments);
            // WAMR logs to standard output, where the records go. What its warnings say is found
            // out here in other ways: imports by `admit`, a failed `malloc` by its result.
            sys::wasm_runtime_set_log_level(sys::WASM_LOG_LEVEL_FATAL);
            started
        }
    });
    if started && THREAD.try_with(|thread| thread.ready).unwrap_or(false) {
        Ok(guard)
    } else {
        Err(HostError::Instantiate(
            "the runtime cannot be started on this thread".to_owned(),
        ))
    }
}

thread_local! {
    static THREAD: Thread = Thread::enter();
}

/// WAMR's state of one thread.
struct Thread {
    ready: bool,
}

impl Thread {
    fn enter() -> Self {
        // SAFETY: the runtime is started (`runtime` comes first), and this is once for each thread.
        let ready = unsafe { sys::wasm_runtime_init_thread_env() };
        Self { ready }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if self.ready {
            // SAFETY: it undoes the `init` of the same thread. Instances never leave their thread,
            // and none of them is called while the thread's locals are being dropped.
            unsafe { sys::wasm_runtime_destroy_thread_env() }
        }
    }
}

/// A module, and what WAMR points to for as long as it is loaded: the bytes it was read from, into
/// which it writes, and the list of directories that each instance is to have.
struct Handle {
    module: sys::wasm_module_t,
    _wasm: Vec<u8>,
    _paths: Vec<CString>,
    _list: Vec<*const c_char>,
}

impl Handle {
    fn load(wasm: &[u8], accessible_paths: &[impl AsRef<Path>]) -> Result<Self, HostError> {
        let paths = accessible_paths
            .iter()
            .map(|path| CString::new(path.as_ref().as_os_str().as_bytes()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| HostError::Instantiate("a path with a NUL".to_owned()))?;
        let mut list: Vec<*const c_char> = paths.iter().map(|path| path.as_ptr()).collect();
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        let mut wasm = wasm.to_vec();
        let length = u32::try_from(wasm.len())
            .map_err(|_| HostError::Load("larger than 4 GiB".to_owned()))?;
        let mut message: Message = [0; _];
        let _guard = runtime()?;
        // SAFETY: the buffer has `length` bytes that may be written, and stays where it is until
        // after the unload: a vector's elements do not move with it, and nothing touches it again.
        // The message has room for the size given.
        let module = unsafe {
            sys::wasm_runtime_load(
                wasm.as_mut_ptr(),
                length,
                message.as_mut_ptr(),
                MESSAGE_BYTES,
            )
        };
        if module.is_null() {
            return Err(HostError::Load(message_text(&message)));
        }
        // SAFETY: the module was just loaded. The list and the paths in it stay where they are until
        // after the unload, as the bytes do; the lists without a length are not looked at. The three
        // -1 stand for this process's own standard streams, which the host hands over too.
        unsafe {
            sys::wasm_runtime_set_wasi_args_ex(
                module,
                list.as_mut_ptr(),
                count,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                0,
                -1,
                -1,
                -1,
            );
        }
        Ok(Self {
            module,
            _wasm: wasm,
            _paths: paths,
            _list: list,
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _guard = runtime();
        // SAFETY: the module was loaded and is unloaded once; every instance holds an `Rc` of this
        // handle, so none is left.
        unsafe { sys::wasm_runtime_unload(self.module) }
    }
}

/// A module with what its instances are given.
struct Loaded {
    handle: Rc<Handle>,
    stack_bytes: u32,
    memory_pages: Option<u32>,
}

impl Module for Loaded {
    type Guest = Running;

    fn instantiate(&self) -> Result<Running, HostError> {
        let mut message: Message = [0; _];
        let guard = runtime()?;
        let module = self.handle.module;
        let (stack, room) = (self.stack_bytes, MESSAGE_BYTES);
        // SAFETY: the module is loaded, and stays so while `handle` lives. The message has room for
        // the size given, and the arguments are copied by the call.
        let instance = unsafe {
            match self.memory_pages {
                // The host's own function, which knows no cap.
                None => sys::wasm_runtime_instantiate(
                    module,
                    stack,
                    HEAP_BYTES,
                    message.as_mut_ptr(),
                    room,
                ),
                Some(max_memory_pages) => sys::wasm_runtime_instantiate_ex(
                    module,
                    &sys::InstantiationArgs {
                        default_stack_size: stack,
                        host_managed_heap_size: HEAP_BYTES,
                        max_memory_pages,
                    },
                    message.as_mut_ptr(),
                    room,
                ),
            }
        };
        if instance.is_null() {
            return Err(HostError::Instantiate(message_text(&message)));
        }
        // SAFETY: the instance was just made, on this thread.
        let environment = unsafe { sys::wasm_runtime_create_exec_env(instance, stack) };
        // From here on the guest's `Drop` cleans up, which takes the guard itself.
        drop(guard);
        let guest = Running {
            instance,
            environment,
            _module: Rc::clone(&self.handle),
        };
        if environment.is_null() {
            return Err(HostError::Instantiate(
                "no execution environment".to_owned(),
            ));
        }
        // WAMR only warns when a module starts with more memory than the cap.
        if let Some(pages) = self.memory_pages
            && guest.memory_bytes() > PAGE.saturating_mul(pages as usize)
        {
            return Err(HostError::Instantiate(
                "memory minimum above the cap".to_owned(),
            ));
        }
        Ok(guest)
    }
}

/// An instance. Its pointers keep it on the thread that made it.
struct Running {
    instance: sys::wasm_module_inst_t,
    /// Null where WAMR could make none; then the guest is dropped at once.
    environment: sys::wasm_exec_env_t,
    _module: Rc<Handle>,
}

impl Running {
    /// The exception that the last step left, taken away. WAMR would fail the next call with it.
    fn exception(&mut self) -> Option<String> {
        // SAFETY: the instance lives. The text is the instance's own and is copied before it is
        // cleared.
        unsafe {
            let text = sys::wasm_runtime_get_exception(self.instance);
            if text.is_null() {
                return None;
            }
            let text = CStr::from_ptr(text).to_string_lossy().into_owned();
            sys::wasm_runtime_clear_exception(self.instance);
            Some(text)
        }
    }

    fn trapped(&mut self) -> Result<(), HostError> {
        self.exception()
            .map_or(Ok(()), |text| Err(HostError::Trap(text)))
    }
}

impl Guest for Running {
    type Function = sys::wasm_function_inst_t;

    fn begin(&mut self) -> Result<(), HostError> {
        Ok(())
    }

    fn function(&mut self, name: &str) -> Result<Self::Function, HostError> {
        let missing = || HostError::MissingExport(name.to_owned());
        let symbol = CString::new(name).map_err(|_| missing())?;
        // SAFETY: the instance lives; the name ends in a NUL and lives through the call.
        let function = unsafe { sys::wasm_runtime_lookup_function(self.instance, symbol.as_ptr()) };
        if function.is_null() {
            return Err(missing());
        }
        let mut parameters = [0; PARAMETERS as usize];
        let mut result = [0; 1];
        // SAFETY: the function is the instance's own. Its types are asked for only once their
        // numbers are known to be those of the arrays.
        let fits = unsafe {
            sys::wasm_func_get_param_count(function, self.instance) == PARAMETERS
                && sys::wasm_func_get_result_count(function, self.instance) == 1
                && {
                    sys::wasm_func_get_param_types(
                        function,
                        self.instance,
                        parameters.as_mut_ptr(),
                    );
                    sys::wasm_func_get_result_types(function, self.instance, result.as_mut_ptr());
                    true
                }
        };
        let i32s = parameters
            .iter()
            .chain(&result)
            .all(|kind| u32::from(*kind) == sys::WASM_I32);
        if fits && i32s {
            Ok(function)
        } else {
            Err(HostError::WrongType(name.to_owned()))
        }
    }

    fn malloc(&mut self, bytes: u32) -> Result<u32, HostError> {
        // SAFETY: the instance lives; a null second pointer says that its address is not wanted.
        let address = unsafe {
            sys::wasm_runtime_module_malloc(self.instance, bytes.into(), ptr::null_mut())
        };
        self.trapped()?;
        // It is a difference of two addresses around what the guest gave as 32 bits.
        u32::try_from(address).map_err(|_| HostError::OutOfMemoryAllocation(u32::MAX))
    }

    fn free(&mut self, address: u32) -> Result<(), HostError> {
        // SAFETY: the instance lives; WAMR leaves addresses outside memory alone, and what the
        // guest's `free` makes of the others stays within the guest.
        unsafe { sys::wasm_runtime_module_free(self.instance, address.into()) }
        self.trapped()
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), HostError> {
        let (start, length) = (u64::from(address), bytes.len() as u64);
        // SAFETY: the whole range is checked to lie in linear memory, which neither moves nor is
        // read by anyone else before the copy is done; the source is no part of it.
        let written = unsafe {
            let valid = sys::wasm_runtime_validate_app_addr(self.instance, start, length);
            if valid {
                let target = sys::wasm_runtime_addr_app_to_native(self.instance, start);
                ptr::copy_nonoverlapping(bytes.as_ptr(), target.cast::<u8>(), bytes.len());
            }
            valid
        };
        if written {
            return Ok(());
        }
        self.exception();
        Err(HostError::OutOfMemoryAllocation(address))
    }

    fn call(
        &mut self,
        function: &Self::Function,
        mut arguments: [u32; 6],
    ) -> Result<u32, HostError> {
        // SAFETY: the function is this instance's and takes as many arguments as there are; the one
        // result fits into the first. The environment belongs to the instance and this thread.
        let returned = unsafe {
            sys::wasm_runtime_call_wasm(
                self.environment,
                *function,
                PARAMETERS,
                arguments.as_mut_ptr(),
            )
        };
        self.trapped()?;
        if returned {
            Ok(arguments[0])
        } else {
            Err(HostError::Trap(
                "the call failed without an exception".to_owned(),
            ))
        }
    }

    fn text(&mut self, address: u32) -> Option<Vec<u8>> {
        let start = u64::from(address);
        // SAFETY: the address is checked to lie in linear memory and to have a NUL after it there;
        // nothing writes to that memory before the copy is made.
        let text = unsafe {
            if sys::wasm_runtime_validate_app_str_addr(self.instance, start) {
                let text: *mut c_void = sys::wasm_runtime_addr_app_to_native(self.instance, start);
                Some(CStr::from_ptr(text.cast::<c_char>()).to_bytes().to_vec())
            } else {
                None
            }
        };
        if text.is_none() {
            // The host does not clear it, and so fails the next record too.
            self.exception();
        }
        text
    }

    fn memory_bytes(&self) -> usize {
        // SAFETY: the instance lives; a module without memory has none to ask.
        let bytes = unsafe {
            let memory = sys::wasm_runtime_get_default_memory(self.instance);
            if memory.is_null() {
                return 0;
            }
            sys::wasm_memory_get_cur_page_count(memory)
                * sys::wasm_memory_get_bytes_per_page(memory)
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _guard = runtime();
        // SAFETY: both were made on this thread, belong together and are given back once; the
        // module is still loaded, for `_module` is dropped after this.
        unsafe {
            if !self.environment.is_null() {
                sys::wasm_runtime_destroy_exec_env(self.environment);
            }
            sys::wasm_runtime_deinstantiate(self.instance);
        }
    }
}

/// The loader's message up to its NUL.
fn message_text(message: &Message) -> String {
    // SAFETY: WAMR ends its messages with a NUL within the size it is told, and the array began as
    // all zeros.
    unsafe { CStr::from_ptr(message.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}
