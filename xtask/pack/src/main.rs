//! Packs a folder or a module; `oom-pack` without arguments says how.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use oom_pack::archive;
use oom_pack::layout::{self, Module};

const USAGE: &str = "usage: oom-pack archive <folder> <prefix> <file.tar.gz|file.tar>
       oom-pack image|artifact|program <file> <title> <tag> <folder>

archive   the folder's files, below the prefix
image     the module as plugin.wasm in an OCI image
artifact  the module in the CNCF's layout for WebAssembly
program   the static program, by its title, in an OCI image of its own

All but the archive are OCI layouts. The digest of each is printed.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["archive", folder, prefix, file] => pack(Path::new(folder), prefix, Path::new(file)),
        ["image", rest @ ..] if rest.len() == 4 => lay_out(layout::image, rest),
        ["artifact", rest @ ..] if rest.len() == 4 => lay_out(layout::artifact, rest),
        ["program", rest @ ..] if rest.len() == 4 => lay_out(layout::program, rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oom-pack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pack(folder: &Path, prefix: &str, file: &Path) -> io::Result<()> {
    let tar = archive::of_folder(folder, prefix)?;
    let is_packed = file.extension().is_some_and(|last| last != "tar");
    let content = if is_packed { archive::gzip(&tar)? } else { tar };
    fs::write(file, content)
}

fn lay_out(
    form: fn(Module<'_>, &Path) -> io::Result<String>,
    arguments: &[&str],
) -> io::Result<()> {
    let [module, title, tag, folder] = arguments else {
        return Err(io::Error::other("four arguments are wanted"));
    };
    let content = fs::read(module)?;
    let module = Module {
        content: &content,
        title,
        tag,
    };
    println!("{}", form(module, Path::new(folder))?);
    Ok(())
}
