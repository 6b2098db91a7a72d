//! Names of pods and containers, from what the kubelet, containerd and CRI-O write into the journal: a table of
//! container ids, which needs no file and no API.
//!
//! A line is believed only where the journal itself names the unit that wrote it. What two lines tell of one id
//! has to agree: where it does not, that id is nobody's from then on. Machines are kept apart.

mod lines;

use alloc::vec::Vec;

pub(crate) use lines::TELLING_WORDS;

use crate::oom::{Names, Oom};
use crate::printable;
use crate::record::program::Entry;
use crate::text::cursor::split_once;
use crate::text::fnv::Fnv;

/// Bytes that all names together take. The oldest are forgotten when it is more, first of those whose container
/// has ended.
const MOST_HELD: usize = 1024 * 1024;
/// Ids remembered of one machine. A node has some hundreds at once.
const MOST_OF_MACHINE: usize = 2048;

/// 64 hex digits, of a container or of a pod's sandbox.
type Id = [u8; 64];

/// Stands for the kubelet of a machine where another process writes lines like its own: no line of it is believed.
/// No container has this id.
const FORGED: Id = [b'!'; 64];

/// What is known of all machines.
#[derive(Clone, Debug)]
pub(crate) struct JournalNames {
    known: Vec<Known>,
    /// Bytes that they take.
    held: usize,
    /// Counts lines, to know which is the oldest.
    heard: u64,
    /// Of some machine lines were forged.
    has_forged: bool,
}

/// What is known of one id.
#[derive(Clone, Debug)]
struct Known {
    /// A hash of machine and id: nearly every other one is told apart by it.
    hash: u64,
    machine: u64,
    id: Id,
    /// When it was told last.
    heard: u64,
    /// The pod's UID; its namespace and name, a slash between; the container's name. Empty where nobody told it.
    texts: [Vec<u8>; 3],
    is_over: bool,
    /// Two lines tell different things of it.
    is_contradicted: bool,
}

impl JournalNames {
    pub(crate) const fn new() -> Self {
        Self {
            known: Vec::new(),
            held: 0,
            heard: 0,
            has_forged: false,
        }
    }

    /// Reads what a unit of the system's manager wrote. Whether it is a line of names.
    ///
    /// Linear in the line, and in the number of ids known.
    pub(crate) fn read(&mut self, entry: &Entry<'_>) -> bool {
        if !cfg!(feature = "journal-names") {
            return false;
        }
        let Some(told) = lines::read(entry.unit, &entry.text) else {
            return false;
        };
        let Some(id) = told.id.filter(|_| !entry.names_container) else {
            return true;
        };
        self.heard = self.heard.saturating_add(1);
        let machine = entry.machine.key(None);
        let mut said = Known {
            hash: hash_of(machine, id),
            machine,
            id: *id,
            heard: self.heard,
            texts: [
                told.pod_uid.to_vec(),
                [told.namespace, b"/", told.pod].concat(),
                told.container.to_vec(),
            ],
            is_over: told.is_over,
            is_contradicted: false,
        };
        if !told.pid.is_empty() {
            if entry.pid.is_empty() {
                return true;
            }
            if entry.pid != told.pid {
                said.id = FORGED;
                said.hash = hash_of(machine, &FORGED);
                said.texts = Default::default();
                self.has_forged = true;
            } else if self.has_forged && self.of(machine, &FORGED).is_some() {
                return true;
            }
        }
        if told.pod.is_empty() {
            let sandbox = told.sandbox.and_then(|id| self.of(machine, id));
            let sandbox = sandbox.filter(|sandbox| !sandbox.is_contradicted);
            let [uid, pod, _] = sandbox.map(|known| known.texts.clone()).unwrap_or_default();
            let [said_uid, said_pod, _] = &mut said.texts;
            (*said_uid, *said_pod) = (uid, pod);
        }
        self.add(said);
        true
    }

    /// The names of a kill's pod and container.
    ///
    /// None inside another container, whose owner can have made up the path.
    pub(crate) fn find(&self, machine: u64, kill: &Oom) -> Option<Names> {
        if !cfg!(feature = "journal-names") {
            return None;
        }
        let uid = kill.pod.as_ref().filter(|_| !kill.nested)?.uid.as_bytes();
        let id = kill.container_id().and_then(|id| lines::id(id.as_bytes()));
        let (mut pod, mut container): (&[u8], &[u8]) = (b"", b"");
        for known in self.known.iter().filter(|known| known.machine == machine) {
            let [of_uid, of_pod, of_container] = &known.texts;
            let is_container = id == Some(&known.id);
            let is_of_pod = *of_uid == uid;
            if !is_container && !is_of_pod {
                continue;
            }
            let is_others = !of_uid.is_empty() && !is_of_pod;
            let is_other_pod = !pod.is_empty() && !of_pod.is_empty() && pod != *of_pod;
            if known.is_contradicted || is_others || is_other_pod {
                return None;
            }
            if !of_pod.is_empty() {
                pod = of_pod;
            }
            if is_container {
                container = of_container;
            }
        }
        let (namespace, pod) = split_once(pod, b"/")?;
        Some(Names {
            namespace: printable(namespace),
            pod: printable(pod),
            container: (!container.is_empty()).then(|| printable(container)),
        })
    }

