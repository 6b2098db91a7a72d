//! The figures of the memory section: what a cgroup or the machine is filled with.

use crate::oom::Figure;
use crate::text::cursor::{Cursor, find, starts_with, trim_start};

/// Rows of a cgroup's statistics, in bytes (5.3 and newer). From 6.5 on those of v1 count the cgroup alone first,
/// and with all below it behind.
const STATISTICS: [(&[u8], Figure); 15] = [
    (b"anon", Figure::Anon),
    (b"file", Figure::File),
    (b"shmem", Figure::Shmem),
    (b"kernel", Figure::Kernel),
    (b"slab", Figure::Slab),
    (b"slab_unreclaimable", Figure::SlabUnreclaimable),
    (b"pagetables", Figure::Pagetables),
    (b"kernel_stack", Figure::KernelStack),
    (b"percpu", Figure::Percpu),
    (b"vmalloc", Figure::Vmalloc),
    (b"sock", Figure::Sock),
    (b"total_rss", Figure::Anon),
    (b"total_cache", Figure::File),
    (b"total_shmem", Figure::Shmem),
    (b"total_swap", Figure::Swap),
];

/// `mm/memcontrol.c:mem_cgroup_print_oom_info()` up to 5.2, in KiB, behind the path.
const OLD_STATISTICS: [(&[u8], Figure); 4] = [
    (b"cache", Figure::File),
    (b"rss", Figure::Anon),
    (b"shmem", Figure::Shmem),
    (b"swap", Figure::Swap),
];

/// `mm/page_alloc.c:show_free_areas()`, in pages. Memory of one kind stands on several lists.
const COUNTERS: [(&[u8], Figure); 12] = [
    (b"active_anon", Figure::Anon),
    (b"inactive_anon", Figure::Anon),
    (b"isolated_anon", Figure::Anon),
    (b"active_file", Figure::File),
    (b"inactive_file", Figure::File),
    (b"isolated_file", Figure::File),
    (b"slab_reclaimable", Figure::Slab),
    (b"slab_unreclaimable", Figure::SlabUnreclaimable),
    (b"slab", Figure::Slab),
    (b"shmem", Figure::Shmem),
    (b"pagetables", Figure::Pagetables),
    (b"free", Figure::Free),
];
/// Those of [`COUNTERS`] without which the sum is not known: what is isolated is not printed up to 2.6.31.
pub(crate) const ANON_LISTS: u16 = 0b00_0011;
/// The same for files.
pub(crate) const FILE_LISTS: u16 = 0b01_1000;

fn figure_of(table: &[(&[u8], Figure)], name: &[u8]) -> Option<Figure> {
    let row = table.iter().find(|(known, _)| *known == name)?;
    Some(row.1)
}

/// The physical lines of a text: line ends that rsyslog writes as `#012`, and those of `/dev/kmsg` that nobody
/// decoded, `\x0a`, count.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0_usize;
        loop {
            let behind = text.get(from..)?;
            let may_end = |byte: &u8| matches!(byte, b'\n' | b'#' | b'\\');
            let Some(at) = behind.iter().position(may_end) else {
                rest = None;
                return Some(text);
            };
            let end = from.saturating_add(at);
            let mut next = Cursor::new(text.get(end..)?);
            let ends = [&b"\n"[..], b"#012", b"\\x0a"];
            if ends.iter().any(|line_end| next.tag(line_end).is_some()) {
                rest = Some(next.rest());
                return text.get(..end);
            }
            from = end.saturating_add(1);
        }
    })
}

/// A row of a cgroup's statistics: `anon 20877312`.
pub(crate) fn statistic(line: &[u8]) -> Option<(Figure, u64)> {
    let mut cursor = Cursor::new(line);
    let name = cursor.take_while(|byte| byte != b' ');
    cursor.tag(b" ")?;
    let bytes = cursor.unsigned()?;
    cursor.end()?;
    Some((figure_of(&STATISTICS, name)?, bytes))
}

