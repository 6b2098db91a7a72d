//! One request on its way.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

use super::root::Shared;
use crate::delivery::{Declared, Delivery, Forwarded, declared, without_query};
use crate::senders::Sender;
use crate::tally::{Refusal, UnreadReason};
use crate::unpack::{Packing, Unpacker};

/// Bytes that are held of all deliveries together; beyond it a delivery goes on unread.
const MOST_HELD: usize = 64 << 20;
/// Bytes of one piece that are taken into the module's memory; a larger one, and all behind it, goes on
/// unread. A filter in front of this one can make such pieces.
const LARGEST_CHUNK: usize = 16 << 20;
/// Bytes that may come out of one packed piece. All of them go into the proxy's memory before its
/// receiver takes any, and a packer of bad will makes thousands of each byte.
const MOST_UNPACKED: usize = 128 << 20;

/// What the sender of an emptied `_bulk` request is told: all of nothing was done.
const NOTHING_DONE: &[u8] = br#"{"took":0,"errors":false,"items":[]}"#;

/// A request.
///
/// It never pauses the body. Where a filter does, the proxy puts what comes next into the buffer in which
/// the router keeps what it has sent already, for a retry, and hands the filter all of it: what went on
/// would go on twice, or a retry would lack it. That buffer is bounded too: above it the proxy answers
/// 413. So each piece of the body goes on at once, as much of it as is complete; the rest waits in this
/// module's memory.
pub(super) struct Request {
    shared: Option<Rc<Shared>>,
    delivery: Option<Delivery>,
    /// Unpacks the body, where it is packed and read.
    unpacker: Option<Unpacker>,
    /// What is counted as held for this request.
    held: usize,
    /// Bytes of the body still to come, where the request says so.
    left: Option<usize>,
    /// The delivery was told that nothing follows.
    has_ended: bool,
    /// What the receiver answers is replaced.
    answer: Answer,
}

/// What becomes of the receiver's answer.
#[derive(PartialEq, Eq)]
enum Answer {
    /// It goes on.
    Same,
    /// Its body is to be replaced, of which nothing came yet.
    Replaced,
    /// Its body was replaced.
    Told,
}

/// The headers of a request, asked for at once: each call to the proxy costs time.
struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    fn read(kind: MapType) -> Self {
        Self(hostcalls::get_map_bytes(kind).unwrap_or_default())
    }

    /// The first of that name.
    fn get(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.0.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }
}

impl Request {
    pub(super) fn new(shared: Option<Rc<Shared>>) -> Self {
        Self {
            shared,
            delivery: None,
            unpacker: None,
            held: 0,
            left: None,
            has_ended: false,
            answer: Answer::Same,
        }
    }

    /// Whose delivery it is. Two senders differ in their address, or in what a proxy in front of
    /// them tells them apart by.
    fn sender(&self, headers: &Headers) -> Sender {
        let address = self
            .get_property(vec!["source", "address"])
            .unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        // Its port changes with every connection.
        let host = address.rsplitn(2, |byte| *byte == b':').last();
        host.hash(&mut hasher);
        let address = hasher.finish();
        let path = headers.get(":path").unwrap_or_default();
        without_query(path).hash(&mut hasher);
        for name in [":authority", "authorization", "x-scope-orgid"] {
            headers.get(name).hash(&mut hasher);
        }
        let stream = hasher.finish();
        Sender { address, stream }
    }

    /// Gives the next bytes to the delivery.
    fn push(&mut self, chunk: Vec<u8>, last: bool) -> Forwarded {
        self.has_ended = last;
        let (Some(shared), Some(delivery)) = (&self.shared, &mut self.delivery) else {
            return Forwarded::same(chunk);
        };
        let (Ok(mut senders), Ok(held)) =
            (shared.senders.try_borrow_mut(), shared.held.try_borrow())
        else {
            return Forwarded::same(chunk);
        };
        let others = held.saturating_sub(self.held);
        let mut given_up = Vec::new();
        let needed = delivery.held().saturating_add(chunk.len());
        if !delivery.is_unread() && needed > MOST_HELD.saturating_sub(others) {
            given_up = delivery.give_up(UnreadReason::Memory);
        }
        let forwarded = delivery.push(&shared.settings, &mut senders, chunk, last);
        let out = forwarded.behind(given_up);
        shared.metrics.forgotten(senders.forgotten());
        let now_held = delivery.held().saturating_add(self.unpacker_held());
        drop((senders, held));
        self.count_held(now_held);
        out
    }

