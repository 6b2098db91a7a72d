//! The API server: requests, and what its answers mean.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request as HttpRequest, StatusCode};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Patch, PatchParams, PostParams, Request as Address};
use kube::core::Status;
use kube::{Client, Config, Resource as _};

use crate::event::Tally;
use crate::queue::{Answer, Lost, Request, Step};

/// The longest answer, in bytes. An Event has some two thousand.
const LONGEST: usize = 1 << 20;

/// The API server, and who this is to it.
pub struct Api {
    client: Client,
    /// The longest time for a request and its answer.
    patience: Duration,
}

/// What became of a request, for the queue and for people.
pub struct Told {
    /// For the queue.
    pub answer: Answer,
    /// What went wrong, in one line. Nothing where nothing did.
    pub fault: Option<Fault>,
}

/// What went wrong.
pub struct Fault {
    /// The status, such as `403`; `none` without an answer.
    pub code: String,
    /// In the server's words.
    pub text: String,
}

impl Api {
    /// That of the pod's service account, or of a kubeconfig; else the one named, without any credentials.
    pub async fn new(named: Option<&str>, patience: Duration) -> Result<Self, String> {
        let mut config = match named {
            Some(url) => {
                let url = url.parse();
                Config::new(url.map_err(|error| format!("--api-server: {error}"))?)
            }
            None => Config::infer().await.map_err(|error| error.to_string())?,
        };
        // When to try again is the queue's to say.
        config.default_retry = false;
        config.connect_timeout = Some(patience);
        let client = Client::try_from(config).map_err(|error| error.to_string())?;
        Ok(Self { client, patience })
    }

    /// Makes a request.
    pub async fn send(&self, step: &Step) -> Told {
        let request = match http_request(step) {
            Ok(request) => request,
            // A name that cannot stand in an address is none of ours.
            Err(text) => return Told::never(text),
        };
        match tokio::time::timeout(self.patience, self.exchange(request)).await {
            Err(_) => Told::silent("no answer in time".to_owned()),
            Ok(Err(text)) => Told::silent(text),
            Ok(Ok((status, headers, body))) => classify(&step.request, status, &headers, &body),
        }
    }

    async fn exchange(
        &self,
        request: HttpRequest<Vec<u8>>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), String> {
        let answer = self.client.send(request.map(Into::into)).await;
        let (head, body) = answer.map_err(|error| sources(&error))?.into_parts();
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|error| error.to_string())?;
        Ok((head.status, head.headers, body.to_bytes().into()))
    }
}

impl Told {
    fn silent(text: String) -> Self {
        let code = "none".to_owned();
        Self {
            answer: Answer::Busy(None),
            fault: Some(Fault { code, text }),
        }
    }

    fn never(text: String) -> Self {
        let code = "none".to_owned();
        Self {
            answer: Answer::Never(Lost::Invalid),
            fault: Some(Fault { code, text }),
        }
    }
}

/// An error with what caused it, which says more.
fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn http_request(step: &Step) -> Result<HttpRequest<Vec<u8>>, String> {
    let address = Address::new(Event::url_path(&(), Some(&step.namespace)));
    let change = |value: &serde_json::Value| {
        let patch = Patch::Merge(value);
        address.patch(&step.name, &PatchParams::default(), &patch)
    };
    let request = match &step.request {
        Request::Create(event) => {
            let body = serde_json::to_vec(event).map_err(|error| error.to_string())?;
            address.create(&PostParams::default(), body)
        }
        Request::Read => change(&serde_json::json!({})),
        Request::Count(value) => change(value),
    };
    request.map_err(|error| error.to_string())
}

/// What an answer means.
fn classify(request: &Request, code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Told {
    if code.is_success() {
        let tally = matches!(request, Request::Read).then(|| Tally::read(body));
        return Told {
            answer: Answer::Done(tally.flatten()),
            fault: None,
        };
    }
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let is_new = matches!(request, Request::Create(_));
    let answer = match code.as_u16() {
        // Already there. Of a change it would be that somebody else has changed it meanwhile.
        409 if is_new => Answer::Exists,
        404 | 410 if !is_new => Answer::Missing,
        404 | 410 => Answer::Never(Lost::Namespace),
        403 if is_terminating(&status) => Answer::Never(Lost::Namespace),
        // No right, a quota that is used up, a rule that forbids it: somebody may change that.
        403 | 409 => Answer::Refused,
        // Nobody knows who this is: the token is read anew each minute.
        401 | 408 | 429 | 500.. => Answer::Busy(asked(headers, &status)),
        _ => Answer::Never(Lost::Invalid),
    };
    // Both belong to how Events are counted.
    let is_fault = !matches!(answer, Answer::Exists | Answer::Missing);
    let text = if status.message.is_empty() {
        code.to_string()
    } else {
        status.message
    };
    Told {
        answer,
        fault: is_fault.then(|| Fault {
            code: code.as_u16().to_string(),
            text,
        }),
    }
}

/// The namespace takes nothing more.
fn is_terminating(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let mut reasons = causes.map(|cause| cause.reason.as_str());
    reasons.any(|reason| reason == "NamespaceTerminating")
}

/// How long the API server asks to wait.
fn asked(headers: &HeaderMap, status: &Status) -> Option<Duration> {
    let header = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let header = header.and_then(|text| text.trim().parse().ok());
    let told = status.details.as_ref();
    let told = told.map(|details| u64::from(details.retry_after_seconds));
    header
        .or(told.filter(|seconds| *seconds > 0))
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let create = Request::Create(Box::default());
        let count = Request::Count(serde_json::Value::Null);
        let terminating =
            r#"{"details":{"causes":[{"reason":"NamespaceTerminating","message":"","field":""}]}}"#;
        let asks = r#"{"details":{"retryAfterSeconds":3}}"#;
        let after = |seconds| Answer::Busy(Some(Duration::from_secs(seconds)));
        for (request, code, body, expected) in [
            (&create, 201, "{}", Answer::Done(None)),
            (&create, 409, "", Answer::Exists),
            (&count, 409, "", Answer::Refused),
            (&create, 404, "", Answer::Never(Lost::Namespace)),
            (&count, 404, "", Answer::Missing),
            (&count, 410, "", Answer::Missing),
            (&create, 403, terminating, Answer::Never(Lost::Namespace)),
            (&create, 403, "exceeded quota", Answer::Refused),
            (&create, 422, "", Answer::Never(Lost::Invalid)),
            (&create, 400, "", Answer::Never(Lost::Invalid)),
            (&create, 401, "", Answer::Busy(None)),
            (&create, 429, asks, after(3)),
            (&create, 500, "", Answer::Busy(None)),
            (&create, 503, "", Answer::Busy(None)),
        ] {
            let code = StatusCode::from_u16(code).unwrap();
            let told = classify(request, code, &HeaderMap::new(), body.as_bytes());
            assert_eq!(told.answer, expected, "{code} {body}");
        }
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "9".parse().unwrap())]);
        let told = classify(
            &create,
            StatusCode::TOO_MANY_REQUESTS,
            &headers,
            b"Too many",
        );
        assert_eq!(told.answer, after(9));
    }
}
