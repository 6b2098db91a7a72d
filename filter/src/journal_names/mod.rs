//! Names of pods and containers, from what the kubelet, containerd and CRI-O write into the journal: a table of
//! container ids for each machine, which needs no file and no API.
//!
//! A line is believed only where the journal itself names the unit that wrote it. What two lines tell of one id
//! has to agree: where it does not, that id is nobody's from then on.

mod lines;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub(crate) use lines::TELLING_WORDS;
use lines::{Told, Writer};

use crate::oom::{Names, Oom};
use crate::record::program::Entry;
use crate::text::printable::hex_digit;

/// Machines whose names are remembered at once; the one that was quiet longest is forgotten.
const MOST_MACHINES: usize = 256;
/// Bytes that all names take together. The machine that holds most of them forgets one when it is more.
const MOST_HELD: usize = 1024 * 1024;

/// What is known of all machines.
#[derive(Clone, Debug)]
pub(crate) struct JournalNames {
    nodes: Vec<Node>,
    /// Bytes that they hold.
    held: usize,
    /// Counts lines, to know which is the oldest.
    heard: u64,
}

/// What is known of one machine.
#[derive(Clone, Debug)]
struct Node {
    machine: u64,
    /// When a line of it was read last.
    heard: u64,
    held: usize,
    /// The kubelet's journal holds a line that another process wrote: nothing in it is believed any more.
    is_kubelet_forged: bool,
    entries: Vec<Known>,
}

/// What is known of one id, of a container or of a pod's sandbox.
#[derive(Clone, Debug)]
struct Known {
    id: Id,
    heard: u64,
    pod_uid: Option<PodUid>,
    /// `<namespace>/<pod>`
    pod: Option<Box<str>>,
    container: Option<Box<str>>,
    /// It has ended, so that its name is the first to be forgotten.
    is_over: bool,
    /// Two lines tell different things of it.
    is_contradicted: bool,
}

/// 64 hex digits.
type Id = [u8; 32];
/// 32 hex digits, with dashes or without.
type PodUid = [u8; 16];

impl JournalNames {
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            held: 0,
            heard: 0,
        }
    }

    /// Reads what a unit of the system's manager wrote. Whether it is a line of names.
    ///
    /// Linear in the line, and in the number of names known of the machine.
    pub(crate) fn read(&mut self, entry: &Entry<'_>) -> bool {
        let writer = Writer::of_unit(entry.unit);
        let Some((told, said_pid)) = writer.and_then(|writer| writer.read(&entry.text)) else {
            return false;
        };
        if entry.names_container {
            return true;
        }
        self.heard = self.heard.saturating_add(1);
        let heard = self.heard;
        let Some(node) = self.node(entry.machine.key()) else {
            return true;
        };
        node.heard = heard;
        if let Some(said_pid) = said_pid {
            node.is_kubelet_forged |= !entry.pid.is_empty() && said_pid != entry.pid;
            if node.is_kubelet_forged || entry.pid.is_empty() {
                return true;
            }
        }
        let before = node.held;
        node.learn(&told, heard);
        let after = node.held;
        self.held = self.held.saturating_sub(before).saturating_add(after);
        while self.held > MOST_HELD && self.forget_one() {}
        true
    }

    /// The names of a kill's pod and container.
    ///
    /// None inside another container, whose owner can have made up the path.
    pub(crate) fn find(&self, machine: u64, kill: &Oom) -> Option<Names> {
        if kill.nested || self.nodes.is_empty() {
            return None;
        }
        let pod_uid: PodUid = hex(kill.pod.as_ref()?.uid.as_bytes())?;
        let id = kill.container_id().and_then(|id| hex(id.as_bytes()));
        let mut nodes = self.nodes.iter();
        let node = nodes.find(|node| node.machine == machine)?;
        let (mut pod, mut container): (Option<&str>, _) = (None, None);
        for entry in &node.entries {
            let is_container = id.as_ref() == Some(&entry.id);
            if !is_container && entry.pod_uid != Some(pod_uid) {
                continue;
            }
            let is_others = entry.pod_uid.is_some_and(|other| other != pod_uid);
            let is_other_pod =
                (pod.zip(entry.pod.as_deref())).is_some_and(|(one, other)| one != other);
            if entry.is_contradicted || is_others || is_other_pod {
                return None;
            }
            pod = pod.or(entry.pod.as_deref());
            if is_container {
                container = entry.container.as_deref();
            }
        }
        let (namespace, pod) = pod?.split_once('/')?;
        Some(Names {
            namespace: namespace.into(),
            pod: pod.into(),
            container: container.map(Into::into),
        })
    }

    /// What is known of a machine, which may be new.
    fn node(&mut self, machine: u64) -> Option<&mut Node> {
        let known = self.nodes.iter().position(|node| node.machine == machine);
        let at = known.unwrap_or_else(|| {
            if self.nodes.len() >= MOST_MACHINES {
                self.forget_quietest();
            }
            self.nodes.push(Node::new(machine));
            self.nodes.len().saturating_sub(1)
        });
        self.nodes.get_mut(at)
    }

    fn forget_quietest(&mut self) {
        let nodes = self.nodes.iter().enumerate();
        if let Some((at, _)) = nodes.min_by_key(|(_, node)| node.heard) {
            let forgotten = self.nodes.swap_remove(at);
            self.held = self.held.saturating_sub(forgotten.held);
        }
    }

    /// Forgets the oldest name of the machine that holds most, first of those whose container has ended. Whether
    /// there was one.
    fn forget_one(&mut self) -> bool {
        let largest = self.nodes.iter_mut().max_by_key(|node| node.held);
        let Some(node) = largest else {
            return false;
        };
        let entries = node.entries.iter().enumerate();
        let Some((at, _)) = entries.min_by_key(|(_, entry)| (!entry.is_over, entry.heard)) else {
            return false;
        };
        let bytes = node.entries.swap_remove(at).bytes();
        node.held = node.held.saturating_sub(bytes);
        self.held = self.held.saturating_sub(bytes);
        true
    }
}

