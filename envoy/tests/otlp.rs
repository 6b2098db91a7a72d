//! OTLP's deliveries, read by OpenTelemetry's own definitions: what goes on is what came, but for what is added and for
//! where kills stand.

use oom_envoy::delivery::{Declared, Delivery};
use oom_envoy::senders::{Sender, Senders};
use oom_envoy::settings::Settings;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest as Request;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use serde::Deserialize;

const POD: &str = "94eb36cd-29e1-478b-b365-4cb5dfc7d6fb";
const CONTAINER: &str = "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63";
const ORDINARY: &str = "usb 1-1: new";

fn value(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, of: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value(Any::StringValue(of.to_owned()))),
    }
}

/// A value of an attribute, as a text.
fn get(attributes: &[KeyValue], key: &str) -> Option<String> {
    let all: Vec<&KeyValue> = attributes.iter().filter(|pair| pair.key == key).collect();
    assert!(all.len() < 2, "{key} is there twice");
    match all.first()?.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text.clone()),
        Any::IntValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

/// The lines of a report, whose victim is that process of a container of that pod; of the host where there is none.
fn report(pod: &str, pid: u32) -> [String; 3] {
    let path = if pod.is_empty() {
        "/system.slice/a.service".to_owned()
    } else {
        let pod = pod.replace('-', "_");
        format!("/kubepods.slice/kubepods-pod{pod}.slice/cri-containerd-{CONTAINER}.scope")
    };
    [
        "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0".to_owned(),
        format!(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=a,mems_allowed=0,oom_memcg={path},\
             task_memcg={path},task=java,pid={pid},uid=1000"
        ),
        format!(
            "Memory cgroup out of memory: Killed process {pid} (java) total-vm:21552kB, anon-rss:20000kB, file-rss:400kB, \
             shmem-rss:0kB, UID:1000 pgtables:80kB oom_score_adj:0"
        ),
    ]
}

/// A number for each record that is made.
#[derive(Default)]
struct Numbers(u64);

impl Numbers {
    fn record(&mut self, text: &str) -> LogRecord {
        self.0 += 1;
        LogRecord {
            time_unix_nano: self.0,
            observed_time_unix_nano: 7,
            severity_text: "given".to_owned(),
            body: Some(value(Any::StringValue(text.to_owned()))),
            attributes: vec![pair("n", "1")],
            dropped_attributes_count: 2,
            flags: 3,
            ..LogRecord::default()
        }
    }

    fn scope(&mut self, name: &str, texts: &[&str]) -> ScopeLogs {
        ScopeLogs {
            scope: Some(InstrumentationScope {
                name: name.to_owned(),
                ..InstrumentationScope::default()
            }),
            log_records: texts.iter().map(|text| self.record(text)).collect(),
            schema_url: "of the scope".to_owned(),
        }
    }
}

fn resource(attributes: &[KeyValue], scopes: Vec<ScopeLogs>) -> ResourceLogs {
    ResourceLogs {
        resource: Some(Resource {
            attributes: attributes.to_vec(),
            dropped_attributes_count: 5,
            ..Resource::default()
        }),
        scope_logs: scopes,
        schema_url: "of the resource".to_owned(),
    }
}

