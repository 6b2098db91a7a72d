//! Reads log records, and decides what becomes of each.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::OnceCell;

use crate::carrier::{Author, KernelLine, NameBytes};
use crate::journal_names::JournalNames;
use crate::kernel::{self, is_row_with_line_end};
use crate::killers::{self, Sequences, Witness};
use crate::oom::{ContainerOutcome, Event, KubeletDirs, KubeletNames, NameFinder, Names, Oom};
use crate::record::{Addition, IdentityKeys, Record, is_id, notice, program};
#[cfg(feature = "unproven")]
use crate::report;
use crate::report::{Known, Machine, PlainLine, Streams, Told, Unfinished, add_group};
use crate::text::cursor::trim_line_end;
#[cfg(feature = "unproven")]
use crate::text::fnv::Fnv;

/// What becomes of lines that are no kill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every record passes. Lines of a report carry what they say, a kill carries everything.
    #[default]
    Annotate,
    /// Lines of a report are dropped, a kill carries everything, other records pass.
    Rewrite,
    /// Kills alone pass.
    Events,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passes as it came.
    Unchanged,
    /// It is not wanted in this mode.
    Dropped,
    /// This record takes its place: one JSON object, one line.
    Replaced(Vec<u8>),
}

/// What the host knows of a record beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordContext<'a> {
    /// The tag, or any other name of the stream the record came by: streams are kept apart by it.
    pub tag: &'a [u8],
    /// When the event happened, in microseconds since 1970, by the host. Kills that are older than the
    /// filter are told by it; where nothing in the record says when, it is the time of the kill.
    pub time_us: Option<u64>,
    /// The record is older than the filter, whatever its time: it was read from a buffer that was there
    /// before.
    pub is_replayed: bool,
}

/// No line of a report is shorter: `<IRQ>`.
const SHORTEST_LINE: usize = 5;
/// Longest record that is kept for a report that may break off.
const LONGEST_KEPT: usize = 8 * 1024;

/// The record of a report's first line. Absent where it is too long to be kept.
pub type FirstRecord = Option<Arc<[u8]>>;

/// Turns kernel OOM lines in log records into structured kills.
///
/// Records are JSON objects. They come in any number of interleaved streams, in order within each; what is
/// remembered is bounded as in [`Streams`].
///
/// ```
/// use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
///
/// let mut filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
/// let record = br#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;
///
/// let Outcome::Replaced(kill) = filter.process(Mode::Annotate, record, &RecordContext::default())
///     else { panic!() };
/// let kill: serde_json::Value = serde_json::from_slice(&kill).unwrap();
/// assert_eq!(kill["oom"]["victim"]["pid"], 42);
/// assert_eq!(kill["oom"]["level"], "node");
/// ```
#[derive(Debug)]
pub struct Filter {
    keys: IdentityKeys,
    started_us: Option<u64>,
    /// Lines of which nothing says that the kernel wrote them are not read.
    refuses_unsaid: bool,
    /// Lines of other programs are read of which nothing says who wrote them.
    #[cfg(feature = "unproven")]
    reads_unproven: bool,
    streams: Streams<FirstRecord>,
    /// What other programs told so far, which tell over several lines.
    sequences: Sequences,
    /// Names that records told.
    journal_names: JournalNames,
    /// The last line that said nothing but what it is, and its object as it was written: most lines of a report
    /// have the same.
    plain: Option<(PlainLine, Vec<u8>)>,
    /// What finds names, if the host can.
    names: Option<Box<dyn NameFinder>>,
    /// A user's own, of whose a cgroup is.
    #[cfg(feature = "rules")]
    rules: Option<crate::Rules>,
}

/// The same state, for a host that may have to take back what a filter read. A copy adds no names to kills
/// until it is told where to find them.
impl Clone for Filter {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys,
            started_us: self.started_us,
            refuses_unsaid: self.refuses_unsaid,
            #[cfg(feature = "unproven")]
            reads_unproven: self.reads_unproven,
            streams: self.streams.clone(),
            sequences: self.sequences.clone(),
            journal_names: self.journal_names.clone(),
            plain: None,
            names: None,
            #[cfg(feature = "rules")]
            rules: self.rules.clone(),
        }
    }
}

