//! Where a victim runs: cgroup paths as the container runtimes and systemd make them, and whose
//! they are.

use std::fmt::Write as _;

use oom_kernels::truth::{Container, Pod};

/// A cgroup path with the identity it stands for.
#[derive(Clone, Debug)]
pub struct Place {
    /// From the root of the hierarchy, with a leading slash.
    pub path: Vec<u8>,
    /// The pod, where it is one's.
    pub pod: Option<Pod>,
    /// The container, where it is one's.
    pub container: Option<Container>,
    /// The systemd unit, where it is one's and no pod's.
    pub unit: Option<String>,
    /// Whether version 2 gives the path the cpuset controller, as kubelet and the container engines
    /// ask for.
    pub cpuset: bool,
}

/// Quality-of-service class of a pod.
#[derive(Clone, Copy, Debug)]
pub enum Qos {
    /// Every container has limits equal to its requests.
    Guaranteed,
    /// Some container has a request or a limit.
    Burstable,
    /// None has.
    BestEffort,
}

impl Qos {
    fn name(self) -> &'static str {
        match self {
            Self::Guaranteed => "guaranteed",
            Self::Burstable => "burstable",
            Self::BestEffort => "besteffort",
        }
    }

    /// The level of its own between `kubepods` and the pod; a Guaranteed pod has none.
    fn part(self) -> Option<&'static str> {
        (!matches!(self, Self::Guaranteed)).then(|| self.name())
    }
}

/// The program that made the container's cgroup.
#[derive(Clone, Copy, Debug)]
pub enum Runtime {
    /// containerd's CRI plugin.
    Containerd,
    /// CRI-O.
    Crio,
    /// Docker, or cri-dockerd.
    Docker,
    /// Podman.
    Podman,
}

impl Runtime {
    fn scope(self) -> &'static str {
        match self {
            Self::Containerd => "cri-containerd",
            Self::Crio => "crio",
            Self::Docker => "docker",
            Self::Podman => "libpod",
        }
    }

    fn container(self, id: &str) -> Container {
        let runtime = match self {
            Self::Containerd => "containerd",
            Self::Crio => "crio",
            Self::Docker => "docker",
            Self::Podman => "podman",
        };
        Container {
            id: id.to_owned(),
            runtime: Some(runtime.to_owned()),
        }
    }
}

