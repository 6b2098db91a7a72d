//! What `/init` owes the machine: mounts, the serial line, the end.

use std::fs::{self, File, OpenOptions};

use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::termios::{SetArg, cfmakeraw, tcdrain, tcgetattr, tcsetattr};

use crate::failure::Failure;

/// Mounts what every scenario needs.
pub fn mount_basics() -> Result<(), Failure> {
    mount_one("proc", "/proc", "")?;
    mount_one("sysfs", "/sys", "")?;
    mount_one("devtmpfs", "/dev", "")
}

/// Mounts a file system of the kernel's own at a folder, which is made if need be.
pub fn mount_one(kind: &str, at: &str, options: &str) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::at(format_args!("mounting {kind} ({options}) at {at}"), error)
    };
    fs::create_dir_all(at).map_err(|error| failed(&error))?;
    mount(Some(kind), at, Some(kind), MsFlags::empty(), Some(options))
        .map_err(|error| failed(&error))
}

/// The value of a parameter of the kernel's command line.
pub fn parameter(name: &str) -> Option<String> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    let words = line.split_ascii_whitespace();
    words
        .filter_map(|word| word.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Opens a serial line that carries every byte unchanged. An emulated one has no speed to set.
pub fn serial_line(device: &str) -> Result<File, Failure> {
    let line = OpenOptions::new()
        .read(true)
        .write(true)
        .open(device)
        .map_err(|error| Failure::at(device, error))?;
    let mut settings = tcgetattr(&line)?;
    cfmakeraw(&mut settings);
    tcsetattr(&line, SetArg::TCSANOW, &settings)?;
    Ok(line)
}

/// Waits until everything written has left.
pub fn drain(line: &File) -> Result<(), Failure> {
    Ok(tcdrain(line)?)
}

/// Sets a kernel setting below `/proc/sys`.
pub fn set(setting: &str, value: &str) -> Result<(), Failure> {
    fs::write(format!("/proc/sys/{setting}"), value).map_err(|error| Failure::at(setting, error))
}

/// Ends the emulated machine. Returns only when the kernel refuses; then the end of `/init` ends it
/// too.
pub fn power_off() {
    nix::unistd::sync();
    let Err(error) = reboot(RebootMode::RB_POWER_OFF);
    eprintln!("oom-guest: power off: {error}");
}
