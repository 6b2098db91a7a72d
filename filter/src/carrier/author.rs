//! Who wrote a line, as far as its carrier says.

/// The writer of a line or a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Author {
    /// The carrier names the kernel.
    Kernel,
    /// The carrier names somebody else: the line is no kernel message.
    Other,
    /// The carrier says nothing; the grammar of the message decides.
    #[default]
    Unsaid,
}

impl Author {
    /// Kernel or not, by one statement of the carrier.
    pub(crate) fn kernel_if(is_kernel: bool) -> Self {
        if is_kernel { Self::Kernel } else { Self::Other }
    }

    /// By the priority of `/dev/kmsg` and syslog. Facility 0 is the kernel's; the kernel forces any
    /// other on what user space writes to `/dev/kmsg`.
    pub(crate) fn of_priority(priority: u64) -> Self {
        Self::kernel_if(priority < 8)
    }

    /// With one more statement: one that disowns the kernel outweighs every other.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Other, _) | (_, Self::Other) => Self::Other,
            (Self::Unsaid, said) | (said, Self::Unsaid) => said,
            (Self::Kernel, Self::Kernel) => Self::Kernel,
        }
    }
}