/// Hands over the figures of `cache:0KB rss:19800KB ...`.
pub(crate) fn old_statistics(text: &[u8], mut found: impl FnMut(Figure, u64)) {
    pairs(text, |name, value| {
        let mut cursor = Cursor::new(value);
        let (kibibytes, unit) = (cursor.unsigned(), cursor.tag(b"KB"));
        if let (Some(figure), Some(kibibytes), Some(())) =
            (figure_of(&OLD_STATISTICS, name), kibibytes, unit)
        {
            found(figure, kibibytes.saturating_mul(1024));
        }
    });
}

/// Hands over the counters of a line of `Mem-Info:`, in pages, and each one's bit.
pub(crate) fn counters(line: &[u8], mut found: impl FnMut(u16, Figure, u64)) {
    pairs(line, |name, value| {
        let mut cursor = Cursor::new(value);
        let pages = cursor.unsigned().filter(|_| cursor.end().is_some());
        let place = COUNTERS.iter().position(|(known, _)| *known == name);
        if let (Some(pages), Some(place)) = (pages, place)
            && let Some((_, figure)) = COUNTERS.get(place)
        {
            found(1 << place, *figure, pages);
        }
    });
}

/// Hands over each `name:value` of a line.
fn pairs<'a>(line: &'a [u8], mut found: impl FnMut(&'a [u8], &'a [u8])) {
    for word in line.split(|byte| *byte == b' ') {
        if let Some(colon) = word.iter().position(|byte| *byte == b':')
            && let (Some(name), Some(value)) =
                (word.get(..colon), word.get(colon.saturating_add(1)..))
        {
            found(name, value);
        }
    }
}

/// `Free swap  = 0kB`, `Total swap = 0kB` in bytes, and `65406 pages RAM` in pages.
pub(crate) fn total(line: &[u8]) -> Option<(Figure, u64)> {
    let swap = [
        (&b"Free swap"[..], Figure::SwapFree),
        (b"Total swap", Figure::SwapTotal),
    ];
    let mut cursor = Cursor::new(line);
    for (name, figure) in swap {
        if cursor.tag(name).is_some() {
            cursor.blanks();
            cursor.tag(b"=").or_else(|| cursor.tag(b":"))?;
            cursor.blanks();
            let kibibytes = cursor.unsigned()?;
            cursor.tag(b"kB")?;
            return Some((figure, kibibytes.checked_mul(1024)?));
        }
    }
    let pages = cursor.unsigned()?;
    let is_all = [&b" pages RAM"[..], b" pages of RAM"].contains(&cursor.rest());
    is_all.then_some((Figure::Total, pages))
}

/// The zones, lowest first: an allocation that may use one may use all below it.
pub(crate) const ZONES: [&str; 6] = ["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"];

/// What a line tells of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZoneLine<'a> {
    pub(crate) node: u32,
    /// Its place in [`ZONES`].
    pub(crate) zone: usize,
    pub(crate) said: ZoneSaid<'a>,
}

/// Which of the two lines of a zone it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZoneSaid<'a> {
    /// ` free:1620kB boost:0kB min:1624kB low:2028kB ...`
    Marks(&'a [u8]),
    /// ` 3*4kB (UM) 5*8kB (U) ...`
    Blocks(&'a [u8]),
}

/// `Node 0 DMA32 free:1620kB ...`, `Node 0 DMA32: 3*4kB ...`; without the node on machines that have one alone.
pub(crate) fn zone(line: &[u8]) -> Option<ZoneLine<'_>> {
    let mut cursor = Cursor::new(line);
    let node = if cursor.tag(b"Node ").is_some() {
        let node = u32::try_from(cursor.unsigned()?).ok()?;
        cursor.tag(b" ")?;
        node
    } else {
        0
    };
    let name = cursor.take_some(|byte| byte.is_ascii_alphanumeric())?;
    let zone = ZONES.iter().position(|zone| zone.as_bytes() == name)?;
    let said = if starts_with(cursor.rest(), b" free:") {
        ZoneSaid::Marks(cursor.rest())
    } else {
        cursor.tag(b": ")?;
        ZoneSaid::Blocks(cursor.rest())
    };
    Some(ZoneLine { node, zone, said })
}

