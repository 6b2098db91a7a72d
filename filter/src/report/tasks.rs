//! The task table of one report.

use alloc::vec::Vec;

use crate::kernel::{Columns, Killed, TaskRow};
use crate::oom::{Task, one_form_of_uid};
use crate::printable;
use crate::text::cursor::{trim_end, trim_start};
use crate::text::fnv::Fnv;

/// Rows kept to look processes up in; as many as a report may have lines.
const MOST_ROWS: usize = 4096;
/// Tasks listed in a record.
const LISTED: usize = 5;
/// What is remembered of a task table.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskTable {
    pub(super) columns: Option<Columns>,
    rows: Vec<Row>,
    /// The largest by resident and swapped memory, largest first.
    largest: Vec<Large>,
    count: u32,
    /// Resident memory of all rows.
    rss_pages: u64,
    /// Rows that were read before lines went missing; absent where none did.
    before_gap: Option<usize>,
}

/// A row, as small as it can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pid: u32,
    tgid: u32,
    uid: u32,
    /// 0 where it exceeds 32 bits.
    total_vm_pages: u32,
    /// The most there can be where the table does not say.
    swap_pages: u32,
    comm: u32,
    oom_score_adj: Option<i16>,
    pause: Pause,
    is_dead: bool,
}

/// Whether a task is the pause process that holds a pod's namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    No,
    /// In a pod's table. Its name could be anybody's, but it is the first that the pod began, and small.
    OfPod,
    /// In any: a score adjustment as low as the kubelet gives it needs privilege.
    Anywhere,
}

impl Pause {
    /// `row` is the first of its table, or not.
    fn of(row: &TaskRow<'_>, is_first: bool) -> Self {
        /// 4 MiB: it is linked statically, and holds nothing.
        const MOST_PAGES: u64 = 1024;
        if row.comm != b"pause" {
            Self::No
        } else if row.oom_score_adj == Some(-998) {
            Self::Anywhere
        } else if is_first && row.total_vm_pages <= MOST_PAGES {
            Self::OfPod
        } else {
            Self::No
        }
    }
}

#[derive(Clone, Debug)]
struct Large {
    pid: u32,
    comm: Vec<u8>,
    uid: i64,
    total_vm_pages: u64,
    rss_pages: u64,
    swap_pages: Option<u64>,
    pgtables_bytes: Option<u64>,
    oom_score_adj: Option<i64>,
}

/// A process by its number and name, as a killed one is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pid: u32,
    comm: u32,
}

impl Process {
    pub(super) fn new(pid: u32, comm: &[u8]) -> Self {
        Self {
            pid,
            comm: short_hash(comm),
        }
    }

    pub(super) fn has_pid(self, pid: u32) -> bool {
        self.pid == pid
    }
}

fn short_hash(comm: &[u8]) -> u32 {
    // Nothing stands behind a name in the table: a blank there may be a carrier's.
    let hash = Fnv::new().with(trim_end(comm)).value();
    u32::try_from(hash >> 32).unwrap_or_default()
}

impl Row {
    fn is(&self, process: Process) -> bool {
        self.has_pid(process.pid) && self.comm == process.comm
    }

    /// Whether the number is the process's, or that of its thread in the table.
    fn has_pid(&self, pid: u32) -> bool {
        self.pid == pid || self.tgid == pid
    }

    /// Whether it is alive, and more than the pause process. The table may be a pod's.
    fn is_left(&self, is_of_pod: bool) -> bool {
        let is_pause = match self.pause {
            Pause::No => false,
            Pause::OfPod => is_of_pod,
            Pause::Anywhere => true,
        };
        !is_pause && !self.is_dead
    }

    pub(super) fn uid(&self) -> i64 {
        self.uid.into()
    }

    /// Whether a kill line with the number and the name of this row may be of the same process: whatever
    /// else both say of it must agree. Sizes change, but not by half.
    pub(super) fn may_be(&self, killed: &Killed<'_>) -> bool {
        let has_uid = killed
            .uid
            .is_none_or(|uid| one_form_of_uid(uid) == one_form_of_uid(self.uid()));
        let has_adjustment = killed
            .oom_score_adj
            .is_none_or(|adjustment| self.oom_score_adj().is_none_or(|own| own == adjustment));
        let has_size = killed
            .total_vm_bytes
            .is_none_or(|bytes| self.total_vm_pages == 0 || self.page_bytes(bytes).is_some());
        has_uid && has_adjustment && has_size
    }

