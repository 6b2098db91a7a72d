//! Real log shippers as the senders: each reads the lines of a booted kernel from a file.
//!
//! Fluent Bit is `FLUENT_BIT`, else `fluent-bit` on the PATH; Vector is `VECTOR`, else `vector`. Where
//! one is not there, its tests say so and are counted as skipped.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oom_envoy_test::{
    Behaviour, Config, Entry, Envoy, Form, Program, Upstream, apart, folder, module, native,
    oom_of, runtime, told, top,
};
use oom_filter::Mode;
use oom_suite::program;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Longest time for a shipper to deliver everything.
const PATIENCE: Duration = Duration::from_mins(2);
/// Lines of the capture that are read: some twenty kills.
const LINES: usize = 1500;

/// The lines of a capture, as a syslog daemon writes them.
pub fn lines() -> Vec<String> {
    let path = top().join("fixtures/captures/debian-6.12.117-cgroup2.kmsg");
    let text = fs::read_to_string(path).expect("the capture is there");
    let lines = text.lines().filter_map(|line| {
        let (prefix, message) = line.split_once(';')?;
        let at_us: u64 = prefix.split(',').nth(2)?.parse().ok()?;
        let (seconds, microseconds) = (at_us / 1_000_000, at_us % 1_000_000);
        Some(format!(
            "Nov 21 08:56:01 node1 kernel: [{seconds:5}.{microseconds:06}] {message}"
        ))
    });
    lines.take(LINES).collect()
}

/// What the library makes of the lines as records with that key.
pub fn expected(key: &str) -> Vec<Value> {
    let records: Vec<Vec<u8>> = lines()
        .iter()
        .map(|line| json!({ key: line }).to_string().into_bytes())
        .collect();
    let left: Vec<Value> = native(Mode::Annotate, &records)
        .iter()
        .flatten()
        .map(|record| serde_json::from_slice(record).expect("a record is JSON"))
        .collect();
    let kills = left.iter().cloned().filter_map(oom_of);
    let kills = kills.filter(|oom| oom["event"] == "kill").count();
    assert!(kills > 5, "{kills} kills");
    left
}

/// A shipper that does not outlive its test.
struct Shipper {
    child: Child,
    log: PathBuf,
}

impl Shipper {
    fn start(command: &mut Command, folder: &Path) -> Self {
        let log = folder.join("shipper.log");
        let file = File::create(&log).expect("a file for the log");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .spawn()
            .expect("it answered before");
        Self { child, log }
    }

