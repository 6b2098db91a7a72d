//! Lines that belong to a report only by where they stand: the stack dump, the
//! memory figures, the statistics.
//!
//! The kernel prints the parts of a report in a fixed order, so a line that
//! looks like one of these is taken only while its part can still come. A stack
//! trace in the middle of the task table is another CPU's.

use super::table::looks_like_row;
use crate::text::cursor::{Cursor, find, starts_with, trim_end, trim_start};

/// The sections of a report, in the order in which the kernel prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The header and the cpuset line.
    Header,
    /// CPU, registers, call trace.
    Stack,
    /// Whose limit (up to 4.20), usage, statistics, Mem-Info.
    Memory,
    /// The task table.
    Tasks,
    /// The constraint (5.0 and newer) and the kill.
    Kill,
}

/// Rows whose shape says little: they count only directly under their heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// `anon 20877312`, under `Memory cgroup stats for` (6.5 and newer one
    /// record each, 5.3 to 6.4 lines of one record).
    Statistics,
    /// `dentry 1234KB 2345KB`, under `Unreclaimable slab info:` (4.15 and newer).
    Slab,
    /// `1.2 MiB 30 mm/slub.c:2 func:f`, under `Memory allocations:` (6.10 and newer).
    Allocations,
}

/// The section of a report that `text` can be of, and the rows it opens.
///
/// `open` are the rows under whose heading the line stands.
pub(crate) fn section_of(text: &[u8], open: Option<Rows>) -> Option<(Section, Option<Rows>)> {
    let text = trim_end(trim_start(text));
    if let Some(rows) = open
        && is_row(text, rows)
    {
        return Some((Section::Memory, open));
    }
    if looks_like_row(text) {
        return Some((Section::Tasks, None));
    }
    if let Some((_, rows)) = MEMORY.iter().find(|(prefix, _)| starts_with(text, prefix)) {
        return Some((Section::Memory, *rows));
    }
    if is_counter(text) {
        return Some((Section::Memory, None));
    }
    if is_counted_pages(text) || is_node(text) || is_zone(text) || is_per_cpu(text) {
        return Some((Section::Memory, None));
    }
    let stack = STACK.iter().any(|prefix| starts_with(text, prefix))
        || is_frame(text)
        || is_register(text)
        || is_stack_words(text);
    stack.then_some((Section::Stack, None))
}

/// The section of a report that a text is of by its looks alone, which is no message by itself: for tools that
/// show how a log is read. `None` also for rows that mean something only under their heading.
///
/// ```
/// use oom_filter::kernel::{Section, section};
///
/// assert_eq!(section(b" out_of_memory+0x217/0x500"), Some(Section::Stack));
/// assert_eq!(section(b"Mem-Info:"), Some(Section::Memory));
/// assert_eq!(section(b"eth0: link up"), None);
/// ```
pub fn section(text: &[u8]) -> Option<Section> {
    section_of(text, None).map(|(section, _)| section)
}

const STACK: [&[u8]; 34] = [
    b"Hardware name:",
    b"Workqueue:",
    b"Tainted:",
    b"Sched_ext:",
    b"Stopper:",
    b"Call Trace:",
    b"Call trace:",
    b"Backtrace:",
    b"Stack:",
    b"<TASK>",
    b"</TASK>",
    b"<IRQ>",
    b"</IRQ>",
    b"<EOI>",
    b"<<EOE>>",
    b"<NMI>",
    b"</NMI>",
    b"[<",
    b"([<",
    b"Code: ",
    b"RIP: ",
    b"RIP  [",
    b"EIP: ",
    b"NIP: ",
    b"NIP [",
    b"LR [",
    b"REGS: ",
    b"CFAR: ",
    b"Exception stack(",
    b"pstate: ",
    b"--- interrupt: ",
    b"---- interrupt: ",
    b"Last Breaking-Event-Address",
    b"COMPACTION is disabled!!!",
];

/// Beginnings of lines of the memory section. What is printed of each zone changed often.
const MEMORY: [(&[u8], Option<Rows>); 19] = [
    (b"Mem-Info:", None),
    (b"Mem-info:", None),
    // Where the path could not be built (3.9 to 3.14).
    (b"Memory cgroup stats:", Some(Rows::Statistics)),
    (b"lowmem_reserve[]:", None),
    (b"protections[]:", None),
    (b"Swap cache stats:", None),
    // Up to 2.6.18.
    (b"Swap cache: add ", None),
    (b"Free pages: ", None),
    (b"Free swap  = ", None),
    (b"Free swap = ", None),
    (b"Free swap:", None),
    (b"Total swap = ", None),
    (b"HugePages_Total", None),
    (b"Unreclaimable slab info:", Some(Rows::Slab)),
    (b"Name                      Used ", Some(Rows::Slab)),
    (b"excessive unreclaimable slab", None),
    (b"Memory allocations:", Some(Rows::Allocations)),
    (b"Memory cgroup min protection ", None),
    (b"memory_stat_format: Warning", Some(Rows::Statistics)),
];

