//! A sender of deliveries.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS.
    Http2,
}

/// What it sends, piece by piece.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Bytes of the body.
    Bytes(Vec<u8>),
    /// Nothing for some time, so that what came before is sent by itself.
    Pause(Duration),
    /// Trailers.
    Trailers(HeaderMap),
    /// It breaks off.
    Abort,
}

/// A delivery.
#[derive(Clone, Debug)]
pub struct Post {
    /// How it is spoken.
    pub protocol: Protocol,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    pieces: VecDeque<Piece>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Post {
    /// A delivery of one piece that states its length.
    pub fn new(path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        Self::pieces(path, content_type, [Piece::Bytes(body)]).header("content-length", &length)
    }

    /// A delivery in pieces, which does not state its length.
    pub fn pieces(path: &str, content_type: &str, pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self {
            protocol: Protocol::Http1,
            method: Method::POST,
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            pieces: pieces.into_iter().collect(),
        }
    }

    /// A delivery that is cut at these places, each part sent by itself.
    pub fn cut(path: &str, content_type: &str, body: &[u8], cuts: &[usize]) -> Self {
        let mut pieces = Vec::new();
        let mut begin = 0;
        for end in cuts.iter().copied().chain([body.len()]) {
            pieces.push(Piece::Bytes(body[begin..end].to_vec()));
            pieces.push(Piece::Pause(Duration::from_millis(3)));
            begin = end;
        }
        Self::pieces(path, content_type, pieces)
    }

    /// No delivery, but a question.
    pub fn get(path: &str) -> Self {
        let mut get = Self::pieces(path, "text/plain", []);
        get.method = Method::GET;
        get
    }

    /// With one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same in HTTP/2.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.protocol = Protocol::Http2;
        self
    }

    /// Sends it on a connection of its own.
    ///
    /// # Errors
    ///
    /// Whatever keeps an answer from coming.
    pub async fn send(self, address: SocketAddr) -> io::Result<Answer> {
        let mut sender = Sender::connect(address, self.protocol).await?;
        sender.send(self).await
    }

    fn request(self) -> Request<Pieces> {
        let mut request = Request::new(Pieces {
            pieces: self.pieces,
            sleep: None,
        });
        *request.method_mut() = self.method;
        let uri = format!("http://logs.test{}", self.path);
        *request.uri_mut() = uri.parse().expect("a path");
        for (name, value) in self.headers {
            let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
            let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
            let headers = request.headers_mut();
            headers.append(name.expect("a header"), value.expect("a value"));
        }
        request
    }
}

/// A connection for several deliveries.
pub enum Sender {
    /// HTTP/1.1.
    Http1(hyper::client::conn::http1::SendRequest<Pieces>),
    /// HTTP/2.
    Http2(hyper::client::conn::http2::SendRequest<Pieces>),
}

impl Sender {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Where nobody listens.
    pub async fn connect(address: SocketAddr, protocol: Protocol) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        match protocol {
            Protocol::Http1 => {
                let handshake = hyper::client::conn::http1::handshake(stream).await;
                let (sender, connection) = handshake.map_err(io::Error::other)?;
                tokio::spawn(connection);
                Ok(Self::Http1(sender))
            }
            Protocol::Http2 => {
                let executor = TokioExecutor::new();
                let handshake = hyper::client::conn::http2::handshake(executor, stream).await;
                let (sender, connection) = handshake.map_err(io::Error::other)?;
                tokio::spawn(connection);
                Ok(Self::Http2(sender))
            }
        }
    }

    /// Sends a delivery and waits for its answer.
    ///
    /// # Errors
    ///
    /// Whatever keeps an answer from coming.
    pub async fn send(&mut self, post: Post) -> io::Result<Answer> {
        let mut request = post.request();
        let response = match self {
            Self::Http1(sender) => {
                let host = hyper::header::HeaderValue::from_static("logs.test");
                request.headers_mut().insert(hyper::header::HOST, host);
                let path = request.uri().path_and_query().cloned();
                *request.uri_mut() = path.map_or_else(Default::default, Into::into);
                sender.ready().await.map_err(io::Error::other)?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await.map_err(io::Error::other)?;
                sender.send_request(request).await
            }
        };
        read(response.map_err(io::Error::other)?).await
    }
}

async fn read(response: Response<Incoming>) -> io::Result<Answer> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?;
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.to_bytes().into(),
    })
}

/// The pieces, as a body.
pub struct Pieces {
    pieces: VecDeque<Piece>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.sleep = None;
            }
            return Poll::Ready(match self.pieces.pop_front() {
                None => None,
                Some(Piece::Pause(time)) => {
                    self.sleep = Some(Box::pin(sleep(time)));
                    continue;
                }
                Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes.into()))),
                Some(Piece::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
                Some(Piece::Abort) => Some(Err(io::Error::other("it breaks off"))),
            });
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.sleep.is_none()
    }
}
