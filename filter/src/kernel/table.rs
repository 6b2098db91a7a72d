//! The task table, `mm/oom_kill.c:dump_tasks()`.

use super::message::Message;
use super::pieces::Values;
use crate::text::cursor::{Cursor, trim_end};

/// Most columns of numbers a kernel printed so far is ten (6.8 and newer).
const MOST: usize = 16;

/// The columns of a task table. They changed six times; the heading names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    names: [Column; MOST],
    count: usize,
    /// Bytes of blanks that the carrier put behind the heading, and so behind each row.
    blanks_behind: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Uid,
    Tgid,
    TotalVm,
    Rss,
    OomScoreAdj,
    Swap,
    Pgtables,
    /// A number of no use here.
    Other,
}

/// One row of the table. Sizes are pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRow<'a> {
    /// A thread that still has its memory; usually the process.
    pub pid: u32,
    /// The process.
    pub tgid: u32,
    /// Its user.
    pub uid: i64,
    /// Virtual size, in pages.
    pub total_vm_pages: u64,
    /// Resident memory, in pages.
    pub rss_pages: u64,
    /// In swap, in pages (3.6 and newer).
    pub swap_pages: Option<u64>,
    /// Page tables (4.15 and newer; before they are counted in pages).
    pub pgtables_bytes: Option<u64>,
    /// -1000 to 1000 (2.6.36 and newer).
    pub oom_score_adj: Option<i64>,
    /// The name: the rest of the line.
    pub comm: &'a [u8],
}

/// The columns of a heading, behind `[  pid  ]`.
pub(super) fn heading<'a>(values: &Values<'a>) -> Option<Message<'a>> {
    let trimmed = trim_end(values.rest);
    let mut cursor = Cursor::new(trimmed);
    let mut columns = Columns {
        names: [Column::Other; MOST],
        count: 0,
        blanks_behind: values.rest.len().saturating_sub(trimmed.len()),
    };
    loop {
        cursor.blanks();
        let name = cursor.take_some(|byte| byte != b' ')?;
        if name == b"name" {
            // All there ever were begin with these; the sizes follow.
            let is_table = matches!(
                columns.names,
                [Column::Uid, Column::Tgid, Column::TotalVm, ..]
            );
            return is_table.then_some(Message::TasksHeading(columns));
        }
        *columns.names.get_mut(columns.count)? = match name {
            b"uid" => Column::Uid,
            b"tgid" => Column::Tgid,
            b"total_vm" => Column::TotalVm,
            b"rss" => Column::Rss,
            b"oom_score_adj" => Column::OomScoreAdj,
            b"swapents" => Column::Swap,
            b"pgtables_bytes" => Column::Pgtables,
            _ => Column::Other,
        };
        columns.count = columns.count.saturating_add(1);
    }
}

/// Whether `text` begins as a row of any table does.
pub(super) fn looks_like_row(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    let mut look = || {
        bracketed_pid(&mut cursor)?;
        for _ in 0..4 {
            cursor.blanks();
            cursor.signed()?;
        }
        Some(())
    };
    look().is_some()
}

/// Whether `text` is one row all the same when a name puts line ends into it.
pub(crate) fn is_row_with_line_end(text: &[u8]) -> bool {
    /// A name's length, less the line end.
    const REST: usize = 14;
    let rest = text.split(|byte| *byte == b'\n').skip(1);
    looks_like_row(text) && rest.fold(0, |sum, part| part.len().saturating_add(sum)) <= REST
}

fn bracketed_pid(cursor: &mut Cursor<'_>) -> Option<u32> {
    cursor.tag(b"[")?;
    cursor.blanks();
    let pid = cursor.pid()?;
    cursor.tag(b"]")?;
    Some(pid)
}

impl Columns {
    fn without_blanks_behind<'a>(&self, comm: &'a [u8]) -> &'a [u8] {
        let trimmed = trim_end(comm);
        let length = comm.len().saturating_sub(self.blanks_behind);
        comm.get(..length.max(trimmed.len())).unwrap_or(comm)
    }

    /// Reads a row of this table.
    ///
    /// Widths are minimums, so columns are counted, not measured; the name is
    /// whatever follows the last number and one space.
    pub fn row<'a>(&self, text: &'a [u8]) -> Option<TaskRow<'a>> {
        let mut cursor = Cursor::new(text);
        let pid = bracketed_pid(&mut cursor)?;
        let mut row = TaskRow {
            pid,
            tgid: pid,
            uid: 0,
            total_vm_pages: 0,
            rss_pages: 0,
            swap_pages: None,
            pgtables_bytes: None,
            oom_score_adj: None,
            comm: &[],
        };
        for column in self.names.iter().take(self.count) {
            cursor.blanks();
            match column {
                Column::Uid => row.uid = cursor.signed()?,
                Column::Tgid => row.tgid = cursor.pid()?,
                Column::TotalVm => row.total_vm_pages = cursor.unsigned()?,
                Column::Rss => row.rss_pages = cursor.unsigned()?,
                Column::OomScoreAdj => row.oom_score_adj = Some(cursor.signed()?),
                Column::Swap => row.swap_pages = Some(cursor.unsigned()?),
                Column::Pgtables => row.pgtables_bytes = Some(cursor.unsigned()?),
                Column::Other => drop(cursor.signed()?),
            }
        }
        if cursor.end().is_none() {
            cursor.tag(b" ")?;
        }
        row.comm = self.without_blanks_behind(cursor.rest());
        Some(row)
    }
}
