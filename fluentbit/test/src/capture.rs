//! A kernel's log as Fluent Bit's inputs hand it out, and what the library makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use oom_filter::{Filter, KubeletDir, KubeletDirs, Mode, Outcome, RecordContext};
use serde_json::{Value, json};

use crate::folder::{read, top};
use crate::keys::FLUENT_BIT;

/// A booted kernel with kills at every level, of a child process, and in a storm.
const CAPTURE: &str = "fixtures/captures/debian-6.1.192-cgroup1.kmsg";

/// Where the kernel's lines come from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Fluent Bit's `systemd` input.
    Journal,
    /// Fluent Bit's `kmsg` input.
    Kmsg,
}

/// The captured lines, as records of that input.
///
/// # Panics
///
/// Where the capture is not there.
pub fn records(source: Source) -> Vec<Value> {
    let text = read(&top().join(CAPTURE));
    text.lines()
        .filter_map(|line| {
            let (fields, text) = line.split_once(';')?;
            let mut fields = fields.split(',').map(str::parse::<u64>);
            let mut field = || fields.next()?.ok();
            let (priority, sequence, at_us) = (field()?, field()?, field()?);
            let is_kernel = priority < 8;
            is_kernel.then(|| match source {
                Source::Journal => json!({
                    "_TRANSPORT": "kernel",
                    "_HOSTNAME": "worker-1",
                    "PRIORITY": priority.to_string(),
                    "_SOURCE_MONOTONIC_TIMESTAMP": at_us.to_string(),
                    "MESSAGE": text,
                }),
                Source::Kmsg => json!({
                    "priority": priority,
                    "sequence": sequence,
                    "sec": at_us / 1_000_000,
                    "usec": at_us % 1_000_000,
                    "msg": text,
                }),
            })
        })
        .collect()
}

/// The files that the kubelet would have of the pods in a log.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Of `/var/log/containers`.
    pub containers: Vec<String>,
    /// Of `/var/log/pods`.
    pub pods: Vec<String>,
}

impl KubeletDirs for Names {
    fn list(&mut self, listing: KubeletDir<'_>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
        let names = match listing {
            KubeletDir::Containers => &self.containers,
            KubeletDir::Pods => &self.pods,
            // Those of the test are empty.
            KubeletDir::Pod(_) => return,
        };
        let _ = names.iter().try_for_each(|name| each(name.as_bytes()));
    }
}

/// Names for every pod that was killed in: `shop/cart-1`, container `api`, and so on.
///
/// # Panics
///
/// Where a kill of a pod has no UID.
pub fn names_of(records: &[Value]) -> Names {
    let mut pods = BTreeMap::new();
    for kill in told(records, &Names::default()) {
        // Of a node of kind too, whose pods have no Kubernetes identity before there are names.
        if let Some(uid) = kill["oom"]["pod"]["uid"].as_str() {
            let container = kill["oom"]["container"]["id"].as_str();
            let containers: &mut BTreeSet<String> = pods.entry(uid.to_owned()).or_default();
            containers.extend(container.map(str::to_owned));
        }
    }
    let mut names = Names::default();
    for (number, (uid, containers)) in (1..).zip(pods) {
        names.pods.push(format!("shop_cart-{number}_{uid}"));
        for id in containers {
            let name = format!("cart-{number}_shop_api-{id}.log");
            names.containers.push(name);
        }
    }
    names
}

/// Whether a record is a kill; else it is a report that broke off.
pub fn is_kill(record: &Value) -> bool {
    record["oom"]["event"] == "kill"
}

/// What leaves of `records`, as the library gives it.
///
/// # Panics
///
/// Where it gives what is no record.
pub fn told(records: &[Value], names: &Names) -> Vec<Value> {
    let mut filter = Filter::new(FLUENT_BIT);
    filter.names_from(Box::new(names.clone()));
    let arrival = RecordContext {
        tag: b"kernel",
        ..RecordContext::default()
    };
    records
        .iter()
        .filter_map(|record| {
            let record = record.to_string().into_bytes();
            match filter.process(Mode::Events, &record, &arrival) {
                Outcome::Replaced(text) => Some(text),
                // It has been through a filter like this one.
                Outcome::Unchanged => Some(record),
                Outcome::Dropped => None,
            }
        })
        .map(|text| serde_json::from_slice(&text).expect("a record is JSON"))
        .collect()
}