/// What goes on of a request, as protobuf and as JSON, which give the same; and how many kills were counted.
fn through(mode: &str, request: &Request) -> (Request, u64) {
    let json = serde_json::to_vec(request).unwrap();
    let settings = Settings::read(format!(r#"{{"mode":"{mode}"}}"#).as_bytes()).unwrap();
    let run = |declared, body: Vec<u8>| {
        let mut senders = Senders::new(|| 0);
        let mut delivery = Delivery::new(declared, Sender::default());
        let out = delivery.push(&settings, &mut senders, body, true).bytes;
        let tally = delivery.tally();
        assert_eq!(tally.passed, None);
        (out, tally.kills.iter().sum::<u64>())
    };
    let (binary, kills) = run(Declared::OtlpProtobuf, request.encode_to_vec());
    let (text, kills_of_text) = run(Declared::Json, json);
    let binary = Request::decode(&*binary).unwrap();
    let text: Request = serde_json::from_slice(&text).unwrap();
    assert!(text == binary, "the same in both");
    assert_eq!(kills_of_text, kills);
    (binary, kills)
}

/// Every record by its time, without what was added to it.
fn records(request: &Request) -> Vec<LogRecord> {
    let scopes = request
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs);
    let records = scopes.flat_map(|scope| &scope.log_records);
    let mut records: Vec<LogRecord> = records
        .map(|record| LogRecord {
            attributes: record.attributes.first().cloned().into_iter().collect(),
            severity_number: 0,
            event_name: String::new(),
            ..record.clone()
        })
        .collect();
    records.sort_by_key(|record| record.time_unix_nano);
    records
}

/// The times of the records of each resource's scopes.
fn times(request: &Request) -> Vec<Vec<Vec<u64>>> {
    let times = |scope: &ScopeLogs| {
        scope
            .log_records
            .iter()
            .map(|record| record.time_unix_nano)
            .collect()
    };
    let scopes = |logs: &ResourceLogs| logs.scope_logs.iter().map(times).collect();
    request.resource_logs.iter().map(scopes).collect()
}

/// What stands on a resource of a kill's own, beside `given`, and what on its record.
fn check_own(logs: &ResourceLogs, scope: &str, given: &[KeyValue], uid: &str, pid: &str) {
    assert_eq!(logs.schema_url, "of the resource");
    let resource = logs.resource.as_ref().unwrap();
    assert_eq!(resource.dropped_attributes_count, 5);
    let (kept, added) = resource.attributes.split_at(given.len());
    assert_eq!(kept, given);
    assert_eq!(
        added,
        [
            pair("k8s.pod.uid", uid),
            pair("container.id", CONTAINER),
            pair("container.runtime.name", "containerd"),
        ]
    );
    let its = &logs.scope_logs[0];
    assert_eq!(its.scope.as_ref().unwrap().name, scope);
    assert_eq!(its.schema_url, "of the scope");
    let record = &its.log_records[0];
    assert_eq!(
        (record.severity_number, &*record.event_name),
        (17, "oom.kill")
    );
    let attribute = |key: &str| get(&record.attributes, key);
    assert_eq!(attribute("process.pid").as_deref(), Some(pid));
    assert_eq!(attribute("process.real_user.id").as_deref(), Some("1000"));
    assert_eq!(attribute("oom.event").as_deref(), Some("kill"));
    for on_resource in [
        "k8s.pod.uid",
        "container.id",
        "container.runtime.name",
        "process.executable.name",
    ] {
        assert_eq!(attribute(on_resource), None);
    }
}

#[test]
fn a_kill_has_a_resource_of_its_own() {
    let mut numbers = Numbers::default();
    let [invoked, constraint, kill] = report(POD, 88);
    let other = POD.replace("94", "95");
    let [_, other_constraint, other_kill] = report(&other, 90);
    let [_, host_constraint, host_kill] = report("", 91);
    let of_host = [
        pair("host.name", "n1"),
        pair("k8s.node.name", "w1"),
        pair("own", "x"),
    ];
    let request = Request {
        resource_logs: vec![
            resource(
                &of_host,
                vec![
                    numbers.scope("empty", &[]),
                    numbers.scope("a", &[ORDINARY, &invoked, &constraint, &kill, ORDINARY]),
                    numbers.scope(
                        "b",
                        &[
                            &invoked,
                            &other_constraint,
                            &other_kill,
                            ORDINARY,
                            &invoked,
                            &host_constraint,
                            &host_kill,
                        ],
                    ),
                ],
            ),
            resource(&[], vec![numbers.scope("c", &[ORDINARY])]),
        ],
    };
    let (out, kills) = through("annotate", &request);
    assert_eq!(kills, 3);
    assert!(records(&out) == records(&request), "nothing is lost");
    assert_eq!(
        times(&out),
        [
            // What is no pod's stays.
            vec![vec![], vec![1, 2, 3, 5], vec![6, 7, 9, 10, 11, 12]],
            vec![vec![4]],
            vec![vec![8]],
            vec![vec![13]],
        ]
    );
    let [_, own, of_other, _] = &out.resource_logs[..] else {
        panic!("four resources");
    };
    check_own(own, "a", &of_host, POD, "88");
    check_own(of_other, "b", &of_host, &other, "90");
    // Lines of a report and kills of the host stay with theirs, and say whose they are by themselves.
    let left = &out.resource_logs[0];
    assert_eq!(left.resource, request.resource_logs[0].resource);
    let constraint = &left.scope_logs[1].log_records[2];
    assert_eq!(
        get(&constraint.attributes, "k8s.pod.uid").as_deref(),
        Some(POD)
    );
    assert_eq!(constraint.event_name, "");
    let of_host = &left.scope_logs[2].log_records[5];
    assert_eq!(
        (of_host.severity_number, &*of_host.event_name),
        (17, "oom.kill")
    );

    // A filter of ours behind it changes nothing.
    assert!(through("annotate", &out) == (out.clone(), 0));
}

/// A row of `docs/mapping.toml`, which the outputs for Kubernetes are held against, too.
#[derive(Deserialize)]
struct Field {
    ours: Option<String>,
    otel: Option<String>,
    on: Option<String>,
}

#[test]
fn names_stand_where_the_mapping_says() {
    #[derive(Deserialize)]
    struct Mapping {
        field: Vec<Field>,
    }
    /// The line stays the body, and what no line of this report tells is told by nobody.
    const ELSEWHERE: [&str; 9] = [
        "body",
        "log.record.original",
        "k8s.pod.name",
        "k8s.namespace.name",
        "k8s.container.name",
        "k8s.node.name",
        "host.name",
        "oom.container_outcome",
        "oom.workload.system",
    ];
    let mapping: Mapping = toml::from_str(include_str!("../../docs/mapping.toml")).unwrap();
    let texts = report(POD, 88);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let request = Request {
        resource_logs: vec![resource(&[], vec![Numbers::default().scope("a", &texts)])],
    };
    let (out, _) = through("events", &request);
    let resource = &out.resource_logs[0].resource.as_ref().unwrap().attributes;
    let record = &out.resource_logs[0].scope_logs[0].log_records[0];
    let mut seen = 0;
    for Field { ours, otel, on } in mapping.field {
        let (Some(otel), Some(on)) = (otel, on) else {
            continue;
        };
        let (on_resource, on_record) = (get(resource, &otel), get(&record.attributes, &otel));
        let is_there = match (&*on, &*otel) {
            ("field", "eventName") => record.event_name == "oom.kill",
            ("field", "severityNumber") => record.severity_number == 17,
            ("resource", _) => on_resource.is_some() && on_record.is_none(),
            _ => on_record.is_some() && on_resource.is_none(),
        };
        assert_eq!(is_there, !ELSEWHERE.contains(&&*otel), "{otel}, {ours:?}");
        seen += usize::from(is_there);
    }
    assert!(seen > 8, "{seen}");
}

#[test]
fn kills_of_one_group_stand_together() {
    let [invoked, constraint, kill] = report(POD, 88);
    let second = kill.replace("88", "89");
    let path = constraint.split("task_memcg=").nth(1).unwrap();
    let path = path.split(',').next().unwrap();
    let group = &*format!("Tasks in {path} are going to be killed due to memory.oom.group set");
    let table = [
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        "[     88]  1000    88     5388     5100    81920        0             0 java",
        "[     89]  1000    89     5388     5100    81920        0             0 java",
    ];
    let [heading, first_row, second_row] = table;
    let texts = [
        &*invoked,
        heading,
        first_row,
        second_row,
        &constraint,
        &kill,
        group,
        &second,
    ];
    let scopes = vec![Numbers::default().scope("a", &texts)];
    let request = Request {
        resource_logs: vec![resource(&[], scopes)],
    };
    let (out, kills) = through("annotate", &request);
    assert_eq!(kills, 2);
    assert_eq!(
        times(&out),
        [vec![vec![1, 2, 3, 4, 5, 7]], vec![vec![6, 8]]]
    );
    assert!(records(&out) == records(&request));
}

#[test]
fn where_nothing_else_is_left_the_kill_has_the_place() {
    let [invoked, constraint, kill] = report(POD, 88);
    let mut numbers = Numbers::default();
    let bare = |scopes| ResourceLogs {
        resource: None,
        scope_logs: scopes,
        ..ResourceLogs::default()
    };
    let mut scopes = |mut logs: Vec<ScopeLogs>| {
        logs.push(numbers.scope("a", &[&invoked, ORDINARY, &constraint, &kill]));
        logs
    };
    for logs in [
        resource(&[pair("host.name", "n")], scopes(vec![])),
        bare(scopes(vec![ScopeLogs::default()])),
    ] {
        let request = Request {
            resource_logs: vec![logs],
        };
        let (out, _) = through("events", &request);
        let [own] = &out.resource_logs[..] else {
            panic!("{out:?}");
        };
        assert_eq!(own.scope_logs.len(), 1);
        let attributes = &own.resource.as_ref().unwrap().attributes;
        assert_eq!(get(attributes, "k8s.pod.uid").as_deref(), Some(POD));
        let (out, _) = through("rewrite", &request);
        assert_eq!(out.resource_logs.len(), 2);
        assert_eq!(
            out.resource_logs[0].resource,
            request.resource_logs[0].resource
        );
    }
}

#[test]
fn the_journals_machine_is_the_resources_host() {
    let map = |text: &str, transport: &str| {
        let values = vec![
            pair("MESSAGE", text),
            pair("_HOSTNAME", "n7"),
            pair("_TRANSPORT", transport),
        ];
        LogRecord {
            body: Some(value(Any::KvlistValue(KeyValueList { values }))),
            ..LogRecord::default()
        }
    };
    for (attributes, host) in [
        (vec![], "n7"),
        (vec![pair("host.name", "theirs")], "theirs"),
    ] {
        let scope = ScopeLogs {
            log_records: report(POD, 88)
                .iter()
                .map(|text| map(text, "kernel"))
                .collect(),
            ..ScopeLogs::default()
        };
        let request = Request {
            resource_logs: vec![resource(&attributes, vec![scope])],
        };
        let (out, _) = through("annotate", &request);
        let own = out.resource_logs[1].resource.as_ref().unwrap();
        assert_eq!(get(&own.attributes, "host.name").as_deref(), Some(host));
        assert_eq!(get(&own.attributes, "k8s.pod.uid").as_deref(), Some(POD));
    }
}

#[test]
fn a_resource_that_names_a_pod_keeps_its_kills() {
    let [invoked, constraint, kill] = report(POD, 88);
    let long = "x".repeat(5000);
    for (attributes, stays) in [
        (vec![pair("k8s.pod.name", "agent-1")], true),
        (vec![pair("k8s.namespace.name", "logs")], true),
        (vec![pair("container.id", "1")], true),
        (vec![pair("long", &long)], true),
        (
            vec![pair("k8s.cluster.name", "c"), pair("service.name", "s")],
            false,
        ),
    ] {
        let scope = Numbers::default().scope("a", &[&invoked, &constraint, &kill]);
        let request = Request {
            resource_logs: vec![resource(&attributes, vec![scope])],
        };
        let (out, _) = through("annotate", &request);
        assert_eq!(
            out.resource_logs.len(),
            if stays { 1 } else { 2 },
            "{attributes:?}"
        );
        assert!(records(&out) == records(&request));
        if stays {
            assert_eq!(
                out.resource_logs[0].resource,
                request.resource_logs[0].resource
            );
            let record = &out.resource_logs[0].scope_logs[0].log_records[2];
            for (key, expected) in [
                ("k8s.pod.uid", POD),
                ("container.id", CONTAINER),
                ("container.runtime.name", "containerd"),
            ] {
                assert_eq!(get(&record.attributes, key).as_deref(), Some(expected));
            }
        }
    }
}

/// Resources as only JSON can have them.
#[test]
fn a_resource_in_any_writing_gains_its_attributes() {
    let lines = report(POD, 88);
    let records: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                r#"{{"severityNumber":null,"body":{{"stringValue":{}}}}}"#,
                serde_json::Value::from(&**line)
            )
        })
        .collect();
    let records = records.join(",");
    for (written, is_own) in [
        ("", true),
        (r#""resource":null,"#, true),
        (r#""resource": { } ,"#, true),
        (r#""resource":{"attributes":null},"#, true),
        (
            r#""resource":{"attributes":[ ],"droppedAttributesCount":1},"#,
            true,
        ),
        (r#""resource":{"droppedAttributesCount":1},"#, true),
        (r#""resource":{"attributes":{}},"#, false),
        (r#""resource":7,"#, false),
    ] {
        let body = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"scope":{{}}}},{{ "logRecords" : [{records}] }}] , {written}"schemaUrl":"u"}}]}}"#
        );
        let mut senders = Senders::new(|| 0);
        let mut delivery = Delivery::new(Declared::Json, Sender::default());
        let out = delivery
            .push(&Settings::default(), &mut senders, body.into_bytes(), true)
            .bytes;
        let text = String::from_utf8(out).unwrap();
        let out: serde_json::Value = serde_json::from_str(&text).unwrap();
        let resources = out["resourceLogs"].as_array().unwrap();
        assert_eq!(resources.len(), if is_own { 2 } else { 1 }, "{text}");
        assert_eq!(text.matches("Killed process").count(), 1, "{text}");
        assert_eq!(text.matches("\"severityNumber\":null").count(), 2, "{text}");
        assert_eq!(text.matches("\"severityNumber\":17").count(), 1, "{text}");
        if is_own {
            let keys = &resources[1]["resource"]["attributes"];
            assert_eq!(keys[0]["key"], "k8s.pod.uid", "{text}");
            assert_eq!(
                text.matches("\"resource\"").count(),
                1 + usize::from(!written.is_empty())
            );
            assert_eq!(resources[1]["schemaUrl"], "u");
        }
    }
}

