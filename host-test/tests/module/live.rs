//! This machine's own kernel kills a process with a hostile name in a cgroup with a pod's path.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use oom_host_test::directory_engines;
use oom_suite::form::records;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

use crate::logs::Logs;
use crate::names;
use crate::runs::{Runner, call, ooms};

const UID: &str = "0d9c3f5e-2f44-4d0b-9a6c-3f1f0c5f7a11";
const CONTAINER: &str = "5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5f1c0de5";
const LIMIT: u64 = 16 << 20;
/// Imitates both the figures of the kill line and, by its length, the end of a name.
const COMM: &str = "x) total-vm:1kB";

/// A memory cgroup that is taken away again.
struct Cgroup {
    /// From the pods' root down to the container, for removal in reverse.
    folders: Vec<PathBuf>,
    path: String,
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in self.folders.iter().rev() {
            // A cgroup that others made and use does not go, and need not.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Where the memory controller is mounted, and the name of its limit.
fn hierarchy() -> Option<(PathBuf, &'static str)> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounted = |wanted: fn(&str, &str) -> bool| {
        mounts.lines().find_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (folder, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
            wanted(kind, options).then(|| PathBuf::from(folder))
        })
    };
    let v1 = mounted(|kind, options| {
        kind == "cgroup" && options.split(',').any(|option| option == "memory")
    });
    if let Some(folder) = v1 {
        return Some((folder, "memory.limit_in_bytes"));
    }
    let folder = mounted(|kind, _| kind == "cgroup2")?;
    let controllers = fs::read_to_string(folder.join("cgroup.controllers")).ok()?;
    controllers
        .contains("memory")
        .then_some((folder, "memory.max"))
}

/// Makes `/kubepods/burstable/pod<uid>/<id>` with a limit.
fn cgroup(root: &Path, limit: &str) -> std::io::Result<Cgroup> {
    let mut made = Cgroup {
        folders: Vec::new(),
        path: format!("/kubepods/burstable/pod{UID}/{CONTAINER}"),
    };
    let mut folder = root.to_path_buf();
    for name in made.path.clone().split('/').skip(1) {
        if limit == "memory.max" {
            fs::write(folder.join("cgroup.subtree_control"), "+memory")?;
        }
        folder.push(name);
        if !folder.exists() {
            fs::create_dir(&folder)?;
            made.folders.push(folder.clone());
        }
    }
    fs::write(folder.join(limit), LIMIT.to_string())?;
    if limit == "memory.max" {
        // The kernel would page out in place of a kill.
        let _ = fs::write(folder.join("memory.swap.max"), "0");
    }
    Ok(made)
}

/// Runs a shell that renames itself, joins the cgroup and takes memory until it is killed.
fn kill_one(root: &Path, cgroup: &Cgroup) -> std::io::Result<u32> {
    let procs = root.join(&cgroup.path[1..]).join("cgroup.procs");
    let script = format!(
        "printf '%s' '{COMM}' > /proc/self/comm; echo $$ > '{}'; \
         text=x; while :; do text=$text$text; done",
        procs.display()
    );
    // `exec` forks nothing: the shell's own pid is the victim's. /proc/self is the shell's, too,
    // since printf is a builtin.
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let pid = child.id();
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > Duration::from_mins(1) {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::other(
                "the process was not killed in a minute",
            ));
        }
        sleep(Duration::from_millis(20));
    }
    Ok(pid)
}

/// Reads `/dev/kmsg` from its end for a while.
struct Kmsg(File);

impl Kmsg {
    const O_NONBLOCK: i32 = 0o4000;

    /// Opens it and passes over what is in it.
    fn open() -> std::io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(Self::O_NONBLOCK)
            .open("/dev/kmsg")?;
        let mut kmsg = Self(file);
        kmsg.rest();
        Ok(kmsg)
    }

    /// Everything that has come since.
    fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut record = [0; 8192];
        loop {
            match self.0.read(&mut record) {
                Ok(length) => all.extend_from_slice(&record[..length]),
                // The ring was overrun: the next read goes on with what is left.
                Err(error) if error.raw_os_error() == Some(32) => {}
                Err(_) => return all,
            }
        }
    }
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![a_process_killed_here_is_found]
}

fn a_process_killed_here_is_found() -> Tested {
    let Some((root, limit)) = hierarchy() else {
        return Err(Skip::new("there is no memory cgroup here"));
    };
    let mut kmsg = match Kmsg::open() {
        Ok(kmsg) => kmsg,
        Err(error) => return Err(Skip::new(format!("/dev/kmsg cannot be read: {error}"))),
    };
    let cgroup = match cgroup(&root, limit) {
        Ok(cgroup) => cgroup,
        Err(error) => return Err(Skip::new(format!("no memory cgroup can be made: {error}"))),
    };
    let pid = match kill_one(&root, &cgroup) {
        Ok(pid) => pid,
        Err(error) => return Err(Skip::new(format!("no process can be put into it: {error}"))),
    };
    sleep(Duration::from_millis(500));
    let seen = kmsg.rest();
    if !String::from_utf8_lossy(&seen).contains("Killed process") {
        return Err(Skip::new(
            "the kernel's log of this kill is not to be read here",
        ));
    }
    let input = records("kmsg", &seen).expect("a form");
    for runner in Runner::all() {
        let kills: Vec<Value> = ooms(&runner.run(2, &input, false))
            .into_iter()
            .filter(|oom| oom["victim"]["pid"] == pid)
            .collect();
        let [kill] = kills.as_slice() else {
            panic!("{} kills of {pid} in {}", kills.len(), runner.name());
        };
        assert_eq!(kill["victim"]["comm"], COMM);
        assert_eq!(kill["level"], "container");
        assert_eq!(kill["pod"]["uid"], UID);
        assert_eq!(kill["pod"]["qos"], "burstable");
        assert_eq!(kill["container"]["id"], CONTAINER);
        assert_eq!(kill["cgroup"]["limit"], cgroup.path.as_str());
        assert_eq!(kill["cgroup"]["victim"], cgroup.path.as_str());
        assert_eq!(kill["memory"]["limit_bytes"], LIMIT);
        assert_eq!(kill["attribution"], "report");
    }
    names_are_found(&input, pid);
    Ok(())
}

/// The files that the kubelet would have of the container name it.
fn names_are_found(input: &[Vec<u8>], pid: u32) {
    let logs = Logs::new("live-names");
    logs.pod("shop", "web-7f9c", UID);
    logs.container(format!("web-7f9c_shop_app-{CONTAINER}.log"));
    for engine in directory_engines() {
        let mut host = names::host(engine, &logs.folders());
        let kill = input
            .iter()
            .filter_map(|record| call(&mut *host, "oom_events", record))
            .map(|record| serde_json::from_slice::<Value>(&record).expect("a record"))
            .find(|record| record["oom"]["victim"]["pid"] == pid)
            .expect("it was found before");
        let expected = json!({
            "pod_id": UID,
            "pod_name": "web-7f9c",
            "namespace_name": "shop",
            "container_name": "app",
            "docker_id": CONTAINER,
        });
        assert_eq!(kill["kubernetes"], expected, "{}", engine.name());
    }
}
