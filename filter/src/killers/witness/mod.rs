//! Lines of programs that report a kill which another program did.

#[cfg(feature = "more-programs")]
pub(super) mod more;

use alloc::vec::Vec;

use super::SYSTEMD_OOMD;
#[cfg(feature = "more-programs")]
use crate::cgroup::Workload;
use crate::oom::{KERNEL, Word};
use crate::record::program::Entry;
use crate::text::cursor::{Cursor, split_once};
use crate::units;

/// The message id of systemd's line for a unit in which the kernel killed (`SD_MESSAGE_UNIT_OUT_OF_MEMORY`). The
/// words of that line changed in 259.
const OUT_OF_MEMORY: &[u8] = b"fe6faa94e7774663a0da52717891d8ef";
/// The same for systemd-oomd (`SD_MESSAGE_UNIT_OOMD_KILL`).
const OOMD_KILL: &[u8] = b"d989611b15e44c9dbf31e3c81256e4ed";
/// containerd's.
const TASK_OOM: &[u8] = b"TaskOOM event ";

/// One of these stands in every line that is read.
pub(super) const TELLING_WORDS: [&[u8]; 3] = [b"0da52717891d8ef", b"9dbf31e3c81256e4ed", TASK_OOM];

/// Who saw what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Witness {
    /// Who killed.
    pub(crate) killer: Word,
    /// A component of the cgroup's path, or a part of one.
    pub(crate) place: Vec<u8>,
    /// There was a kill for sure, and no unit below reports it: `place` is the unit whose processes were killed.
    pub(crate) is_proof: bool,
    /// The job, if that is what the witness knows. The witness tells of it when the job ends, which may be days later.
    #[cfg(feature = "more-programs")]
    pub(crate) job: Option<Workload>,
}

impl Witness {
    /// Of a place, where the kernel may have killed.
    pub(super) fn of(place: &[u8]) -> Self {
        Self {
            killer: KERNEL,
            place: place.to_vec(),
            is_proof: false,
            #[cfg(feature = "more-programs")]
            job: None,
        }
    }
}

/// Reads an entry of the journal as a report of somebody else's kill.
pub(crate) fn read(entry: &Entry<'_>) -> Option<Witness> {
    // A user's own manager has another number: its users can have their processes in its unit.
    if entry.pid == b"1" {
        // Compared by calls: a pattern of bytes is compared one by one, and large.
        let kinds = [(OUT_OF_MEMORY, KERNEL), (OOMD_KILL, SYSTEMD_OOMD)];
        let (_, killer) = kinds
            .into_iter()
            .find(|(kind, _)| *kind == entry.message_id)?;
        let place = &entry.about_unit;
        (!place.is_empty()).then_some(())?;
        return Some(Witness {
            killer,
            // A slice has no process of its own. What was killed below is told of a unit there as well.
            is_proof: !place.ends_with(b".slice"),
            ..Witness::of(place)
        });
    }
    // It also tells when memory is out and nobody was killed, so that it proves nothing by itself.
    let of_containerd = || {
        let is_its = units::CONTAINERD.contains(&entry.unit);
        Some(Witness::of(is_its.then(|| of_task(&entry.text))??))
    };
    #[cfg(feature = "more-programs")]
    return of_containerd().or_else(|| more::read(entry));
    #[cfg(not(feature = "more-programs"))]
    of_containerd()
}

/// systemd's words for units, up to 258 and since; for systemd-oomd's kills. `MESSAGE_ID` is what proves them.
#[cfg(feature = "unproven")]
const UNIT_LINES: [(&[u8], Word); 3] = [
    (
        b": A process of this unit has been killed by the OOM killer.",
        KERNEL,
    ),
    (
        b": The kernel OOM killer killed some processes in this unit.",
        KERNEL,
    ),
    (b" process(es) in this unit.", SYSTEMD_OOMD),
];

/// One of these stands in each of those lines of the kernel's kills.
#[cfg(feature = "unproven")]
pub(super) const UNIT_WORDS: [&[u8]; 3] = [
    b"killed by the OOM killer.",
    b"OOM killer killed some ",
    b": systemd-oomd killed ",
];

