//! What waits to be written, and when it may be: pure, told the time by its caller.
//!
//! An entry is an Event, with the kills that it is still to count. Entries whose kills are all written are kept
//! for a while, so that the next kill needs no question. What is forgotten costs two requests.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::time::{Duration, Instant};

use k8s_openapi::api::events::v1::Event;
use serde_json::Value;

use crate::event::{Draft, Tally, change};
use crate::kill::Kill;

/// The shortest pause after a failure.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause that the API server may ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(10);
/// How many Events are remembered at least whose kills are all written; at most twice as many.
const REMEMBERED: usize = 1000;

/// How much waits, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Kills. Of more the oldest are dropped.
    pub capacity: usize,
    /// Between two writes for a pod, and before the first: what belongs together comes within it.
    pub interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            capacity: 2000,
            interval: Duration::from_secs(1),
        }
    }
}

/// A kill that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: u64,
    report: u64,
    /// Processes: of a group that is killed together each comes by itself.
    kills: u64,
    time_us: i64,
    /// Counts what came.
    turn: u64,
}

/// How far an Event has come.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Progress {
    /// Nothing is known: it is to be written.
    New,
    /// It is there, from before this program was started or from before it was forgotten.
    Unread,
    /// It is there with this.
    Written(Tally),
}

/// An Event.
#[derive(Debug)]
struct Entry {
    draft: Draft,
    progress: Progress,
    waiting: VecDeque<Waiting>,
    /// Those of `waiting` that a request is on its way for.
    sent: Vec<Waiting>,
    /// Not before.
    due: Instant,
    /// How often in a row it alone was refused.
    failures: u32,
    /// Counts uses.
    used: u64,
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct Step {
    /// The Event's namespace.
    pub namespace: String,
    /// The Event's name.
    pub name: String,
    /// What to do with it.
    pub request: Request,
}

/// What to do with an Event.
#[derive(Clone, Debug)]
pub enum Request {
    /// Make it.
    Create(Box<Event>),
    /// Change nothing, which gives it back: there is no right to read.
    Read,
    /// Count more.
    Count(Value),
}

/// What became of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Done. What was read has this.
    Done(Option<Tally>),
    /// It was to be made and is there.
    Exists,
    /// It was to be changed and is not there: it has expired.
    Missing,
    /// It can never be written.
    Never(Lost),
    /// It alone is refused: again, later.
    Refused,
    /// Nothing can be written: again, after the time that the API server asks for or a growing one.
    Busy(Option<Duration>),
}

/// Why a kill has got no Event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lost {
    /// More waited than may.
    Full,
    /// Its namespace is gone, or about to be.
    Namespace,
    /// The API server takes no such Event.
    Invalid,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Next {
    /// Nothing waits.
    Idle,
    /// Nothing before.
    At(Instant),
    /// This, now.
    Step(Step),
}

/// What became of kills.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Change {
    /// Kills that an Event tells now.
    pub told: u64,
    /// Kills that had been told already.
    pub known: u64,
    /// Kills that got none, and why.
    pub lost: Option<(Lost, u64)>,
    /// Whether an Event was made or changed.
    pub written: bool,
}

/// All that waits.
#[derive(Debug)]
pub struct Queue {
    limits: Limits,
    node: String,
    entries: HashMap<String, Entry>,
    /// When something was last written for a pod.
    subjects: HashMap<String, Instant>,
    /// Nothing is written before.
    paused: Option<Instant>,
    /// How often in a row nothing could be written.
    failures: u32,
    turns: u64,
    /// Whether it is to be emptied for the last time.
    hurries: bool,
}

impl Queue {
    /// One with nothing in it.
    pub fn new(limits: Limits, node: String) -> Self {
        Self {
            limits,
            node,
            entries: HashMap::new(),
            subjects: HashMap::new(),
            paused: None,
            failures: 0,
            turns: 0,
            hurries: false,
        }
    }

