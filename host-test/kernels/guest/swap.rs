//! A compressed swap device in memory, where the kernel has the modules for it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use nix::kmod::{ModuleInitFlags, finit_module};

use crate::failure::Failure;
use crate::sys;

const DEVICE: &str = "/dev/zram0";
const SIZE: u64 = 64 * 1024 * 1024;
const PAGE: u64 = 4096;

/// Swap that ends with the value.
pub struct Swap(());

impl Swap {
    /// Loads the modules that the host put into `/modules`, in the order of their names, and swaps
    /// to the device.
    pub fn start() -> Result<Self, Failure> {
        let mut modules: Vec<PathBuf> = fs::read_dir("/modules")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        if modules.is_empty() {
            return Err(Failure::Cannot(
                "the kernel package has no zram module".to_owned(),
            ));
        }
        modules.sort();
        for module in modules {
            match finit_module(&File::open(&module)?, c"", ModuleInitFlags::empty()) {
                Ok(()) | Err(nix::Error::EEXIST) => (),
                Err(error) => return Err(Failure::at(module.display(), error)),
            }
        }
        fs::write("/sys/block/zram0/disksize", SIZE.to_string())
            .map_err(|error| Failure::at("zram", error))?;
        let device = File::options().write(true).open(DEVICE)?;
        device.write_all_at(&header(), 0)?;
        device.sync_all()?;
        sys::swap_on(c"/dev/zram0").map_err(|error| Failure::at("swapon", error))?;
        Ok(Self(()))
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        if let Err(error) = sys::swap_off(c"/dev/zram0") {
            eprintln!("oom-guest: swapoff: {error}");
        }
    }
}

/// The first page of a swap area, as `mkswap` writes it.
fn header() -> Vec<u8> {
    let mut page = vec![0; 4096];
    let last_page = u32::try_from(SIZE / PAGE - 1).unwrap_or(u32::MAX);
    page[1024..1028].copy_from_slice(&1_u32.to_ne_bytes());
    page[1028..1032].copy_from_slice(&last_page.to_ne_bytes());
    page[4086..].copy_from_slice(b"SWAPSPACE2");
    page
}
