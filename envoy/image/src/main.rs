//! `oom-envoy-image <module> <tag> <folder>` writes the image and prints its digest.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, tag, folder] = arguments.as_slice() else {
        eprintln!("usage: oom-envoy-image <module> <tag> <folder>");
        return ExitCode::from(2);
    };
    let written =
        fs::read(module).and_then(|module| oom_envoy_image::write(&module, tag, Path::new(folder)));
    match written {
        Ok(digest) => {
            println!("{digest}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("oom-envoy-image: {error}");
            ExitCode::FAILURE
        }
    }
}
