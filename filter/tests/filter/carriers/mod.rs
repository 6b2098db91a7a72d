//! Every carrier of a kernel's log: whole logs are written as it writes them, and every kill that is read from
//! them is what the same log tells as `dmesg` prints it.

mod carrier;
mod files;
mod lines;
mod log;
mod programs;
mod records;
mod table;

use crate::common::KEYS;
use crate::common::shared::among_processors;
use carrier::{Carrier, Clock};
use log::Log;
use oom_filter::lines::{self as lines_of, LineFormat, Record, Records};
use oom_filter::{Filter, Mode, Outcome, RecordContext};
use serde_json::Value;

/// What a record says that follows from the carrier's clock and from the bytes of its lines.
const OF_CARRIER: [&str; 5] = ["at_us", "id", "origin", "time_us", "when"];

#[test]
fn every_carrier_tells_the_same_kills() {
    let carriers: Vec<&Carrier> = [lines::CARRIERS, records::CARRIERS, files::CARRIERS]
        .into_iter()
        .flatten()
        .filter(|carrier| is_asked_for(carrier.name))
        .collect();
    assert!(!carriers.is_empty(), "no carrier has such a name");
    let logs: Vec<_> = Log::all().into_iter().map(Expected::of).collect();
    let cases = logs.iter().enumerate().flat_map(|(turn, log)| {
        let carriers = carriers.iter().enumerate();
        // The long logs take nearly all the time, and each tells what the other does.
        let is_others = move |number: usize| log.log.is_capture() && number % 2 != turn % 2;
        let carriers = carriers.filter(move |(number, _)| is_ci() || !is_others(*number));
        carriers.map(move |(_, carrier)| (*carrier, log))
    });
    let wrong = among_processors(cases, |(carrier, log)| log.is_told_by(carrier));
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_of_carriers_is_true() {
    let kinds = [
        ("Lines", lines::CARRIERS),
        ("Records, one JSON object each", records::CARRIERS),
        ("Files", files::CARRIERS),
    ];
    assert_eq!(table::differs(&kinds), None);
    let is_known = |name: &str| {
        let mut carriers = kinds.iter().flat_map(|(_, carriers)| *carriers);
        carriers.any(|carrier| carrier.name == name)
    };
    let mut written = programs::PROGRAMS.iter().flat_map(|(_, names)| *names);
    assert_eq!(written.find(|name| !is_known(name)), None);
}

/// Whether the environment's `CARRIER` asks for it: all of them where there is none.
fn is_asked_for(name: &str) -> bool {
    std::env::var("CARRIER").is_ok_and(|part| name.contains(&part))
        || std::env::var_os("CARRIER").is_none()
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// A log, and the kills that every carrier of it has to tell, by its clock.
struct Expected {
    log: Log,
    kernels: Vec<Value>,
    unclocked: Vec<Value>,
    bare: Vec<Value>,
}

impl Expected {
    fn of(log: Log) -> Self {
        let [kernels, unclocked, bare] =
            [lines::dmesg, lines::journal, lines::bare].map(|line| kills(&log.written(line)));
        assert!(!kernels.is_empty(), "{} holds no kill", log.name);
        assert_eq!(kernels.len(), unclocked.len(), "{}", log.name);
        assert_eq!(kernels.len(), bare.len(), "{}", log.name);
        Self {
            log,
            kernels,
            unclocked,
            bare,
        }
    }

    /// Whether a carrier of the log tells its kills, or what is wrong.
    fn is_told_by(&self, carrier: &Carrier) -> Result<(), String> {
        let expected = match carrier.clock {
            Clock::Kernels => &self.kernels,
            Clock::None => &self.unclocked,
            Clock::NoneNorPrefix => &self.bare,
        };
        let found = kills(&carrier.written(&self.log));
        difference(expected, &found).map_or(Ok(()), |difference| {
            let (carrier, log) = (carrier.name, &self.log.name);
            Err(format!("{carrier} of {log}: {difference}"))
        })
    }
}

/// The first kill that differs, and how.
fn difference(expected: &[Value], found: &[Value]) -> Option<String> {
    // A list of which one is missing differs in every later kill: the number says more.
    if expected.len() != found.len() {
        return Some(format!("{} kills, not {}", found.len(), expected.len()));
    }
    for (expected, found) in expected.iter().zip(found) {
        let expected = expected.as_object()?;
        let keys = expected.keys().chain(found.as_object()?.keys());
        for key in keys {
            if expected.get(key) != found.get(key) {
                let pid = &expected["victim"]["pid"];
                let nothing = Value::Null;
                let value = |of: Option<&Value>| of.unwrap_or(&nothing).to_string();
                return Some(format!(
                    "the kill of {pid} has {key} {}, not {}",
                    value(found.get(key)),
                    value(expected.get(key)),
                ));
            }
        }
    }
    None
}

/// The kills that are read from a file, without what is the carrier's.
fn kills(file: &[u8]) -> Vec<Value> {
    let mut kills = told(file);
    for kill in kills.iter_mut().filter_map(Value::as_object_mut) {
        kill.retain(|key, _| !OF_CARRIER.contains(&key.as_str()));
    }
    kills
}

/// The kills that are read from a file.
fn told(file: &[u8]) -> Vec<Value> {
    let mut filter = Filter::new(KEYS);
    let context = RecordContext::default();
    let mut left = Vec::new();
    let mut keep = |record: Record<'_>| {
        // As the hosts do: most lines are looked at for the words of a kill alone.
        let outcome = match record {
            Record::Object(object) => filter.process(Mode::Events, &object, &context),
            Record::Plain(line) if !filter.needs_reading(line.bytes()) => Outcome::Dropped,
            Record::Plain(line) => {
                let object = || line.object();
                filter.process_line(Mode::Events, &line.kernel_line(), &context, &object)
            }
            Record::Malformed(_) => Outcome::Dropped,
        };
        if let Outcome::Replaced(record) = outcome {
            left.push(record);
        }
    };
    let mut records = Records::new(LineFormat::Auto);
    let turned = lines_of::is_newest_first(file) == Some(true);
    let turned = turned.then(|| lines_of::reversed(file));
    let file = turned.as_deref().unwrap_or(file);
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    for line in file.split(|byte| *byte == b'\n') {
        records.line(line, &mut keep);
    }
    records.end(&mut keep);
    left.extend(std::iter::from_fn(|| filter.next_unfinished()));
    let kills = left.iter().map(|record| {
        let mut record: Value = serde_json::from_slice(record).expect("a record is JSON");
        record["oom"].take()
    });
    kills.filter(|kill| kill["event"] == "kill").collect()
}
