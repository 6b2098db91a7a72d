//! What a report tells of the memory that was full.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bytes_of;
use crate::cgroup::{Level, identify};
use crate::kernel::figures::{
    self, ANON_LISTS, FILE_LISTS, ZONES, ZoneLine, ZoneSaid, highest_zone, kib_field,
    largest_order, only_node,
};
use crate::oom::{Allocation, CgroupShare, Figure, Figures, Memory};
use crate::printable;
use crate::text::cursor::{trim_end, trim_start};

/// Cgroups of a subtree that are told.
const MOST_SHARES: usize = 5;
/// Zones that are kept: of more than sixteen NUMA nodes nothing is told.
const MOST_ZONES: usize = 64;
/// A record of the kernel's that is cut has about this length at least: its last figure may be cut, too.
const SHORTEST_CUT: usize = 900;

/// The figures of one report.
#[derive(Clone, Debug, Default)]
pub(super) struct Filling {
    /// Of the cgroup, in bytes.
    cgroup: Figures,
    /// Of the machine: in pages, but swap and the kernel's stacks.
    machine: Figures,
    /// Which counters of the machine were read.
    counters: u16,
    /// The figures of the cgroup are sums over its subtree.
    is_summed: bool,
    shares: Vec<Share>,
    zones: Vec<Zone>,
    /// Headings of the machine's figures: the second is another line's, such as a failed allocation's.
    blocks: u8,
    nodemask: Option<Vec<u8>>,
    mems_allowed: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Share {
    path: Vec<u8>,
    figures: Figures,
}

#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    node: u32,
    /// In [`ZONES`].
    place: usize,
    free_bytes: Option<u64>,
    min_bytes: Option<u64>,
    low_bytes: Option<u64>,
    largest_free_order: Option<u32>,
}

impl Filling {
    /// A heading of statistics, with what stands behind its path. Up to 5.2 there is one for each cgroup of the
    /// subtree, with its figures.
    pub(super) fn statistics(&mut self, path: Option<&[u8]>, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        let mut own = Figures::default();
        figures::old_statistics(text, |figure, bytes| {
            own.set(figure, Some(bytes));
            self.cgroup.add(figure, bytes);
        });
        if own.is_empty() {
            return self.lines(text);
        }
        self.is_summed = true;
        if let Some(path) = path {
            self.share(path, &own);
        }
    }

    fn share(&mut self, path: &[u8], figures: &Figures) {
        const SIZE: [Figure; 3] = [Figure::Anon, Figure::File, Figure::Swap];
        let size = |figures: &Figures| figures.sum(&SIZE);
        let own = size(figures);
        // Behind those of the same size.
        let place = (self.shares.iter())
            .position(|share| size(&share.figures) < own)
            .unwrap_or(self.shares.len());
        if place < MOST_SHARES {
            let path = path.to_vec();
            let figures = *figures;
            self.shares.insert(place, Share { path, figures });
            self.shares.truncate(MOST_SHARES);
        }
    }

