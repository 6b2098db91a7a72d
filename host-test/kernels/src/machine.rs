//! The emulated machine: one boot, from the power switch to what the guest sent.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_kernels::truth::Truth;
use oom_kernels::wire;

use crate::fallible::{At, Fallible};
use crate::kernel::Kernel;
use crate::options::Options;

/// A boot takes well under a minute on an idle machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// What the guest sent.
pub struct Sent {
    /// What it knows.
    pub truth: Truth,
    /// Bytes of `/dev/kmsg`.
    pub kmsg: Vec<u8>,
}

/// Boots the kernel with the initramfs and waits for the end.
///
/// Two processors and two NUMA nodes, so that kills can be confined to one node. Everything is
/// emulated, which makes the run independent of the machine's own virtualisation.
pub fn boot(options: &Options, kernel: &Kernel, initramfs: &[u8], cgroup: u8) -> Fallible<Sent> {
    let folder = options
        .cache
        .join("boots")
        .join(format!("{}-cgroup{cgroup}", kernel.name));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("initramfs"), initramfs)?;
    let mut parameters = format!(
        "console=ttyS0 panic=-1 loglevel=3 log_buf_len=4M printk.devkmsg=on oom_cgroup={cgroup}"
    );
    if options.filled {
        parameters += " oom_table=filled";
    }
    if let Some(only) = &options.only {
        parameters = format!("{parameters} oom_only={only}");
    }
    let start = Command::new("qemu-system-x86_64")
        .args([
            "-accel",
            "tcg",
            "-machine",
            "pc",
            "-smp",
            "2,sockets=2",
            "-m",
            "256",
            "-nodefaults",
            "-no-reboot",
        ])
        .args([
            "-object",
            "memory-backend-ram,id=m0,size=128M",
            "-numa",
            "node,memdev=m0,cpus=0",
        ])
        .args([
            "-object",
            "memory-backend-ram,id=m1,size=128M",
            "-numa",
            "node,memdev=m1,cpus=1",
        ])
        .args([
            "-display",
            "none",
            "-serial",
            "file:console",
            "-serial",
            "file:sent",
        ])
        .arg("-kernel")
        .arg(&kernel.image)
        .args(["-initrd", "initramfs", "-append", &parameters])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("emulator"))?)
        .spawn()
        .at("qemu-system-x86_64")?;
    let ended = Machine(start).wait();
    let sent = fs::read(folder.join("sent")).unwrap_or_default();
    let files = match ended.and_then(|()| wire::receive(&sent).map_err(Into::into)) {
        Ok(files) => files,
        Err(error) => return Err(format!("{error}{}", last_words(&folder)).into()),
    };
    let file = |name: &str| {
        files
            .get(name)
            .ok_or_else(|| format!("the guest did not send `{name}`"))
    };
    Ok(Sent {
        truth: serde_json::from_slice(file("truth.json")?)?,
        kmsg: file("kmsg")?.clone(),
    })
}

/// A running emulator, ended at the latest with the value.
struct Machine(Child);

impl Machine {
    fn wait(mut self) -> Fallible<()> {
        let start = Instant::now();
        loop {
            match self.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("the emulator failed ({status})").into()),
                None if start.elapsed() > PATIENCE => return Err("the machine did not end".into()),
                None => sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the console and the emulator said last.
fn last_words(folder: &Path) -> String {
    let mut text = String::new();
    for name in ["emulator", "console"] {
        let said = fs::read(folder.join(name)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        for line in &lines[lines.len().saturating_sub(15)..] {
            text = format!("{text}\n  {name}: {line}");
        }
    }
    text
}
