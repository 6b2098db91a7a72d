//! How a host behaves: the default is Fluent Bit v5.1.1.

use std::path::PathBuf;

/// What a caller can set. The default is Fluent Bit v5.1.1 with its own default configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// How long one instance of the module lives.
    pub lifetime: Lifetime,
    /// What becomes of the two buffers after a call.
    pub frees: Frees,
    /// The tag's pointer; its length is true either way.
    pub tag_pointer: Pointer,
    /// The record's pointer; its length is what [`Options::record_length`] says either way.
    pub record_pointer: Pointer,
    /// The record's length as the guest is told it. The buffer holds the record and a NUL whatever
    /// the guest is told.
    pub record_length: Length,
    /// Linear memory the guest may reach, in pages of 64 KiB; absent: what the module itself says.
    /// A module that starts with more is refused, growth beyond it fails as `memory.grow` does.
    pub memory_pages: Option<u32>,
    /// Fuel for one record (both `malloc`s, the call and both `free`s); absent: no ceiling, and
    /// nothing is counted. `Some(u64::MAX)` counts without a ceiling. Only wasmtime can.
    pub fuel: Option<u64>,
    /// The guest's call stack in bytes. In WAMR the interpreter's operand stack, which the host
    /// never makes smaller than its default of 8192 bytes; in wasmtime the native stack of the
    /// compiled code, 512 KiB by default.
    pub stack_bytes: Option<u32>,
    /// Directories that a module with imports can read, each by the very path that stands here. Where
    /// one is missing there is no instance. Fluent Bit opens the working directory where none is named;
    /// this opens none then. A wasmtime that was built without the feature `wasi` can open none.
    pub accessible_paths: Vec<PathBuf>,
    /// What the module may use of WebAssembly.
    pub proposals: Proposals,
}

/// How long one instance of the module lives.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lifetime {
    /// As long as the host, as in Fluent Bit 4.1 and later.
    #[default]
    Process,
    /// One record. Fluent Bit up to 4.0 has one instance for each append, and its `kmsg` input
    /// appends line by line.
    Record,
}

/// What becomes of the two buffers after a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Frees {
    /// Tag, then record, as since Fluent Bit 4.1.2.
    #[default]
    InOrder,
    /// Record, then tag: an order no version has, and which a module must not rely on.
    Reversed,
    /// Never, as in Fluent Bit 4.1.0 and 4.1.1.
    Never,
}

/// Where a buffer is put.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pointer {
    /// Where the guest's `malloc` says.
    #[default]
    Allocated,
    /// Address 0, which is what Fluent Bit passes on when the guest's `malloc` gave 0.
    Null,
}

/// The length the guest is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Length {
    /// The true one.
    #[default]
    True,
    /// So many bytes more than there are, saturating.
    More(u32),
    /// So many bytes fewer than there are, saturating.
    Fewer(u32),
    /// This, whatever the record.
    Exactly(u32),
}

impl Length {
    pub(crate) fn of(self, length: u32) -> u32 {
        match self {
            Self::True => length,
            Self::More(bytes) => length.saturating_add(bytes),
            Self::Fewer(bytes) => length.saturating_sub(bytes),
            Self::Exactly(bytes) => bytes,
        }
    }
}

/// What a host's engine understands beyond the first version of WebAssembly. No Fluent Bit has SIMD,
/// tail calls, exceptions, garbage collection, 64-bit memory or several memories.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Proposals {
    /// Fluent Bit 4.0.3 and later.
    #[default]
    WithReferenceTypes,
    /// Fluent Bit up to 4.0.2 (WAMR 1.3.3 and before), which reads one byte where the padded table
    /// index of reference types stands.
    WithoutReferenceTypes,
}