    /// Unpacks the next piece of a body and gives it to the delivery; why the body is refused, where it is.
    fn unpack(&mut self, mut unpacker: Unpacker, chunk: &[u8], last: bool) -> Result<(), Refusal> {
        unpacker.feed(chunk);
        let (mut start, mut replaced) = (0, usize::MAX);
        let mut came = 0_usize;
        let mut piece = unpacker.next_piece()?;
        loop {
            let behind = match piece {
                Some(_) => unpacker.next_piece()?,
                None => None,
            };
            let is_last = last && behind.is_none();
            if is_last {
                unpacker.finish()?;
            }
            let bytes = piece.unwrap_or_default();
            came = came.saturating_add(bytes.len());
            if came > MOST_UNPACKED {
                return Err(Refusal::TooLarge);
            }
            let out = self.push(bytes, is_last);
            // The first takes the place of what came, each other one stands behind it.
            self.set_http_request_body(start, replaced, &out.bytes);
            (start, replaced) = (usize::MAX, 0);
            if behind.is_none() {
                break;
            }
            piece = behind;
        }
        let held = unpacker.held();
        self.unpacker = Some(unpacker);
        let held = held.saturating_add(self.delivery.as_ref().map_or(0, Delivery::held));
        self.count_held(held);
        if self.held_by_all() > MOST_HELD {
            return Err(Refusal::Memory);
        }
        Ok(())
    }

    /// Answers for the receiver, which gets no end of the body and so no body.
    fn refuse(&mut self, refusal: Refusal) -> Action {
        if let Some(shared) = &self.shared {
            shared.metrics.refused(refusal);
        }
        self.has_ended = true;
        let status = u32::from(refusal.status());
        self.send_http_response(status, Vec::new(), Some(refusal.text().as_bytes()));
        Action::Pause
    }

    fn held_by_all(&self) -> usize {
        let shared = self.shared.as_ref();
        let held = shared.and_then(|shared| shared.held.try_borrow().ok());
        held.map_or(0, |held| *held)
    }

    /// Lets the rest of the body go on, in front of it what was held of it so far.
    fn give_up(&mut self) {
        if let Some(delivery) = &mut self.delivery {
            let held = delivery.give_up(UnreadReason::Memory);
            if !held.is_empty() {
                self.set_http_request_body(0, 0, &held);
            }
        }
        self.count_held(0);
    }

    /// Notes how many bytes are held for this request.
    fn count_held(&mut self, bytes: usize) {
        if let Some(shared) = &self.shared
            && let Ok(mut held) = shared.held.try_borrow_mut()
        {
            *held = held.saturating_sub(self.held).saturating_add(bytes);
            self.held = bytes;
        }
    }

    fn unpacker_held(&self) -> usize {
        self.unpacker.as_ref().map_or(0, Unpacker::held)
    }

