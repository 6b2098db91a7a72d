//! Which format a delivery has: what its headers declare, and for JSON its first bytes.

use crate::tally::{Format, UnreadReason};
use crate::unpack::Packing;

/// What the headers of a delivery say of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// JSON of some kind.
    Json,
    /// JSON, one object to a line.
    Ndjson,
    /// Elasticsearch's `_bulk`.
    Bulk,
    /// OTLP's logs, as protobuf.
    OtlpProtobuf,
    /// Loki's push request, as protobuf.
    LokiProtobuf,
    /// Nothing that is read here.
    Unread(UnreadReason),
}

/// Content types of JSON lines, or of lines that begin with a sign of their own (RFC 7464).
const NDJSON: [&str; 8] = [
    "application/json-seq",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-lines",
    "application/x-jsonlines",
    "application/x-jsonl",
    "application/vnd.elasticsearch+x-ndjson",
];
/// Content types of JSON, or of JSON objects one behind the other.
const JSON: [&str; 5] = [
    "application/json",
    "text/json",
    "application/stream+json",
    "application/x-json-stream",
    "application/vnd.elasticsearch+json",
];

/// Content types of protobuf.
const PROTOBUF: [&str; 2] = ["application/x-protobuf", "application/protobuf"];
/// How the paths end that OTLP's logs and Loki's push requests are sent to.
const OTLP_PATH: &[u8] = b"/v1/logs";
const LOKI_PATH: &[u8] = b"/loki/api/v1/push";

/// What a request's path, `content-type` and `content-encoding` declare. A body that is
/// [packed](crate::unpack) is what it is unpacked.
///
/// ```
/// use oom_envoy::delivery::{Declared, declared};
/// use oom_envoy::tally::UnreadReason;
///
/// assert_eq!(declared(b"/logs", b"application/json; charset=utf-8", b""), Declared::Json);
/// assert_eq!(declared(b"/_bulk?a=b", b"application/json", b""), Declared::Bulk);
/// let brotli = declared(b"/logs", b"application/json", b"br");
/// assert_eq!(brotli, Declared::Unread(UnreadReason::Encoding));
/// ```
pub fn declared(path: &[u8], content_type: &[u8], content_encoding: &[u8]) -> Declared {
    let kind = content_type.split(|byte| *byte == b';').next();
    let kind = kind.unwrap_or_default().trim_ascii();
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    let is_ndjson = NDJSON.into_iter().any(is);
    let path = without_query(path);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let encoding = content_encoding.trim_ascii();
    let is_plain = encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity");
    let is_packed = !is_plain && Packing::of(encoding).is_none();
    if PROTOBUF.into_iter().any(is) {
        // The path alone tells logs from traces and metrics, which look the same.
        if path.ends_with(LOKI_PATH) && (is_plain || encoding.eq_ignore_ascii_case(b"snappy")) {
            return Declared::LokiProtobuf;
        }
        if path.ends_with(OTLP_PATH) {
            return if is_packed {
                Declared::Unread(UnreadReason::Encoding)
            } else {
                Declared::OtlpProtobuf
            };
        }
    }
    if !is_ndjson && !JSON.into_iter().any(is) {
        let lower = kind.to_ascii_lowercase();
        let has = |part: &[u8]| lower.windows(part.len()).any(|window| window == part);
        return Declared::Unread(if has(b"protobuf") || has(b"grpc") {
            UnreadReason::Protobuf
        } else {
            UnreadReason::ContentType
        });
    }
    if is_packed {
        return Declared::Unread(UnreadReason::Encoding);
    }
    if path.ends_with(b"/_bulk") {
        Declared::Bulk
    } else if is_ndjson {
        Declared::Ndjson
    } else {
        Declared::Json
    }
}

/// A path up to its query.
pub(crate) fn without_query(path: &[u8]) -> &[u8] {
    path.split(|byte| *byte == b'?').next().unwrap_or_default()
}

/// What the first bytes of JSON tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    Format(Format),
    /// No records.
    Nothing,
    /// More is needed.
    TooShort,
}

/// Members that stand at the beginning of a format's only object.
const FIRST_KEYS: [(&[u8], Format); 2] = [
    (b"\"streams\"", Format::Loki),
    (b"\"resourceLogs\"", Format::Otlp),
];