    /// Waits until `is_done`, which `what` names.
    async fn until(&mut self, what: &str, is_done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_done() {
            let ended = self.child.try_wait().expect("a child");
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{what}: {ended:?}\n{}",
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Shipper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shipped configuration, in front of `receiver`.
fn proxy(name: &str, receiver: SocketAddr) -> Result<Envoy, Skip> {
    let (program, module) = (Program::find()?, module()?);
    let config = Config::shipped().receiver(receiver).module(&module);
    Ok(program.start(name, &config))
}

/// An output of Fluent Bit: its settings, and what its bodies are.
struct Output {
    form: Form,
    /// The setting that says where to send to.
    path: &'static str,
    /// How that ends.
    end: &'static str,
    /// What the output itself puts behind it.
    behind: &'static str,
    settings: &'static str,
}

const OUTPUTS: [Output; 7] = [
    Output {
        form: Form::JsonArray,
        path: "uri",
        end: "",
        behind: "",
        settings: "name: http, format: json",
    },
    Output {
        form: Form::JsonStream,
        path: "uri",
        end: "",
        behind: "",
        settings: "name: http, format: json_stream",
    },
    Output {
        form: Form::Ndjson,
        path: "uri",
        end: "",
        behind: "",
        settings: "name: http, format: json_lines",
    },
    Output {
        form: Form::Bulk,
        path: "path",
        end: "",
        behind: "/_bulk",
        settings: "name: es, suppress_type_name: true",
    },
    Output {
        form: Form::Loki,
        path: "uri",
        end: "",
        behind: "",
        settings: "name: loki, labels: host=node1, drop_single_key: raw",
    },
    // Its text is the body.
    Output {
        form: Form::OtlpProtobuf,
        path: "logs_uri",
        end: "/v1/logs",
        behind: "",
        settings: "name: opentelemetry",
    },
    // The whole record is.
    Output {
        form: Form::OtlpMaps,
        path: "logs_uri",
        end: "/maps/v1/logs",
        behind: "",
        settings: "name: opentelemetry, logs_body_key: $none",
    },
];

impl Output {
    /// The records that arrived, without what the output adds.
    fn records(&self, bodies: &[Vec<u8>]) -> Vec<Value> {
        let mut records = Vec::new();
        for body in bodies {
            let mut values = serde_json::Deserializer::from_slice(body)
                .into_iter::<Value>()
                .map(|value| value.expect("what arrives is JSON"));
            match self.form {
                Form::JsonArray => {
                    let arrays = values.map(|value| value.as_array().expect("an array").clone());
                    records.extend(arrays.flatten());
                }
                Form::Bulk => {
                    while let Some(action) = values.next() {
                        assert!(action["create"].is_object(), "{action}");
                        records.extend(values.next());
                    }
                }
                _ => records.extend(values),
            }
        }
        for record in &mut records {
            let members = record.as_object_mut().expect("a record");
            members.retain(|key, _| key != "date" && key != "@timestamp");
        }
        records
    }

    /// How many records arrived.
    fn count(&self, bodies: &[Vec<u8>]) -> usize {
        match self.form {
            form if Form::OF_TEXTS.contains(&form) => self.texts(bodies).len(),
            _ => self.records(bodies).len(),
        }
    }

    fn texts(&self, bodies: &[Vec<u8>]) -> Vec<Entry> {
        let texts = bodies.iter().flat_map(|body| self.form.texts(body));
        texts.collect()
    }

    fn check(&self, bodies: &[Vec<u8>]) {
        let name = self.form.name();
        if !Form::OF_TEXTS.contains(&self.form) {
            assert!(self.records(bodies) == expected("log"), "{name}");
            return;
        }
        let host = match self.form {
            Form::Loki | Form::LokiProtobuf => "node1",
            _ => "",
        };
        let records = expected("body").into_iter();
        let expected = records.map(|record| told(self.form, host, &record));
        assert!(apart(self.texts(bodies)) == apart(expected), "{name}");
    }
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        what_fluent_bit_sends_is_read,
        what_vector_sends_is_read,
        what_vector_sends_to_loki_is_read
    ]
}

fn what_fluent_bit_sends_is_read() -> Tested {
    let program = program::find("fluent-bit", "FLUENT_BIT")?;
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Keeps).await;
        let envoy = proxy("what_fluent_bit_sends_is_read", upstream.address)?;
        let port = envoy.listener("logs").port();
        let folder = folder("fluent-bit");
        let log = folder.join("kern.log");
        fs::write(&log, lines().join("\n") + "\n").expect("a file");
        let begin = format!(
            "service: {{ flush: 0.2, log_level: warn }}\npipeline:\n  inputs:\n    \
             - {{ name: tail, path: {}, read_from_head: true }}\n  outputs:\n",
            log.display()
        );
        let to = format!("match: '*', host: 127.0.0.1, port: {port}, workers: 1");
        let packings = [
            ("plain", ""),
            ("gzip", ", compress: gzip"),
            ("zstd", ", compress: zstd"),
        ];
        let (mut sent, mut outputs) = (Vec::new(), Vec::new());
        for (packing, setting) in packings {
            // The others know gzip alone.
            let knows_zstd =
                |output: &&Output| output.path == "logs_uri" || output.settings.contains("http");
            let outputs_of = OUTPUTS
                .iter()
                .filter(|it| packing != "zstd" || knows_zstd(it));
            for output in outputs_of {
                let (key, behind, settings) = (output.path, output.behind, output.settings);
                let path = format!("/{}/{packing}{}", output.form.name(), output.end);
                outputs.push(format!("{settings}, {to}, {key}: {path}{setting}"));
                sent.push((output, format!("{path}{behind}")));
            }
        }
        let outputs: String = outputs
            .iter()
            .flat_map(|output| ["    - { ", output, " }\n"])
            .collect();
        let file = folder.join("fluent-bit.yaml");
        fs::write(&file, begin + &outputs).expect("a file");
        let mut fluent_bit =
            Shipper::start(Command::new(program).arg("--config").arg(file), &folder);
        for (output, path) in &sent {
            fluent_bit
                .until(path, || output.count(&upstream.kept(path)) >= LINES)
                .await;
            output.check(&upstream.kept(path));
        }
        fs::remove_dir_all(&folder).expect("it was made");
        Ok(())
    })
}

