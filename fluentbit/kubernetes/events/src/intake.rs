//! Takes kills over HTTP. Whatever comes is answered at once, and with success: nothing that goes wrong here is to
//! hold the sender's other outputs back.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::http;
use crate::kill::Kill;
use crate::writer::Writer;

/// The longest body, in bytes: what Fluent Bit hands over at once is 2 MB at most as it stores it.
const LONGEST: usize = 8 << 20;
/// How many bodies are read at once, which bounds memory.
const AT_ONCE: usize = 2;
/// The longest time for a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest time from one request of a connection to the next.
const BETWEEN_REQUESTS: Duration = Duration::from_mins(2);

/// What reads the bodies.
#[derive(Clone)]
pub struct Intake {
    writer: Rc<Writer>,
    takes_unproven: bool,
    room: Rc<Semaphore>,
}

impl Intake {
    /// One that hands kills to the writer.
    pub fn new(writer: Rc<Writer>, takes_unproven: bool) -> Self {
        Self {
            writer,
            takes_unproven,
            room: Rc::new(Semaphore::new(AT_ONCE)),
        }
    }

    async fn take(&self, request: Request<Incoming>) {
        let _room = self.room.acquire().await;
        let body = Limited::new(request.into_body(), LONGEST).collect();
        let body = tokio::time::timeout(PATIENCE, body).await;
        let is_whole = match body {
            Ok(Ok(body)) => records(&body.to_bytes(), &mut |record| {
                self.writer.take(Kill::read(record, self.takes_unproven));
            }),
            Ok(Err(_)) | Err(_) => false,
        };
        if !is_whole {
            self.writer.figures.unreadable.add(1);
            eprintln!("oom-events: a request whose body cannot be read to its end");
        }
    }
}

/// Takes whatever comes.
pub async fn serve(listener: TcpListener, intake: Intake) {
    let answer = move |request| {
        let intake = intake.clone();
        async move {
            intake.take(request).await;
            Response::new(Full::default())
        }
    };
    http::serve(listener, BETWEEN_REQUESTS, true, answer).await;
}

/// Hands on each record of an array, or of lines. Says whether all of it could be read.
fn records(body: &[u8], each: &mut dyn FnMut(Value)) -> bool {
    let is_array = body.trim_ascii_start().first() == Some(&b'[');
    if is_array {
        let mut reader = serde_json::Deserializer::from_slice(body);
        return reader.deserialize_seq(Each(each)).is_ok() && reader.end().is_ok();
    }
    let mut is_whole = true;
    for line in body.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(record) => each(record),
            Err(_) => is_whole = false,
        }
    }
    is_whole
}

/// Hands on each element before it reads the next: one of them is in memory at a time.
struct Each<'a>(&'a mut dyn FnMut(Value));

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(record) = elements.next_element()? {
            (self.0)(record);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (body, is_whole, expected) in [
            ("[]", true, 0),
            (" [{\"a\":1},{\"b\":2}]\n", true, 2),
            ("{\"a\":1}\n{\"b\":2}\n", true, 2),
            ("{\"a\":1}\r\n\r\n{\"b\":2}", true, 2),
            ("", true, 0),
            // Those before the fault are taken.
            ("[{\"a\":1},{\"b\":", false, 1),
            ("{\"a\":1}\n{\"b\":\n{\"c\":3}\n", false, 2),
            ("[{\"a\":1}] x", false, 1),
            (&"[".repeat(100_000), false, 0),
        ] {
            let mut count = 0;
            let whole = records(body.as_bytes(), &mut |_| count += 1);
            assert_eq!((whole, count), (is_whole, expected), "{body:.40}");
        }
    }
}
