//! Many deliveries of every kind: what the receiver accepts is what one pass of the filter over the
//! whole body writes, byte for byte, or the sender got an error.
//!
//! The test command runs a few hundred. `OOM_DELIVERIES` sets how many, and `OOM_SEED` chooses others:
//!
//! ```sh
//! OOM_DELIVERIES=5000 OOM_SEED=7 cargo test -p oom-envoy-test --test envoy undamaged -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use oom_envoy::delivery::{Delivery, declared};
use oom_envoy::senders::{Sender, Senders};
use oom_envoy::settings::Settings;
use oom_envoy_test::{
    Answer, Behaviour, Config, Envoy, Form, Packing, Piece, Post, Program, Protocol, Upstream,
    module, runtime,
};
use oom_suite::dice::Dice;
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use tokio::task::JoinSet;

/// Deliveries where nothing else is asked for: each combination of [`Case::new`] twice.
const DELIVERIES: u64 = 540;
/// Deliveries that are under way at the same time.
const TOGETHER: usize = 8;

/// A proxy: how it buffers, retries, and what the filter does.
struct Proxy {
    name: &'static str,
    buffer: usize,
    retry_on: Option<&'static str>,
    mode: &'static str,
    /// HTTP/1 trailers reach the filter.
    has_http1_trailers: bool,
}

const PROXIES: [Proxy; 5] = [
    Proxy {
        name: "plain",
        buffer: 64 << 10,
        retry_on: None,
        mode: "annotate",
        has_http1_trailers: true,
    },
    // What Istio sets by itself on the way into a pod.
    Proxy {
        name: "istio",
        buffer: 1 << 20,
        retry_on: Some("reset-before-request"),
        mode: "annotate",
        has_http1_trailers: false,
    },
    Proxy {
        name: "retry-large",
        buffer: 1 << 20,
        retry_on: Some("5xx,reset"),
        mode: "rewrite",
        has_http1_trailers: true,
    },
    Proxy {
        name: "retry-small",
        buffer: 64 << 10,
        retry_on: Some("5xx,reset"),
        mode: "annotate",
        has_http1_trailers: false,
    },
    Proxy {
        name: "events",
        buffer: 256 << 10,
        retry_on: Some("5xx,reset"),
        mode: "events",
        has_http1_trailers: false,
    },
];

/// What the receiver does with each try of a delivery; the last is what it does from then on.
const PLAYS: [&str; 6] = [
    "accept",
    "refuse,accept",
    "refuse,refuse,accept",
    "refuse",
    "reset,accept",
    "reset",
];