/// Adds what was found to a record.
type Splice<'a> = dyn Fn(Addition<'_>, &IdentityKeys) -> Option<Vec<u8>> + 'a;

/// What one record came to.
#[derive(Default)]
struct RecordFindings {
    kill: Option<Box<Oom>>,
    /// What the line that says most is.
    line: Option<Event>,
    /// What it says, in [`Mode::Annotate`].
    said: Option<Said>,
    /// A line that is nothing of a report stood among them.
    has_foreign: bool,
}

/// What a line of a report says.
enum Said {
    Plain(PlainLine),
    More(Box<Oom>),
}

impl Filter {
    /// A filter that names Kubernetes identity by `keys`.
    pub const fn new(keys: IdentityKeys) -> Self {
        Self {
            keys,
            started_us: None,
            refuses_unsaid: false,
            #[cfg(feature = "unproven")]
            reads_unproven: false,
            streams: Streams::new(),
            sequences: Sequences::new(),
            journal_names: JournalNames::new(),
            plain: None,
            names: None,
            #[cfg(feature = "rules")]
            rules: None,
        }
    }

    /// Sets when the filter started, in microseconds since 1970. Kills from before then are marked as
    /// replayed.
    #[must_use]
    pub const fn started_at(mut self, time_us: u64) -> Self {
        self.started_us = Some(time_us);
        self
    }

    /// Makes the filter read only lines whose carrier proves that the kernel wrote them. Lines that would be
    /// [`Origin::Unsaid`](crate::oom::Origin::Unsaid) pass as any other text does.
    ///
    /// For a host that reads logs of many writers. Plain text proves nothing, even with `kernel:` in front.
    #[must_use]
    pub const fn refuse_unsaid(mut self) -> Self {
        self.refuses_unsaid = true;
        self
    }

    /// Makes the filter read also what other programs than the kernel write of kills into text that proves nothing of its
    /// author: syslog files, logs of batch systems, outputs of containers. Anybody who may write there can make up a
    /// kill. What is told of such a line is marked (`unproven` of an [`Oom`]), adds no keys of a pod outside of `oom`,
    /// and changes nothing that other lines tell.
    ///
    /// ```
    /// use oom_filter::{Filter, IdentityKeys, Mode, Outcome, RecordContext};
    ///
    /// let line = br#"{"log":"lowmemorykiller: Kill 'com.a' (17), uid 10, oom_score_adj 0 to free 4kB rss, 0kB swap"}"#;
    /// let filter = || Filter::new(IdentityKeys::OPEN_TELEMETRY);
    /// let context = RecordContext::default();
    /// assert_eq!(filter().process(Mode::Rewrite, line, &context), Outcome::Unchanged);
    ///
    /// let outcome = filter().read_unproven().process(Mode::Rewrite, line, &context);
    /// let Outcome::Replaced(kill) = outcome else { panic!() };
    /// let kill: serde_json::Value = serde_json::from_slice(&kill).unwrap();
    /// assert_eq!(kill["oom"]["killer"], "lmkd");
    /// assert_eq!(kill["oom"]["unproven"], true);
    /// ```
    #[cfg(feature = "unproven")]
    #[must_use]
    pub const fn read_unproven(mut self) -> Self {
        self.reads_unproven = true;
        self
    }

    /// Adds to each kill of a pod the names of pod, namespace and container, as far as the kubelet's
    /// directories tell them. They are listed for kills alone, each once at most for a kill.
    ///
    /// A kill inside another container ([`Oom::nested`]) has Kubernetes identity only where they know its
    /// pod and its container as belonging together: on a node of kind, not beside a container in which
    /// somebody made up a pod. The same holds for pods of a class that is not the kubelet's
    /// (`/kubepods/offline`) and for those below a root of an administrator's choice
    /// ([`KubeletDirs::is_root`]); without that such a kill has no pod.
    pub fn names_from(&mut self, directories: Box<dyn KubeletDirs>) {
        self.names = Some(Box::new(KubeletNames::new(directories)));
    }

