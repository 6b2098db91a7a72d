//! A log receiver that answers each delivery with the very bytes it got.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How it behaves.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// It answers with what it got.
    Echo,
    /// It answers with how many bytes it got, and does not keep them.
    Count,
    /// It reads a piece, and then the next only after some time.
    Slow(Duration),
    /// It closes the connection after so many bytes, or at the end.
    Dies(usize),
    /// It refuses.
    Refuses(u16),
    /// It keeps what it got, and answers as Elasticsearch does, which refuses an empty `_bulk` request, or as Loki.
    Keeps,
    /// It does what the header `x-plays` says, for the first try of an address, the second, ...: it
    /// keeps
    /// what it got (`accept`), answers 503 (`refuse`), or closes the connection (`reset`).
    Plays,
}

/// A delivery that was kept.
struct Kept {
    path: String,
    body: Vec<u8>,
}

/// A receiver, as long as it is kept.
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    deliveries: Arc<AtomicU64>,
    kept: Arc<Mutex<Vec<Kept>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Upstream {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let deliveries = Arc::new(AtomicU64::new(0));
        let counted = deliveries.clone();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeper = kept.clone();
        let tries = Arc::new(Mutex::new(HashMap::new()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Small answers shall not wait for more.
                let _ = stream.set_nodelay(true);
                let (deliveries, kept, tries) = (counted.clone(), keeper.clone(), tries.clone());
                let service = service_fn(move |request| {
                    let (deliveries, kept) = (deliveries.clone(), kept.clone());
                    let behaviour = match behaviour {
                        Behaviour::Plays => play(&request, &tries),
                        other => other,
                    };
                    async move { answer(behaviour, request, &deliveries, &kept).await }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            deliveries,
            kept,
            task,
        }
    }

    /// Deliveries that came complete.
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// The bodies that were kept of those sent to a path, which are kept no longer.
    ///
    /// # Panics
    ///
    /// Where an answer panicked.
    pub fn take(&self, path: &str) -> Vec<Vec<u8>> {
        let mut kept = self.kept.lock().expect("no answer panics");
        let of_path = kept.extract_if(.., |kept| kept.path == path);
        of_path.map(|kept| kept.body).collect()
    }

    /// The bodies that were kept of those sent to a path, in their order.
    ///
    /// # Panics
    ///
    /// Where an answer panicked.
    pub fn kept(&self, path: &str) -> Vec<Vec<u8>> {
        let kept = self.kept.lock().expect("no answer panics");
        let of_path = kept.iter().filter(|kept| kept.path == path);
        of_path.map(|kept| kept.body.clone()).collect()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is to be done with this try.
fn play(request: &Request<Incoming>, tries: &Mutex<HashMap<String, usize>>) -> Behaviour {
    let plays = request.headers().get("x-plays");
    let plays = plays
        .and_then(|plays| plays.to_str().ok())
        .unwrap_or("accept");
    let mut tries = tries.lock().expect("no answer panics");
    let tries = tries.entry(request.uri().to_string()).or_default();
    let play = plays
        .split(',')
        .nth(*tries)
        .or(plays.split(',').next_back());
    *tries += 1;
    match play {
        Some("refuse") => Behaviour::Refuses(503),
        // Small bodies are read whole, so that the proxy has sent all of them.
        Some("reset") => Behaviour::Dies(1000),
        _ => Behaviour::Keeps,
    }
}

async fn answer(
    behaviour: Behaviour,
    request: Request<Incoming>,
    deliveries: &AtomicU64,
    keeper: &Mutex<Vec<Kept>>,
) -> io::Result<Response<Full<Bytes>>> {
    let told = ["content-length", "content-encoding"].map(|name| {
        let value = request.headers().get(name).cloned();
        value.map(|value| (format!("x-{name}"), value))
    });
    let path = request.uri().path().to_owned();
    let mut body = request.into_body();
    let (mut kept, mut count) = (Vec::new(), 0);
    let mut trailers = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        if let Some(fields) = frame.trailers_ref() {
            trailers = fields.len();
        }
        let Ok(data) = frame.into_data() else {
            continue;
        };
        count += data.len();
        match behaviour {
            Behaviour::Count => continue,
            Behaviour::Slow(time) => sleep(time).await,
            Behaviour::Dies(after) if count >= after => {
                return Err(io::Error::other("it dies"));
            }
            Behaviour::Echo
            | Behaviour::Dies(_)
            | Behaviour::Refuses(_)
            | Behaviour::Keeps
            | Behaviour::Plays => {}
        }
        kept.extend_from_slice(&data);
    }
    if matches!(behaviour, Behaviour::Dies(_)) {
        return Err(io::Error::other("it dies"));
    }
    deliveries.fetch_add(1, Ordering::Relaxed);
    if matches!(behaviour, Behaviour::Count) {
        kept = count.to_string().into_bytes();
    }
    // Fluent Bit would take what the header below says for the length of the answer.
    let is_kept = matches!(behaviour, Behaviour::Keeps);
    let is_nothing = is_kept && kept.is_empty() && path.ends_with("/_bulk");
    let status = match behaviour {
        Behaviour::Refuses(status) => status,
        _ if is_nothing => 400,
        // Loki's clients take nothing else for done.
        _ if is_kept && path.ends_with("/loki/api/v1/push") => 204,
        _ => 200,
    };
    if is_nothing {
        kept = br#"{"error":{"reason":"request body is required"},"status":400}"#.to_vec();
    } else if is_kept {
        let body = std::mem::replace(&mut kept, br#"{"errors":false,"items":[]}"#.to_vec());
        let mut all = keeper.lock().map_err(|_| io::Error::other("poisoned"))?;
        all.push(Kept { path, body });
    }
    if status == 204 {
        kept.clear();
    }
    let mut response = Response::new(Full::new(Bytes::from(kept)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).map_err(io::Error::other)?;
    if is_kept {
        let product = hyper::header::HeaderValue::from_static("Elasticsearch");
        response.headers_mut().insert("x-elastic-product", product);
    }
    for (name, value) in told.into_iter().flatten().filter(|_| !is_kept) {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
        let name = name.map_err(io::Error::other)?;
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().insert("x-trailers", trailers.into());
    Ok(response)
}