impl Proxy {
    fn config(&self, upstream: SocketAddr, module: &std::path::Path) -> Config {
        let buffer = format!("limit_bytes: {}", self.buffer);
        let mut config = Config::shipped()
            .receiver(upstream)
            .module(module)
            .plugin(&format!(r#"{{"mode": "{}"}}"#, self.mode))
            .replace("limit_bytes: 65536", &buffer);
        if let Some(retry_on) = self.retry_on {
            let policy = format!(
                "timeout: 60s, retry_policy: {{ retry_on: \"{retry_on}\", num_retries: 2, \
                 retry_back_off: {{ base_interval: 0.001s }} }} }}"
            );
            config = config.replace("timeout: 60s }", &policy);
        }
        if self.has_http1_trailers {
            config = config.replace(
                "codec_type: AUTO",
                "codec_type: AUTO\n                http_protocol_options: { enable_trailers: true }",
            );
        }
        config
    }
}

/// A delivery, and what has to come of it.
struct Case {
    /// Says which one it is where it fails.
    name: String,
    path: String,
    proxy: usize,
    post: Post,
    expected: Vec<u8>,
    /// It is a `_bulk` request of which nothing is left.
    is_emptied: bool,
    /// The receiver accepts the first try.
    is_accepted: bool,
}

impl Case {
    /// The delivery of that number: one after the other they go through every combination of proxy,
    /// format, protocol and framing; the rest is random.
    fn new(number: u64, seed: u64) -> Self {
        let mut random = Dice::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number));
        let mut rest = usize::try_from(number).expect("a small number");
        let mut digit = |base: usize| {
            let digit = rest % base;
            rest /= base;
            digit
        };
        let proxy = digit(PROXIES.len());
        let form = Form::ALL[digit(Form::ALL.len())];
        let protocol = [Protocol::Http1, Protocol::Http2][digit(2)];
        // With a length, without one, and without one but with trailers.
        let framing = digit(3);
        let packing = Packing::ALL.get(random.index(Packing::ALL.len() + 1));
        // Loki's clients pack by snappy, which belongs to the form.
        let packing = packing.filter(|_| form != Form::LokiProtobuf).copied();
        let plays = random.one_of(&PLAYS);

        let records = records(&mut random);
        let mut body = form.body(&records);
        let has_line_end = random.one_in(2);
        if !has_line_end && body.last() == Some(&b'\n') {
            body.pop();
        }
        let path = form.path(&format!("case-{number}"));
        let (expected, is_emptied) =
            one_pass(PROXIES[proxy].mode, &path, form.content_type(), &body);

        let sent = packing.map_or_else(|| body.clone(), |packing| packing.pack(&body));
        let mut pieces = pieces(&mut random, &sent);
        let has_length = framing == 0;
        if framing == 2 {
            let mut trailers = hyper::HeaderMap::new();
            trailers.insert("x-t", "1".parse().expect("a value"));
            pieces.push(Piece::Trailers(trailers));
        }
        let mut post = Post::pieces(&path, form.content_type(), pieces).header("x-plays", plays);
        if has_length {
            post = post.header("content-length", &sent.len().to_string());
        } else if framing == 2 && protocol == Protocol::Http1 {
            post = post.header("trailer", "x-t");
        }
        if let Some(packing) = packing {
            post = post.header("content-encoding", packing.encoding());
        } else if form == Form::LokiProtobuf {
            post = post.header("content-encoding", "snappy");
        }
        if protocol == Protocol::Http2 {
            post = post.http2();
        }
        let name = format!(
            "{number} of seed {seed}: {} {form:?} {protocol:?} framing {framing} packed {packing:?} \
             line end {has_line_end} {} bytes, {plays}",
            PROXIES[proxy].name,
            sent.len(),
        );
        Self {
            name,
            path,
            proxy,
            post,
            expected,
            is_emptied,
            is_accepted: plays == "accept",
        }
    }
}