    /// The page size that makes the row's pages so many bytes.
    fn page_bytes(&self, total_vm_bytes: u64) -> Option<u64> {
        // The process may have mapped or unmapped a little in between.
        let ratio = total_vm_bytes.checked_div(self.total_vm_pages.into())?;
        [4096_u64, 16_384, 65_536]
            .into_iter()
            .find(|size| ratio >= size.div_euclid(2) && ratio < size.saturating_mul(2))
    }

    pub(super) fn oom_score_adj(&self) -> Option<i64> {
        self.oom_score_adj.map(i64::from)
    }

    /// In swap, by the page size that makes the row's virtual size the kill line's.
    pub(super) fn swap_bytes(&self, total_vm_bytes: Option<u64>) -> Option<u64> {
        let pages = (self.swap_pages != u32::MAX).then_some(self.swap_pages)?;
        u64::from(pages).checked_mul(self.page_bytes(total_vm_bytes?)?)
    }
}

impl Large {
    fn new(row: &TaskRow<'_>) -> Self {
        Self {
            pid: row.pid,
            comm: row.comm.to_vec(),
            uid: one_form_of_uid(row.uid),
            total_vm_pages: row.total_vm_pages,
            rss_pages: row.rss_pages,
            swap_pages: row.swap_pages,
            pgtables_bytes: row.pgtables_bytes,
            oom_score_adj: row.oom_score_adj,
        }
    }

    /// Its resident and swapped memory.
    fn pages(&self) -> u64 {
        let swapped = self.swap_pages.unwrap_or_default();
        self.rss_pages.saturating_add(swapped)
    }

    /// Sizes are absent where the size of a page is not known.
    fn task(&self, page_bytes: Option<u64>) -> Task {
        Task {
            pid: self.pid,
            comm: printable(&self.comm),
            uid: self.uid,
            rss_bytes: page_bytes.and_then(|size| self.rss_pages.checked_mul(size)),
            swap_bytes: (page_bytes.zip(self.swap_pages))
                .and_then(|(size, pages)| pages.checked_mul(size)),
            pgtables_bytes: self.pgtables_bytes,
            total_vm_bytes: page_bytes.and_then(|size| self.total_vm_pages.checked_mul(size)),
            oom_score_adj: self.oom_score_adj,
        }
    }
}

