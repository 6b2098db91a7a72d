//! What records become where an output speaks a convention: `docs/mapping.toml`, held against what the real
//! Fluent Bit sends and against the conventions' own lists, and the page that is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use oom_fluentbit_test::{Received, Source, Tool, is_kill, records, told, top};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::outputs::{lines, sent};
use crate::pipeline::LABELS;

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![page, opentelemetry, elasticsearch, prometheus, conventions]
}

#[derive(Deserialize)]
struct Mapping {
    field: Vec<Field>,
}

/// Where something stands in OpenTelemetry.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Place {
    Resource,
    Record,
    Field,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    meaning: String,
    ours: Option<String>,
    value: Option<Value>,
    /// Only where the record has this.
    needs: Option<String>,
    otel: Option<String>,
    on: Option<Place>,
    #[serde(default)]
    ecs: Vec<String>,
    /// The value is told in words.
    #[serde(default)]
    words: bool,
    #[serde(default)]
    beside: Vec<String>,
    prometheus: Option<String>,
}

impl Field {
    /// Its value in `kill`.
    fn of(&self, kill: &Value) -> Option<Value> {
        let at = |path: &str| {
            kill.pointer(&format!("/{}", path.replace('.', "/")))
                .cloned()
        };
        if let Some(needs) = &self.needs {
            at(needs)?;
        }
        self.value.clone().or_else(|| at(self.ours.as_ref()?))
    }
}

fn mapping() -> Vec<Field> {
    let text = fs::read_to_string(top().join("docs/mapping.toml")).expect("it is there");
    toml::from_str::<Mapping>(&text)
        .expect("it has fields")
        .field
}

/// A kill as Fluent Bit's outputs get it.
fn as_outputs_get(kill: &Value) -> Value {
    let mut kill = kill.clone();
    let fields = kill.as_object_mut().expect("a record is an object");
    fields.retain(|key, _| ["oom", "kubernetes", "MESSAGE"].contains(&key.as_str()));
    fields.insert("node".into(), "worker-1".into());
    kill
}

/// The kill that has this id and process.
fn find<'a>(kills: &'a [Value], oom: &Value) -> &'a Value {
    let key = |oom: &Value| (oom["id"].clone(), oom["victim"]["pid"].clone());
    let same = |kill: &&Value| key(&kill["oom"]) == key(oom);
    kills.iter().find(same).expect("it is one of them")
}

fn any(value: &AnyValue) -> Value {
    match value.value.as_ref().expect("no value is empty") {
        Any::StringValue(text) => json!(text),
        Any::BoolValue(value) => json!(value),
        Any::IntValue(number) => json!(number),
        Any::ArrayValue(array) => array.values.iter().map(any).collect(),
        Any::KvlistValue(list) => Value::Object(members(&list.values)),
        other => panic!("{other:?} is nothing of ours"),
    }
}

fn members(list: &[KeyValue]) -> Map<String, Value> {
    let members = list.iter().map(|pair| {
        let value = pair.value.as_ref().expect("an attribute has a value");
        (pair.key.clone(), any(value))
    });
    let map: Map<String, Value> = members.collect();
    assert_eq!(map.len(), list.len(), "no attribute is there twice");
    map
}

/// The members of an object by their pieces.
fn flatten(key: &str, value: &Value, out: &mut Map<String, Value>) {
    if let Value::Object(members) = value {
        for (name, value) in members {
            flatten(&format!("{key}.{name}"), value, out);
        }
    } else {
        out.insert(key.to_owned(), value.clone());
    }
}

