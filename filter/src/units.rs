//! Units of systemd that programs of a Kubernetes node run in: where the journal names one, it proves the author.

/// The kubelet's own, and those of what the kubelet is a part of.
pub(crate) const KUBELET: [&[u8]; 10] = [
    b"kubelet.service",
    b"k3s.service",
    b"k3s-agent.service",
    b"rke2-server.service",
    b"rke2-agent.service",
    b"snap.k8s.kubelet.service",
    b"snap.kubelet.daemon.service",
    b"snap.kubelet-eks.daemon.service",
    b"snap.microk8s.daemon-kubelet.service",
    b"snap.microk8s.daemon-kubelite.service",
];

/// containerd's.
pub(crate) const CONTAINERD: [&[u8]; 2] = [
    b"containerd.service",
    b"snap.microk8s.daemon-containerd.service",
];

/// Those of Docker's daemon.
#[cfg(feature = "more-programs")]
pub(crate) const DOCKER: [&[u8]; 2] = [b"docker.service", b"snap.docker.dockerd.service"];