    /// Applies these rules to each kill whose workload is not known from its path.
    #[cfg(feature = "rules")]
    #[must_use]
    pub fn with_rules(mut self, rules: crate::Rules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Whether [`Self::process`] has to read `record` at all.
    ///
    /// Where it has not, the outcome is [`Outcome::Unchanged`], or [`Outcome::Dropped`] in
    /// [`Mode::Events`], and nothing is allocated.
    #[inline]
    pub fn needs_reading(&self, record: &[u8]) -> bool {
        self.sequences.is_awaited() || self.streams.needs_reading(record)
    }

    /// Where in a stretch of records [`Self::process`] has to begin: it would find nothing before that
    /// place. `None` if it would find nothing in the whole stretch.
    ///
    /// A record that holds the place may have begun before it. Once a record has been processed, ask
    /// anew: it may have opened a report, and then the next one is to be read whatever it holds.
    ///
    /// ```
    /// use oom_filter::{Filter, IdentityKeys};
    ///
    /// let filter = Filter::new(IdentityKeys::OPEN_TELEMETRY);
    /// assert_eq!(filter.first_telling_word(b"eth0: up\noom_reaper: unable ..."), Some(9));
    /// ```
    #[inline]
    pub fn first_telling_word(&self, records: &[u8]) -> Option<usize> {
        if self.sequences.is_awaited() || self.streams.has_open_report() {
            return Some(0);
        }
        kernel::first_telling_word(records)
    }

    /// Reads one record.
    ///
    /// A record that is no JSON object is nothing to this filter: it passes, or in [`Mode::Events`] is
    /// dropped. One that carries an `oom` of a filter like this passes in every mode; one with an `oom` of
    /// anybody else's is read, and nothing is added to it. Linear in the record; a record without any
    /// telling word costs no allocation while no report is open.
    // Kept out of line so that an adapter's path for ordinary records stays small.
    #[inline(never)]
    pub fn process(&mut self, mode: Mode, record: &[u8], context: &RecordContext<'_>) -> Outcome {
        if !self.needs_reading(record) {
            return pass_or_drop(mode);
        }
        self.sequences.count();
        let Some(parsed) = Record::read(record) else {
            return pass_or_drop(mode);
        };
        if self.has_own(&parsed) {
            return Outcome::Unchanged;
        }
        if parsed.author() == Author::Other {
            if self.streams.has_open_report()
                && let Some(machine) = notice::machine_of(record)
            {
                self.streams.note_missing_lines(context.tag, machine);
            }
            let outcome = self.program_entry(mode, record, &parsed, context);
            #[cfg(feature = "unproven")]
            let outcome = outcome.or_else(|| self.unproven(mode, record, context));
            return outcome.unwrap_or_else(|| pass_or_drop(mode));
        }
        let findings = self.read(mode, record, &parsed, context);
        if parsed.has_oom() {
            // The key is somebody's, and a record has room for one.
            return pass_or_drop(mode);
        }
        #[cfg(feature = "unproven")]
        if self.reads_unproven
            && findings.kill.is_none()
            && findings.line.is_none()
            && let Some(outcome) = self.unproven(mode, record, context)
        {
            return outcome;
        }
        let machine = parsed.machine.key(None);
        self.outcome(mode, findings, context, machine, &|addition, keys| {
            parsed.splice(addition, keys)
        })
    }

    /// What becomes of a record that a program wrote: some programs kill for memory too, or see who does. `None` where
    /// nothing proves that it is one of them.
    fn program_entry(
        &mut self,
        mode: Mode,
        bytes: &[u8],
        record: &Record<'_>,
        context: &RecordContext<'_>,
    ) -> Option<Outcome> {
        let entry = program::Entry::read(bytes)?;
        if self.journal_names.read(&entry) {
            return Some(pass_or_drop(mode));
        }
        let now_us = entry.time_us.or(context.time_us);
        let witness = killers::witness(&entry);
        let told = match &witness {
            Some(witness) => self.seen(&entry, witness, now_us),
            None => killers::read(&entry, now_us, &mut self.sequences),
        };
        let Some(mut oom) = told else {
            #[cfg(feature = "unproven")]
            if !killers::is_of_program(&entry) {
                return None;
            }
            return Some(pass_or_drop(mode));
        };
        if oom.id.is_empty() {
            oom.id = Streams::<FirstRecord>::id_of_other(entry.machine, entry.time_us, &entry.text);
        }
        // Whose kill it confirms, no record tells by itself.
        let is_own = entry
            .own_id
            .is_some_and(|id| id == oom.id.as_bytes() || entry.own_confirms && is_id(id));
        let is_containers = entry.names_container && !(is_own && record.has_identity_of(&oom));
        if is_own && !is_containers {
            // A filter of ours was there before.
            return Some(Outcome::Unchanged);
        }
        if is_containers || entry.own_id.is_some() {
            return Some(pass_or_drop(mode));
        }
        // Not before: what is refused counts for nobody.
        if oom.event != Event::Confirmed {
            oom.time_us = now_us;
            self.streams.complete_other(&mut oom, entry.machine);
        }
        let findings = RecordFindings {
            kill: Some(oom),
            ..RecordFindings::default()
        };
        let machine = entry.machine.key(None);
        let splice: &Splice<'_> = &|addition, keys| record.splice(addition, keys);
        Some(self.outcome(mode, findings, context, machine, splice))
    }

    /// What becomes of a record by text that anybody could have written, where that is to be read and tells of a
    /// kill, or was told before.
    #[cfg(feature = "unproven")]
    #[inline(never)]
    fn unproven(
        &mut self,
        mode: Mode,
        bytes: &[u8],
        context: &RecordContext<'_>,
    ) -> Option<Outcome> {
        let record = Record::read_whole(bytes)?;
        if self.has_own(&record) {
            return Some(Outcome::Unchanged);
        }
        if !self.reads_unproven || record.has_oom() {
            return None;
        }
        // Lines of one process are in order, whatever others write between them.
        let entry = program::Entry::read(bytes);
        let pid = entry.map_or(&b""[..], |entry| entry.pid);
        for text in record.texts() {
            let told = text.split(|byte| *byte == b'\n').find_map(|line| {
                let is_read = !line.is_empty() && self.needs_reading(line);
                let line = record.line(line);
                is_read.then(|| self.unproven_line(&line, record.machine, pid, context))?
            });
            if told.is_some() {
                let findings = RecordFindings {
                    kill: told,
                    ..RecordFindings::default()
                };
                let splice: &Splice<'_> = &|addition, keys| record.splice(addition, keys);
                return Some(self.outcome(mode, findings, context, 0, splice));
            }
        }
        None
    }

    /// What a line says of which nothing proves who wrote it.
    #[cfg(feature = "unproven")]
    #[inline(never)]
    fn unproven_line(
        &mut self,
        line: &KernelLine<'_>,
        machine: Machine,
        pid: &[u8],
        context: &RecordContext<'_>,
    ) -> Option<Box<Oom>> {
        if line.author == Author::Kernel {
            return None;
        }
        let (program, text) = killers::unproven::part_program(&line.text);
        let (machine_key, source) = report::key_of(context.tag, machine, line.host);
        let source = Fnv::new()
            .with(&source.to_le_bytes())
            .with(pid)
            .with(program)
            .value();
        let time_us = match line.when {
            Some(_) => line.time_us,
            None => line.time_us.or(context.time_us),
        };
        let told = killers::unproven::read(text, source, time_us, &mut self.sequences);
        let mut oom = match told {
            Some(oom) => oom,
            None => self.seen_in_text(text, machine_key, time_us)?,
        };
        oom.unproven = true;
        if oom.id.is_empty() {
            oom.time_us = time_us;
            oom.when = line.when.map(crate::printable);
            oom.id = id_in_kernel_log(line, machine);
        }
        if oom.event != Event::Confirmed {
            oom.summary = Some(crate::oom::summary::of(&oom));
        }
        Some(oom)
    }

    /// What somebody tells who saw a kill, where nothing proves who that is: no more than that it was that kill.
    /// HTCondor does not tell which: `None` unless one kill alone can be it.
    #[cfg(feature = "unproven")]
    fn seen_in_text(
        &mut self,
        text: &[u8],
        machine: u64,
        time_us: Option<u64>,
    ) -> Option<Box<Oom>> {
        #[cfg(feature = "more-unproven")]
        if let Some(job) = killers::unproven::job_of(text) {
            let mut oom = confirmed(self.streams.id_of_job(machine, time_us?, &job)?);
            job.add_to(&mut oom);
            return Some(oom);
        }
        let witness = killers::witness_of_text(text)?;
        match self.streams.known(machine, time_us?, &witness) {
            Known::Told(id) => Some(confirmed(id)),
            Known::Perhaps | Known::Untold => None,
        }
    }

    /// What somebody tells who saw a kill.
    fn seen(
        &mut self,
        entry: &program::Entry<'_>,
        witness: &Witness,
        now_us: Option<u64>,
    ) -> Option<Box<Oom>> {
        let known = match entry.own_id {
            Some(_) => Known::Told(String::new()),
            None => (self.streams).known(entry.machine.key(None), now_us?, witness),
        };
        match known {
            Known::Told(id) => Some(confirmed(id)),
            Known::Untold if witness.is_proof => Some(killers::witnessed(witness)),
            Known::Untold | Known::Perhaps => None,
        }
    }

    /// Reads one line that stands in no record, for a host that makes records of lines.
    ///
    /// It does what [`Self::process`] does with the object that `record` makes. `record` is called only if that
    /// object leaves with something added, or may have to be kept. The time of the event is that of `line`, if
    /// it has one.
    pub fn process_line(
        &mut self,
        mode: Mode,
        line: &KernelLine<'_>,
        context: &RecordContext<'_>,
        record: &dyn Fn() -> Vec<u8>,
    ) -> Outcome {
        let first_record = || {
            (mode != Mode::Annotate).then(|| {
                let record = record();
                (record.len() <= LONGEST_KEPT).then(|| Arc::from(record))
            })
        };
        if self.refuses(line) {
            return pass_or_drop(mode);
        }
        #[cfg(feature = "unproven")]
        self.sequences.count();
        let machine = Machine::default();
        let told = self.read_line(line, machine, context, &first_record);
        let mut findings = RecordFindings::default();
        findings.add(told, mode, true);
        #[cfg(feature = "unproven")]
        if self.reads_unproven && findings.kill.is_none() && findings.line.is_none() {
            findings.kill = self.unproven_line(line, machine, b"", context);
        }
        self.outcome(
            mode,
            findings,
            context,
            machine.key(None),
            &|addition, keys| Record::read(&record())?.splice(addition, keys),
        )
    }

    /// What becomes of a record, by what was found in it. `splice` adds to the record.
    fn outcome(
        &mut self,
        mode: Mode,
        findings: RecordFindings,
        context: &RecordContext<'_>,
        machine: u64,
        splice: &Splice<'_>,
    ) -> Outcome {
        let mut names = None;
        let added = match (findings.kill, findings.line, mode) {
            (Some(kill), _, Mode::Events) if !kill.is_kill() => return Outcome::Dropped,
            (Some(mut kill), _, _) => {
                kill.replayed = context.is_replayed
                    || matches!(
                        (context.time_us, self.started_us),
                        (Some(then), Some(started)) if then < started
                    );
                #[cfg(feature = "rules")]
                if let Some(rules) = &self.rules {
                    rules.add_to(&mut kill);
                }
                #[cfg(feature = "unproven")]
                let is_anybodys = kill.unproven;
                #[cfg(not(feature = "unproven"))]
                let is_anybodys = false;
                if !is_anybodys {
                    names = self.names_of(&mut kill, machine);
                }
                if let Some(names) = &mut names {
                    self.add_only_container(&mut kill, names);
                }
                kill
            }
            (None, Some(_), Mode::Rewrite) if findings.has_foreign => return Outcome::Unchanged,
            (None, Some(_), Mode::Rewrite | Mode::Events) => {
                let unfinished = self.streams.next_unfinished();
                let record = unfinished.and_then(|unfinished| self.write(unfinished));
                return record.map_or(Outcome::Dropped, Outcome::Replaced);
            }
            (None, _, _) => match findings.said {
                Some(Said::More(line)) => line,
                Some(Said::Plain(line)) => {
                    let keys = self.keys;
                    let json = self.plain_json(line);
                    let record = json.and_then(|json| splice(Addition::Written(json), &keys));
                    return record.map_or(Outcome::Unchanged, Outcome::Replaced);
                }
                None => return pass_or_drop(mode),
            },
        };
        splice(Addition::Oom(&added, names.as_ref()), &self.keys)
            .map_or(Outcome::Unchanged, Outcome::Replaced)
    }

    /// The object of a line that says nothing but what it is.
    fn plain_json(&mut self, line: PlainLine) -> Option<&[u8]> {
        if self.plain.as_ref().is_none_or(|(known, _)| *known != line) {
            self.plain = Some((line, serde_json::to_vec(&line.to_oom()).ok()?));
        }
        self.plain.as_ref().map(|(_, json)| json.as_slice())
    }

    /// A report that never finished, as a record, at the end of the input.
    ///
    /// Call it until it gives nothing. In [`Mode::Annotate`] it is not needed: every line has passed
    /// already.
    pub fn next_unfinished(&mut self) -> Option<Vec<u8>> {
        let mut unfinished = self.streams.next_unfinished();
        if unfinished.is_none() {
            self.streams.give_up_open_reports();
            unfinished = self.streams.next_unfinished();
        }
        self.write(unfinished?)
    }

    fn write(&mut self, mut unfinished: Unfinished<FirstRecord>) -> Option<Vec<u8>> {
        let record = unfinished.payload.as_deref().unwrap_or(b"{}");
        let names = self.names_of(&mut unfinished.oom, unfinished.machine);
        Record::read(record)?.splice(Addition::Oom(&unfinished.oom, names.as_ref()), &self.keys)
    }

    /// Adds what follows if the kill's pod has only one container: that container's name, and that the container
    /// survives if a process of the pod does.
    fn add_only_container(&mut self, kill: &mut Oom, names: &mut Names) {
        /// A pod's first container has no directory of its own.
        const PAUSE: &str = "pause";
        let is_nameless = names.container.is_none()
            && kill.container_id().is_some()
            && (kill.victim.as_ref()).is_some_and(|victim| victim.comm.as_deref() != Some(PAUSE));
        if !(is_nameless || kill.pod_survives) {
            return;
        }
        let (Some(finder), Some(pod)) = (self.names.as_mut(), kill.pod.as_ref()) else {
            return;
        };
        let Some(only) = finder.only_container(&pod.uid, names) else {
            return;
        };
        if kill.pod_survives && names.container.as_ref().is_none_or(|name| *name == only) {
            kill.container_outcome = Some(ContainerOutcome::Survives);
        }
        if is_nameless {
            names.container = Some(only);
        }
    }

    /// The names of a kill's pod and container. The kubelet's directories prove more than lines of the journal
    /// do, but they no longer have the name of a container that is gone.
    fn names_of(&mut self, kill: &mut Oom, machine: u64) -> Option<Names> {
        // A line that names its own pod is surer of it than any other.
        let told = match kill.names {
            Some(_) => None,
            None => self.journal_names.find(machine, kill),
        };
        let Some(finder) = self.names.as_mut() else {
            return told;
        };
        let Some(pod) = &kill.pod else {
            return finder.find_claimed(kill);
        };
        let found = if kill.nested {
            finder.find_both(&pod.uid, kill.container_id()?)
        } else {
            finder.find(&pod.uid, kill.container_id())
        };
        let Some(mut names) = found else {
            return told;
        };
        if names.container.is_none()
            && let Some(told) = told
            && (&told.namespace, &told.pod) == (&names.namespace, &names.pod)
        {
            names.container = told.container;
        }
        Some(names)
    }

    /// The streams that this filter reads, for a host that keeps a line and what is added to it apart. What
    /// such a host hands in with a line leaves as the record of an unfinished report.
    pub fn streams(&mut self) -> &mut Streams<FirstRecord> {
        &mut self.streams
    }

    fn refuses(&self, line: &KernelLine<'_>) -> bool {
        let is_proven = line.author == Author::Kernel
            || line.is_user_space && line.name_bytes == NameBytes::Exact;
        self.refuses_unsaid && !is_proven
    }

    /// Reads a line of the kernel's log, where programs write as well.
    fn read_line<'a>(
        &mut self,
        line: &'a KernelLine<'a>,
        machine: Machine,
        context: &RecordContext<'_>,
        first_record: &dyn Fn() -> Option<FirstRecord>,
    ) -> Told<'a> {
        let Some(mut kill) = killers::kernel_log::read(line) else {
            return (self.streams).read_with(line, context.tag, machine, first_record);
        };
        kill.at_us = line.at_us;
        kill.time_us = line.time_us;
        kill.id = id_in_kernel_log(line, machine);
        self.streams.complete_other(&mut kill, machine);
        Told::Kill(kill)
    }

    /// Whether the record's `oom` is what a filter of ours made of it.
    #[cfg_attr(feature = "unproven", inline(never))]
    fn has_own(&self, record: &Record<'_>) -> bool {
        let Some(own) = record.own() else {
            return false;
        };
        record.texts().any(|text| {
            let mut fits = false;
            lines(record, &text, |line| {
                let line = record.line(line);
                let is_of_program = line.is_user_space
                    && own.id == id_in_kernel_log(&line, record.machine).as_bytes();
                #[cfg(feature = "unproven")]
                if own.is_unproven {
                    fits |= own.id == id_in_kernel_log(&line, record.machine).as_bytes();
                    return;
                }
                fits |= !self.refuses(&line) && (is_of_program || own.fits(&line));
            });
            fits
        })
    }

    /// Reads every line of the record's text.
    fn read(
        &mut self,
        mode: Mode,
        bytes: &[u8],
        record: &Record<'_>,
        context: &RecordContext<'_>,
    ) -> RecordFindings {
        // Copied once, however many reports begin in the record.
        let copy = OnceCell::new();
        let first_record = || {
            (mode != Mode::Annotate).then(|| {
                (bytes.len() <= LONGEST_KEPT && !record.has_oom())
                    .then(|| Arc::clone(copy.get_or_init(|| Arc::from(bytes))))
            })
        };
        let mut findings = RecordFindings::default();
        for text in record.texts() {
            findings = RecordFindings::default();
            lines(record, &text, |line| {
                // The number of a record of `/dev/kmsg` says that none is missing, however short it is.
                let is_long = line.len() >= SHORTEST_LINE || record.is_kmsg;
                let is_read = is_long && self.streams.needs_reading(line);
                if !is_read {
                    findings.has_foreign |= !line.is_empty();
                    return;
                }
                let mut line = record.line(line);
                if line.when.is_none() {
                    line.time_us = line.time_us.or(context.time_us);
                }
                if self.refuses(&line) {
                    findings.has_foreign |= !line.text.is_empty();
                    return;
                }
                let told = self.read_line(&line, record.machine, context, &first_record);
                let another = findings.add(told, mode, !line.text.is_empty());
                if let Some(kill) = another
                    && let Some(first) = first_record()
                {
                    self.streams.hold(kill, first);
                }
            });
            if findings.kill.is_some() || findings.line.is_some() {
                break;
            }
        }
        findings
    }
}

