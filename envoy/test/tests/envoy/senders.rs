//! Real clients as the senders, beside the shippers: each sends the lines of a booted kernel, by a program in
//! `envoy/test/senders`.
//!
//! The clients for Python are those of `OOM_SENDERS_PYTHON`, a `python3` with the packages `elasticsearch`,
//! `opensearch-py`, `opentelemetry-exporter-otlp-proto-http` and `python-logging-loki`. Where it names none, or
//! there is no `node` or `curl`, its tests say so and are counted as skipped.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use oom_envoy_test::{
    Behaviour, Config, Form, Program, Upstream, folder, module, oom_of, runtime, told, top,
};
use oom_suite::program;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};

use crate::clients::{expected, lines};

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        what_curl_sends_is_read,
        what_node_sends_is_read,
        what_clients_for_python_send_is_read
    ]
}

/// A client, and what it sends.
struct Client {
    name: &'static str,
    form: Form,
    /// Where it sends to; it may put more behind.
    path: &'static str,
    /// Where that arrives.
    arrives: &'static str,
    /// How it is run with the URL and the file of lines.
    command: fn(url: &str, file: &Path) -> Command,
}

/// A program of `envoy/test/senders` and its arguments.
fn program(program: &Path, file: &str, arguments: &[&str], url: &str, lines: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(top().join("envoy/test/senders").join(file))
        .args(arguments)
        .arg(url)
        .arg(lines);
    command
}

fn python() -> PathBuf {
    env::var_os("OOM_SENDERS_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

fn by_python(client: &str, url: &str, file: &Path) -> Command {
    program(&python(), "send.py", &[client], url, file)
}

fn by_curl(arguments: &[&str], url: &str, file: &Path) -> Command {
    // Standard input has no length, as a program's output has none.
    let mut command = Command::new("sh");
    let body = file.with_extension("ndjson");
    let records = lines().into_iter().map(|line| json!({ "log": line }));
    let records: String = records
        .flat_map(|record| [record.to_string(), "\n".to_owned()])
        .collect();
    fs::write(&body, records).expect("a file");
    command
        .arg("-c")
        .arg("cat \"$0\" | curl --fail --silent --show-error -X POST -T - \"$@\"")
        .arg(body)
        .args(["-H", "content-type: application/x-ndjson"])
        .args(arguments)
        .args(["--output", "/dev/null", url]);
    command
}

const OF_CURL: [Client; 2] = [
    Client {
        name: "curl, HTTP/1",
        form: Form::Ndjson,
        path: "/curl1",
        arrives: "/curl1",
        command: |url, file| by_curl(&["--http1.1"], url, file),
    },
    Client {
        name: "curl, HTTP/2",
        form: Form::Ndjson,
        path: "/curl2",
        arrives: "/curl2",
        command: |url, file| by_curl(&["--http2-prior-knowledge"], url, file),
    },
];

const OF_NODE: [Client; 1] = [Client {
    name: "Node's http2",
    form: Form::Ndjson,
    path: "/node",
    arrives: "/node",
    command: |url, file| program(Path::new("node"), "http2.mjs", &[], url, file),
}];

const OF_PYTHON: [Client; 5] = [
    Client {
        name: "elasticsearch",
        form: Form::Bulk,
        path: "/elasticsearch",
        arrives: "/elasticsearch/_bulk",
        command: |url, file| by_python("elasticsearch", url, file),
    },
    Client {
        name: "opensearch-py",
        form: Form::Bulk,
        path: "/opensearch",
        arrives: "/opensearch/_bulk",
        command: |url, file| by_python("opensearch", url, file),
    },
    Client {
        name: "OpenTelemetry's SDK",
        form: Form::OtlpProtobuf,
        path: "/opentelemetry/plain",
        arrives: "/opentelemetry/plain/v1/logs",
        command: |url, file| by_python("opentelemetry", url, file),
    },
    Client {
        name: "OpenTelemetry's SDK, gzip",
        form: Form::OtlpProtobuf,
        path: "/opentelemetry/gzip",
        arrives: "/opentelemetry/gzip/v1/logs",
        command: |url, file| by_python("opentelemetry", url, file),
    },
    Client {
        name: "python-logging-loki",
        form: Form::Loki,
        path: "/loki",
        arrives: "/loki/loki/api/v1/push",
        command: |url, file| by_python("loki", url, file),
    },
];

fn what_curl_sends_is_read() -> Tested {
    program::find("curl", "CURL")?;
    what_they_send_is_read("curl", &OF_CURL)
}

fn what_node_sends_is_read() -> Tested {
    program::find("node", "NODE")?;
    what_they_send_is_read("node", &OF_NODE)
}

fn what_clients_for_python_send_is_read() -> Tested {
    if env::var_os("OOM_SENDERS_PYTHON").is_none() {
        return Err(Skip::new(
            "OOM_SENDERS_PYTHON names no python3 that has the clients",
        ));
    }
    what_they_send_is_read("python", &OF_PYTHON)
}

/// Of each client, in two modes: it meets no error, and every kill arrives as the library tells it.
fn what_they_send_is_read(name: &str, clients: &[Client]) -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let folder = folder(&format!("senders-{name}"));
    let file = folder.join("kern.log");
    fs::write(&file, lines().join("\n") + "\n").expect("a file");
    let mut wrong = Vec::new();
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Keeps).await;
        let shipped = Config::shipped().receiver(upstream.address).module(&module);
        let retry =
            "timeout: 60s, retry_policy: { retry_on: reset-before-request, num_retries: 2 } }";
        // One with the policy that Istio sets by itself.
        for (mode, config) in [
            ("annotate", shipped.clone().replace("timeout: 60s }", retry)),
            ("events", shipped),
        ] {
            let config = config.plugin(&format!(r#"{{"mode": "{mode}"}}"#));
            let envoy = program.start(&format!("senders-{name}-{mode}"), &config);
            for client in clients {
                let said = send(client, envoy.listener("logs"), &file);
                let bodies = upstream.take(client.arrives);
                let (found, expected) = (kills(client.form, &bodies), expected_kills(client.form));
                println!(
                    "{}, {mode}: {} of {} kills as they should be, {said}",
                    client.name,
                    expected.iter().filter(|kill| found.contains(kill)).count(),
                    expected.len(),
                );
                if found != expected || said != "no error" {
                    wrong.push(format!("{}, {mode}", client.name));
                }
            }
        }
    });
    fs::remove_dir_all(&folder).expect("it was made");
    assert!(wrong.is_empty(), "{wrong:?}");
    Ok(())
}

