//! Envoy: a copy of the configuration runs with a port of its own, the sample is posted to it in three formats, and a
//! receiver in the place of its clusters says what came through.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use yaml_rust2::Yaml;

use crate::report::Report;
use crate::run::{Folder, HERE, free_port, run, version, write};
use crate::sample::{self, LEVEL, POD};
use crate::yaml;

/// What Envoy gets to listen and to hand on all deliveries.
const TIME: Duration = Duration::from_secs(20);
/// What a delivery gets.
const DELIVERY: Duration = Duration::from_secs(5);

/// A way to post the sample.
struct Delivery {
    name: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: String,
    /// What the body of a kill has in it.
    tells: &'static str,
}

/// Checks a configuration.
///
/// # Errors
///
/// A sentence, where nothing could be tried.
pub fn check(program: &Path, path: &Path, report: &mut Report) -> Result<(), String> {
    let mut config = yaml::read(path)?;
    if config["kind"].as_str().is_some() {
        return Err(format!(
            "{} is a resource of Kubernetes; Envoy's own configuration is checked, with static_resources",
            path.display()
        ));
    }
    report.about(format_args!("{}, by {}", path.display(), version(program)?));
    if !module(&mut config, report) {
        return Ok(());
    }
    let receiver =
        TcpListener::bind((HERE, 0)).map_err(|error| format!("no port is free: {error}"))?;
    let target = receiver
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    let Some(port) = change(&mut config, target, report)? else {
        return Ok(());
    };
    let hosts = route(&mut config, "domains");
    let host = hosts
        .first()
        .filter(|host| !host.contains('*'))
        .map_or("oom-check", String::as_str)
        .to_owned();
    let prefixes = route(&mut config, "prefix");
    let (sender, bodies) = channel();
    thread::spawn(move || receive(&receiver, &sender));
    let folder = Folder::new()?;
    let copy = folder.inner("copy")?.join("envoy.yaml");
    write(&copy, &yaml::write(&config))?;
    let mut command = Command::new(program);
    command.arg("--config-path").arg(&copy);
    command.args([
        "--concurrency",
        "1",
        "--use-dynamic-base-id",
        "--log-level",
        "warning",
    ]);
    let poster = thread::spawn(move || post_all(port, &host, &prefixes, &bodies));
    let ran = run(
        &mut command,
        &folder.inner("said")?,
        "",
        TIME,
        Duration::ZERO,
        &mut || poster.is_finished(),
    )?;
    let told = poster
        .join()
        .map_err(|_| "the deliveries failed".to_owned())?;
    for line in complaints(&ran.said) {
        report.note(format_args!("Envoy says: {line}"));
    }
    if ran.has_ended {
        report.fault("Envoy does not run with it");
        return Ok(());
    }
    let is_good = told.iter().any(Report::is_good);
    for one in told {
        let matters = !is_good || one.is_good();
        report.add(one, matters);
    }
    report.either(
        is_good,
        "a kill reaches the receiver",
        "no kill reaches the receiver",
    );
    Ok(())
}

/// Whether the module is among its filters. Tells whether its file is there.
fn module(config: &mut Yaml, report: &mut Report) -> bool {
    let mut paths = Vec::new();
    yaml::walk(config, &mut |value| {
        paths.extend(yaml::text(&value["code"]["local"]["filename"]));
    });
    let Some(path) = paths
        .iter()
        .find(|path| path.contains("oom"))
        .or(paths.first())
    else {
        report.fault(
            "no filter of it has a module: vm_config.code.local.filename with oom-envoy.wasm",
        );
        return false;
    };
    report.either(
        Path::new(path).is_file(),
        format_args!("the module is there: {path}"),
        format_args!("there is no module at {path}; a relative path begins in the folder that Envoy is started in"),
    );
    true
}

