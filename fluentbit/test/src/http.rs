//! Something that outputs send to, and something that asks for a page.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{self, Runtime};

/// What was sent in one request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path of the request.
    pub path: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// An HTTP server that keeps what it is sent, as long as it is kept itself.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    _runtime: Runtime,
}

impl Receiver {
    /// Starts one that gives `answer` to whatever comes.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn start(answer: &'static str) -> Self {
        Self::busy(answer, 1)
    }

    /// Starts one that takes one of `every` requests. The others are told that they are too many, and not kept.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn busy(answer: &'static str, every: usize) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = received.clone();
        let count = Arc::new(AtomicUsize::new(0));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, count) = (kept.clone(), count.clone());
                let service = service_fn(move |request| {
                    let is_taken = count.fetch_add(1, Ordering::Relaxed).is_multiple_of(every);
                    keep(request, kept.clone(), is_taken.then_some(answer))
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            received,
            _runtime: runtime,
        }
    }

    /// What has come so far.
    ///
    /// # Panics
    ///
    /// Where keeping it did.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panics with it").clone()
    }
}

/// Keeps a request that has an answer.
async fn keep(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Received>>>,
    answer: Option<&'static str>,
) -> hyper::Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes().to_vec();
    let Some(answer) = answer else {
        let mut response = Response::new(Full::new(Bytes::new()));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(response);
    };
    kept.lock()
        .expect("nobody panics with it")
        .push(Received { path, body });
    Ok(Response::new(Full::new(Bytes::from_static(
        answer.as_bytes(),
    ))))
}

/// A page; `None` as long as nobody answers.
///
/// # Panics
///
/// Where no runtime can be started.
pub fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().expect("it can be started");
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await.ok()?;
        let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .ok()?;
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "localhost");
        let request = request.body(Empty::<Bytes>::new()).ok()?;
        let answer = sender.send_request(request).await.ok()?;
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        String::from_utf8(body.to_vec()).ok()
    })
}
