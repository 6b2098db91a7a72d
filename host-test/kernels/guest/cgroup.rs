//! Cgroups of either version, made where a scenario wants them and removed afterwards.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::failure::Failure;
use crate::system;

/// The hierarchies of one version.
pub struct Tree {
    /// 1 or 2.
    pub version: u8,
    memory: PathBuf,
    /// A hierarchy of its own in version 1.
    cpuset: Option<PathBuf>,
    /// What was made, parents first.
    made: Vec<PathBuf>,
}

impl Tree {
    /// Mounts the hierarchies.
    pub fn mount(version: u8) -> Result<Self, Failure> {
        let (memory, cpuset) = if version == 2 {
            system::mount_one("cgroup2", "/sys/fs/cgroup", "")?;
            ("/sys/fs/cgroup", None)
        } else {
            system::mount_one("tmpfs", "/sys/fs/cgroup", "")?;
            system::mount_one("cgroup", "/sys/fs/cgroup/memory", "memory").map_err(|_| {
                Failure::Cannot("this kernel has no memory controller of cgroup v1".to_owned())
            })?;
            let cpuset = "/sys/fs/cgroup/cpuset";
            let cpuset = system::mount_one("cgroup", cpuset, "cpuset")
                .is_ok()
                .then(|| PathBuf::from(cpuset));
            ("/sys/fs/cgroup/memory", cpuset)
        };
        let tree = Self {
            version,
            memory: PathBuf::from(memory),
            cpuset,
            made: Vec::new(),
        };
        if version == 1 {
            // Children count towards their parents; the only mode from 5.11 on, where the file
            // stays but is fixed.
            let _ = fs::write(tree.memory.join("memory.use_hierarchy"), "1");
            if let Some(cpuset) = &tree.cpuset {
                write(&cpuset.join("cgroup.clone_children"), "1")?;
            }
        }
        Ok(tree)
    }

    /// Makes a cgroup and its parents. On version 2 `cpuset` says whether the path gets that
    /// controller too.
    pub fn make(&mut self, path: &[u8], cpuset: bool) -> Result<(), Failure> {
        for root in self.roots() {
            let mut folder = root;
            for name in path
                .split(|byte| *byte == b'/')
                .filter(|name| !name.is_empty())
            {
                if self.version == 2 {
                    let controllers = if cpuset { "+memory +cpuset" } else { "+memory" };
                    write(&folder.join("cgroup.subtree_control"), controllers)?;
                }
                folder.push(OsStr::from_bytes(name));
                if !folder.is_dir() {
                    fs::create_dir(&folder)
                        .map_err(|error| Failure::at(folder.display(), error))?;
                    self.made.push(folder.clone());
                }
            }
        }
        Ok(())
    }

    /// Sets the limit of a cgroup that was made before.
    pub fn limit(&self, path: &[u8], bytes: u64) -> Result<(), Failure> {
        self.set(
            path,
            if self.version == 2 {
                "memory.max"
            } else {
                "memory.limit_in_bytes"
            },
            &bytes.to_string(),
        )
    }

    /// Writes one of the memory controller's files.
    pub fn set(&self, path: &[u8], file: &str, value: &str) -> Result<(), Failure> {
        write(&below(&self.memory, path).join(file), value)
    }

    /// Writes one of the cpuset controller's files.
    pub fn set_cpuset(&self, path: &[u8], file: &str, value: &str) -> Result<(), Failure> {
        let root = match (self.version, &self.cpuset) {
            (1, None) => {
                return Err(Failure::Cannot(
                    "the kernel has no cpuset hierarchy of version 1".to_owned(),
                ));
            }
            (_, cpuset) => cpuset.as_ref().unwrap_or(&self.memory),
        };
        write(&below(root, path).join(file), value)
    }

    /// The files that a process writes itself into to enter a cgroup.
    pub fn entrances(&self, path: &[u8]) -> Vec<PathBuf> {
        self.roots()
            .into_iter()
            .map(|root| below(&root, path).join("cgroup.procs"))
            .collect()
    }

    /// Processes in a cgroup and below it.
    pub fn processes(&self, path: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        collect(&below(&self.memory, path), &mut found);
        found
    }

    /// Removes every cgroup that was made. The kernel needs a moment after the last process has
    /// left.
    pub fn clear(&mut self) -> Result<(), Failure> {
        while let Some(folder) = self.made.pop() {
            let mut result = fs::remove_dir(&folder);
            for _ in 0..200 {
                if result.is_ok() {
                    break;
                }
                sleep(Duration::from_millis(10));
                result = fs::remove_dir(&folder);
            }
            result.map_err(|error| {
                Failure::at(format_args!("removing {}", folder.display()), error)
            })?;
        }
        Ok(())
    }

    fn roots(&self) -> Vec<PathBuf> {
        [Some(self.memory.clone()), self.cpuset.clone()]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The folder of a cgroup in a hierarchy.
fn below(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}

fn collect(folder: &Path, found: &mut Vec<u32>) {
    let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    found.extend(
        processes
            .lines()
            .filter_map(|line| line.parse::<u32>().ok()),
    );
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), found);
        }
    }
}

fn write(file: &Path, value: &str) -> Result<(), Failure> {
    fs::write(file, value)
        .map_err(|error| Failure::at(format_args!("writing {value} to {}", file.display()), error))
}