/// A kill that is told elsewhere, with this id.
fn confirmed(id: String) -> Box<Oom> {
    let mut oom = Box::<Oom>::default();
    oom.event = Event::Confirmed;
    oom.set_level(None);
    oom.id = id;
    oom
}

fn id_in_kernel_log(line: &KernelLine<'_>, machine: Machine) -> String {
    Streams::<FirstRecord>::id_of_other(machine, line.at_us.or(line.time_us), &line.text)
}

/// What becomes of a record that tells nothing of an OOM kill.
fn pass_or_drop(mode: Mode) -> Outcome {
    match mode {
        Mode::Annotate | Mode::Rewrite => Outcome::Unchanged,
        Mode::Events => Outcome::Dropped,
    }
}

impl RecordFindings {
    /// Keeps the first kill, and the line that says most: the first that is more than any line of a report.
    /// Gives back another kill, for which the record has no room.
    fn add(&mut self, told: Told<'_>, mode: Mode, has_text: bool) -> Option<Box<Oom>> {
        match told {
            Told::Nothing => self.has_foreign |= has_text,
            Told::Kill(kill) if self.kill.is_some() => return Some(kill),
            Told::Kill(kill) => self.kill = Some(kill),
            Told::Line(line) => {
                let event = line.event();
                if let Some(kill) = &mut self.kill {
                    // The rest of a report in one record: its group is known by now.
                    if event == Event::Group && line.belongs_to(kill) {
                        add_group(kill);
                    }
                } else if self
                    .line
                    .is_none_or(|known| known == Event::Report && event != Event::Report)
                {
                    self.line = Some(event);
                    if mode == Mode::Annotate {
                        self.said = Some(match line.as_plain() {
                            Some(plain) => Said::Plain(plain),
                            None => Said::More(line.into_oom()),
                        });
                    }
                }
            }
        }
        None
    }
}

