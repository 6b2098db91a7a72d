//! Who wrote a line, as far as its carrier says.

/// The writer of a line or a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Author {
    /// The carrier proves that it was the kernel: by the facility of `/dev/kmsg` or of syslog, or by the
    /// journal's transport.
    Kernel,
    /// The carrier names somebody else: the line is no kernel message.
    Other,
    /// The carrier says nothing, or no more than any program can claim, as `kernel:` in a syslog file; the
    /// grammar of the message decides.
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

    /// By the facility, a number or a name.
    pub(crate) fn of_facility(facility: &[u8]) -> Self {
        let names: [&[u8]; 3] = [b"0", b"kern", b"kernel"];
        Self::kernel_if(names.iter().any(|name| facility.eq_ignore_ascii_case(name)))
    }

    /// By the name of a program, as syslog has it: `kernel`, `kernel:`, `sshd[12]:`.
    ///
    /// Another name than the kernel's is believed; the kernel's proves nothing, since `logger -t kernel`
    /// writes it too. The kernel has no process id, so `kernel[77]` is a program.
    pub(crate) fn of_program(name: &[u8]) -> Self {
        let is_end = |byte: &u8| matches!(byte, b':' | b' ');
        let end = name.iter().rposition(|byte| !is_end(byte));
        let name = end.and_then(|end| name.get(..=end)).unwrap_or_default();
        if name.is_empty() || name == b"-" || name.eq_ignore_ascii_case(b"kernel") {
            Self::Unsaid
        } else {
            Self::Other
        }
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

#[cfg(test)]
mod tests {
    use super::Author;

    #[test]
    fn the_name_of_a_program_can_only_disown_the_kernel() {
        for name in ["kernel", "kernel:", "KERNEL", "kernel: ", "", "-", ":"] {
            assert_eq!(
                Author::of_program(name.as_bytes()),
                Author::Unsaid,
                "{name}"
            );
        }
        for name in [
            "kernel[77]",
            "kernel[77]:",
            "kernel[0]:",
            "kernelx",
            "app",
            "k",
        ] {
            assert_eq!(Author::of_program(name.as_bytes()), Author::Other, "{name}");
        }
    }

    #[test]
    fn a_facility_is_a_number_or_a_name() {
        for name in ["0", "kern", "KERN", "kernel", "Kernel"] {
            assert_eq!(
                Author::of_facility(name.as_bytes()),
                Author::Kernel,
                "{name}"
            );
        }
        for name in ["1", "user", "daemon", "00", "local0"] {
            assert_eq!(
                Author::of_facility(name.as_bytes()),
                Author::Other,
                "{name}"
            );
        }
    }
}
