//! Whose limit was hit.

use serde::{Serialize, Serializer};

/// The levels: each word stands here alone.
macro_rules! levels {
    ($($(#[$doc:meta])* $level:ident = $word:literal,)*) => {
        /// Whose limit was hit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Level {
            $($(#[$doc])* $level,)*
        }

        impl Level {
            /// Every level.
            pub const ALL: &[Self] = &[$(Self::$level),*];

            /// The word of the record: `container`, `pod`, `qos`, `kubepods`, `node`, `cgroup`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$level => $word,)*
                }
            }

            /// The tag of the record, `oom.container` and so on: what a router matches on.
            pub const fn tag(self) -> &'static str {
                match self {
                    $(Self::$level => concat!("oom.", $word),)*
                }
            }
        }
    };
}

levels! {
    /// A container's own cgroup.
    Container = "container",
    /// A pod's. Its limit is the sum of its containers', so with one container it is reached first.
    Pod = "pod",
    /// That of all burstable or all best-effort pods.
    Qos = "qos",
    /// That of all pods: what the node can allocate is used up.
    Kubepods = "kubepods",
    /// The whole machine, a cpuset or a memory policy.
    Node = "node",
    /// Any other memory cgroup: a service, a user slice.
    Cgroup = "cgroup",
}

impl Level {
    /// Of a directory at a container's own cgroup, or inside it: a limit there is not the container's.
    pub(super) const fn of_container(is_inside: bool) -> Self {
        if is_inside {
            Self::Cgroup
        } else {
            Self::Container
        }
    }
}

/// The tag where the level is not known.
pub(crate) const UNKNOWN_TAG: &str = "oom.unknown";

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