    /// Lines of the memory section that are no messages.
    pub(super) fn lines(&mut self, text: &[u8]) {
        let mut lines = figures::lines(text).peekable();
        let is_record = text.len() >= SHORTEST_CUT;
        while let Some(line) = lines.next() {
            if !(is_record && lines.peek().is_none()) {
                self.line(trim_end(trim_start(line)));
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"Mem-Info:") || line.starts_with(b"Mem-info:") {
            self.blocks = self.blocks.saturating_add(1);
        }
        if let Some((figure, bytes)) = figures::statistic(line) {
            // Of v1 from 6.5 on it is the first row, and the cgroup's alone: what counts is `total_shmem`, which
            // may be lost or cut away. Where it counts all below it others stand before it.
            let is_own = line.starts_with(b"shmem ") && self.cgroup.is_empty();
            return self.cgroup.set(figure, Some(bytes).filter(|_| !is_own));
        }
        if self.blocks > 1 {
            return;
        }
        if let Some((figure, value)) = figures::total(line) {
            return self.machine.set(figure, Some(value));
        }
        if let Some(bytes) = kib_field(line, b" kernel_stack:") {
            self.machine.add(Figure::KernelStack, bytes);
        }
        match figures::zone(line) {
            Some(zone) => self.zone(&zone),
            // A node's own line has kilobytes.
            None if line.starts_with(b"Node ") => {}
            None => figures::counters(line, |bit, figure, pages| {
                if self.counters & bit == 0 {
                    self.counters |= bit;
                    self.machine.add(figure, pages);
                }
            }),
        }
    }

    fn zone(&mut self, line: &ZoneLine<'_>) {
        let is_same = |zone: &Zone| zone.node == line.node && zone.place == line.zone;
        let place = self.zones.iter().position(is_same);
        let place = place.unwrap_or_else(|| {
            self.zones.push(Zone {
                node: line.node,
                place: line.zone,
                ..Zone::default()
            });
            self.zones.len().saturating_sub(1)
        });
        self.zones.truncate(MOST_ZONES.saturating_add(1));
        let Some(zone) = self.zones.get_mut(place) else {
            return;
        };
        match line.said {
            ZoneSaid::Marks(text) => {
                zone.free_bytes = kib_field(text, b" free:");
                zone.min_bytes = kib_field(text, b" min:");
                zone.low_bytes = kib_field(text, b" low:");
            }
            ZoneSaid::Blocks(text) => zone.largest_free_order = largest_order(text),
        }
    }

    /// The nodes that the allocation might use, as printed.
    pub(super) fn nodes(&mut self, nodemask: Option<&[u8]>, mems_allowed: Option<&[u8]>) {
        if let Some(nodemask) = nodemask {
            self.nodemask = Some(nodemask.to_vec());
        }
        if let Some(mems_allowed) = mems_allowed {
            self.mems_allowed = Some(mems_allowed.to_vec());
        }
    }

    /// Bytes that its input made it hold.
    pub(super) fn held_bytes(&self) -> usize {
        let shares = self.shares.iter().map(|share| share.path.len());
        let zones = self.zones.capacity().saturating_mul(size_of::<Zone>());
        shares
            .fold(zones, usize::saturating_add)
            .saturating_add(bytes_of(&[&self.nodemask, &self.mems_allowed]))
    }

    /// Writes what was full: the machine at that level, else the cgroup whose limit was hit. `lacks_figures` says
    /// that lines of the memory section may be missing: then a sum over several lines is not known.
    pub(super) fn write(
        &self,
        memory: &mut Memory,
        level: Option<Level>,
        page_bytes: Option<u64>,
        lacks_figures: bool,
    ) {
        match level {
            Some(Level::Node) => self.write_machine(memory, page_bytes, lacks_figures),
            Some(_) if !(self.is_summed && lacks_figures) => self.write_cgroup(memory),
            Some(_) | None => {}
        }
    }

    fn write_cgroup(&self, memory: &mut Memory) {
        memory.figures.extend(&self.cgroup);
        memory.cgroups = (self.shares.iter())
            .map(|Share { path, figures }| CgroupShare {
                path: printable(path),
                container: identify(path).container.and_then(|container| container.id),
                anon_bytes: figures.get(Figure::Anon),
                file_bytes: figures.get(Figure::File),
                swap_bytes: figures.get(Figure::Swap),
            })
            .collect();
        memory.mostly = memory.find_mostly(Figure::Usage);
    }

    fn write_machine(&self, memory: &mut Memory, page_bytes: Option<u64>, lacks_figures: bool) {
        const PAGES: [Figure; 8] = [
            Figure::Anon,
            Figure::File,
            Figure::Shmem,
            Figure::Slab,
            Figure::SlabUnreclaimable,
            Figure::Pagetables,
            Figure::Free,
            Figure::Total,
        ];
        let mut pages = self.machine;
        let get = |figure| self.machine.get(figure);
        let has = |lists| self.counters & lists == lists;
        let shmem = get(Figure::Shmem);
        // Shared memory stands on the lists of anonymous pages, and is page cache.
        let less_shmem = |pages: u64| pages.checked_sub(shmem?);
        let with_shmem = |pages: u64| pages.checked_add(shmem?);
        let anon = get(Figure::Anon).filter(|_| has(ANON_LISTS));
        let file = get(Figure::File).filter(|_| has(FILE_LISTS));
        pages.set(Figure::Anon, anon.and_then(less_shmem));
        pages.set(Figure::File, file.and_then(with_shmem));
        if let Some(unreclaimable) = get(Figure::SlabUnreclaimable) {
            pages.add(Figure::Slab, unreclaimable);
        }
        let swap = get(Figure::SwapTotal).zip(get(Figure::SwapFree));
        let used = swap.and_then(|(total, free)| total.checked_sub(free));
        pages.set(Figure::Swap, used);
        if lacks_figures {
            // A line for each node.
            pages.set(Figure::KernelStack, None);
        }
        for figure in PAGES {
            let bytes = (pages.get(figure).zip(page_bytes))
                .and_then(|(pages, bytes)| pages.checked_mul(bytes));
            pages.set(figure, bytes);
        }
        memory.figures.extend(&pages);
        memory.mostly = memory.find_mostly(Figure::Total);
    }

    /// Why memory could not be had. The highest zone that the allocation may use failed, if it may use one
    /// node alone.
    pub(super) fn allocation(&self, gfp_mask: Option<&str>) -> Option<Box<Allocation>> {
        if self.zones.len() > MOST_ZONES {
            return None;
        }
        let highest = highest_zone(gfp_mask?.as_bytes())?;
        let first = self.zones.first()?.node;
        let is_only = self.zones.iter().all(|zone| zone.node == first);
        let allowed = (self.nodemask.as_ref()).or(self.mems_allowed.as_ref());
        let node = if is_only { first } else { only_node(allowed?)? };
        let usable = self.zones.iter().filter(|zone| zone.node == node);
        let zone = usable
            .filter(|zone| zone.place <= highest)
            .max_by_key(|zone| zone.place)?;
        Some(Box::new(Allocation {
            zone: ZONES.get(zone.place)?,
            node,
            free_bytes: zone.free_bytes,
            min_bytes: zone.min_bytes,
            low_bytes: zone.low_bytes,
            largest_free_order: zone.largest_free_order,
            nodemask: self.nodemask.as_deref().map(printable),
            mems_allowed: self.mems_allowed.as_deref().map(printable),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_block_is_another_allocation_s() {
        for heading in ["Mem-Info:", "Mem-info:"] {
            let mut filling = Filling::default();
            for line in [heading, "1000 pages RAM", heading, "9000 pages RAM"] {
                filling.line(line.as_bytes());
            }
            assert_eq!(filling.machine.get(Figure::Total), Some(1000), "{heading}");
        }
    }
}