/// Hands over each line that [`Filter::process`] reads of a record, without prefixes and with the author that the
/// record tells of: for tools that show how a log is read. Nothing where the record is no JSON object, or holds no
/// text.
///
/// ```
/// use oom_filter::{Author, kernel_lines};
///
/// let mut texts = Vec::new();
/// kernel_lines(br#"{"MESSAGE":"Mem-Info:","_TRANSPORT":"kernel"}"#, &mut |line| {
///     assert_eq!(line.author, Author::Kernel);
///     texts.push(line.text.to_vec());
/// });
/// assert_eq!(texts, [b"Mem-Info:"]);
/// ```
pub fn kernel_lines(record: &[u8], each: &mut dyn FnMut(&KernelLine<'_>)) {
    let Some(record) = Record::read(record) else {
        return;
    };
    for text in record.texts() {
        lines(&record, &text, |line| each(&record.line(line)));
    }
}

/// Hands over the lines of a record's text that may be the kernel's.
///
/// A line end inside a text may be a name's: where the whole is one message of a grammar that says where
/// it ends, it is not divided. Neither is a record of `/dev/kmsg`, which escapes the line ends that are
/// not its own.
fn lines<'a>(record: &Record<'_>, text: &'a [u8], mut read: impl FnMut(&'a [u8])) {
    let has_line_end = trim_line_end(text).contains(&b'\n');
    if has_line_end && !record.is_kmsg && is_one_message(&record.line(text)) {
        return read(text);
    }
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        // Behind a kmsg record stand lines of its dictionary, one space in front. The record itself may
        // begin with one: a name may be empty.
        if record.is_kmsg && number > 0 && line.starts_with(b" ") && line.contains(&b'=') {
            continue;
        }
        read(line);
    }
}

/// Whether a text with line ends in it is one message all the same: every one of them must stand in a
/// name.
fn is_one_message(line: &KernelLine<'_>) -> bool {
    let text: &[u8] = &line.text;
    line.author != Author::Other
        && (is_row_with_line_end(text)
            || kernel::parse(text, line.name_bytes)
                .is_some_and(|message| line_ends(message.foreign_words(text)) == line_ends(text)))
}

fn line_ends(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').skip(1).count()
}