    /// Takes a kill. `now_us` is the wall clock, in microseconds since 1970, for a kill without a time.
    pub fn add(&mut self, kill: &Kill, now: Instant, now_us: i64) -> Change {
        let mut draft = Draft::of(kill, &self.node);
        self.turns = self.turns.saturating_add(1);
        let turn = self.turns;
        let mut new = Waiting {
            key: kill.key,
            report: kill.report,
            kills: 1,
            time_us: kill.time_us.unwrap_or(now_us),
            turn,
        };
        // The kernel tells of the first process before it says that its whole group is killed.
        let of_process = draft.of_process.as_ref().filter(|_| kill.is_group);
        let mut first = None;
        if let Some(entry) = of_process.and_then(|name| self.entries.get_mut(name)) {
            let before = entry.waiting.len();
            entry.waiting.retain(|other| {
                let is_of_group = other.report == kill.report;
                if is_of_group {
                    new.kills = new.kills.saturating_add(other.kills);
                    new.time_us = new.time_us.min(other.time_us);
                }
                !is_of_group
            });
            if entry.waiting.len() < before {
                first = Some(entry.draft.summary.clone());
            }
        }
        // It is the one that the kernel chose: the others say less.
        if let Some(summary) = first {
            let kill = Kill {
                summary,
                ..kill.clone()
            };
            draft = Draft::of(&kill, &self.node);
        }
        let due = now.checked_add(self.limits.interval).unwrap_or(now);
        let entry = (self.entries.entry(draft.name.clone())).or_insert_with(|| Entry {
            draft,
            progress: Progress::New,
            waiting: VecDeque::new(),
            sent: Vec::new(),
            due,
            failures: 0,
            used: turn,
        });
        entry.used = turn;
        let same = entry.waiting.iter_mut().find(|other| other.key == new.key);
        let is_told = match &entry.progress {
            Progress::Written(tally) => tally.keys.contains(&new.key),
            Progress::New | Progress::Unread => false,
        } || entry.sent.iter().any(|other| other.key == new.key);
        match same {
            Some(same) if kill.is_group => same.kills = same.kills.saturating_add(new.kills),
            Some(_) => return Change::known(new.kills),
            None if is_told => return Change::known(new.kills),
            None => {
                if entry.waiting.is_empty() && entry.failures == 0 {
                    entry.due = due;
                }
                entry.waiting.push_back(new);
            }
        }
        self.drop_oldest()
    }

    /// How many kills wait: processes.
    pub fn waiting(&self) -> u64 {
        let all = self.entries.values();
        all.flat_map(|entry| entry.waiting.iter().chain(&entry.sent))
            .map(|waiting| waiting.kills)
            .fold(0, u64::saturating_add)
    }

    /// What to do now. A step is to be followed by [`Self::done`] for it.
    pub fn next(&mut self, now: Instant) -> Next {
        let interval = if self.hurries {
            Duration::ZERO
        } else {
            self.limits.interval
        };
        let ready = |entry: &Entry| {
            let after_last = self.subjects.get(&entry.draft.subject);
            let after_last = after_last.and_then(|last| last.checked_add(interval));
            let times = [Some(entry.due), self.paused, after_last];
            times.into_iter().flatten().max().unwrap_or(now)
        };
        let first = (self.entries.iter())
            .filter(|(_, entry)| !entry.waiting.is_empty() && entry.sent.is_empty())
            .map(|(name, entry)| {
                let turn = entry.waiting.front().map_or(0, |waiting| waiting.turn);
                (ready(entry), turn, name)
            })
            .min();
        let Some((at, _, name)) = first else {
            return Next::Idle;
        };
        if at > now {
            return Next::At(at);
        }
        let name = name.clone();
        let Some(entry) = self.entries.get_mut(&name) else {
            return Next::Idle;
        };
        entry.sent = mem::take(&mut entry.waiting).into();
        let request = entry.request();
        let subject = entry.draft.subject.clone();
        let namespace = entry.draft.namespace.clone();
        // Those that hold no write back any more.
        self.subjects
            .retain(|_, last| now.saturating_duration_since(*last) < interval);
        self.subjects.insert(subject, now);
        Next::Step(Step {
            namespace,
            name,
            request,
        })
    }