/// The format that begins so.
pub(crate) fn format(beginning: &[u8], last: bool) -> Sniffed {
    let beginning = beginning.trim_ascii_start();
    let Some((first, rest)) = beginning.split_first() else {
        return if last {
            Sniffed::Nothing
        } else {
            Sniffed::TooShort
        };
    };
    match first {
        b'[' => Sniffed::Format(Format::JsonArray),
        b'{' => {
            let rest = rest.trim_ascii_start();
            for (key, format) in FIRST_KEYS {
                if rest.starts_with(key) {
                    return Sniffed::Format(format);
                }
                if !last && key.starts_with(rest) {
                    return Sniffed::TooShort;
                }
            }
            Sniffed::Format(Format::JsonStream)
        }
        _ => Sniffed::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_declare() {
        use Declared::{Bulk, Json, LokiProtobuf, Ndjson, OtlpProtobuf, Unread};
        for (path, kind, encoding, expected) in [
            ("/", "application/json", "", Json),
            ("/", "Application/JSON ; charset=utf-8", "identity", Json),
            ("/", "application/stream+json", "", Json),
            ("/", "text/json", "", Json),
            ("/", "application/json-lines", "", Ndjson),
            ("/", "application/json-seq", "", Ndjson),
            ("/", "application/x-ndjson", "", Ndjson),
            ("/i/_bulk", "application/x-ndjson", "", Bulk),
            ("/_bulk/?pretty", "application/json", "", Bulk),
            ("/x_bulk", "application/x-ndjson", "", Ndjson),
            ("/", "application/x-ndjson", "gzip", Ndjson),
            (
                "/",
                "application/x-ndjson",
                "gzip, br",
                Unread(UnreadReason::Encoding),
            ),
            (
                "/",
                "application/x-protobuf",
                "snappy",
                Unread(UnreadReason::Protobuf),
            ),
            ("/v1/logs", "application/x-protobuf", "", OtlpProtobuf),
            (
                "/otlp/v1/logs/?a=b",
                "application/protobuf",
                "zstd",
                OtlpProtobuf,
            ),
            (
                "/v1/logs",
                "application/x-protobuf",
                "snappy",
                Unread(UnreadReason::Encoding),
            ),
            (
                "/v1/traces",
                "application/x-protobuf",
                "",
                Unread(UnreadReason::Protobuf),
            ),
            (
                "/loki/api/v1/push",
                "application/x-protobuf",
                "snappy",
                LokiProtobuf,
            ),
            (
                "/loki/api/v1/push",
                "application/x-protobuf",
                "",
                LokiProtobuf,
            ),
            // Metrics, as Prometheus writes them.
            (
                "/api/v1/push",
                "application/x-protobuf",
                "snappy",
                Unread(UnreadReason::Protobuf),
            ),
            (
                "/",
                "application/grpc+proto",
                "",
                Unread(UnreadReason::Protobuf),
            ),
            ("/", "text/plain", "", Unread(UnreadReason::ContentType)),
            ("/", "", "", Unread(UnreadReason::ContentType)),
        ] {
            let found = declared(path.as_bytes(), kind.as_bytes(), encoding.as_bytes());
            assert_eq!(found, expected, "{path} {kind} {encoding}");
        }
    }

    #[test]
    fn beginnings_tell() {
        use Sniffed::{Nothing, TooShort};
        let is = Sniffed::Format;
        for (text, last, expected) in [
            (" \n[", false, is(Format::JsonArray)),
            ("{", false, TooShort),
            ("{ \"str", false, TooShort),
            ("{ \"str", true, is(Format::JsonStream)),
            ("{\"stream\":1}", false, is(Format::JsonStream)),
            ("{\n\"streams\":", false, is(Format::Loki)),
            ("{\"resourceLogs\" :", false, is(Format::Otlp)),
            ("{\"log\"", false, is(Format::JsonStream)),
            ("", false, TooShort),
            (" ", true, Nothing),
            ("\"text\"", false, Nothing),
            ("\u{feff}{", false, Nothing),
        ] {
            assert_eq!(format(text.as_bytes(), last), expected, "{text}");
        }
    }
}
