//! Puts together what browsers and Node load, and serves the page.
//!
//! A program of its own, so that no other command waits for the compilation of what it needs; and
//! from the same `Cargo.lock` as wasm-bindgen's macros, whose version must be the very same.

mod commonjs;
mod package;
mod page;
mod serve;

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

const USAGE: &str = "usage: oom-web-tool package <module.wasm> <sources> <folder>
       oom-web-tool page <module.wasm> <sources> <folder>
       oom-web-tool serve <folder> <port>";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["package", module, sources, folder] => {
            package::write(Path::new(module), Path::new(sources), Path::new(folder))
        }
        ["page", module, sources, folder] => {
            page::write(Path::new(module), Path::new(sources), Path::new(folder))
        }
        ["serve", folder, port] => serve::serve(Path::new(folder), port),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oom-web-tool: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The JavaScript side of the module, and the module without what only that needed.
fn bindgen(module: &Path, configure: fn(&mut Bindgen)) -> Result<Bound, Box<dyn Error>> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("oom").typescript(false);
    bindgen
        .remove_name_section(true)
        .remove_producers_section(true);
    configure(&mut bindgen);
    let mut output = bindgen.generate_output()?;
    Ok(Bound {
        // For a bundler the script is what the module imports; the other one would import the module.
        script: output
            .start()
            .map_or(output.js(), String::as_str)
            .to_owned(),
        module: output.wasm_mut().emit_wasm(),
    })
}

/// A module and its script.
struct Bound {
    script: String,
    module: Vec<u8>,
}