    /// Takes what became of a step.
    pub fn done(&mut self, step: &Step, answer: Answer, now: Instant) -> Change {
        let mut change = Change::default();
        let Some(entry) = self.entries.get_mut(&step.name) else {
            return change;
        };
        let sent = mem::take(&mut entry.sent);
        if !matches!(answer, Answer::Busy(_)) {
            self.failures = 0;
            self.paused = None;
        }
        let mut back = Vec::new();
        match answer {
            Answer::Done(read) => {
                entry.failures = 0;
                match (&step.request, read) {
                    (Request::Read, Some(tally)) => {
                        let told = |waiting: &Waiting| tally.keys.contains(&waiting.key);
                        change.known = kills(sent.iter().filter(|waiting| told(waiting)));
                        back.extend(sent.into_iter().filter(|waiting| !told(waiting)));
                        entry.progress = Progress::Written(tally);
                    }
                    // It is no Event that we know how to read: as if it had one kill.
                    (Request::Read, None) => {
                        let count = 1;
                        let keys = VecDeque::new();
                        entry.progress = Progress::Written(Tally { count, keys });
                        back = sent;
                    }
                    (Request::Create(_) | Request::Count(_), _) => {
                        change.told = kills(&sent);
                        change.written = true;
                        let tally = entry.tally_with(&sent);
                        entry.progress = Progress::Written(tally);
                    }
                }
            }
            Answer::Exists => {
                entry.progress = Progress::Unread;
                back = sent;
            }
            Answer::Missing => {
                entry.progress = Progress::New;
                back = sent;
            }
            Answer::Never(why) => change.lost = Some((why, kills(&sent))),
            Answer::Refused => {
                entry.failures = entry.failures.saturating_add(1);
                let pause = pause(entry.failures, self.limits.interval);
                entry.due = now.checked_add(pause).unwrap_or(now);
                back = sent;
            }
            Answer::Busy(asked) => {
                self.failures = self.failures.saturating_add(1);
                let own = pause(self.failures, self.limits.interval);
                let pause = asked.map_or(own, |asked| asked.min(LONGEST_ASKED));
                self.paused = now.checked_add(pause);
                back = sent;
            }
        }
        for waiting in back.into_iter().rev() {
            entry.waiting.push_front(waiting);
        }
        // Only a kill that came while a request was on its way can be too much now.
        let lost = self.drop_oldest().lost;
        self.forget();
        Change {
            lost: change.lost.or(lost),
            ..change
        }
    }

    /// Makes what waits due at once, for the last time.
    pub fn hurry(&mut self, now: Instant) {
        self.hurries = true;
        self.paused = None;
        for entry in self.entries.values_mut() {
            entry.due = now;
        }
    }

    /// Drops what waits for the longest time, while more waits than may.
    fn drop_oldest(&mut self) -> Change {
        let mut dropped = 0_u64;
        while self.held() > self.limits.capacity {
            let oldest = (self.entries.values_mut())
                .filter(|entry| !entry.waiting.is_empty())
                .min_by_key(|entry| entry.waiting.front().map_or(u64::MAX, |first| first.turn));
            let Some(oldest) = oldest.and_then(|entry| entry.waiting.pop_front()) else {
                break;
            };
            dropped = dropped.saturating_add(oldest.kills);
        }
        if dropped > 0 {
            self.forget();
        }
        Change {
            lost: (dropped > 0).then_some((Lost::Full, dropped)),
            ..Change::default()
        }
    }

    fn held(&self) -> usize {
        let all = self.entries.values();
        all.map(|entry| entry.waiting.len().saturating_add(entry.sent.len()))
            .fold(0, usize::saturating_add)
    }

    /// Forgets Events of which nothing waits: those that are not there, and the oldest of too many.
    fn forget(&mut self) {
        self.entries.retain(|_, entry| {
            let is_known = matches!(entry.progress, Progress::Written(_));
            is_known || !entry.waiting.is_empty() || !entry.sent.is_empty()
        });
        let quiet = |entry: &Entry| entry.waiting.is_empty() && entry.sent.is_empty();
        let mut used: Vec<u64> = (self.entries.values())
            .filter(|entry| quiet(entry))
            .map(|entry| entry.used)
            .collect();
        // Not each time one of them.
        if used.len() < REMEMBERED.saturating_mul(2) {
            return;
        }
        let too_many = used.len().saturating_sub(REMEMBERED);
        used.sort_unstable();
        let oldest = used.get(too_many).copied().unwrap_or(u64::MAX);
        self.entries
            .retain(|_, entry| !quiet(entry) || entry.used >= oldest);
    }
}

