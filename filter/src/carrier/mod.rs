//! One line of a log becomes the kernel's text and what its carrier said of it.

mod author;
mod kmsg;
mod name_bytes;
mod prefix;
mod wall_time;
mod wrapping;

use alloc::borrow::Cow;

pub use author::Author;
pub(crate) use kmsg::{Header as KmsgHeader, decode as undo_escapes};
pub(crate) use name_bytes::LONGEST_NAME;
pub use name_bytes::NameBytes;
pub(crate) use wall_time::since_1970;

use crate::text::cursor::trim_line_end;

/// One line: the kernel's text, and what the carrier says of it.
///
/// ```
/// use oom_filter::KernelLine;
///
/// let line = KernelLine::read(b"Dec 13 07:23:21 n1 kernel: [36370.036951] Mem-Info:\n");
/// assert_eq!(*line.text, *b"Mem-Info:");
/// assert_eq!(line.at_us, Some(36_370_036_951));
/// assert_eq!(line.host, Some(&b"n1"[..]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelLine<'a> {
    /// The kernel's text, without prefixes; a carrier's escapes are decoded where the carrier is
    /// known to escape.
    pub text: Cow<'a, [u8]>,
    /// How names stand in the text.
    pub name_bytes: NameBytes,
    /// Microseconds since boot, by the kernel's clock. Absent where nothing says them.
    pub at_us: Option<u64>,
    /// Microseconds since 1970, where the carrier says them without doubt: with a year and a zone. What
    /// captured the output of another program is not asked: that may have told of the past.
    pub time_us: Option<u64>,
    /// The carrier's time as it stands in the line, where that lacks a year or a zone.
    pub when: Option<&'a [u8]>,
    /// The number that the kernel gave to the record: one more than that of the record before, of whatever
    /// author. Absent where the carrier is not `/dev/kmsg`.
    pub sequence: Option<u64>,
    /// The machine, where a syslog prefix names it.
    pub host: Option<&'a [u8]>,
    /// The task or the processor that printed the line, `T<tid>` or `C<cpu>`
    /// (`CONFIG_PRINTK_CALLER`, 5.1 and newer).
    pub caller: Option<&'a [u8]>,
    /// Who wrote the line.
    pub author: Author,
    /// The kernel's log says that a program wrote it: by the facility `user`, which it forces on what comes through
    /// `/dev/kmsg`.
    pub is_user_space: bool,
}

impl<'a> KernelLine<'a> {
    /// Takes every known prefix off `line`. Linear in the line.
    pub fn read(line: &'a [u8]) -> Self {
        prefix::strip(line)
    }

    /// A text of the kernel's that the carrier holds apart from everything else, as the journal's `MESSAGE`.
    ///
    /// ```
    /// use oom_filter::{Author, KernelLine};
    ///
    /// let line = KernelLine::of_text(b"[    9.000001] is text here\n");
    /// assert_eq!(*line.text, *b"[    9.000001] is text here");
    /// assert_eq!(line.author, Author::Kernel);
    /// ```
    pub fn of_text(text: &'a [u8]) -> Self {
        Self {
            text: Cow::Borrowed(trim_line_end(text)),
            author: Author::Kernel,
            ..Self::default()
        }
    }

    /// The text of a `/dev/kmsg` record of the kernel's, with that device's escapes.
    ///
    /// ```
    /// use oom_filter::{Author, KernelLine, NameBytes};
    ///
    /// let line = KernelLine::of_kmsg_text(br"Killed process 7 (a\x5cb)");
    /// assert_eq!(*line.text, *br"Killed process 7 (a\b)");
    /// assert_eq!((line.name_bytes, line.author), (NameBytes::Exact, Author::Kernel));
    /// ```
    pub fn of_kmsg_text(text: &'a [u8]) -> Self {
        Self {
            text: kmsg::decode(trim_line_end(text)),
            name_bytes: NameBytes::Exact,
            author: Author::Kernel,
            ..Self::default()
        }
    }
}
