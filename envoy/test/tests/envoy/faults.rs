//! Faults: of the receiver, of the sender, of the module itself, of its configuration.

use std::path::PathBuf;
use std::time::Duration;

use oom_envoy_test::{
    Behaviour, Config, Form, Packing, Piece, Post, Program, Upstream, module, native, runtime,
};
use oom_filter::Mode;
use oom_suite::Suite;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;
use tokio::time::sleep;

const NDJSON: &str = "application/x-ndjson";
/// The module that traps where a body holds this.
const TRAP: &str = "oom-trap";
const KILL: &str =
    r#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;

/// The module that traps, by `OOM_ENVOY_TRAP`; where there is none, the test is skipped.
fn trapping_module() -> Result<PathBuf, Skip> {
    let path = std::env::var_os("OOM_ENVOY_TRAP").map(PathBuf::from);
    path.ok_or_else(|| {
        Skip::new("OOM_ENVOY_TRAP names no module that traps; `cargo xtask test` builds one")
    })
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_fault_of_the_module_stops_no_delivery,
        a_slow_receiver_gets_every_byte,
        a_receiver_that_fails_is_none_of_the_filter,
        what_is_refused_may_come_again,
        what_cannot_be_unpacked_is_refused,
        many_large_windows_are_refused,
        a_sender_that_breaks_off_leaves_nothing_behind,
        a_wrong_configuration_is_named,
    ]
}

fn a_fault_of_the_module_stops_no_delivery() -> Tested {
    let (program, module) = (Program::find()?, trapping_module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let shipped = Config::shipped().receiver(upstream.address).module(&module);
        let reload = "failure_policy: FAIL_RELOAD\n                        \
                      reload_config: { backoff: { base_interval: 0.1s } }";
        for (name, config, open) in [
            ("open", shipped.clone(), true),
            (
                "reload",
                shipped.replace("failure_policy: FAIL_OPEN", reload),
                false,
            ),
        ] {
            let envoy = program.start(&format!("trap-{name}"), &config);
            let address = envoy.listener("logs");
            // The module holds the beginning of a record of another sender.
            let other = Post::pieces(
                "/other",
                NDJSON,
                [
                    Piece::Bytes(b"{\"log\":\"a\"}\n{\"log".to_vec()),
                    Piece::Pause(Duration::from_millis(500)),
                    Piece::Bytes(b"\":\"b\"}\n".to_vec()),
                ],
            );
            let other = tokio::spawn(other.send(address));
            sleep(Duration::from_millis(200)).await;
            let trapping = || Post::new("/trap", NDJSON, format!("{TRAP}\n"));
            let answer = trapping().send(address).await.expect("an answer");
            assert_eq!(answer.status, 503, "{name}");
            // Nothing arrives with a piece lost: it is refused, and its sender repeats it.
            let answer = other.await.expect("it ends").expect("an answer");
            assert_eq!(answer.status, 503, "{name}");
            assert_eq!(upstream.deliveries(), u64::from(!open) * 3, "{name}");
            assert!(envoy.log().contains("unreachable"), "{}", envoy.log());
            if open {
                // Even what made it trap goes on.
                for body in [
                    format!("{TRAP}\n"),
                    format!("{KILL}\n"),
                    format!("{TRAP}\n"),
                ] {
                    let answer = Post::new("/x", NDJSON, body.clone()).send(address).await;
                    let answer = answer.expect("an answer");
                    assert_eq!((answer.status, &*answer.body), (200, body.as_bytes()));
                }
            } else {
                sleep(Duration::from_secs(1)).await;
                let answer = Post::new("/x", NDJSON, KILL).send(address).await;
                let answer = answer.expect("an answer");
                assert_eq!(answer.status, 200);
                assert!(answer.body.len() > KILL.len(), "it is read again");
            }
        }
    });
    Ok(())
}

fn a_slow_receiver_gets_every_byte() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Slow(Duration::from_millis(2))).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let envoy = program.start("slow", &config);
        let address = envoy.listener("logs");
        let body = "{\"log\":\"usb 1-1: new\"}\n".repeat(200_000);
        let before = envoy.memory();
        for http2 in [false, true] {
            let mut post = Post::new("/slow", NDJSON, body.clone());
            if http2 {
                post = post.http2();
            }
            let answer = post.send(address).await.expect("an answer");
            assert_eq!(answer.status, 200);
            assert!(answer.body == body.as_bytes());
        }
        let more = envoy.memory().saturating_sub(before);
        assert!(more < 32 << 20, "{more} bytes more");
    });
    Ok(())
}

