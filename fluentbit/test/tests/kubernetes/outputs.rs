//! What each output's receiver gets.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use oom_fluentbit_test::{
    FluentBit, Folder, Names, Received, Receiver, Run, Running, Source, Tool, free_port, is_kill,
    names_of, records, told,
};
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

/// What one output sends of all kills of a capture, once `done` holds of it.
fn sent(
    output: &str,
    answer: &'static str,
    variables: &[&str; 2],
    done: impl Fn(&[Received], usize) -> bool,
) -> Result<(Vec<Received>, Vec<Value>), Skip> {
    let fluent_bit = FluentBit::find()?;
    let folder = Folder::lay_out(&format!("output-{output}"))?;
    let records = records(Source::Journal);
    let names = names_of(&records);
    let kills = told(&records, &names);
    let receiver = Receiver::start(answer);
    let mut run = Run::new(&folder, "journal", &records, &names);
    run.add(&folder, &format!("outputs/{output}/output-{output}.yaml"));
    let [host, port] = variables;
    run.set(host, &receiver.address.ip());
    run.set(port, &receiver.address.port());
    run.run(&fluent_bit, |_, printed| {
        printed.len() == kills.len() && done(&receiver.received(), kills.len())
    });
    Ok((receiver.received(), kills))
}

fn lines(received: &[Received]) -> impl Iterator<Item = Value> {
    received
        .iter()
        .flat_map(|received| received.body.split(|byte| *byte == b'\n'))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a line is JSON"))
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![loki, elasticsearch, opentelemetry, slack, away]
}

fn loki() -> Tested {
    let streams = |received: &[Received]| -> Vec<Value> {
        lines(received)
            .flat_map(|body| body["streams"].as_array().expect("it has streams").clone())
            .flat_map(|stream| {
                let values = stream["values"].as_array().expect("a stream has values");
                let line = |value: &Value| -> Value {
                    let text = value[1].as_str().expect("a line is text");
                    serde_json::from_str(text).expect("a line is JSON")
                };
                let labelled = |value| json!({"labels": stream["stream"], "line": line(value)});
                values.iter().map(labelled).collect::<Vec<_>>()
            })
            .collect()
    };
    let (received, kills) = sent(
        "loki",
        "",
        &["LOKI_HOST", "LOKI_PORT"],
        |received, count| streams(received).len() >= count,
    )?;
    let mut found = streams(&received);
    let mut expected: Vec<Value> = kills
        .iter()
        .map(|kill| {
            let mut labels = json!({
                "job": "oom",
                "node": "worker-1",
                "level": kill["oom"]["level"],
                "namespace": kill["kubernetes"]["namespace_name"],
                "container": kill["kubernetes"]["container_name"],
            });
            let fields = labels.as_object_mut().expect("it was made one");
            fields.retain(|_, value| !value.is_null());
            let mut line = kill.clone();
            let fields = line.as_object_mut().expect("a record is an object");
            fields.retain(|key, _| ["oom", "kubernetes", "MESSAGE"].contains(&key.as_str()));
            // What is a label is not in the line.
            for (object, keys) in [
                ("oom", &["level"][..]),
                ("kubernetes", &["namespace_name", "container_name"]),
            ] {
                if let Some(Value::Object(object)) = fields.get_mut(object) {
                    object.retain(|key, _| !keys.contains(&key.as_str()));
                }
            }
            json!({"labels": labels, "line": line})
        })
        .collect();
    // Each level is sent by itself, in no order.
    found.sort_by_key(Value::to_string);
    expected.sort_by_key(Value::to_string);
    assert_eq!(found, expected);
    Ok(())
}

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
    let mut ids = Vec::new();
    for (pair, kill) in pairs.chunks(2).zip(order(&pairs, &kills)) {
        assert_eq!(pair[0]["create"]["_index"], "oom-kills");
        ids.push(pair[0]["create"]["_id"].to_string());
        for key in ["oom", "kubernetes", "MESSAGE"] {
            assert_eq!(pair[1].get(key), kill.get(key));
        }
        assert_eq!(pair[1]["node"], "worker-1");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), kills.len(), "each document has an id of its own");
    Ok(())
}

/// The kills in the order in which they were sent.
fn order<'a>(pairs: &[Value], kills: &'a [Value]) -> Vec<&'a Value> {
    let find = |document: &Value| {
        let same = |kill: &&Value| kill["oom"]["victim"]["pid"] == document["oom"]["victim"]["pid"];
        kills.iter().find(same).expect("it is one of them")
    };
    pairs.chunks(2).map(|pair| find(&pair[1])).collect()
}

/// An output that is away holds nobody back: of a storm of kills, of which it keeps the newest, all are
/// counted, and another output gets all.
fn away() -> Tested {
    const KILLS: usize = 30_000;
    let (fluent_bit, folder) = (FluentBit::find()?, Folder::lay_out("away")?);
    let records: Vec<Value> = (1..=KILLS)
        .map(|number| {
            json!({
                "_TRANSPORT": "kernel",
                "_SOURCE_MONOTONIC_TIMESTAMP": (number * 1_000_000).to_string(),
                "MESSAGE": format!(
                    "Memory cgroup out of memory: Killed process {number} (java) total-vm:8kB, \
                     anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0"
                ),
            })
        })
        .collect();
    let mut run = Run::new(&folder, "journal", &records, &Names::default());
    run.add(&folder, "outputs/loki/output-loki.yaml");
    run.set("LOKI_HOST", &"127.0.0.1");
    // Nobody is there.
    run.set("LOKI_PORT", &free_port());
    run.tolerate("127.0.0.1");
    run.tolerate("output:loki");
    let counted = format!("killer=\"kernel\",origin=\"kernel\"}} {KILLS}\n");
    let (page, printed) = run.run(&fluent_bit, |page, printed| {
        printed.len() >= KILLS && page.contains(&counted)
    });
    assert_eq!(printed.len(), KILLS);
    assert!(page.contains("fluentbit_output_retries_total"), "{page}");
    Ok(())
}