impl Place {
    /// A path that is no container's and no pod's.
    pub fn plain(path: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            pod: None,
            container: None,
            unit: None,
            cpuset: false,
        }
    }

    /// A systemd unit's.
    pub fn unit(path: &str) -> Self {
        let unit = path.rsplit('/').next().map(str::to_owned);
        Self {
            unit,
            ..Self::plain(path)
        }
    }

    /// A pod's container under kubelet's systemd driver.
    pub fn systemd_pod(seed: &str, qos: Qos, runtime: Runtime) -> Self {
        Self::systemd_pod_below("", seed, qos, runtime)
    }

    /// The same in a node that kind runs as a Docker container: kubelet's own root is `kubelet`.
    pub fn kind_pod(seed: &str, qos: Qos, runtime: Runtime) -> Self {
        let inner = Self::systemd_pod_below("kubelet", seed, qos, runtime);
        let node = format!(
            "/system.slice/docker-{}.scope/kubelet.slice",
            id(seed, "node")
        );
        Self {
            path: [node.as_bytes(), &inner.path].concat(),
            ..inner
        }
    }

    /// A slice's name repeats those of its ancestors, hence the prefix.
    fn systemd_pod_below(root: &str, seed: &str, qos: Qos, runtime: Runtime) -> Self {
        let uid = uuid(seed);
        let mut slice = if root.is_empty() {
            "kubepods".to_owned()
        } else {
            format!("{root}-kubepods")
        };
        let mut path = format!("/{slice}.slice");
        for part in qos
            .part()
            .map(str::to_owned)
            .into_iter()
            .chain([format!("pod{}", uid.replace('-', "_"))])
        {
            slice = format!("{slice}-{part}");
            path = format!("{path}/{slice}.slice");
        }
        let id = id(seed, "container");
        Self {
            path: format!("{path}/{}-{id}.scope", runtime.scope()).into_bytes(),
            pod: Some(Pod {
                uid,
                qos: qos.name().to_owned(),
            }),
            container: Some(runtime.container(&id)),
            unit: None,
            cpuset: true,
        }
    }

    /// A pod's container under kubelet's cgroupfs driver. Nothing in the path says which runtime it
    /// is.
    pub fn cgroupfs_pod(seed: &str, qos: Qos) -> Self {
        Self::cgroupfs_pod_of(seed, qos, uuid(seed))
    }

    /// A static pod's: 32 digits in place of the uid.
    pub fn static_pod(seed: &str) -> Self {
        Self::cgroupfs_pod_of(seed, Qos::Burstable, digits(seed, "static", 32))
    }

    fn cgroupfs_pod_of(seed: &str, qos: Qos, uid: String) -> Self {
        let part = qos
            .part()
            .map(|part| format!("/{part}"))
            .unwrap_or_default();
        let id = id(seed, "container");
        Self {
            path: format!("/kubepods{part}/pod{uid}/{id}").into_bytes(),
            pod: Some(Pod {
                uid,
                qos: qos.name().to_owned(),
            }),
            container: Some(Container { id, runtime: None }),
            unit: None,
            cpuset: true,
        }
    }

    /// A container without a pod, as a scope below some slice.
    pub fn scope(below: &str, seed: &str, runtime: Runtime) -> Self {
        let id = id(seed, "container");
        let path = format!("{below}/{}-{id}.scope", runtime.scope());
        Self {
            container: Some(runtime.container(&id)),
            cpuset: true,
            ..Self::plain(path)
        }
    }

    /// A Docker container under Docker's cgroupfs driver.
    pub fn docker(seed: &str) -> Self {
        let id = id(seed, "container");
        let path = format!("/docker/{id}");
        Self {
            container: Some(Runtime::Docker.container(&id)),
            cpuset: true,
            ..Self::plain(path)
        }
    }

    /// A cgroup below this one, with the same identity.
    #[must_use]
    pub fn below(mut self, rest: &[u8]) -> Self {
        self.path.push(b'/');
        self.path.extend_from_slice(rest);
        self
    }

    /// The path without its last `levels` components.
    pub fn ancestor(&self, levels: usize) -> Vec<u8> {
        let mut path = self.path.as_slice();
        for _ in 0..levels {
            path = path
                .iter()
                .rposition(|byte| *byte == b'/')
                .map_or(path, |slash| &path[..slash]);
        }
        path.to_vec()
    }

    /// Another container of the same pod.
    pub fn sibling(&self, seed: &str) -> Self {
        let Some(container) = &self.container else {
            return self.clone();
        };
        let other = id(seed, "sibling");
        let name = String::from_utf8_lossy(&self.path).replace(&container.id, &other);
        let container = Container {
            id: other,
            runtime: container.runtime.clone(),
        };
        Self {
            path: name.into_bytes(),
            container: Some(container),
            ..self.clone()
        }
    }
}

/// A container id.
fn id(seed: &str, salt: &str) -> String {
    digits(seed, salt, 64)
}

/// A pod uid of the usual form.
fn uuid(seed: &str) -> String {
    let hex = digits(seed, "pod", 32);
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// Hexadecimal digits that follow from the seed, so that a scenario's names are the same in every
/// run.
fn digits(seed: &str, salt: &str, count: usize) -> String {
    // FNV-1a, then xorshift64*: good enough to look like an id.
    let bytes = seed.bytes().chain(*b"/").chain(salt.bytes());
    let mut state = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut text = String::new();
    while text.len() < count {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let _ = write!(text, "{:016x}", state.wrapping_mul(0x2545_f491_4f6c_dd1d));
    }
    text.truncate(count);
    text
}