/// Many kills with large resources do not multiply what is held.
#[test]
fn what_is_written_once_more_is_bounded() {
    let [invoked, _, _] = report(POD, 1);
    let mut texts = Vec::new();
    for pid in 1000..1100_u32 {
        let [_, constraint, kill] = report(&format!("94eb36cd-29e1-478b-b365-4cb5dfc7{pid}"), pid);
        texts.extend([invoked.clone(), constraint, kill]);
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (length, resources) in [(3000, 101), (300_000, 1)] {
        let attributes = [pair("long", &"x".repeat(length))];
        let scope = Numbers::default().scope("a", &texts);
        let request = Request {
            resource_logs: vec![resource(&attributes, vec![scope])],
        };
        let (out, kills) = through("annotate", &request);
        assert_eq!((out.resource_logs.len(), kills), (resources, 100));
        assert!(records(&out) == records(&request));
    }
}

/// Requests of any shape, by a sequence that is always the same.
#[test]
fn nothing_is_lost_whatever_the_shape() {
    let mut state = 1_u64;
    let mut any = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let pods = [POD.to_owned(), POD.replace("94", "95"), String::new()];
    let (mut apart, mut all) = (0, 0);
    for _ in 0..150 {
        let mut numbers = Numbers::default();
        let mut resources = Vec::new();
        for _ in 0..=any(3) {
            let mut scopes = Vec::new();
            for _ in 0..any(4) {
                let mut texts = Vec::new();
                for _ in 0..any(4) {
                    let pod = usize::try_from(any(3)).unwrap();
                    let pid = u32::try_from(any(3)).unwrap() + 1;
                    let lines = report(&pods[pod], pid);
                    // Some lack a line, or have another one.
                    let is_left = |_: &String| any(8) > 0;
                    texts.extend(lines.into_iter().filter(is_left));
                    if any(2) > 0 {
                        texts.push(ORDINARY.to_owned());
                    }
                }
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                scopes.push(numbers.scope("s", &texts));
            }
            let name = if any(4) > 0 {
                "host.name"
            } else {
                "k8s.pod.name"
            };
            let mut logs = resource(&[pair(name, "n")], scopes);
            if any(4) == 0 {
                logs.resource = None;
            }
            resources.push(logs);
        }
        let request = Request {
            resource_logs: resources,
        };
        let (out, _) = through("annotate", &request);
        assert!(records(&out) == records(&request));
        // All that did not leave its resource stands in its order, on what it came on.
        let is_apart = |logs: &&ResourceLogs| {
            let resource = logs.resource.iter();
            let mut keys = resource.flat_map(|resource| &resource.attributes);
            keys.any(|pair| pair.key == "container.id")
        };
        let left: Vec<ResourceLogs> = out
            .resource_logs
            .iter()
            .filter(|logs| !is_apart(logs))
            .cloned()
            .collect();
        let left = times(&Request {
            resource_logs: left,
        });
        let left: Vec<u64> = left.into_iter().flatten().flatten().collect();
        assert!(left.is_sorted(), "{left:?}");
        apart += out.resource_logs.iter().filter(is_apart).count();
        all += out.resource_logs.len();
        for mode in ["rewrite", "events"] {
            let came: Vec<u64> = times(&request).into_iter().flatten().flatten().collect();
            let (out, _) = through(mode, &request);
            let mut left: Vec<u64> = times(&out).into_iter().flatten().flatten().collect();
            left.sort_unstable();
            let count = left.len();
            left.dedup();
            assert!(left.len() == count && left.iter().all(|time| came.contains(time)));
        }
    }
    assert!(apart > 50 && all > apart, "{apart} of {all}");
}