impl TaskTable {
    /// Reads a row of this table, and adds it. `None` where its columns are not known.
    pub(super) fn read_row<'a>(&mut self, text: &'a [u8]) -> Option<TaskRow<'a>> {
        let row = self.columns?.row(trim_start(text))?;
        self.add(&row);
        Some(row)
    }

    fn add(&mut self, row: &TaskRow<'_>) {
        self.count = self.count.saturating_add(1);
        self.rss_pages = self.rss_pages.saturating_add(row.rss_pages);
        if self.rows.len() < MOST_ROWS {
            self.rows.push(Row {
                pid: row.pid,
                tgid: row.tgid,
                uid: u32::try_from(one_form_of_uid(row.uid)).unwrap_or(u32::MAX),
                total_vm_pages: u32::try_from(row.total_vm_pages).unwrap_or_default(),
                swap_pages: (row.swap_pages.map(u32::try_from))
                    .map_or(u32::MAX, |pages| pages.unwrap_or(u32::MAX)),
                comm: short_hash(row.comm),
                oom_score_adj: row.oom_score_adj.and_then(|adj| i16::try_from(adj).ok()),
                pause: Pause::of(row, self.rows.is_empty()),
                is_dead: false,
            });
        }
        // Behind those of the same size: the table's order breaks ties.
        let new = row
            .rss_pages
            .saturating_add(row.swap_pages.unwrap_or_default());
        let place = self
            .largest
            .iter()
            .position(|large| large.pages() < new)
            .unwrap_or(self.largest.len());
        if place < LISTED {
            self.largest.insert(place, Large::new(row));
            self.largest.truncate(LISTED);
        }
    }

    /// Bytes that its rows take.
    pub(super) fn held_bytes(&self) -> usize {
        self.rows.capacity().saturating_mul(size_of::<Row>())
    }

    /// Rows seen, unless the report printed no table.
    pub(super) fn count(&self) -> Option<u32> {
        (self.count > 0).then_some(self.count)
    }

    /// Resident memory of all rows.
    pub(super) fn rss_bytes(&self, page_bytes: Option<u64>) -> Option<u64> {
        self.count()?;
        self.rss_pages.checked_mul(page_bytes?)
    }

    pub(super) fn find(&self, process: Process) -> Option<&Row> {
        self.rows.iter().find(|row| row.is(process))
    }

    /// Whether the table, if there is one, rules `process` out.
    pub(super) fn excludes(&self, process: Process) -> bool {
        // Rows beyond those kept may be anybody's.
        self.count > 0 && self.rows.len() < MOST_ROWS && self.find(process).is_none()
    }

    /// Whether the table, if there is one, rules a process of this number out.
    pub(super) fn excludes_pid(&self, pid: u32) -> bool {
        self.count > 0
            && self.rows.len() < MOST_ROWS
            && !self.rows.iter().any(|row| row.has_pid(pid))
    }

    /// Lines are missing here.
    pub(super) fn note_gap(&mut self) {
        self.before_gap.get_or_insert(self.rows.len());
    }

    /// Whether lines are missing before the row of this process, or before any where it has none.
    pub(super) fn is_torn_before(&self, pid: u32) -> bool {
        self.before_gap.is_some_and(|count| {
            let mut rows = self.rows.iter().take(count);
            !rows.any(|row| row.has_pid(pid))
        })
    }

    /// Marks a process as killed.
    pub(super) fn mark_killed(&mut self, process: Process) {
        for row in self.rows.iter_mut().filter(|row| row.is(process)) {
            row.is_dead = true;
        }
    }

    /// Whether two numbers are a process and a thread of it.
    pub(super) fn are_one_process(&self, one: u32, other: u32) -> bool {
        self.rows.iter().any(|row| {
            (row.pid == one && row.tgid == other) || (row.pid == other && row.tgid == one)
        })
    }

    /// Whether a process is a thread of that of this number, or the other way round.
    pub(super) fn has_thread(&self, pid: u32, process: Process) -> bool {
        self.are_one_process(pid, process.pid)
    }

    /// How many tasks are left, where the table shows all of them. It may be a pod's.
    pub(super) fn survivors(&self, is_of_pod: bool) -> Option<u32> {
        if self.count == 0 || self.rows.len() >= MOST_ROWS {
            return None;
        }
        let left = self.rows.iter().filter(|row| row.is_left(is_of_pod));
        u32::try_from(left.count()).ok()
    }

    /// Whether a task is left that is known to be older than the victim: the kernel lists tasks in the order
    /// in which they began, and a smaller number alone is no proof, for numbers wrap.
    pub(super) fn has_older(&self, victim: Process, is_of_pod: bool) -> bool {
        let before = self.rows.iter().take_while(|row| !row.is(victim));
        before
            .filter(|row| row.is_left(is_of_pod))
            .any(|row| row.pid < victim.pid)
    }

    /// The page size that makes a row's pages the kill line's kilobytes.
    pub(super) fn page_bytes(&self, victim: Process, total_vm_bytes: Option<u64>) -> Option<u64> {
        self.find(victim)?.page_bytes(total_vm_bytes?)
    }

    pub(super) fn largest(&self, page_bytes: Option<u64>) -> Vec<Task> {
        self.largest
            .iter()
            .map(|large| large.task(page_bytes))
            .collect()
    }

    /// The row just read, alone.
    pub(super) fn one(row: &TaskRow<'_>, page_bytes: Option<u64>) -> Vec<Task> {
        Vec::from([Large::new(row).task(page_bytes)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: u32) -> TaskRow<'static> {
        TaskRow {
            pid,
            tgid: pid,
            uid: 0,
            total_vm_pages: 5388,
            rss_pages: 5230,
            swap_pages: None,
            pgtables_bytes: None,
            oom_score_adj: None,
            comm: b"java",
        }
    }

    #[test]
    fn a_table_of_which_rows_were_left_out_rules_nobody_out() {
        let mut table = TaskTable::default();
        let excludes = |table: &TaskTable| {
            let pid = u32::MAX;
            [
                table.excludes_pid(pid),
                table.excludes(Process::new(pid, b"java")),
            ]
        };
        assert_eq!(excludes(&table), [false; 2]);
        for pid in (1..).take(MOST_ROWS - 1) {
            table.add(&row(pid));
        }
        assert_eq!(excludes(&table), [true; 2]);
        table.add(&row(70_000));
        assert_eq!(excludes(&table), [false; 2]);
    }

    #[test]
    fn a_thread_and_its_process_are_told_by_their_row() {
        let mut table = TaskTable::default();
        table.add(&TaskRow {
            tgid: 88,
            ..row(90)
        });
        assert!(table.has_thread(90, Process::new(88, b"java")));
        assert!(table.has_thread(88, Process::new(90, b"java")));
        assert!(!table.has_thread(88, Process::new(91, b"java")));
    }
}