impl Node {
    fn new(machine: u64) -> Self {
        Self {
            machine,
            heard: 0,
            held: 0,
            is_kubelet_forged: false,
            entries: Vec::new(),
        }
    }

    /// Adds what a line tells to what is known of its id.
    fn learn(&mut self, told: &Told<'_>, heard: u64) {
        let pod = told
            .pod
            .map(|(namespace, name)| [namespace, "/", name].concat());
        let mut said = Known {
            id: told.id,
            heard,
            pod_uid: told.pod_uid,
            pod: pod.map(Into::into),
            container: told.container.map(Into::into),
            is_over: told.is_over,
            is_contradicted: false,
        };
        let sandbox = told.sandbox.and_then(|id| self.entry(&id));
        if let Some(sandbox) = sandbox.filter(|sandbox| !sandbox.is_contradicted) {
            said.pod_uid = sandbox.pod_uid;
            said.pod.clone_from(&sandbox.pod);
        }
        let mut before = 0;
        match self.entries.iter_mut().find(|entry| entry.id == said.id) {
            Some(known) => {
                before = known.bytes();
                known.add(said);
            }
            None => self.entries.push(said),
        }
        let after = self.entry(&told.id).map_or(0, Known::bytes);
        self.held = self.held.saturating_sub(before).saturating_add(after);
    }

    fn entry(&self, id: &Id) -> Option<&Known> {
        self.entries.iter().find(|entry| entry.id == *id)
    }
}

impl Known {
    /// Adds what another line tells of the same id.
    fn add(&mut self, said: Self) {
        let is_agreed = agree(&mut self.pod_uid, said.pod_uid)
            & agree(&mut self.pod, said.pod)
            & agree(&mut self.container, said.container);
        self.is_contradicted |= !is_agreed;
        self.is_over = said.is_over;
        self.heard = said.heard;
    }

    /// Bytes that it takes: with room that a list keeps free, and what an allocator adds.
    fn bytes(&self) -> usize {
        const OF_ALLOCATOR: usize = 16;
        let texts = [&self.pod, &self.container].into_iter().flatten();
        texts.fold(size_of::<Self>().saturating_mul(2), |bytes, text| {
            bytes
                .saturating_add(text.len())
                .saturating_add(OF_ALLOCATOR)
        })
    }
}

/// Keeps what is said where nothing was known. Whether it is what was known.
fn agree<T: PartialEq>(known: &mut Option<T>, said: Option<T>) -> bool {
    match (&known, said) {
        (Some(known), Some(said)) => *known == said,
        (None, said) => {
            *known = said;
            true
        }
        (Some(_), None) => true,
    }
}

/// The bytes of so many hexadecimal digits. A UID's stand in groups, with dashes between.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut digits = text.iter().filter(|byte| **byte != b'-');
    let mut bytes = [0; N];
    for byte in &mut bytes {
        let (high, low) = (digits.next()?, digits.next()?);
        *byte = hex_digit(*high)?.wrapping_shl(4) | hex_digit(*low)?;
    }
    digits.next().is_none().then_some(bytes)
}
