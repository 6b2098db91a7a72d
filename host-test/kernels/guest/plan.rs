//! One victim to be: where it runs, whose limit kills it, what it looks like.

use crate::fill::Fill;
use crate::place::Place;

/// One MiB in bytes.
pub const MIB: u64 = 1024 * 1024;

/// A victim and its limit.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its cgroup.
    pub place: Place,
    /// The limit that it will hit; none means the machine's memory.
    pub limit: Option<Limit>,
    /// See [`oom_kernels::truth::Kill::constraint`].
    pub constraint: &'static str,
    /// Name, at most 15 bytes.
    pub comm: Vec<u8>,
    /// User.
    pub uid: u32,
    /// Its `oom_score_adj`.
    pub oom_score_adj: i32,
    /// Memory it holds from the start.
    pub hold_kib: usize,
    /// The only NUMA node it takes memory from.
    pub node: Option<u32>,
    /// What it takes; anonymous memory if nothing is said, and then the truth does not tell it.
    pub fill: Option<Fill>,
}

/// A memory limit.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The cgroup that has it.
    pub path: Vec<u8>,
    /// Its level in the words of the record.
    pub level: &'static str,
    /// How much.
    pub bytes: u64,
    /// Swap beyond it, where there is swap.
    pub swap: Option<u64>,
}

impl Plan {
    /// A victim at a place, to be killed because the machine has no memory left.
    pub fn at(place: Place) -> Self {
        let comm = b"hog".to_vec();
        Self {
            place,
            limit: None,
            constraint: "none",
            comm,
            uid: 0,
            oom_score_adj: 0,
            hold_kib: 0,
            node: None,
            fill: None,
        }
    }

    /// The victim's own cgroup has the limit: a container's, or some other cgroup's.
    #[must_use]
    pub fn own_limit(self, bytes: u64) -> Self {
        let level = if self.place.container.is_some() {
            "container"
        } else {
            "cgroup"
        };
        self.limit_above(0, level, bytes)
    }

    /// The cgroup `levels` above has the limit.
    #[must_use]
    pub fn limit_above(mut self, levels: usize, level: &'static str, bytes: u64) -> Self {
        self.limit = Some(Limit {
            path: self.place.ancestor(levels),
            level,
            bytes,
            swap: None,
        });
        self.constraint = "memcg";
        self
    }

    /// The limit lets that much be swapped out too.
    #[must_use]
    pub fn with_swap(mut self, bytes: u64) -> Self {
        self.limit = self.limit.map(|limit| Limit {
            swap: Some(bytes),
            ..limit
        });
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn comm(mut self, comm: impl AsRef<[u8]>) -> Self {
        self.comm = comm.as_ref().to_vec();
        self
    }

    /// Sets user and group.
    #[must_use]
    pub fn uid(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }

    /// Sets `oom_score_adj`.
    #[must_use]
    pub fn adj(mut self, oom_score_adj: i32) -> Self {
        self.oom_score_adj = oom_score_adj;
        self
    }

    /// Sets what it takes.
    #[must_use]
    pub fn fill(mut self, fill: Fill) -> Self {
        self.fill = Some(fill);
        self
    }

    /// Sets the memory held from the start.
    #[must_use]
    pub fn hold(mut self, kib: usize) -> Self {
        self.hold_kib = kib;
        self
    }
}