impl Change {
    fn known(known: u64) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }
}

impl Entry {
    /// What is written with the kills that are sent.
    fn tally_with(&self, sent: &[Waiting]) -> Tally {
        let mut tally = match &self.progress {
            Progress::Written(tally) => tally.clone(),
            Progress::New | Progress::Unread => Tally::default(),
        };
        tally.add(sent.iter().map(|waiting| waiting.key));
        tally
    }

    fn request(&self) -> Request {
        let times = self.sent.iter().map(|waiting| waiting.time_us);
        let (first, last) = (times.clone().min(), times.max());
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let tally = self.tally_with(&self.sent);
        match &self.progress {
            Progress::New => Request::Create(Box::new(self.draft.event(&tally, first, last))),
            Progress::Unread => Request::Read,
            Progress::Written(_) => Request::Count(change(&tally, last)),
        }
    }
}

fn kills<'a>(waiting: impl IntoIterator<Item = &'a Waiting>) -> u64 {
    let kills = waiting.into_iter().map(|waiting| waiting.kills);
    kills.fold(0, u64::saturating_add)
}

/// How long to wait after so many failures in a row: twice as long each time.
fn pause(failures: u32, first: Duration) -> Duration {
    // Never at once, whatever the interval is.
    let first = first.max(SHORTEST_PAUSE);
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    first.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kill::tests::{record, with};

    const SECOND: Duration = Duration::from_secs(1);

    /// A queue with a clock of its own.
    struct Bench {
        queue: Queue,
        now: Instant,
        /// What is in the API server: of each Event how many kills it counts.
        events: HashMap<String, Tally>,
        /// When which Event was asked for.
        requests: Vec<(Instant, String)>,
        change: Change,
    }

    fn bench(capacity: usize) -> Bench {
        let limits = Limits {
            capacity,
            ..Limits::default()
        };
        Bench {
            queue: Queue::new(limits, "worker-1".to_owned()),
            now: Instant::now(),
            events: HashMap::new(),
            requests: Vec::new(),
            change: Change::default(),
        }
    }

    fn kill(pod: u64, pid: u64) -> Kill {
        let record = with(record(), "/kubernetes/pod_id", json!(format!("uid-{pod}")));
        let record = with(record, "/kubernetes/pod_name", json!(format!("hog-{pod}")));
        let record = with(record, "/oom/id", json!(format!("{pid:016x}")));
        Kill::read(with(record, "/oom/victim/pid", json!(pid)), false).unwrap()
    }

    impl Bench {
        fn add(&mut self, kill: &Kill) -> Change {
            let change = self.queue.add(kill, self.now, 1_000_000);
            self.count(change);
            change
        }

        fn count(&mut self, change: Change) {
            self.change.told += change.told;
            self.change.known += change.known;
            if let Some((why, more)) = change.lost {
                let before = self.change.lost.map_or(0, |(_, kills)| kills);
                self.change.lost = Some((why, before + more));
            }
        }

        /// The next step, when its time has come.
        fn step(&mut self) -> Option<Step> {
            loop {
                match self.queue.next(self.now) {
                    Next::Idle => return None,
                    Next::At(at) => self.now = at,
                    Next::Step(step) => {
                        self.requests.push((self.now, step.name.clone()));
                        return Some(step);
                    }
                }
            }
        }

        fn answer(&mut self, step: &Step, answer: Answer) {
            let change = self.queue.done(step, answer, self.now);
            self.count(change);
        }

        /// Answers all as the API server does.
        fn run(&mut self) {
            while let Some(step) = self.step() {
                let answer = match (&step.request, self.events.get(&step.name)) {
                    (Request::Create(_), Some(_)) => Answer::Exists,
                    (Request::Create(event), None) => {
                        let tally = Tally::read(&serde_json::to_vec(event).unwrap()).unwrap();
                        self.events.insert(step.name.clone(), tally);
                        Answer::Done(None)
                    }
                    (_, None) => Answer::Missing,
                    (Request::Read, Some(tally)) => Answer::Done(Some(tally.clone())),
                    (Request::Count(value), Some(_)) => {
                        let mut event = serde_json::to_value(Event::default()).unwrap();
                        event["metadata"] = value["metadata"].clone();
                        event["series"] = value["series"].clone();
                        let tally = Tally::read(&serde_json::to_vec(&event).unwrap()).unwrap();
                        self.events.insert(step.name.clone(), tally);
                        Answer::Done(None)
                    }
                };
                self.answer(&step, answer);
            }
        }

        fn counts(&self) -> Vec<u64> {
            self.events.values().map(|tally| tally.count).collect()
        }
    }

    #[test]
    fn storm() {
        let mut bench = bench(2000);
        for pid in 1..=1000 {
            bench.add(&kill(pid % 50, pid));
            bench.now += SECOND / 100;
        }
        bench.run();
        assert_eq!(bench.counts(), vec![20; 50]);
        assert_eq!((bench.change.told, bench.change.lost), (1000, None));
    }

    #[test]
    fn one_write_a_second() {
        let mut bench = bench(2000);
        for pid in 1..=200 {
            bench.add(&kill(pid % 2, pid));
            // What is due is written meanwhile.
            while let Next::Step(step) = bench.queue.next(bench.now) {
                bench.requests.push((bench.now, step.name.clone()));
                bench.answer(&step, Answer::Done(None));
            }
            bench.now += SECOND / 20;
        }
        bench.run();
        assert_eq!(bench.change.told, 200);
        let mut last: HashMap<&str, Instant> = HashMap::new();
        for (at, name) in &bench.requests {
            if let Some(before) = last.insert(name, *at) {
                assert!(*at - before >= SECOND);
            }
        }
        // Ten seconds, and what came in the last.
        assert!(
            (20..=24).contains(&bench.requests.len()),
            "{}",
            bench.requests.len()
        );
    }

    #[test]
    fn two_containers_share_the_second_of_their_pod() {
        let mut bench = bench(10);
        let mut other = kill(1, 2);
        other.container = Some("web".to_owned());
        bench.add(&kill(1, 1));
        bench.add(&other);
        bench.run();
        let times: Vec<Instant> = bench.requests.iter().map(|(at, _)| *at).collect();
        assert_eq!(times[1] - times[0], SECOND);
        assert_eq!(bench.counts(), [1, 1]);
    }

    #[test]
    fn nothing_twice_after_a_restart() {
        let mut first = bench(10);
        for pid in [1, 2, 3] {
            first.add(&kill(1, pid));
        }
        first.run();
        let mut second = bench(10);
        second.events = first.events;
        for pid in [2, 3, 4] {
            second.add(&kill(1, pid));
        }
        second.run();
        assert_eq!(second.counts(), [4]);
        assert_eq!((second.change.told, second.change.known), (1, 2));
        // Nor within one run.
        assert_eq!(second.add(&kill(1, 4)).known, 1);
        second.add(&kill(1, 5));
        assert_eq!(second.add(&kill(1, 5)).known, 1);
    }

    #[test]
    fn an_event_that_has_expired_is_made_anew() {
        let mut bench = bench(10);
        bench.add(&kill(1, 1));
        bench.run();
        bench.events.clear();
        bench.add(&kill(1, 2));
        bench.run();
        assert_eq!(bench.counts(), [1]);
        assert_eq!(bench.change.told, 2);
    }

    #[test]
    fn a_group_is_one_kill() {
        let mut bench = bench(10);
        let mut kills = [171, 172, 173].map(|pid| kill(1, pid));
        let report = kills[0].report;
        // As the kernel tells it: of the first process nothing says that it is one of a group.
        kills[0].outcome = None;
        kills[0].summary = "'tail' (pid 171) was killed.".to_owned();
        for kill in &mut kills[1..] {
            (kill.key, kill.report, kill.is_group) = (report, report, true);
        }
        for kill in &kills {
            bench.add(kill);
        }
        assert_eq!(bench.queue.waiting(), 3);
        let step = bench.step().unwrap();
        let Request::Create(event) = &step.request else {
            panic!("it is new");
        };
        // The one that the kernel chose is told.
        let note = "Container api: 'tail' (pid 171) was killed. Its whole group was killed (memory.oom.group). \
                    The container ends with it. Raise the limit, or find what grows.";
        assert_eq!(event.note.as_deref(), Some(note));
        bench.answer(&step, Answer::Busy(None));
        bench.run();
        assert_eq!(bench.counts(), [1]);
        assert_eq!(bench.change.told, 3);
    }

    #[test]
    fn the_oldest_are_dropped() {
        let mut bench = bench(10);
        for pid in 1..=25 {
            bench.add(&kill(pid % 5, pid));
        }
        assert_eq!(bench.change.lost, Some((Lost::Full, 15)));
        assert_eq!(bench.queue.waiting(), 10);
        bench.run();
        assert_eq!(bench.counts(), [2; 5]);
        let keys: Vec<u64> = bench
            .events
            .values()
            .flat_map(|tally| tally.keys.clone())
            .collect();
        for pid in 16..=25 {
            assert!(keys.contains(&kill(pid % 5, pid).key));
        }
        // Of other pods no more is kept than of one.
        for pid in 1..=5000 {
            bench.add(&kill(pid, pid));
        }
        assert!(bench.queue.entries.len() <= 10 + 5);
    }

    #[test]
    fn what_is_written_is_forgotten_at_last() {
        let mut bench = bench(10);
        for pid in 1..=3000 {
            bench.add(&kill(pid, pid));
            bench.run();
        }
        assert!((REMEMBERED..REMEMBERED * 2).contains(&bench.queue.entries.len()));
        assert_eq!(bench.queue.subjects.len(), 1);
    }

    #[test]
    fn pauses() {
        let mut bench = bench(10);
        bench.add(&kill(1, 1));
        bench.add(&kill(2, 2));
        let mut waits = Vec::new();
        for asked in [None, None, Some(SECOND * 7), Some(SECOND * 86400)] {
            let step = bench.step().unwrap();
            let begun = bench.now;
            bench.answer(&step, Answer::Busy(asked));
            let Next::At(at) = bench.queue.next(bench.now) else {
                panic!("all wait");
            };
            waits.push((at - begun).as_secs());
        }
        assert_eq!(waits, [1, 2, 7, 600]);
        bench.run();
        assert_eq!(bench.change.told, 2);
    }

    #[test]
    fn the_last_time() {
        let mut bench = bench(10);
        bench.add(&kill(1, 1));
        bench.queue.hurry(bench.now);
        let begun = bench.now;
        let step = bench.step().unwrap();
        assert_eq!(bench.now, begun);
        // It is asked again, and not at once.
        bench.answer(&step, Answer::Busy(None));
        bench.run();
        assert_eq!(bench.now - begun, SECOND);
        assert_eq!(bench.change.told, 1);
    }

    #[test]
    fn one_that_is_refused_holds_no_other_back() {
        let mut bench = bench(10);
        bench.add(&kill(1, 1));
        let step = bench.step().unwrap();
        bench.answer(&step, Answer::Refused);
        let refused = bench.now;
        for _ in 0..9 {
            bench.add(&kill(2, bench.requests.len() as u64));
            let step = bench.step().unwrap();
            let is_first = step.name.starts_with("hog-1.");
            bench.answer(
                &step,
                if is_first {
                    Answer::Refused
                } else {
                    Answer::Done(None)
                },
            );
        }
        let of_first = bench
            .requests
            .iter()
            .filter(|(_, name)| name.starts_with("hog-1."));
        assert!(of_first.count() <= 4);
        assert!(bench.now - refused >= SECOND * 5);
        assert!(bench.change.told >= 6);
    }

    #[test]
    fn what_can_never_be_written_is_lost() {
        let mut bench = bench(10);
        bench.add(&kill(1, 1));
        let step = bench.step().unwrap();
        bench.answer(&step, Answer::Never(Lost::Namespace));
        assert_eq!(bench.change.lost, Some((Lost::Namespace, 1)));
        assert!(bench.step().is_none());
        assert!(bench.queue.entries.is_empty());
    }
}