/// OTLP, as a receiver reads it: nothing that a kill has is missing, nothing else is there.
fn opentelemetry() -> Tested {
    let (received, kills) = sent(
        "opentelemetry",
        "{}",
        &["OTLP_HOST", "OTLP_PORT"],
        |received, count| received.len() >= count,
    )?;
    assert_eq!(received.len(), kills.len());
    let mapping = mapping();
    let has_time = |kill: &Value| kill["oom"]["time_us"].is_u64();
    assert!(kills.iter().any(has_time) && !kills.iter().all(has_time));
    for Received { path, body } in &received {
        assert_eq!(path, "/v1/logs");
        let request: ExportLogsServiceRequest =
            serde_json::from_slice(body).expect("it is a request");
        let [logs] = &request.resource_logs[..] else {
            panic!("a request has one resource");
        };
        let resource = members(&logs.resource.as_ref().expect("it has one").attributes);
        let record = &logs.scope_logs[0].log_records[0];
        let attributes = members(&record.attributes);
        let oom =
            json!({"id": attributes["oom.id"], "victim": {"pid": attributes.get("process.pid")}});
        let kill = as_outputs_get(find(&kills, &oom));
        let fields = Map::from_iter([
            (
                "body".to_owned(),
                any(record.body.as_ref().expect("it has a body")),
            ),
            ("eventName".to_owned(), json!(record.event_name)),
            ("severityNumber".to_owned(), json!(record.severity_number)),
        ]);
        let is_kill = is_kill(&kill);
        let mut expected: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for field in &mapping {
            let (Some(otel), Some(on)) = (&field.otel, field.on) else {
                continue;
            };
            if let Some(value) = field.of(&kill).filter(|_| is_kill || field.value.is_none()) {
                let place = match on {
                    Place::Resource => "resource",
                    Place::Record => "record",
                    Place::Field => "field",
                };
                expected
                    .entry(place)
                    .or_default()
                    .insert(otel.clone(), value);
            }
        }
        if is_kill {
            assert_eq!(fields, expected["field"]);
        } else {
            assert_eq!((record.severity_number, &*record.event_name), (13, ""));
        }
        assert_eq!(resource, expected["resource"]);
        // All of `oom` is there besides.
        flatten(
            "oom",
            &kill["oom"],
            expected.get_mut("record").expect("there are some"),
        );
        assert_eq!(attributes, expected["record"]);
        // Without a time of its own a kill has that of its record, which here is when it was read.
        let killed = kill["oom"]["time_us"].as_u64().map(|time| time * 1000);
        let seen = record.observed_time_unix_nano;
        assert!(seen > 1_600_000_000_000_000_000);
        assert_eq!(record.time_unix_nano, killed.unwrap_or(seen));
    }
    Ok(())
}

/// Puts a value where a path with dots leads.
fn insert(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value;
}

/// Elasticsearch's documents: the record as it was, and the fields of ECS.
fn elasticsearch() -> Tested {
    let (received, kills) = sent(
        "elasticsearch",
        "{\"errors\":false}",
        &["ELASTICSEARCH_HOST", "ELASTICSEARCH_PORT"],
        |received, count| lines(received).count() >= 2 * count,
    )?;
    assert!(received.iter().all(|received| received.path == "/_bulk"));
    let pairs: Vec<Value> = lines(&received).collect();
    assert_eq!(pairs.len(), 2 * kills.len());
    let mapping = mapping();
    let mut ids = BTreeSet::new();
    for pair in pairs.chunks(2) {
        assert_eq!(pair[0]["create"]["_index"], "oom-kills");
        assert!(
            ids.insert(pair[0]["create"]["_id"].to_string()),
            "an id of its own"
        );
        let mut document = pair[1].clone();
        let fields = document.as_object_mut().expect("it is one");
        assert!(fields.remove("@timestamp").is_some(), "it has a time");
        let mut expected = as_outputs_get(find(&kills, &document["oom"]));
        let kill = expected.clone();
        for field in &mapping {
            let Some(value) = field.of(&kill) else {
                continue;
            };
            // What broke off is no event of a process that ended.
            let is_of_kills =
                |path: &&String| path.starts_with("event.") || path.starts_with("process.");
            for path in field.ecs.iter().chain(&field.beside) {
                if is_kill(&kill) || !is_of_kills(&path) {
                    let in_words = || document.pointer(&format!("/{}", path.replace('.', "/")));
                    let value = if field.words {
                        in_words().and_then(Value::as_str).expect("words").into()
                    } else {
                        value.clone()
                    };
                    insert(&mut expected, path, value);
                }
            }
        }
        assert_eq!(document, expected);
    }
    assert_eq!(ids.len(), kills.len());
    Ok(())
}

/// The labels of the counter, as the test of the pipeline holds them against a real page.
#[expect(clippy::unnecessary_wraps, reason = "a test of this runner's")]
fn prometheus() -> Tested {
    let labels = mapping().into_iter().filter_map(|field| field.prometheus);
    // The exporter adds the node to every series.
    let known = LABELS.iter().map(|(label, _)| (*label).to_owned());
    let known: BTreeSet<String> = known.chain(["node".to_owned()]).collect();
    assert_eq!(labels.collect::<BTreeSet<_>>(), known);
    Ok(())
}

/// Asks a package of npm's in JavaScript; skipped where it is not there.
fn ask(package: &str, script: &str) -> Result<Value, Skip> {
    const NODE: Tool = Tool {
        name: "node",
        variable: "OOM_NODEJS",
        question: &["--version"],
        answer: "v",
        package: "Debian's nodejs",
    };
    let node = NODE.find()?;
    // Where `cargo xtask test` puts them.
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let modules =
        std::env::var_os("OOM_NPM").map_or_else(|| top().join(target).join("npm"), PathBuf::from);
    let folder = modules.join("node_modules").join(package);
    if !folder.exists() {
        return Err(Skip::new(format!(
            "there is no npm package {package} in {}",
            modules.display()
        )));
    }
    let script = script.replace("FOLDER", &json!(folder).to_string());
    let printed = Tool::run(&node, &["-e", &script]);
    Ok(serde_json::from_str(&printed).expect("it prints JSON"))
}