fn a_receiver_that_fails_is_none_of_the_filter() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        for (behaviour, status) in [
            (Behaviour::Refuses(429), 429),
            (Behaviour::Refuses(500), 500),
            (Behaviour::Dies(1), 503),
        ] {
            let upstream = Upstream::start(behaviour).await;
            let config = Config::shipped().receiver(upstream.address).module(&module);
            let mut envoy = program.start(&format!("fails-{status}"), &config);
            let address = envoy.listener("logs");
            let body = format!("{KILL}\n").repeat(1000);
            for _ in 0..3 {
                let answer = Post::new("/x", NDJSON, body.clone()).send(address).await;
                assert_eq!(answer.expect("an answer").status, status);
            }
            // What was not accepted comes again: it counts then.
            assert_eq!(envoy.counter(r#"oom_kills_total{level="node"}"#), 0);
            assert!(!envoy.has_ended());
        }
        let upstream = Upstream::start(Behaviour::Echo).await;
        let gone = upstream.address;
        drop(upstream);
        let config = Config::shipped().receiver(gone).module(&module);
        let envoy = program.start("gone", &config);
        let answer = Post::new("/x", NDJSON, KILL).send(envoy.listener("logs"));
        assert_eq!(answer.await.expect("an answer").status, 503);
    });
    Ok(())
}

/// A report in deliveries of one record, each of which is refused first and then sent again.
fn what_is_refused_may_come_again() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let records = Suite::named("container-limit").records();
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Plays).await;
        for (name, mode) in [
            ("annotate", Mode::Annotate),
            ("rewrite", Mode::Rewrite),
            ("events", Mode::Events),
        ] {
            let config = Config::shipped()
                .receiver(upstream.address)
                .module(&module)
                .plugin(&format!(r#"{{"mode": "{name}"}}"#));
            let envoy = program.start(&format!("refused-{name}"), &config);
            let address = envoy.listener("logs");
            let path = format!("/{name}");
            for (number, record) in records.iter().enumerate() {
                for (play, status) in [("refuse", 503), ("reset", 503), ("accept", 200)] {
                    let delivery = format!("{path}?{number}");
                    let post = Post::new(&delivery, NDJSON, [record, &b"\n"[..]].concat())
                        .header("x-plays", "refuse,reset,accept");
                    let answer = post.send(address).await.expect("an answer");
                    assert_eq!(answer.status, status, "{delivery}: {play}");
                }
            }
            let expected: Vec<Vec<u8>> = native(mode, &records).into_iter().flatten().collect();
            assert_eq!(
                String::from_utf8(upstream.take(&path).concat()),
                String::from_utf8(Form::Ndjson.body(&expected)),
                "{name}"
            );
            assert_eq!(envoy.counter(r#"oom_kills_total{level="container"}"#), 1);
        }
    });
    Ok(())
}

/// Of what cannot be unpacked nothing is accepted, and its sender is told.
fn what_cannot_be_unpacked_is_refused() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    // No line is like another, or hardly anything of it would be left packed.
    let line = |number: u32| {
        let mixed = number.wrapping_mul(2_654_435_761);
        format!("{{\"log\":\"usb {mixed} {:x}\"}}\n", mixed.rotate_left(9))
    };
    let body: String = (0..20_000).map(line).collect();
    let body = body.as_bytes();
    let flipped = |mut packed: Vec<u8>, place: usize| {
        packed[place] ^= 1;
        packed
    };
    let mut cases = Vec::new();
    for packing in Packing::ALL {
        let whole = packing.pack(body);
        let length = whole.len();
        // Its checksum: of gzip with its length behind it.
        let checksum = match packing.encoding() {
            "gzip" => length - 8,
            _ => length - 4,
        };
        cases.extend([
            (packing, "whole", whole.clone(), Some(body)),
            (packing, "nothing", packing.pack(b""), Some(&b""[..])),
            (packing, "unpacked", body.to_vec(), None),
            (packing, "half", whole[..length / 2].to_vec(), None),
            (packing, "less", whole[..length - 1].to_vec(), None),
            (packing, "checksum", flipped(whole.clone(), checksum), None),
            (packing, "corrupt", flipped(whole.clone(), length / 2), None),
            (packing, "more", [&whole[..], b"more"].concat(), None),
        ]);
    }
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Keeps).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let envoy = program.start("unpack", &config);
        let address = envoy.listener("logs");
        let mut refused = 0;
        for (packing, name, sent, expected) in cases {
            for (number, http2) in [false, true, true].into_iter().enumerate() {
                let path = format!("/{packing:?}/{name}/{number}");
                let mut post = match number {
                    // Without a length, and trailers behind it.
                    2 => Post::pieces(&path, NDJSON, [Piece::Bytes(sent.clone()), trailers()]),
                    _ => Post::new(&path, NDJSON, sent.clone()),
                };
                post = post.header("content-encoding", packing.encoding());
                if http2 {
                    post = post.http2();
                }
                let status = post.send(address).await.expect("an answer").status;
                assert_eq!(status, if expected.is_some() { 200 } else { 400 }, "{path}");
                let arrived: Vec<Vec<u8>> = expected.iter().map(|body| body.to_vec()).collect();
                assert!(upstream.take(&path) == arrived, "{path}");
                refused += u64::from(status == 400);
            }
        }
        let counter = r#"oom_bodies_refused_total{reason="packing"}"#;
        assert_eq!(envoy.counter(counter), refused);
        assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
    });
    Ok(())
}