/// Gives listeners free ports of the loopback and clusters the receiver's. The port of the first listener, or `None`.
fn change(config: &mut Yaml, target: u16, report: &mut Report) -> Result<Option<u16>, String> {
    let mut first = None;
    let resources = yaml::member(config, "static_resources");
    let Yaml::Array(listeners) = yaml::member(resources, "listeners") else {
        report.fault("it has no static_resources.listeners; configurations that come from a server are not checked");
        return Ok(None);
    };
    for listener in listeners {
        let port = free_port()?;
        yaml::set(listener, "address", address(port));
        first = first.or(Some(port));
        yaml::walk(listener, &mut |value| {
            // Its certificates are none of the sample's business.
            yaml::take(value, "transport_socket");
        });
    }
    if let Yaml::Array(clusters) = yaml::member(resources, "clusters") {
        for cluster in clusters {
            for key in [
                "transport_socket",
                "transport_socket_matches",
                "health_checks",
                "typed_extension_protocol_options",
                "eds_cluster_config",
            ] {
                yaml::take(cluster, key);
            }
            let name = cluster["name"].clone();
            yaml::set(cluster, "type", yaml::text_of("STATIC"));
            let endpoint =
                yaml::map_of([("endpoint", yaml::map_of([("address", address(target))]))]);
            let endpoints = yaml::map_of([("lb_endpoints", Yaml::Array(vec![endpoint]))]);
            let assignment = yaml::map_of([
                ("cluster_name", name),
                ("endpoints", Yaml::Array(vec![endpoints])),
            ]);
            yaml::set(cluster, "load_assignment", assignment);
        }
    }
    if config["admin"].as_hash().is_some() {
        let port = free_port()?;
        yaml::set(yaml::member(config, "admin"), "address", address(port));
    }
    yaml::take(config, "dynamic_resources");
    Ok(first)
}

fn address(port: u16) -> Yaml {
    let socket = yaml::map_of([
        ("address", yaml::text_of(HERE)),
        ("port_value", Yaml::Integer(port.into())),
    ]);
    yaml::map_of([("socket_address", socket)])
}

/// The texts of a key of virtual hosts and routes.
fn route(config: &mut Yaml, key: &str) -> Vec<String> {
    let mut texts = Vec::new();
    yaml::walk(config, &mut |value| {
        if value.as_hash().is_some() {
            texts.extend(yaml::texts(&value[key]));
        }
    });
    texts
}

fn deliveries() -> Vec<Delivery> {
    let records = sample::journal();
    let texts: Vec<&str> = records
        .iter()
        .filter_map(|record| record["MESSAGE"].as_str())
        .collect();
    let time = |at: usize| (1_700_000_000_000_000_000_u64 + at as u64).to_string();
    let values: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| json!([time(at), text]))
        .collect();
    let loki = json!({ "streams": [{ "stream": { "job": "kernel", "host": "oom-check" }, "values": values }] });
    let logs: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| json!({ "timeUnixNano": time(at), "body": { "stringValue": text } }))
        .collect();
    let otlp = json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": [{ "logRecords": logs }] }] });
    vec![
        Delivery {
            name: "JSON lines",
            path: "/logs",
            content_type: "application/x-ndjson",
            body: sample::lines(&records),
            tells: "\"event\":\"kill\"",
        },
        Delivery {
            name: "Loki's push",
            path: "/loki/api/v1/push",
            content_type: "application/json",
            body: loki.to_string(),
            tells: "\"oom_event\":\"kill\"",
        },
        Delivery {
            name: "OTLP",
            path: "/v1/logs",
            content_type: "application/json",
            body: otlp.to_string(),
            tells: "\"oom.event\"",
        },
    ]
}

/// Posts each delivery as soon as Envoy listens, and tells what came of it.
fn post_all(port: u16, host: &str, prefixes: &[String], bodies: &Receiver<String>) -> Vec<Report> {
    let started = Instant::now();
    while TcpStream::connect((HERE, port)).is_err() {
        if started.elapsed() > TIME {
            return Vec::new();
        }
        thread::sleep(Duration::from_millis(100));
    }
    deliveries()
        .iter()
        .map(|delivery| post(port, host, prefixes, delivery, bodies))
        .collect()
}

