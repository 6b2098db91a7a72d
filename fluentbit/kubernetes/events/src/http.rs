//! The server's side of HTTP.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// Answers every request, for ever. `patience` is the longest time for the head of one, on a connection that is kept
/// where `keeps_alive`.
pub async fn serve<A>(
    listener: TcpListener,
    patience: Duration,
    keeps_alive: bool,
    answer: impl Fn(Request<Incoming>) -> A + Clone + 'static,
) where
    A: Future<Output = Response<Full<Bytes>>> + 'static,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // As where there are too many: it may pass.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answer = answer(request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .keep_alive(keeps_alive);
        tokio::task::spawn_local(server.serve_connection(TokioIo::new(stream), service));
    }
}