/// From Vector's `http` sink through the proxy to its `http_server` source.
fn what_vector_sends_is_read() -> Tested {
    /// For each form: how the sink frames records, and how the source takes them apart.
    const FRAMINGS: [(&str, &str, &str); 2] = [
        ("ndjson", "newline_delimited", "newline_delimited"),
        ("json", "", "bytes"),
    ];
    let program = program::find("vector", "VECTOR")?;
    runtime().block_on(async {
        let folder = folder("vector");
        let log = folder.join("kern.log");
        fs::write(&log, lines().join("\n") + "\n").expect("a file");
        let expected = expected("message");
        for (name, sent, received) in FRAMINGS {
            for compression in ["none", "gzip"] {
                let folder = folder.join(format!("{name}-{compression}"));
                fs::create_dir(&folder).expect("a folder");
                let receiver = free();
                let envoy = proxy("what_vector_sends_is_read", receiver)?;
                let out = folder.join("arrived.ndjson");
                let framing = match sent {
                    "" => String::new(),
                    method => format!("    framing: {{ method: {method} }}\n"),
                };
                // One request after the other: a report must not overtake itself.
                let config = format!(
                    "data_dir: {data}\n\
                     sources:\n  \
                       lines:\n    type: file\n    include: [{log}]\n    read_from: beginning\n    \
                         ignore_checkpoints: true\n  \
                       arrived:\n    type: http_server\n    address: {receiver}\n    \
                         strict_path: false\n    decoding: {{ codec: json }}\n    \
                         framing: {{ method: {received} }}\n\
                     sinks:\n  \
                       proxy:\n    type: http\n    inputs: [lines]\n    \
                         uri: http://{envoy}/{name}\n    method: post\n    \
                         compression: {compression}\n    \
                         encoding: {{ codec: json, only_fields: [message] }}\n{framing}    \
                         batch: {{ timeout_secs: 1 }}\n    request: {{ concurrency: 1 }}\n  \
                       out:\n    type: file\n    inputs: [arrived]\n    path: {out}\n    \
                         encoding: {{ codec: json, \
                         except_fields: [path, source_type, timestamp] }}\n",
                    data = folder.display(),
                    log = log.display(),
                    envoy = envoy.listener("logs"),
                    out = out.display(),
                );
                let file = folder.join("vector.yaml");
                fs::write(&file, config).expect("a file");
                let mut command = Command::new(&program);
                let mut vector = Shipper::start(command.arg("--config").arg(file), &folder);
                let arrived = || fs::read_to_string(&out).unwrap_or_default();
                vector
                    .until(name, || arrived().matches('\n').count() >= LINES)
                    .await;
                let arrived: Vec<Value> = arrived()
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("a record is JSON"))
                    .collect();
                assert!(arrived == expected, "{name} {compression}");
            }
        }
        fs::remove_dir_all(&folder).expect("it was made");
        Ok(())
    })
}

/// Its `loki` sink: protobuf packed by snappy, which is its default, and JSON.
fn what_vector_sends_to_loki_is_read() -> Tested {
    let program = program::find("vector", "VECTOR")?;
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Keeps).await;
        let envoy = proxy("what_vector_sends_to_loki_is_read", upstream.address)?;
        let folder = folder("vector-loki");
        let log = folder.join("kern.log");
        fs::write(&log, lines().join("\n") + "\n").expect("a file");
        for (form, compression) in [
            (Form::LokiProtobuf, "snappy"),
            (Form::Loki, "none"),
            (Form::Loki, "gzip"),
        ] {
            let folder = folder.join(compression);
            fs::create_dir(&folder).expect("a folder");
            let config = format!(
                "data_dir: {data}\n\
                 sources:\n  \
                   lines:\n    type: file\n    include: [{log}]\n    read_from: beginning\n    \
                     ignore_checkpoints: true\n\
                 sinks:\n  \
                   proxy:\n    type: loki\n    inputs: [lines]\n    \
                     endpoint: http://{envoy}/{compression}\n    compression: {compression}\n    \
                     labels: {{ host: node1 }}\n    encoding: {{ codec: text }}\n    \
                     healthcheck: false\n    batch: {{ timeout_secs: 1 }}\n    \
                     request: {{ concurrency: 1 }}\n",
                data = folder.display(),
                log = log.display(),
                envoy = envoy.listener("logs"),
            );
            let file = folder.join("vector.yaml");
            fs::write(&file, config).expect("a file");
            let mut command = Command::new(&program);
            let mut vector = Shipper::start(command.arg("--config").arg(file), &folder);
            let output = Output {
                form,
                path: "endpoint",
                end: "/loki/api/v1/push",
                behind: "",
                settings: "",
            };
            let path = format!("/{compression}{}", output.end);
            let kept = || upstream.kept(&path);
            vector.until(&path, || output.count(&kept()) >= LINES).await;
            output.check(&kept());
        }
        fs::remove_dir_all(&folder).expect("it was made");
        Ok(())
    })
}

/// An address at which nobody listens.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound")
}