    /// Whether the receiver refuses a `_bulk` request for nothing but that this filter emptied it.
    ///
    /// Elasticsearch and OpenSearch answer 400 to a body without any action, once they know the sender: who
    /// may not come in is told so (401, 403), and any other trouble of the store's has another status.
    fn is_refused_as_empty(&self) -> bool {
        let is_emptied = self
            .delivery
            .as_ref()
            .is_some_and(Delivery::is_emptied_bulk);
        is_emptied && {
            let status = hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, ":status");
            status.is_ok_and(|status| status.is_some_and(|status| status == b"400"))
        }
    }
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        if end_of_stream || self.shared.is_none() {
            return Action::Continue;
        }
        let headers = Headers::read(MapType::HttpRequestHeaders);
        let declared = declared(
            headers.get(":path").unwrap_or_default(),
            headers.get("content-type").unwrap_or_default(),
            headers.get("content-encoding").unwrap_or_default(),
        );
        if let Declared::Unread(_) = declared {
            self.delivery = Some(Delivery::new(declared, Sender::default()));
            return Action::Continue;
        }
        let encoding = headers.get("content-encoding").unwrap_or_default();
        if let Some(packing) = Packing::of(encoding) {
            self.unpacker = Some(Unpacker::new(packing));
            self.remove_http_request_header("content-encoding");
        }
        self.left = headers
            .get("content-length")
            .and_then(|length| std::str::from_utf8(length).ok()?.trim().parse().ok());
        let mut delivery = Delivery::new(declared, self.sender(&headers));
        if self.left.is_none() {
            // Nothing can be added to the body once trailers come, of the sender or of a filter in front.
            delivery = delivery.may_end_late();
        }
        self.delivery = Some(delivery);
        // The length may change; the proxy sends the body in chunks then.
        self.remove_http_request_header("content-length");
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let is_unread = self.delivery.as_ref().is_none_or(Delivery::is_unread);
        if is_unread && self.held == 0 && self.unpacker.is_none() {
            return Action::Continue;
        }
        // The proxy tells the end by itself, and the delivery knew it from its length.
        if size == 0 && self.has_ended {
            return Action::Continue;
        }
        if size > LARGEST_CHUNK {
            if self.unpacker.is_some() {
                return self.refuse(Refusal::TooLarge);
            }
            self.give_up();
            return Action::Continue;
        }
        let chunk = self.get_http_request_body(0, size).unwrap_or_default();
        #[cfg(feature = "trap")]
        if chunk.windows(8).any(|window| window == b"oom-trap") {
            core::arch::wasm32::unreachable();
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(chunk.len());
        }
        let last = end_of_stream || self.left == Some(0);
        if let Some(unpacker) = self.unpacker.take() {
            if let Err(refusal) = self.unpack(unpacker, &chunk, last) {
                return self.refuse(refusal);
            }
            return Action::Continue;
        }
        let out = self.push(chunk, last);
        if !out.is_as_it_came {
            self.set_http_request_body(0, usize::MAX, &out.bytes);
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        if self.delivery.is_none() || self.has_ended {
            return Action::Continue;
        }
        if let Some(Err(broken)) = self.unpacker.as_ref().map(Unpacker::finish) {
            return self.refuse(broken.into());
        }
        if !self.push(Vec::new(), true).bytes.is_empty() {
            // There is no way to let that piece go on.
            return self.refuse(Refusal::Cut);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        // Nothing can take the place of a body that does not come.
        if !end_of_stream && self.is_refused_as_empty() {
            self.answer = Answer::Replaced;
            for name in ["content-length", "content-encoding"] {
                self.remove_http_response_header(name);
            }
            self.set_http_response_header("content-type", Some("application/json"));
            self.set_http_response_header(":status", Some("200"));
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, _: usize, _: bool) -> Action {
        match self.answer {
            Answer::Same => {}
            Answer::Replaced => {
                self.set_http_response_body(0, usize::MAX, NOTHING_DONE);
                self.answer = Answer::Told;
            }
            Answer::Told => self.set_http_response_body(0, usize::MAX, b""),
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let (Some(shared), Some(delivery)) = (&self.shared, &mut self.delivery) else {
            return;
        };
        // Where it changed nothing and had no kill, that makes no difference.
        let is_accepted = delivery.needs_answer() && {
            let status = hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, ":status");
            status.is_ok_and(|status| status.is_some_and(|status| status.starts_with(b"2")))
        };
        shared.metrics.count(delivery.tally(), is_accepted);
        if let Ok(mut senders) = shared.senders.try_borrow_mut() {
            delivery.settle(&mut senders, is_accepted);
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.count_held(0);
    }
}
