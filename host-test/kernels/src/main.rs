//! Kernels in a box: boots Debian's own kernels in a machine emulator, lets real OOM kills happen
//! there, and writes what the kernel said (`<distro>-<version>-cgroup<1|2>.kmsg`) beside what is
//! known of each kill (`manifest.jsonl`).
//!
//! No hardware virtualisation and no root is needed. See README.md in the package for how to run
//! it.

mod apt;
mod capture;
mod fallible;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod manifest;
mod options;
mod tools;

use std::process::ExitCode;
use std::time::Instant;

use fallible::Fallible;
use options::Options;

fn main() -> ExitCode {
    let result = match Options::from_command_line() {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oom-kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every kernel and hierarchy that was asked for. One that fails does not keep the others from
/// running.
fn run(options: &Options) -> Fallible<()> {
    tools::check()?;
    std::fs::create_dir_all(&options.out)?;
    let program = guest::build(&options.cache)?;
    let mut failures = Vec::new();
    for suite in &options.suites {
        let start = Instant::now();
        let kernel = match kernel::fetch(options, suite) {
            Ok(kernel) => kernel,
            Err(error) => {
                failures.push(format!("{suite}: {error}"));
                continue;
            }
        };
        println!(
            "{suite}: kernel {} ({:.0?})",
            kernel.release,
            start.elapsed()
        );
        for version in &options.cgroups {
            if let Err(error) = boot(options, &kernel, &program, *version) {
                failures.push(format!("{suite}, cgroup {version}: {error}"));
            }
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// One boot: from the kernel to the capture and its line of the manifest.
fn boot(options: &Options, kernel: &kernel::Kernel, program: &[u8], version: u8) -> Fallible<()> {
    let start = Instant::now();
    let initramfs = initramfs::build(program, &kernel.modules);
    let sent = machine::boot(options, kernel, &initramfs, version)?;
    let name = format!("{}-cgroup{version}.kmsg", kernel.name);
    if let Some(why) = sent.truth.cannot {
        println!("{name}: not to be had: {why}");
        return Ok(());
    }
    let capture = capture::trim(&sent.kmsg)?;
    let entry = manifest::Entry::new(&name, kernel, version, sent.truth, &capture);
    println!("{name}: {} ({:.0?})", entry.summary(), start.elapsed());
    std::fs::write(options.out.join(&name), &capture)?;
    manifest::update(&options.out.join("manifest.jsonl"), &entry)?;
    entry.verdict()
}