fn trailers() -> Piece {
    let mut trailers = hyper::HeaderMap::new();
    trailers.insert("x-checksum", "1".parse().expect("a value"));
    Piece::Trailers(trailers)
}

/// Bodies that each make the module keep eight mebibytes for the rest of them: more than it may hold.
fn many_large_windows_are_refused() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let line = |number: u32| {
        let mixed = number.wrapping_mul(2_654_435_761);
        format!("{{\"log\":\"usb {mixed} {:x}\"}}\n", mixed.rotate_left(9))
    };
    let body: Vec<String> = (0..300_000).map(line).collect();
    let body = body.concat();
    let (packed, end) = Packing::with_large_window(body.as_bytes());
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Count).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let envoy = program.start("windows", &config);
        let address = envoy.listener("logs");
        let post = |pause: u64| {
            let pieces = [
                Piece::Bytes(packed.clone()),
                Piece::Pause(Duration::from_secs(pause)),
                Piece::Bytes(end.clone()),
            ];
            let post = Post::pieces("/x", NDJSON, pieces).header("content-encoding", "zstd");
            post.http2()
        };
        let posts: Vec<_> = (0..40)
            .map(|_| tokio::spawn(post(5).send(address)))
            .collect();
        let mut statuses = Vec::new();
        for post in posts {
            let answer = post.await.expect("no panic");
            statuses.push(answer.map_or(0, |answer| answer.status));
        }
        assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
        let refused = envoy.counter(r#"oom_bodies_refused_total{reason="memory"}"#);
        assert!(refused > 0, "{statuses:?}");
        assert!(
            statuses.iter().all(|status| [0, 200, 503].contains(status)) && statuses.contains(&200),
            "{statuses:?}"
        );
        // One by one they are read.
        let answer = post(0).send(address).await.expect("an answer");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, body.len().to_string().into_bytes());
    });
    Ok(())
}

fn a_sender_that_breaks_off_leaves_nothing_behind() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let mut envoy = program.start("abort", &config);
        let address = envoy.listener("logs");
        let half = [b"{\"streams\":[".to_vec(), b" ".repeat(500_000)].concat();
        for round in 0..2 {
            let before = envoy.memory();
            for number in 0..200 {
                let pieces = [
                    Piece::Bytes(half.clone()),
                    Piece::Pause(Duration::from_millis(2)),
                    Piece::Abort,
                ];
                let mut post = Post::pieces("/abort", "application/json", pieces);
                if number % 2 == 1 {
                    post = post.http2();
                }
                assert!(post.send(address).await.is_err());
            }
            // A hundred mebibytes were begun, and none is held.
            if round > 0 {
                let more = envoy.memory().saturating_sub(before);
                assert!(more < 16 << 20, "{more} bytes more");
            }
        }
        // A kill of which nobody knows whether it was accepted comes again: it counts then.
        let pieces = [
            Piece::Bytes(format!("{KILL}\n").into_bytes()),
            Piece::Pause(Duration::from_millis(50)),
            Piece::Abort,
        ];
        let post = Post::pieces("/abort", NDJSON, pieces);
        assert!(post.send(address).await.is_err());
        assert!(!envoy.has_ended());
        let answer = Post::new("/x", NDJSON, KILL).send(address).await;
        assert!(answer.expect("an answer").body.len() > KILL.len());
        assert_eq!(envoy.counter(r#"oom_kills_total{level="node"}"#), 1);
        assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
        assert_eq!(
            envoy.counter(r#"oom_bodies_passed_total{reason="memory"}"#),
            0
        );
    });
    Ok(())
}

fn a_wrong_configuration_is_named() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        for (number, (plugin, named)) in [
            (r#"{"modes":"annotate"}"#, "unknown field `modes`"),
            (r#"{"mode":"drop"}"#, "unknown variant `drop`"),
            (r#"{"max_body_bytes":1}"#, "`max_body_bytes` is 1"),
        ]
        .into_iter()
        .enumerate()
        {
            // It does not start, whatever the policy for faults.
            let config = config.clone().plugin(plugin);
            for policy in ["FAIL_OPEN", "FAIL_CLOSED"] {
                let config = config.clone().replace("FAIL_OPEN", policy);
                let log = program.try_start(&format!("wrong-{number}-{policy}"), &config);
                let log = log.err().expect("it refuses");
                assert!(log.contains(named), "{log}");
            }
        }
    });
    Ok(())
}
