//! A process that is there to be killed: this program, started again.
//!
//! It prepares itself as its plan says, writes one byte to say that it is ready, and then obeys one
//! byte from its parent: `g` takes memory until killed, anything else (or the parent's end) makes
//! it leave.

use std::ffi::{CString, OsStr};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgid, setuid};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::fill::{Fill, take};
use crate::sys;

/// How long a victim may live once it was let loose.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a victim makes of itself before it is ready.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Orders {
    /// `cgroup.procs` files to enter, as bytes.
    pub entrances: Vec<Vec<u8>>,
    /// Name, at most 15 bytes, any but NUL.
    pub comm: Vec<u8>,
    /// User and group.
    pub uid: u32,
    /// Its `oom_score_adj`.
    pub oom_score_adj: i32,
    /// Memory to hold before it is ready.
    pub hold_kib: usize,
    /// The only NUMA node to take memory from.
    pub node: Option<u32>,
    /// What it takes when it is let loose; anonymous memory if nothing is said.
    pub fill: Option<Fill>,
}

/// The victim's side: `orders` is the JSON of [`Orders`].
pub fn live(orders: &str) -> Result<(), Failure> {
    let orders: Orders = serde_json::from_str(orders)?;
    for entrance in &orders.entrances {
        let entrance = PathBuf::from(OsStr::from_bytes(entrance));
        std::fs::write(&entrance, "0").map_err(|error| Failure::at(entrance.display(), error))?;
    }
    std::fs::write("/proc/self/oom_score_adj", orders.oom_score_adj.to_string())?;
    if let Some(node) = orders.node {
        sys::bind_memory_to(node)?;
    }
    take(orders.hold_kib * 1024);
    setgid(Gid::from_raw(orders.uid))?;
    setuid(Uid::from_raw(orders.uid))?;
    prctl::set_name(
        &CString::new(orders.comm).map_err(|_| Failure::Wrong("NUL in a name".to_owned()))?,
    )?;
    io::stdout().write_all(b"r")?;
    io::stdout().flush()?;
    let mut order = [0];
    if io::stdin().read(&mut order)? == 1 && order == *b"g" {
        let entrance = orders.entrances.first();
        let entrance = entrance.map(|entrance| PathBuf::from(OsStr::from_bytes(entrance)));
        orders
            .fill
            .unwrap_or(Fill::Anon)
            .take(entrance.as_deref())?;
    }
    Ok(())
}

/// The parent's side of a running victim.
pub struct Victim {
    child: Child,
    /// Process id in the pid namespace of the parent.
    pub pid: u32,
}

impl Victim {
    /// Starts a victim and waits until it is ready.
    pub fn start(orders: &Orders) -> Result<Self, Failure> {
        let mut child = Command::new("/proc/self/exe")
            .arg("victim")
            .arg(serde_json::to_string(orders)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::at("starting a victim", error))?;
        let pid = child.id();
        let mut ready = [0];
        let output = child
            .stdout
            .as_mut()
            .ok_or_else(|| Failure::Wrong("a victim has no output".to_owned()))?;
        output
            .read_exact(&mut ready)
            .map_err(|error| Failure::at("a victim was never ready", error))?;
        Ok(Self { child, pid })
    }

    /// Lets it take memory.
    pub fn release(&mut self) -> Result<(), Failure> {
        match self.child.stdin.as_mut() {
            Some(input) => Ok(input.write_all(b"g")?),
            None => Err(Failure::Wrong("a victim has no input".to_owned())),
        }
    }

    /// Whether it is dead, and by SIGKILL.
    pub fn killed(&mut self) -> Result<bool, Failure> {
        match self.child.try_wait()? {
            None => Ok(false),
            Some(status) if status.signal() == Some(nix::libc::SIGKILL) => Ok(true),
            Some(status) => Err(Failure::Wrong(format!(
                "victim {} was not killed but ended: {status}",
                self.pid
            ))),
        }
    }

    /// Waits until the kernel has killed it.
    pub fn wait_killed(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        while !self.killed()? {
            if start.elapsed() > PATIENCE {
                return Err(Failure::Wrong(format!("victim {} lives on", self.pid)));
            }
            sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Victim {
    /// Nothing that a scenario started outlives it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