/// What a client says of it, in one line.
fn send(client: &Client, proxy: SocketAddr, file: &Path) -> String {
    let url = format!("http://{proxy}{}", client.path);
    let output = (client.command)(&url, file).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    match said.trim().lines().last() {
        None if output.status.success() => "no error".to_owned(),
        line => format!("{}: {}", output.status, line.unwrap_or_default()),
    }
}

/// What was added to the records of kills.
fn kills(form: Form, bodies: &[Vec<u8>]) -> Vec<Value> {
    let added = bodies.iter().flat_map(|body| {
        if Form::OF_TEXTS.contains(&form) {
            let entries = form.texts(body).into_iter();
            return entries.map(|entry| json!(entry.added)).collect();
        }
        let values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
        let values = values.map(|value| value.expect("what arrives is JSON"));
        values.filter_map(oom_of).collect::<Vec<Value>>()
    });
    added.filter(is_kill).collect()
}

/// The same, as the library has it.
fn expected_kills(form: Form) -> Vec<Value> {
    let added: Vec<Value> = if Form::OF_TEXTS.contains(&form) {
        let records = expected("body").into_iter();
        records
            .map(|record| json!(told(form, "", &record).added))
            .collect()
    } else {
        expected("log").into_iter().filter_map(oom_of).collect()
    };
    added.into_iter().filter(is_kill).collect()
}

/// By the name that its form gives to the event.
fn is_kill(added: &Value) -> bool {
    let names = ["event", "oom.event", "oom_event"];
    names.iter().any(|name| added[name] == "kill")
}