/// An attribute as protobuf has it: its key, and a value that holds text.
fn attribute(key: &str, value: &str) -> Vec<u8> {
    let length = |text: &[u8]| u8::try_from(text.len()).expect("short enough for one byte");
    let text = [&[0x0a, length(value.as_bytes())], value.as_bytes()].concat();
    let key = [&[0x0a, length(key.as_bytes())], key.as_bytes()].concat();
    [&key[..], &[0x12, length(&text)], &text].concat()
}

fn opentelemetry() -> Tested {
    let contains = |received: &[Received], bytes: &[u8]| {
        received
            .iter()
            .flat_map(|received| received.body.windows(bytes.len()))
            .filter(|window| *window == bytes)
            .count()
    };
    let (received, kills) = sent(
        "opentelemetry",
        "",
        &["OTLP_HOST", "OTLP_PORT"],
        |received, count| contains(received, &attribute("k8s.node.name", "worker-1")) >= count,
    )?;
    assert!(received.iter().all(|received| received.path == "/v1/logs"));
    for kill in &kills {
        let summary = kill["oom"]["summary"].as_str().expect("a kill has one");
        assert!(contains(&received, summary.as_bytes()) > 0, "{summary}");
        for (key, pointer) in [
            ("k8s.namespace.name", "/kubernetes/namespace_name"),
            ("k8s.pod.name", "/kubernetes/pod_name"),
            ("k8s.pod.uid", "/kubernetes/pod_id"),
            ("k8s.container.name", "/kubernetes/container_name"),
            ("container.id", "/kubernetes/docker_id"),
            ("process.executable.name", "/oom/victim/comm"),
            ("oom.level", "/oom/level"),
            ("oom.attribution", "/oom/attribution"),
            ("oom.container_outcome", "/oom/container_outcome"),
            ("oom.id", "/oom/id"),
        ] {
            if let Some(value) = kill.pointer(pointer).and_then(Value::as_str) {
                let attribute = attribute(key, value);
                assert!(contains(&received, &attribute) > 0, "{key} {value}");
            }
        }
    }
    Ok(())
}

/// Slack's own output speaks TLS alone. Its messages hold whose process it was, and the sentence.
fn slack() -> Tested {
    let (fluent_bit, folder, socat, openssl) = (
        FluentBit::find()?,
        Folder::lay_out("output-slack")?,
        Tool::SOCAT.find()?,
        Tool::OPENSSL.find()?,
    );
    let mut records = records(Source::Journal);
    // A process that calls itself what Slack would page everybody for.
    for record in &mut records {
        let line = record.to_string().replace("(postgres)", "(<!channel>)");
        *record = serde_json::from_str(&line).expect("it is still JSON");
    }
    let names = names_of(&records);
    let mut kills = told(&records, &names);
    kills.retain(is_kill);
    let receiver = Receiver::start("ok");
    let mut run = Run::new(&folder, "journal", &records, &names);
    run.add(&folder, "outputs/slack/output-slack.yaml");

    let file = |name: &str| -> PathBuf { run.write(name, "") };
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let text = |path: &PathBuf| path.to_str().expect("a path that is text").to_owned();
    let arguments = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
                     -addext subjectAltName=DNS:localhost -keyout";
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    let (key, certificate) = (text(&key), text(&certificate));
    arguments.extend([&*key, "-out", &certificate]);
    Tool::run(&openssl, &arguments);
    let port = free_port();
    let front = format!(
        "OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,verify=0,key={key},cert={certificate}"
    );
    let _front = Running::start(
        Command::new(&socat)
            .args([&front, &format!("TCP:{}", receiver.address)])
            .stderr(Stdio::null()),
    );
    let output = run.read("output-slack.yaml").replace(
        "      webhook: ${SLACK_WEBHOOK}\n",
        &format!("      webhook: ${{SLACK_WEBHOOK}}\n      tls.ca_file: {certificate}\n"),
    );
    run.write("output-slack.yaml", &output);
    run.set(
        "SLACK_WEBHOOK",
        &format!("https://localhost:{port}/services/T/B/secret"),
    );

    let messages = || -> String {
        lines(&receiver.received())
            .map(|body| body["text"].as_str().expect("a message is text").to_owned())
            .collect()
    };
    run.run(&fluent_bit, |_, _| {
        messages().lines().count() >= kills.len()
    });
    let messages = messages();
    assert_eq!(messages.lines().count(), kills.len(), "{messages}");
    let posts = receiver.received();
    assert!(
        posts
            .iter()
            .all(|received| received.path == "/services/T/B/secret")
    );
    assert!(posts.len() < kills.len(), "a storm is one message");
    for kill in &kills {
        let names = ["namespace_name", "pod_name", "container_name"];
        let names = names.map(|name| kill["kubernetes"][name].as_str());
        let whose: Vec<&str> = ["worker-1"]
            .into_iter()
            .chain(names.into_iter().flatten())
            .collect();
        let whose = whose.join(" / ");
        let summary = kill["oom"]["summary"].as_str().expect("a kill has one");
        let summary = summary.replace('<', "&lt;").replace('>', "&gt;");
        let message = format!("{{\"oom\"=>\"{whose}: {summary}\"}}]");
        assert!(messages.contains(&message), "{message}\n{messages}");
    }
    assert!(messages.contains("'&lt;!channel&gt;' (pid"));
    Ok(())
}
