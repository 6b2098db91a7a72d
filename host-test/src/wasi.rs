//! WASI programs, run by wasmtime: as `wasmtime run` does it, or in memory.

use std::path::PathBuf;

use wasmtime as wt;
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

use crate::engine::wasmtime::{config, load_error};
use crate::error::HostError;

/// Most bytes a program may write in memory.
const MOST_OUTPUT: usize = 256 << 20;

/// A directory that a program is lent, to read.
pub struct Lent {
    /// Where it is.
    pub host: PathBuf,
    /// What the program knows it by.
    pub guest: String,
}

/// What a program that ran in memory left.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
}

/// A program, compiled.
pub struct Program {
    module: wt::Module,
}

impl Program {
    /// Compiles a program.
    ///
    /// # Errors
    ///
    /// [`HostError::Load`] where it is none.
    pub fn load(wasm: &[u8]) -> Result<Self, HostError> {
        let engine = wt::Engine::new(&config()).map_err(|error| load_error(&error))?;
        let module = wt::Module::new(&engine, wasm).map_err(|error| load_error(&error))?;
        Ok(Self { module })
    }

    /// Runs it with this process's own standard streams, and gives its exit code.
    ///
    /// # Errors
    ///
    /// [`HostError::Trap`], and [`HostError::Instantiate`] for an import that WASI has not or a
    /// directory that is not there.
    pub fn run(&self, arguments: &[String], lent: &[Lent]) -> Result<i32, HostError> {
        let mut context = context(arguments, lent)?;
        context.inherit_stdio();
        self.start(context.build_p1())
    }

    /// Runs it with `input` as its standard input.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_in_memory(
        &self,
        arguments: &[&str],
        lent: &[Lent],
        input: Vec<u8>,
    ) -> Result<Ran, HostError> {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let mut context = context(&arguments, lent)?;
        let out = MemoryOutputPipe::new(MOST_OUTPUT);
        let err = MemoryOutputPipe::new(MOST_OUTPUT);
        context
            .stdin(MemoryInputPipe::new(input))
            .stdout(out.clone())
            .stderr(err.clone());
        let code = self.start(context.build_p1())?;
        Ok(Ran {
            code,
            out: out.contents().to_vec(),
            err: err.contents().to_vec(),
        })
    }

    fn start(&self, context: WasiP1Ctx) -> Result<i32, HostError> {
        let instantiate = |error: wt::Error| HostError::Instantiate(format!("{error:#}"));
        let engine = self.module.engine();
        let mut linker: wt::Linker<WasiP1Ctx> = wt::Linker::new(engine);
        p1::add_to_linker_sync(&mut linker, |context| context).map_err(instantiate)?;
        let mut store = wt::Store::new(engine, context);
        let instance = linker
            .instantiate(&mut store, &self.module)
            .map_err(instantiate)?;
        let start = instance
            .get_typed_func::<(), ()>(&mut store, "_start")
            .map_err(|_| HostError::MissingExport("_start".to_owned()))?;
        match start.call(&mut store, ()) {
            Ok(()) => Ok(0),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => Ok(exit.0),
                None => Err(HostError::Trap(format!("{error:#}"))),
            },
        }
    }
}

fn context(arguments: &[String], lent: &[Lent]) -> Result<WasiCtxBuilder, HostError> {
    let mut context = WasiCtxBuilder::new();
    // As `wasmtime run`: a read of `/dev/kmsg` may wait for hours.
    context.allow_blocking_current_thread(true);
    context.arg("program.wasm").args(arguments);
    for Lent { host, guest } in lent {
        context
            .preopened_dir(host, guest, FsPerms::ReadOnly)
            .map_err(|error| HostError::Instantiate(format!("{}: {error:#}", host.display())))?;
    }
    Ok(context)
}