fn post(
    port: u16,
    host: &str,
    prefixes: &[String],
    delivery: &Delivery,
    bodies: &Receiver<String>,
) -> Report {
    let mut report = Report::held();
    let Delivery {
        name,
        content_type,
        body,
        ..
    } = delivery;
    // JSON lines go wherever a route goes; the other two have paths of their own.
    let path = match prefixes
        .iter()
        .find(|prefix| delivery.path.starts_with(*prefix))
        .or(prefixes.first())
    {
        Some(prefix) if delivery.path == "/logs" && !delivery.path.starts_with(prefix.as_str()) => {
            prefix
        }
        _ => delivery.path,
    };
    while bodies.try_recv().is_ok() {}
    let status = (|| -> io::Result<u16> {
        let mut stream = TcpStream::connect((HERE, port))?;
        stream.set_read_timeout(Some(DELIVERY))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::other("no answer"))
    })();
    let arrived = bodies.recv_timeout(Duration::from_millis(500)).ok();
    match (status, arrived) {
        (Ok(_), Some(arrived)) if arrived.contains(delivery.tells) => {
            let is_whole = arrived.contains(POD) && arrived.contains(LEVEL);
            report.either(
                is_whole,
                format_args!("{name}, posted to {path}: the receiver got the kill, with its level and pod"),
                format_args!("{name}, posted to {path}: the receiver got the kill, without its pod: the lines of the report were not put together"),
            );
        }
        (Ok(_), Some(arrived)) if arrived == *body => {
            report.fault(format_args!("{name}, posted to {path}: the receiver got the lines as they were sent: the module does not read them"));
        }
        (Ok(_), Some(_)) => report.fault(format_args!(
            "{name}, posted to {path}: the receiver got other lines, and no kill"
        )),
        (Ok(404), None) => {
            report.fault(format_args!("{name}, posted to {path}: no route takes it"));
        }
        (Ok(status), None) => report.fault(format_args!(
            "{name}, posted to {path}: answered with {status}, and nothing reached the receiver"
        )),
        (Err(error), _) => report.fault(format_args!("{name}, posted to {path}: {error}")),
    }
    report
}

/// Takes every request, answers that all is well, and hands the bodies on.
fn receive(listener: &TcpListener, bodies: &Sender<String>) {
    for stream in listener.incoming().flatten() {
        let bodies = bodies.clone();
        thread::spawn(move || {
            let Ok(mut answers) = stream.try_clone() else {
                return;
            };
            let mut requests = BufReader::new(stream);
            while let Ok(Some(body)) = request(&mut requests) {
                if answers
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .is_err()
                    || bodies.send(body).is_err()
                {
                    return;
                }
            }
        });
    }
}

/// The body of the next request; `None` at the end.
fn request(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let (mut length, mut is_chunked, mut line) = (0, false, String::new());
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    while line.trim_end() != "" {
        line.clear();
        stream.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            "transfer-encoding" => is_chunked = value.contains("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if !is_chunked {
        stream.take(length).read_to_end(&mut body)?;
    }
    while is_chunked {
        line.clear();
        stream.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        stream.by_ref().take(size).read_to_end(&mut body)?;
        line.clear();
        stream.read_line(&mut line)?;
        is_chunked = size > 0;
    }
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

/// Lines of Envoy's log that tell of something wrong, without times.
fn complaints(said: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    for line in said.lines() {
        let is_one = ["[critical]", "[error]"]
            .iter()
            .any(|level| line.contains(level));
        let text = line.rsplit_once("] ").map_or(line, |(_, text)| text);
        if is_one && !lines.contains(&text) {
            lines.push(text);
        }
    }
    lines.truncate(8);
    lines
}

#[cfg(test)]
mod tests {
    use super::request;

    #[test]
    fn reads_bodies_of_both_kinds() {
        let mut stream = &b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST / HTTP/1.1\r\n\
            Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"[..];
        assert_eq!(request(&mut stream).unwrap().as_deref(), Some("abc"));
        assert_eq!(request(&mut stream).unwrap().as_deref(), Some("def"));
        assert_eq!(request(&mut stream).unwrap(), None);
    }
}