/// Every name stands in its convention's own published list, and no value is outside of what it allows.
fn conventions() -> Tested {
    let ecs = ask(
        "@elastic/ecs",
        "const {EcsFlat} = require(FOLDER + '/generated/ecs_flat.js');
         console.log(JSON.stringify(Object.fromEntries(Object.entries(EcsFlat).map(([name, field]) =>
           [name, (field.allowed_values || []).map((value) => value.name)]))))",
    )?;
    let otel = ask(
        "@opentelemetry/semantic-conventions",
        "console.log(JSON.stringify(Object.values(require(FOLDER + '/dist/index-incubating.cjs'))
           .filter((value) => typeof value === 'string')))",
    )?;
    let otel: BTreeSet<&str> = otel
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(otel.contains("k8s.pod.uid") && ecs.as_object().expect("a map").len() > 1000);
    for field in mapping() {
        if let Some(name) = &field.otel {
            let is_ours = name.starts_with("oom.") || field.on == Some(Place::Field);
            assert_ne!(is_ours, otel.contains(&**name), "{name}");
        }
        for name in &field.ecs {
            let allowed = ecs
                .get(name)
                .unwrap_or_else(|| panic!("{name} is no field of ECS"));
            let allowed = allowed.as_array().expect("a list");
            let values = match &field.value {
                Some(Value::Array(values)) => values.clone(),
                value => value.iter().cloned().collect(),
            };
            assert!(
                allowed.is_empty() || values.iter().all(|value| allowed.contains(value)),
                "{name}"
            );
        }
        for name in &field.beside {
            assert!(ecs.get(name).is_none(), "{name} is a field of ECS");
        }
    }
    Ok(())
}

/// A cell of the page; nothing where there is nothing.
fn cell<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[expect(clippy::unnecessary_wraps, reason = "a test of this runner's")]
fn page() -> Tested {
    let mut page = "# What a record's fields are called elsewhere\n\n\
        Made from [mapping.toml](mapping.toml), which the tests hold against what the real Fluent Bit 5.1.1 sends \
        with\n`fluentbit/kubernetes`: OTLP as a receiver made of OpenTelemetry's own definitions reads it, \
        documents for\nElasticsearch, the labels of `oom_kills_total`. Every name of OpenTelemetry's and ECS' \
        stands in the list that\neach publishes (npm's `@opentelemetry/semantic-conventions` and `@elastic/ecs`). \
        `BLESS=1 cargo test\n-p oom-fluentbit-test` writes this page.\n\n\
        What passes Envoy as OTLP gets the same names, but its body stays the kernel's line, and node and host are as the\n\
        sender gave them ([envoy](../envoy/README.md)).\n\n\
        A field that the kernel did not print is absent everywhere. All of `oom` goes along besides: in OTLP as\n\
        attributes such as `oom.victim.pid`, in Elasticsearch as the object that it is.\n\n\
        | meaning | ours | OpenTelemetry | ECS | Prometheus |\n|---|---|---|---|---|\n"
        .to_owned();
    for field in mapping() {
        let ours = field
            .value
            .as_ref()
            .map_or_else(|| cell(&field.ours), |value| format!("always `{value}`"));
        let otel = match field.on {
            Some(Place::Resource) => format!("resource: {}", cell(&field.otel)),
            Some(Place::Field) => format!("field {}", cell(&field.otel)),
            _ => cell(&field.otel),
        };
        let mut ecs = cell(&field.ecs);
        if !field.beside.is_empty() {
            let comma = if ecs.is_empty() { "" } else { ", " };
            write!(ecs, "{comma}for Kibana {}", cell(&field.beside))
                .expect("a string takes all text");
        }
        let prometheus = cell(&field.prometheus);
        writeln!(
            page,
            "| {} | {ours} | {otel} | {ecs} | {prometheus} |",
            field.meaning
        )
        .expect("a string takes all text");
    }
    page.push_str(
        "\nNever `process.executable.name`: a process gives itself its name. Never \
         `k8s.container.status.reason`, which is\nKubernetes' own verdict and may differ.\n",
    );
    let file = top().join("docs/mapping.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &page).expect("it can be written");
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(known, page, "BLESS=1 writes docs/mapping.md anew");
    // The names stand in real kills.
    let kills = told(
        &records(Source::Journal),
        &oom_fluentbit_test::Names::default(),
    );
    for field in mapping() {
        let Some(ours) = field.ours.filter(|ours| ours.starts_with("oom.")) else {
            continue;
        };
        let pointer = format!("/{}", ours.replace('.', "/"));
        let is_seen = kills.iter().any(|kill| kill.pointer(&pointer).is_some());
        // No kill of this capture is a batch system's, nor has a path that names its runtime.
        let is_elsewhere = ["oom.workload.system", "oom.container.runtime"].contains(&&*ours);
        assert!(is_seen || is_elsewhere, "{ours} is in no kill");
    }
    Ok(())
}