fn is_row(text: &[u8], rows: Rows) -> bool {
    let mut cursor = Cursor::new(text);
    match rows {
        Rows::Statistics => {
            cursor
                .take_some(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
                .is_some()
                && cursor.tag(b" ").is_some()
                && cursor.unsigned().is_some()
                // rsyslog writes the line ends of one record as `#012`.
                && matches!(cursor.peek(), None | Some(b'#' | b'\n'))
        }
        Rows::Slab => {
            cursor.take_some(|byte| byte != b' ').is_some() && {
                cursor.blanks();
                cursor.unsigned().is_some() && cursor.tag(b"KB").is_some()
            }
        }
        Rows::Allocations => {
            text.first().is_some_and(u8::is_ascii_digit) && find(text, b" func:").is_some()
        }
    }
}

/// First words of the counters' lines, ` active_file:1 inactive_file:2`.
const COUNTERS: [&[u8]; 13] = [
    b"active_anon",
    b"active_file",
    b"inactive_anon",
    b"inactive_file",
    b"active",
    // `Active:253 inactive:129 dirty:0`, up to 2.6.18.
    b"Active",
    b"unevictable",
    b"slab_reclaimable",
    b"mapped",
    b"sec_pagetables",
    b"kernel_misc_reclaimable",
    b"free",
    b"free_cma",
];

fn is_counter(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    let name = cursor.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    COUNTERS.contains(&name) && cursor.tag(b":").is_some() && cursor.unsigned().is_some()
}

/// What the last lines of the Mem-Info block count.
const COUNTED: [&[u8]; 17] = [
    b"total pagecache pages",
    b"pagecache pages",
    b"pages in swap cache",
    b"pages RAM",
    b"pages HighMem",
    b"pages HighMem/MovableOnly",
    b"pages of RAM",
    b"pages of HIGHMEM",
    b"reserved pages",
    b"pages reserved",
    b"pages cma reserved",
    b"pages hwpoisoned",
    b"pages shared",
    b"pages non-shared",
    b"free pages",
    b"slab pages",
    b"pages swap cached",
];

/// `123 total pagecache pages`, `0 pages hwpoisoned`.
fn is_counted_pages(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.unsigned().is_some() && cursor.tag(b" ").is_some() && COUNTED.contains(&cursor.rest())
}

/// `CPU    0: hi:  186, btch:  31 usd:   0`, a zone's per-CPU lists; up to 2.6.18
/// `cpu 0 hot: high 186, batch 31 used:30`.
fn is_per_cpu(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.tag(b"CPU").or_else(|| cursor.tag(b"cpu")).is_some() && {
        cursor.blanks();
        cursor.unsigned().is_some()
            && [&b": hi:"[..], b" hot: ", b" cold: "]
                .iter()
                .any(|list| cursor.tag(list).is_some())
    }
}

/// `Node 0 DMA free:15360kB min:...`, `Node 0 Normal: 3*4kB ...`,
/// `Node 0 hugepages_total=0 ...`, `Node 0 DMA per-cpu:`.
fn is_node(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.tag(b"Node ").is_some()
        && cursor.unsigned().is_some()
        && [&b"kB"[..], b" hugepages_total=", b" per-cpu:"]
            .iter()
            .any(|word| find(cursor.rest(), word).is_some())
}

/// `DMA32: 12*4kB (UME)`, `Normal free:...`, `HighMem per-cpu:` without a node.
fn is_zone(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    [
        &b"DMA32"[..],
        b"DMA",
        b"Normal",
        b"HighMem",
        b"Movable",
        b"Device",
    ]
    .iter()
    .any(|zone| cursor.tag(zone).is_some())
        && [&b": "[..], b" free:", b" per-cpu:", b" hot:", b" cold:"]
            .iter()
            .any(|next| starts_with(cursor.rest(), next))
}

/// `? dump_header+0x4c/0x22b`.
fn is_frame(text: &[u8]) -> bool {
    let Some(position) = find(text, b"+0x") else {
        return false;
    };
    let mut cursor = Cursor::new(text.get(position..).unwrap_or_default());
    let mut offset = || {
        cursor.tag(b"+0x")?;
        cursor.take_some(|byte| byte.is_ascii_hexdigit())?;
        cursor.tag(b"/0x")?;
        cursor.take_some(|byte| byte.is_ascii_hexdigit())
    };
    offset().is_some()
}

/// `RAX: 00007ff958d9a010 RBX: ...`, `x29: ffff...`, `r7 : 00000001`.
fn is_register(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    let mut register = || {
        let name = cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
        (name.len() <= 6).then_some(())?;
        cursor.blanks();
        cursor.tag(b":")?;
        cursor.blanks();
        let _ = cursor.tag(b"[<");
        // RSP names a segment first, some name the flag register.
        let mut value = cursor;
        if value.take_while(|byte| byte.is_ascii_hexdigit()).len() == 4 && value.tag(b":").is_some()
        {
            cursor = value;
        }
        let digits = cursor.take_while(|byte| byte.is_ascii_hexdigit()).len();
        (digits >= 8 || (digits == 4 && matches!(name, b"DS" | b"CS"))).then_some(())
    };
    register().is_some()
}

/// The raw words of the stack that kernels before 4.9 print.
fn is_stack_words(text: &[u8]) -> bool {
    let mut words = text
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek().is_some()
        && words.all(|word| matches!(word.len(), 8 | 16) && word.iter().all(u8::is_ascii_hexdigit))
}