/// The same for a text whose author nothing proves.
#[cfg(feature = "unproven")]
pub(crate) fn of_text(text: &[u8]) -> Option<Witness> {
    if let Some(id) = of_task(text) {
        return Some(Witness::of(id));
    }
    let mut lines = UNIT_LINES.iter();
    let (before, killer) =
        lines.find_map(|(words, killer)| Some((text.strip_suffix(*words)?, *killer)))?;
    let unit = match split_once(before, UNIT_WORDS[2]) {
        Some((unit, _)) => unit,
        None if killer == KERNEL => before,
        None => return None,
    };
    let is_unit = !unit.is_empty() && unit.contains(&b'.') && !unit.contains(&b' ');
    is_unit.then(|| Witness {
        killer,
        ..Witness::of(unit)
    })
}

/// The container of `time="..." level=info msg="TaskOOM event container_id:\"<id>\""`, up to 1.6
/// `&TaskOOM{ContainerID:<id>,...`, or the same as JSON.
fn of_task(text: &[u8]) -> Option<&[u8]> {
    const LONGEST_ID: usize = 64;
    let (before, event) = split_once(text, TASK_OOM)?;
    let is_message = before.starts_with(b"time=\"") && before.ends_with(b"\" level=info msg=\"")
        || before.starts_with(b"{\"") && before.ends_with(b",\"msg\":\"");
    is_message.then_some(())?;
    let mut cursor = Cursor::new(event);
    cursor
        .tag(b"container_id:\\\"")
        .or_else(|| cursor.tag(b"&TaskOOM{ContainerID:"))?;
    let id = cursor.take_while(|byte| byte.is_ascii_hexdigit());
    (id.len() == LONGEST_ID && matches!(cursor.peek(), Some(b'\\' | b','))).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::of_task;

    #[test]
    fn both_forms_of_containerds_line_name_a_container() {
        const ID: &str = "4bcba7fc4369fee4d7d2e6263b58fce52cfc928c6a31cfac4d43c838708991ce";
        for line in [
            "time=\"2023-09-01T19:12:33.0Z\" level=info msg=\"TaskOOM event container_id:\\\"ID\\\"\"",
            "time=\"2025-04-14T05:21:34.5Z\" level=info msg=\"TaskOOM event &TaskOOM{ContainerID:ID,XXX_unrecognized:[],}\"",
            "{\"level\":\"info\",\"msg\":\"TaskOOM event container_id:\\\"ID\\\"\",\"time\":\"2023-09-01T19:12:33.0Z\"}",
        ] {
            let line = line
                .replace("ID", ID)
                .replace(&alloc::format!("Container{ID}"), "ContainerID");
            assert_eq!(of_task(line.as_bytes()), Some(ID.as_bytes()), "{line}");
        }
        for line in [
            "TaskOOM event container_id:\\\"4bcba7fc4369fee4d7d2e6263b58fce52cfc928c6a31cfac4d43c838708991ce\\\"",
            "time=\"2023-09-01T19:12:33.0Z\" level=info msg=\"x TaskOOM event container_id:\\\"4b\\\"\"",
            "time=\"2023-09-01T19:12:33.0Z\" level=info msg=\"TaskOOM event container_id:\\\"4bcb\\\"\"",
        ] {
            assert_eq!(of_task(line.as_bytes()), None, "{line}");
        }
    }

    #[cfg(feature = "unproven")]
    #[test]
    fn a_unit_is_one_word_with_a_dot() {
        const WORDS: &[u8] = b": A process of this unit has been killed by the OOM killer.";
        for (unit, is_witness) in [
            (&b"nginx.service"[..], true),
            (b"see nginx.service", false),
            (b"nginx", false),
            (b"", false),
        ] {
            let text = [unit, WORDS].concat();
            assert_eq!(super::of_text(&text).is_some(), is_witness, "{unit:?}");
        }
    }
}