/// A figure of a zone or a node, in bytes: `key` is ` min:`.
pub(crate) fn kib_field(text: &[u8], key: &[u8]) -> Option<u64> {
    let position = find(text, key)?;
    let mut cursor = Cursor::new(text.get(position..)?);
    cursor.tag(key)?;
    let kibibytes = cursor.unsigned()?;
    cursor.tag(b"kB")?;
    kibibytes.checked_mul(1024)
}

/// log2 of the pages of the largest block that is free.
pub(crate) fn largest_order(blocks: &[u8]) -> Option<u32> {
    let counts = trim_start(blocks)
        .split(|byte| *byte == b' ')
        .filter(|word| word.contains(&b'*') && word.ends_with(b"kB"));
    let mut largest = None;
    for (order, count) in (0_u32..).zip(counts) {
        if Cursor::new(count).unsigned() > Some(0) {
            largest = Some(order);
        }
    }
    largest
}

/// The highest zone, of [`ZONES`], that an allocation with this mask may use: by the names where it has any, for
/// bits change; up to 4.5 by the lowest four, which have been the same in every kernel (`GFP_ZONE_TABLE`). A
/// fault of a page has no mask.
pub(crate) fn highest_zone(gfp_mask: &[u8]) -> Option<usize> {
    const DMA: u64 = 0x1;
    const HIGHMEM: u64 = 0x2;
    const DMA32: u64 = 0x4;
    const MOVABLE: u64 = 0x8;
    let (hex, names) = match gfp_mask.iter().position(|byte| *byte == b'(') {
        Some(at) => (gfp_mask.get(..at)?, gfp_mask.get(at..)?),
        None => (gfp_mask, &[][..]),
    };
    let last = char::from(*hex.last()?).to_digit(16)?;
    let bits = u64::from(last);
    let has = |flag: u64, texts: &[&[u8]]| {
        if names.is_empty() {
            bits & flag != 0
        } else {
            texts.iter().any(|text| find(names, text).is_some())
        }
    };
    let is_high = has(HIGHMEM, &[b"GFP_HIGHUSER", b"__GFP_HIGHMEM"]);
    let is_movable = has(MOVABLE, &[b"_MOVABLE"]);
    let name = match names {
        b"()" => return None,
        _ if has(DMA32, &[b"GFP_DMA32"]) => "DMA32",
        _ if has(DMA, &[b"GFP_DMA"]) => "DMA",
        _ if is_high && is_movable => "Movable",
        _ if is_high => "HighMem",
        _ => "Normal",
    };
    ZONES.iter().position(|zone| *zone == name)
}

/// The only node of a list such as `1` or `1-1`. `None` where it has several.
pub(crate) fn only_node(list: &[u8]) -> Option<u32> {
    let mut cursor = Cursor::new(list);
    let node = cursor.unsigned()?;
    cursor.end()?;
    u32::try_from(node).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_tells_the_highest_zone() {
        for (mask, zone) in [
            // The lowest four bits, up to 4.5.
            ("0xd0", Some("Normal")),
            ("0x201d1", Some("DMA")),
            ("0x2d2", Some("HighMem")),
            ("0x2d4", Some("DMA32")),
            ("0x280d8", Some("Normal")),
            ("0x280da", Some("Movable")),
            // The names, of whatever bits.
            ("0x6200ca(GFP_HIGHUSER_MOVABLE)", Some("Movable")),
            ("0x24000c0(GFP_KERNEL)", Some("Normal")),
            ("0xcc5(GFP_KERNEL|GFP_DMA32)", Some("DMA32")),
            ("0xcc1(GFP_KERNEL|GFP_DMA)", Some("DMA")),
            ("0x102cc2(GFP_HIGHUSER)", Some("HighMem")),
            // A fault of a page has none.
            ("0x0()", None),
            ("", None),
        ] {
            let found = highest_zone(mask.as_bytes());
            assert_eq!(found.map(|at| ZONES[at]), zone, "{mask}");
        }
    }
}
