//! An API server that knows Events alone.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Nobody has a right.
    Forbidden,
    /// The quota of the namespace is used up.
    Quota,
    /// The namespace is about to go.
    Terminating,
    /// Too many requests: again after so many seconds.
    TooMany(u64),
    /// It takes the request and never answers.
    Stalled,
    /// It ends the connection in the middle of its answer.
    Broken,
    /// It does what is asked, and ends the connection before it says so.
    Silent,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub at: Instant,
    pub method: String,
    /// Namespace and name of the Event.
    pub event: String,
}

/// What it has.
pub struct State {
    pub mood: Mood,
    /// By namespace and name.
    pub events: BTreeMap<String, Value>,
    pub asked: Vec<Asked>,
}

impl State {
    /// What all Events count together.
    pub fn count(&self) -> u64 {
        let counts = self
            .events
            .values()
            .map(|event| event["series"]["count"].as_u64());
        counts.map(|count| count.unwrap_or(1)).sum()
    }
}

/// A running one.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts one on a port that is free.
    pub fn start(mood: Mood) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), mood)
    }

    /// Starts one at an address.
    pub fn start_at(address: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind(address).expect("the port is free");
        let state = State {
            mood,
            events: BTreeMap::new(),
            asked: Vec::new(),
        };
        let server = Self {
            address: listener.local_addr().expect("it is bound"),
            state: Arc::new(Mutex::new(state)),
        };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// What it has now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    /// Changes its mood.
    pub fn turn(&self, mood: Mood) {
        self.state().mood = mood;
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
        let mut writer = stream;
        while let Some((method, path, body)) = request(&mut reader) {
            let path = path.split('?').next().unwrap_or_default().to_owned();
            let mood = self.state().mood;
            let (code, headers, answer) = self.answer(mood, &method, &path, &body);
            match mood {
                Mood::Stalled => thread::sleep(Duration::from_mins(1)),
                Mood::Broken => {
                    let _ = writer.write_all(
                        b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{\"kind\":",
                    );
                    return;
                }
                Mood::Silent => return,
                _ => {}
            }
            let answer = answer.to_string();
            let answer = format!(
                "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{answer}",
                answer.len()
            );
            if writer.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, mood: Mood, method: &str, path: &str, body: &[u8]) -> (u16, String, Value) {
        let mut state = self.state();
        let mut parts = path
            .strip_prefix("/apis/events.k8s.io/v1/namespaces/")
            .unwrap_or_else(|| panic!("{path}"))
            .split('/');
        let namespace = parts.next().expect("a namespace");
        assert_eq!(parts.next(), Some("events"));
        let body: Value = serde_json::from_slice(body).expect("a body is JSON");
        let name = parts.next().or(body["metadata"]["name"].as_str());
        let event = format!("{namespace}/{}", name.expect("an Event has a name"));
        state.asked.push(Asked {
            at: Instant::now(),
            method: method.to_owned(),
            event: event.clone(),
        });
        let status = |code: u16, reason: &str, message: &str| {
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "reason": reason, "message": message, "code": code,
            });
            (code, String::new(), status)
        };
        match mood {
            Mood::Forbidden => {
                return status(
                    403,
                    "Forbidden",
                    "events.events.k8s.io is forbidden: User \"x\" cannot create",
                );
            }
            Mood::Quota => {
                return status(
                    403,
                    "Forbidden",
                    "events \"x\" is forbidden: exceeded quota: small",
                );
            }
            Mood::Terminating => {
                let (code, headers, mut status) = status(
                    403,
                    "Forbidden",
                    "unable to create new content in namespace shop because it is being terminated",
                );
                status["details"] = json!({"causes": [{"reason": "NamespaceTerminating", "message": "namespace shop is being terminated", "field": "metadata.namespace"}]});
                return (code, headers, status);
            }
            // As priority and fairness answers: no status.
            Mood::TooMany(seconds) => {
                return (
                    429,
                    format!("Retry-After: {seconds}\r\n"),
                    json!("Too many requests"),
                );
            }
            Mood::Stalled | Mood::Broken => return status(500, "", ""),
            Mood::Well | Mood::Silent => {}
        }
        match method {
            "POST" => {
                if state.events.contains_key(&event) {
                    return status(409, "AlreadyExists", "events.events.k8s.io already exists");
                }
                if let Some(fault) = fault(&body) {
                    return status(422, "Invalid", &fault);
                }
                state.events.insert(event, body.clone());
                (201, String::new(), body)
            }
            "PATCH" => {
                let Some(event) = state.events.get_mut(&event) else {
                    return status(404, "NotFound", "events.events.k8s.io not found");
                };
                let before = event.clone();
                merge(event, &body);
                // Nothing else may change.
                let fixed = |event: &Value| {
                    let mut event = event.clone();
                    event["series"] = Value::Null;
                    event["metadata"]["annotations"] = Value::Null;
                    event
                };
                if fixed(event) != fixed(&before) || fault(event).is_some() {
                    *event = before;
                    return status(422, "Invalid", "field is immutable");
                }
                (200, String::new(), event.clone())
            }
            _ => status(403, "Forbidden", "no right"),
        }
    }
}

/// What the API server would say of an Event, in some of its rules.
fn fault(event: &Value) -> Option<String> {
    let text = |place: &str| {
        event
            .pointer(place)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let series = &event["series"];
    let is_right = !text("/eventTime").is_empty()
        && !text("/reportingController").is_empty()
        && (1..=128).contains(&text("/reportingInstance").len())
        && (1..=128).contains(&text("/action").len())
        && (1..=128).contains(&text("/reason").len())
        && text("/note").len() <= 1024
        && text("/type") == "Warning"
        && (series.is_null()
            || series["count"].as_u64() >= Some(2) && series["lastObservedTime"].is_string())
        && (text("/regarding/kind") == "Node"
            || text("/metadata/namespace") == text("/regarding/namespace"));
    (!is_right).then(|| format!("it is no Event: {event}"))
}

/// A JSON merge patch.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        merge(&mut target[key], value);
    }
}

/// The next request of a connection: method, path and body.
fn request(reader: &mut impl BufRead) -> Option<(String, String, Vec<u8>)> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|bytes| *bytes > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, body))
}
