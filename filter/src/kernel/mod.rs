//! One kernel text becomes a typed message.
//!
//! [`parse`] takes a text whose prefixes are gone (see [`crate::KernelLine`]) and knows every wording of
//! kernels 2.6.18 to 7.x and of the RHEL backports. Grammars are chosen line by line, never by kernel
//! version: distributions mix them.
//!
//! Process names and cgroup paths are the words of whoever runs the process. A name ends at the last
//! occurrence of the text that the kernel prints behind it, whatever the name holds.

mod catalogue;
mod constraint;
pub(crate) mod figures;
mod invoked;
mod meaning;
mod message;
mod pieces;
mod rows;
mod search;
mod section;
mod stack;
mod table;
mod wording;

pub use catalogue::{Wording, prefixes, wording_of, wordings};
pub use constraint::{Constraint, Limit, Reading};
pub(crate) use constraint::{MOST_READINGS, is_below, without_blanks_behind};
pub use message::{
    Account, Cpuset, Invoked, Killed, Message, Process, Scope, Selected, StackHead, Statistics,
    Usage,
};
pub use rows::Role;
pub(crate) use search::{first_telling_word, is_telling};
pub use search::{looks_like_kill, telling_words};
pub(crate) use section::{Rows, section_of};
pub use section::{Section, section};
pub(crate) use table::is_row_with_line_end;
pub use table::{Columns, TaskRow};
pub(crate) use wording::{Wording as KnownWording, read};

use crate::carrier::NameBytes;

/// Reads one kernel text.
///
/// `None` where it is no message of an OOM report, which includes lines that only look like one
/// (`TCP: out of memory`, `page allocation failure`). Lines that mean something only inside a report
/// (stack traces, memory statistics, task rows) are `None` here too.
///
/// Linear in the text, and allocates only for a [`Message::Constraint`] that can be read in several ways.
///
/// ```
/// use oom_filter::kernel::{parse, Message};
/// use oom_filter::NameBytes;
///
/// let text = b"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB";
/// let Some(Message::Killed(kill)) = parse(text, NameBytes::Exact) else { panic!() };
/// assert_eq!(kill.pid, 42);
/// assert_eq!(kill.total_vm_bytes, Some(8192));
/// ```
pub fn parse(text: &[u8], name_bytes: NameBytes) -> Option<Message<'_>> {
    read(text, name_bytes).map(|(message, _)| message)
}