/// What one pass of the filter over a whole body writes, and whether it empties a `_bulk` request.
fn one_pass(mode: &str, path: &str, content_type: &str, body: &[u8]) -> (Vec<u8>, bool) {
    let settings = Settings::read(format!(r#"{{"mode":"{mode}"}}"#).as_bytes());
    let settings = settings.expect("a mode");
    let declared = declared(path.as_bytes(), content_type.as_bytes(), b"");
    let mut delivery = Delivery::new(declared, Sender::default());
    let mut senders = Senders::new(|| 0);
    let out = delivery.push(&settings, &mut senders, body.to_vec(), true);
    (out.bytes, delivery.is_emptied_bulk())
}

/// Ordinary lines, and in most bodies some reports.
fn records(random: &mut Dice) -> Vec<Vec<u8>> {
    let most = random.one_of(&[3, 30, 300, 1500, 1500, 3000, 12_000]);
    let count = 1 + random.index(most);
    let reports = random.one_of(&[0, 1, 3, 30]);
    let mut lines: Vec<String> = (0..count)
        .map(|n| format!("usb {n}-1: é😀 \\\"new\\\" device [{}]", "x".repeat(n % 71)))
        .collect();
    for number in 0..reports {
        let pid = 1000 + number;
        let place = random.index(lines.len() + 1);
        lines.splice(
            place..place,
            [
                "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
                    .to_owned(),
                format!(
                    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,\
                     oom_memcg=/a/b,task_memcg=/a/b/c,task=java,pid={pid},uid=0"
                ),
                format!(
                    "Memory cgroup out of memory: Killed process {pid} (java) total-vm:21552kB, \
                     anon-rss:20000kB, file-rss:400kB, shmem-rss:0kB, UID:0 pgtables:80kB \
                     oom_score_adj:0"
                ),
            ],
        );
    }
    let record = |line: String| format!(r#"{{"n":1.50,"log":"{line}"}}"#).into_bytes();
    lines.into_iter().map(record).collect()
}

/// The body in pieces as a sender might write them: of one size, of any, behind line ends.
fn pieces(random: &mut Dice, body: &[u8]) -> Vec<Piece> {
    let kind = random.index(4);
    let size = random.one_of(&[100, 1000, 5000, 16 << 10, 70_000, 300_000]);
    let mut pieces = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let wanted = match kind {
            0 => rest.len(),
            1 => size,
            2 => 1 + random.index(size),
            _ => rest
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(size, |end| end + 1),
        };
        let (piece, behind) = rest.split_at(wanted.min(rest.len()));
        rest = behind;
        pieces.push(Piece::Bytes(piece.to_vec()));
        if random.one_in(60) {
            pieces.push(Piece::Pause(Duration::from_millis(1)));
        }
    }
    pieces
}

/// A number from the environment.
fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![what_is_accepted_is_undamaged,]
}

fn what_is_accepted_is_undamaged() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let (deliveries, seed) = (number("OOM_DELIVERIES", DELIVERIES), number("OOM_SEED", 1));
    runtime().block_on(async {
        let upstream = Arc::new(Upstream::start(Behaviour::Plays).await);
        let envoys: Vec<Envoy> = PROXIES
            .iter()
            .map(|proxy| program.start(proxy.name, &proxy.config(upstream.address, &module)))
            .collect();
        let addresses: Vec<SocketAddr> = envoys.iter().map(|it| it.listener("logs")).collect();
        let mut tasks = JoinSet::new();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for number in 0..deliveries {
            if tasks.len() == TOGETHER {
                outcomes.extend(tasks.join_next().await.map(|task| task.expect("no panic")));
            }
            let (upstream, addresses) = (upstream.clone(), addresses.clone());
            tasks.spawn(async move {
                let case = Case::new(number, seed);
                run(case, &addresses, &upstream).await
            });
        }
        outcomes.extend(tasks.join_all().await);
        let mut counts: BTreeMap<(&str, u16), usize> = BTreeMap::new();
        for outcome in &outcomes {
            *counts.entry((outcome.proxy, outcome.status)).or_default() += 1;
        }
        println!("{deliveries} deliveries of seed {seed}, by proxy and answer: {counts:?}");
        let damaged: Vec<&str> = outcomes
            .iter()
            .filter_map(|it| it.damage.as_deref())
            .collect();
        assert!(
            damaged.is_empty(),
            "{} of {deliveries} damaged:\n{}",
            damaged.len(),
            damaged.join("\n")
        );
        for envoy in &envoys {
            assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
        }
    });
    Ok(())
}

struct Outcome {
    proxy: &'static str,
    /// 0 where there was none.
    status: u16,
    damage: Option<String>,
}

/// Sends a delivery and looks at what the receiver accepted of it.
async fn run(case: Case, addresses: &[SocketAddr], upstream: &Upstream) -> Outcome {
    let proxy = &PROXIES[case.proxy];
    // A sender without an answer knows that it has to send again.
    let answer = case.post.send(addresses[case.proxy]).await.ok();
    let status = match answer.as_ref().map_or(0, |answer| answer.status) {
        // As Loki says it.
        204 => 200,
        status => status,
    };
    let accepted = upstream.take(&case.path);
    let wanted = usize::from(status == 200 && !case.is_emptied);
    let damage = if accepted.iter().any(|body| *body != case.expected) {
        Some(format!(
            "{} bytes accepted, and not these {}",
            accepted.iter().map(Vec::len).sum::<usize>(),
            case.expected.len()
        ))
    } else if status != 200 && (status == 413 || case.is_accepted) {
        Some("refused by the proxy".to_owned())
    } else if case.is_emptied && status == 200 && !answer.is_some_and(|it| is_elasticsearch(&it)) {
        Some("Elasticsearch's clients refuse the answer".to_owned())
    } else if accepted.len() < wanted {
        Some("nothing was accepted".to_owned())
    } else {
        None
    };
    Outcome {
        proxy: proxy.name,
        status,
        damage: damage.map(|damage| format!("{status} {}: {damage}", case.name)),
    }
}

fn is_elasticsearch(answer: &Answer) -> bool {
    let product = answer.headers.get("x-elastic-product");
    let is_json = answer.body.starts_with(b"{\"took\":0");
    is_json && product.is_some_and(|product| product == "Elasticsearch")
}
