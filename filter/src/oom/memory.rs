//! What a cgroup or the machine was filled with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The figures: each name of the record stands here alone.
macro_rules! figures {
    ($($(#[$doc:meta])* $figure:ident = $name:literal,)*) => {
        /// A figure of [`Memory`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Figure {
            $($(#[$doc])* $figure,)*
        }

        impl Figure {
            /// Every figure, in the order of the record.
            pub const ALL: &[Self] = &[$(Self::$figure),*];

            const NAMES: &[&'static str] = &[$($name),*];

            /// The figure of that name in the record.
            #[cfg(feature = "deserialize")]
            pub(super) fn named(name: &str) -> Option<Self> {
                let mut named = Self::NAMES.iter().zip(Self::ALL);
                named.find(|(known, _)| **known == name).map(|(_, figure)| *figure)
            }
        }
    };
}

figures! {
    /// What was charged to the cgroup: `memory:`.
    Usage = "usage_bytes",
    /// What may be charged. Absent where unlimited.
    Limit = "limit_bytes",
    /// How often the limit stopped a charge: a number.
    Failcnt = "failcnt",
    /// `swap:` (cgroup v2).
    SwapUsage = "swap_usage_bytes",
    /// `swap:` (cgroup v2). Absent where unlimited.
    SwapLimit = "swap_limit_bytes",
    /// `memory+swap:` (cgroup v1).
    MemswUsage = "memsw_usage_bytes",
    /// `memory+swap:` (cgroup v1). Absent where unlimited.
    MemswLimit = "memsw_limit_bytes",
    /// `kmem:` (cgroup v1).
    KmemUsage = "kmem_usage_bytes",
    /// `kmem:` (cgroup v1). Absent where unlimited.
    KmemLimit = "kmem_limit_bytes",
    /// Anonymous memory: heaps and stacks. Of the machine without shared memory, which stands on the same lists.
    Anon = "anon_bytes",
    /// Page cache, with shared memory.
    File = "file_bytes",
    /// Of the page cache: tmpfs and shared memory (of a cgroup 4.14 and newer).
    Shmem = "shmem_bytes",
    /// All kernel memory of a cgroup (5.18 and newer).
    Kernel = "kernel_bytes",
    /// Slab caches of the kernel's.
    Slab = "slab_bytes",
    /// Of the slab caches: what cannot be taken back.
    SlabUnreclaimable = "slab_unreclaimable_bytes",
    /// Page tables.
    Pagetables = "pagetables_bytes",
    /// Stacks of kernel threads, and of processes in the kernel.
    KernelStack = "kernel_stack_bytes",
    /// Memory that each processor has for itself (5.9 and newer).
    Percpu = "percpu_bytes",
    /// `vmalloc` (5.18 and newer).
    Vmalloc = "vmalloc_bytes",
    /// Buffers of sockets.
    Sock = "sock_bytes",
    /// In swap: of a cgroup where the kernel prints it (v1), else of the machine.
    Swap = "swap_bytes",
    /// Swap that the machine has.
    SwapTotal = "swap_total_bytes",
    /// Of that, what is free.
    SwapFree = "swap_free_bytes",
    /// What is free of the machine's memory.
    Free = "free_bytes",
    /// The machine's memory.
    Total = "total_bytes",
}

/// Figures that were printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    values: [u64; Figure::ALL.len()],
    /// A bit for each that is there.
    printed: u32,
}

impl Figures {
    pub(crate) fn get(&self, figure: Figure) -> Option<u64> {
        let is_printed = self.printed >> figure as u32 & 1 == 1;
        is_printed.then(|| self.values.get(figure as usize).copied())?
    }

    pub(crate) fn set(&mut self, figure: Figure, value: Option<u64>) {
        let bit = 1 << figure as u32;
        self.printed &= !bit;
        if let (Some(value), Some(place)) = (value, self.values.get_mut(figure as usize)) {
            self.printed |= bit;
            *place = value;
        }
    }

    pub(crate) fn add(&mut self, figure: Figure, value: u64) {
        let before = self.get(figure).unwrap_or_default();
        self.set(figure, Some(before.saturating_add(value)));
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.printed == 0
    }

    /// Takes those of others over that are there.
    pub(crate) fn extend(&mut self, others: &Self) {
        for figure in Figure::ALL {
            if let Some(value) = others.get(*figure) {
                self.set(*figure, Some(value));
            }
        }
    }

    /// Those that are there, together.
    pub(crate) fn sum(&self, figures: &[Figure]) -> u64 {
        let printed = figures.iter().filter_map(|figure| self.get(*figure));
        printed.fold(0, u64::saturating_add)
    }
}

/// Accounts of the cgroup that hit its limit, and what filled it; for the whole machine what filled that.
///
/// A figure that the kernel did not print is absent. The kinds of memory of a cgroup are those of all below it,
/// too.
///
/// ```
/// use oom_filter::oom::Figure;
/// use oom_filter::{KernelLine, Machine, Streams, Told};
///
/// let report = [
///     &b"[ 9.000000] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"[..],
///     b"[ 9.000001] memory: usage 20480kB, limit 20480kB, failcnt 7",
///     b"[ 9.000002] Memory cgroup out of memory: Killed process 42 (a) total-vm:8kB",
/// ];
/// let mut streams: Streams = Streams::new();
/// let lines = report.map(KernelLine::read);
/// let told = lines.iter().map(|line| streams.read(line, b"", Machine::default())).last();
/// let Some(Told::Kill(kill)) = told else { panic!() };
/// assert_eq!(kill.memory.unwrap().get(Figure::Limit), Some(20_971_520));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    pub(crate) figures: Figures,
    /// Up to 5.2 the kernel tells it of each cgroup of the subtree: the five largest.
    pub cgroups: Vec<CgroupShare>,
    /// Of the machine: why memory could not be had although some was free. Absent where the report does not
    /// tell which zone failed.
    pub allocation: Option<Box<Allocation>>,
    /// The kind that makes up more than half of the usage, of the machine more than half of its memory. Absent
    /// where none does, or the kernel did not print enough.
    pub mostly: Option<Mostly>,
}

impl Memory {
    pub(crate) fn of(figures: &Figures) -> Self {
        Self {
            figures: *figures,
            ..Self::default()
        }
    }

    /// A figure, if the kernel printed it. All are bytes, but [`Figure::Failcnt`].
    pub fn get(&self, figure: Figure) -> Option<u64> {
        self.figures.get(figure)
    }

    /// The kind that makes up more than half of `whole`.
    pub(crate) fn find_mostly(&self, whole: Figure) -> Option<Mostly> {
        /// Where the kernel does not print all of its memory as one: less than that, and enough where it is half.
        const PARTS: [Figure; 5] = [
            Figure::Slab,
            Figure::Pagetables,
            Figure::KernelStack,
            Figure::Percpu,
            Figure::Vmalloc,
        ];
        let get = |figure| self.get(figure).unwrap_or_default();
        let half = self.get(whole)?.div_euclid(2);
        let kernel = get(Figure::Kernel).max(get(Figure::KmemUsage));
        // Without the shared memory nobody knows what of it is a file's.
        let shmem = self.get(Figure::Shmem);
        let file = shmem.map_or(0, |shmem| get(Figure::File).saturating_sub(shmem));
        let kinds = [
            (Mostly::Anon, get(Figure::Anon)),
            (Mostly::File, file),
            (Mostly::Shmem, shmem.unwrap_or_default()),
            (Mostly::Kernel, kernel.max(self.figures.sum(&PARTS))),
            (Mostly::Sock, get(Figure::Sock)),
        ];
        let found = kinds.into_iter().find(|(_, bytes)| *bytes > half)?;
        Some(found.0)
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, figure) in Figure::NAMES.iter().zip(Figure::ALL) {
            if let Some(value) = self.get(*figure) {
                map.serialize_entry(name, &value)?;
            }
        }
        if !self.cgroups.is_empty() {
            map.serialize_entry("cgroups", &self.cgroups)?;
        }
        if let Some(allocation) = &self.allocation {
            map.serialize_entry("allocation", allocation)?;
        }
        if let Some(mostly) = &self.mostly {
            map.serialize_entry("mostly", mostly)?;
        }
        map.end()
    }
}

/// What one cgroup of the subtree holds by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct CgroupShare {
    /// From the root of the memory hierarchy.
    pub path: String,
    /// The container's id, where the path has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Anonymous memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anon_bytes: Option<u64>,
    /// Page cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
    /// In swap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
}

/// The zone in which the allocation failed: the highest that it may use, where it may use one node alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[non_exhaustive]
pub struct Allocation {
    /// `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable`, `Device`.
    #[cfg_attr(feature = "deserialize", serde(deserialize_with = "super::read::zone"))]
    pub zone: super::Word,
    /// The NUMA node.
    pub node: u32,
    /// What is free of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Below this only the kernel's emergencies are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_bytes: Option<u64>,
    /// Below this the kernel begins to take memory back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_bytes: Option<u64>,
    /// log2 of the pages of the largest free block. Absent where none is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_free_order: Option<u32>,
    /// The nodes of a memory policy, as printed. Absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodemask: Option<String>,
    /// The nodes of the task's cpuset, as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mems_allowed: Option<String>,
}

/// A kind of memory that makes up more than half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "deserialize", derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mostly {
    /// Heaps and stacks of processes.
    Anon,
    /// Page cache, without shared memory.
    File,
    /// tmpfs and shared memory.
    Shmem,
    /// The kernel's own.
    Kernel,
    /// Buffers of sockets.
    Sock,
}