    fn of(&self, machine: u64, id: &Id) -> Option<&Known> {
        let hash = hash_of(machine, id);
        let mut known = self.known.iter();
        known.find(|known| known.is(hash, machine, id))
    }

    /// Adds what a line tells to what is known of its id.
    fn add(&mut self, said: Known) {
        let mut known = self.known.iter_mut();
        if let Some(known) = known.find(|known| known.is(said.hash, said.machine, &said.id)) {
            self.held = self.held.saturating_sub(known.bytes());
            known.add(said);
            self.held = self.held.saturating_add(known.bytes());
        } else {
            let machine = said.machine;
            self.held = self.held.saturating_add(said.bytes());
            self.known.push(said);
            let of_machine = self.known.iter().filter(|known| known.machine == machine);
            if self.known.len() > MOST_OF_MACHINE && of_machine.count() > MOST_OF_MACHINE {
                self.forget_oldest(Some(machine));
            }
        }
        while self.held > MOST_HELD {
            self.forget_oldest(None);
        }
    }

    /// Forgets the oldest id, of that machine or of all.
    fn forget_oldest(&mut self, machine: Option<u64>) {
        let known = self.known.iter().enumerate();
        let of_machine = known.filter(|(_, known)| machine.is_none_or(|of| of == known.machine));
        let oldest = of_machine.min_by_key(|(_, known)| (!known.is_over, known.heard));
        // An empty table holds nothing.
        self.held = match oldest {
            Some((at, _)) => {
                let forgotten = self.known.swap_remove(at);
                self.held.saturating_sub(forgotten.bytes())
            }
            None => 0,
        };
    }
}

fn hash_of(machine: u64, id: &Id) -> u64 {
    Fnv::new().with(&machine.to_le_bytes()).with(id).value()
}

impl Known {
    fn is(&self, hash: u64, machine: u64, id: &Id) -> bool {
        self.hash == hash && self.machine == machine && self.id == *id
    }

    /// Adds what another line tells of the same id.
    fn add(&mut self, said: Self) {
        for (known, said) in self.texts.iter_mut().zip(said.texts) {
            if known.is_empty() {
                *known = said;
            } else {
                self.is_contradicted |= !said.is_empty() && *known != said;
            }
        }
        self.is_over = said.is_over;
        self.heard = said.heard;
    }

    /// Bytes that it takes: with room that a list keeps free, and what an allocator adds.
    fn bytes(&self) -> usize {
        const OF_ALLOCATOR: usize = 16;
        let sizes = self.texts.iter().map(Vec::capacity);
        sizes.fold(size_of::<Self>().saturating_mul(2), |bytes, size| {
            bytes.saturating_add(size).saturating_add(OF_ALLOCATOR)
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    #[test]
    fn memory_is_bounded_over_all_machines() {
        let mut names = JournalNames::new();
        let long = |length| "x".repeat(length);
        for number in 0..5_000 {
            let text = format!(
                "time=\"\" level=info msg=\"Created container {number:064x}: {}/{}/{}\"",
                long(63),
                long(number % 253 + 1),
                long(63)
            );
            let record = format!(
                r#"{{"_SYSTEMD_UNIT":"crio.service","_TRANSPORT":"stdout","_HOSTNAME":"n{}","MESSAGE":{}}}"#,
                number % 400,
                serde_json::to_string(&text).unwrap_or_else(|_| String::new())
            );
            let entry = Entry::read(record.as_bytes()).expect("an entry");
            assert!(names.read(&entry), "{record}");
            assert!(names.held <= MOST_HELD);
        }
        let held: usize = names.known.iter().map(Known::bytes).sum();
        assert_eq!(names.held, held);
        let room = names.known.capacity() * size_of::<Known>();
        let texts = names.known.iter().flat_map(|known| &known.texts);
        let texts: usize = texts.map(Vec::capacity).sum();
        assert!(room + texts <= MOST_HELD, "{room} and {texts} bytes");
        assert!(held > MOST_HELD - 2 * 1024, "{held} bytes are used of it");
    }
}
