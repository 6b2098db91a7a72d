//! The ways a delivery can come: in pieces, packed, long, many at once, by either protocol.

use std::time::Duration;

use oom_envoy_test::{
    Behaviour, Config, Envoy, Form, Packing, Piece, Post, Program, Sender, Upstream, module,
    native, runtime,
};
use oom_filter::Mode;
use oom_suite::Suite;
use oom_suite::trial::{Skip, Tested, Trial};
use oom_suite::trials;

/// A report of several lines, names of more than one byte among them, and ordinary lines around it.
fn records() -> Vec<Vec<u8>> {
    let odd = r#"{"log":"é😀\n\u00e9 \"quoted\" \\","n":12345678901234567890123,"a":[{"b":[]}]}"#;
    let mut records = vec![odd.as_bytes().to_vec()];
    records.extend(Suite::named("container-limit").records());
    records.push(odd.as_bytes().to_vec());
    records
}

/// What must arrive of them.
fn expected(form: Form) -> Vec<u8> {
    let left: Vec<Vec<u8>> = native(Mode::Annotate, &records())
        .into_iter()
        .flatten()
        .collect();
    assert_ne!(left, records(), "there is something to find");
    form.body(&left)
}

struct Setting {
    envoy: Envoy,
    upstream: Upstream,
    address: std::net::SocketAddr,
}

async fn setting(name: &str, behaviour: Behaviour) -> Result<Setting, Skip> {
    let (program, module) = (Program::find()?, module()?);
    let upstream = Upstream::start(behaviour).await;
    let config = Config::shipped().receiver(upstream.address).module(&module);
    let envoy = program.start(name, &config);
    let address = envoy.listener("logs");
    Ok(Setting {
        envoy,
        upstream,
        address,
    })
}

/// Places in a body of each kind at which a cut could hurt.
fn cuts(body: &[u8]) -> Vec<Vec<usize>> {
    let find = |needle: &[u8]| {
        let position = body
            .windows(needle.len())
            .position(|window| window == needle);
        position.expect("the body holds it")
    };
    let killed = find(b"Killed process");
    let constraint = find(b"oom-kill:constraint");
    let mut cuts: Vec<Vec<usize>> = vec![
        // Inside a character, an escape, a key, a telling word; between records.
        vec![find("é".as_bytes()) + 1],
        vec![find("😀".as_bytes()) + 1],
        vec![find("😀".as_bytes()) + 3],
        vec![find(br"\u00e9") + 1],
        vec![find(br"\u00e9") + 4],
        vec![find(b"\\\\") + 1],
        vec![find(b"\"log\"") + 2],
        vec![killed, killed + 3],
        vec![constraint + 7],
        vec![1],
        vec![body.len() - 1],
    ];
    for separator in [&b"}\n"[..], b"},\n", b"}{"] {
        if let Some(position) = body
            .windows(separator.len())
            .position(|window| window == separator)
        {
            cuts.push((0..=separator.len()).map(|n| position + n).collect());
        }
    }
    // Every byte by itself, over the line that is the kill.
    cuts.push((killed - 40..killed + 80).collect());
    cuts
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        a_body_may_be_cut_anywhere,
        texts_may_be_cut_anywhere,
        a_packed_body_is_unpacked_and_read,
        a_long_body_takes_little_memory,
        many_deliveries_at_once_do_not_mix,
        a_report_may_be_divided_between_deliveries,
        trailers_and_empty_bodies_go_on,
        the_buffer_of_the_proxy_is_not_the_limit,
        what_unpacks_to_very_much_goes_on
    ]
}

fn a_body_may_be_cut_anywhere() -> Tested {
    runtime().block_on(async {
        let setting = setting("cut", Behaviour::Echo).await?;
        let address = setting.address;
        for form in Form::OF_RECORDS {
            let body = form.body(&records());
            let expected = expected(form);
            for (number, cuts) in cuts(&body).into_iter().enumerate() {
                for http2 in [false, true] {
                    let path = form.path(&format!("cut-{number}-{http2}"));
                    let mut post = Post::cut(&path, form.content_type(), &body, &cuts);
                    if http2 {
                        post = post.http2();
                    }
                    let answer = post.send(address).await.expect("an answer");
                    assert_eq!(answer.status, 200, "{path}");
                    assert!(
                        answer.body == expected,
                        "{path} {cuts:?}\n{}",
                        setting.envoy.log()
                    );
                }
            }
        }
        Ok(())
    })
}

fn texts_may_be_cut_anywhere() -> Tested {
    runtime().block_on(async {
        let setting = setting("cut-texts", Behaviour::Echo).await?;
        let address = setting.address;
        for form in Form::OF_TEXTS {
            let body = form.body(&records());
            let mut whole = None;
            for step in [body.len(), 1000, 97] {
                let cuts: Vec<usize> = (1..body.len()).filter(|n| n % step == 0).collect();
                for http2 in [false, true] {
                    let path = form.path(&format!("cut-{step}-{http2}"));
                    let mut post = Post::cut(&path, form.content_type(), &body, &cuts);
                    if http2 {
                        post = post.http2();
                    }
                    let answer = post.send(address).await.expect("an answer");
                    assert_eq!(answer.status, 200, "{path}");
                    assert_ne!(answer.body, body, "{path}");
                    assert!(*whole.get_or_insert_with(|| answer.body.clone()) == answer.body);
                }
            }
        }
        Ok(())
    })
}

fn a_packed_body_is_unpacked_and_read() -> Tested {
    runtime().block_on(async {
        let setting = setting("packed", Behaviour::Echo).await?;
        let address = setting.address;
        let mut kills = 0;
        // Snappy belongs to the form.
        let forms = Form::ALL
            .into_iter()
            .filter(|form| *form != Form::LokiProtobuf);
        for (form, packing) in forms.flat_map(|form| Packing::ALL.map(|packing| (form, packing))) {
            let packed = packing.pack(&form.body(&records()));
            for http2 in [false, true] {
                let path = form.path(&format!("{packing:?}-{http2}"));
                let mut post = Post::new(&path, form.content_type(), packed.clone())
                    .header("content-encoding", packing.encoding());
                if http2 {
                    post = post.http2();
                }
                let answer = post.send(address).await.expect("an answer");
                assert_eq!(answer.status, 200, "{path}");
                assert!(!answer.headers.contains_key("x-content-encoding"), "{path}");
                if Form::OF_RECORDS.contains(&form) {
                    assert!(answer.body == expected(form), "{path}");
                } else {
                    let added = form.texts(&answer.body);
                    assert!(added.iter().any(|entry| !entry.added.is_empty()), "{path}");
                }
                kills += 1;
            }
        }
        assert_eq!(
            setting
                .envoy
                .counter(r#"oom_kills_total{level="container"}"#),
            kills
        );
        Ok(())
    })
}

/// A hundred mebibytes, of which the proxy at no time holds more than a few.
fn a_long_body_takes_little_memory() -> Tested {
    const LENGTH: usize = 100 << 20;
    runtime().block_on(async {
        let setting = setting("long", Behaviour::Count).await?;
        let address = setting.address;
        let kill = Form::Ndjson.body(&records());
        let line = b"{\"log\":\"usb 1-1: new high-speed USB device number 2\",\"n\":1}\n";
        let ordinary = line.repeat((1 << 20) / line.len());
        let warm = Post::new("/warm", "application/x-ndjson", ordinary.clone());
        assert_eq!(warm.send(address).await.expect("an answer").status, 200);
        for http2 in [false, true] {
            let before = setting.envoy.memory();
            let mut pieces = Vec::new();
            let mut sent = 0;
            while sent < LENGTH {
                for piece in [&ordinary, &kill] {
                    sent += piece.len();
                    pieces.push(Piece::Bytes(piece.clone()));
                }
            }
            let mut post = Post::pieces("/long", "application/x-ndjson", pieces);
            if http2 {
                post = post.http2();
            }
            let task = tokio::spawn(post.send(address));
            let mut most = before;
            while !task.is_finished() {
                most = most.max(setting.envoy.memory());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let answer = task.await.expect("it ends").expect("an answer");
            assert_eq!(answer.status, 200);
            let arrived: usize = String::from_utf8(answer.body).unwrap().parse().unwrap();
            assert!(arrived > sent, "{arrived} of {sent}");
            assert!(most - before < 16 << 20, "{before} bytes became {most}");
        }
        Ok(())
    })
}

fn many_deliveries_at_once_do_not_mix() -> Tested {
    runtime().block_on(async {
        let setting = setting("many", Behaviour::Echo).await?;
        let address = setting.address;
        let mut tasks = Vec::new();
        for number in 0..64 {
            let form = Form::OF_RECORDS[number % 4];
            let body = form.body(&records());
            let path = form.path(&format!("many-{number}"));
            let cuts: Vec<usize> = (1..body.len()).filter(|n| n % 700 == 0).collect();
            let mut post = Post::cut(&path, form.content_type(), &body, &cuts);
            if number % 8 > 3 {
                post = post.http2();
            }
            tasks.push(tokio::spawn(async move {
                let answer = post.send(address).await.expect("an answer");
                assert_eq!(answer.status, 200);
                assert!(answer.body == expected(form), "{path}");
            }));
        }
        for task in tasks {
            task.await.expect("it is as it should be");
        }
        // As many streams of one connection of HTTP/2.
        let mut sender = Sender::connect(address, oom_envoy_test::Protocol::Http2)
            .await
            .expect("a connection");
        for form in Form::OF_RECORDS {
            let path = form.path("one-connection");
            let post = Post::new(&path, form.content_type(), form.body(&records()));
            let answer = sender.send(post).await.expect("an answer");
            assert!(answer.body == expected(form), "{path}");
        }
        Ok(())
    })
}

fn a_report_may_be_divided_between_deliveries() -> Tested {
    runtime().block_on(async {
        let setting = setting("divided", Behaviour::Echo).await?;
        let address = setting.address;
        let records = records();
        for form in Form::OF_RECORDS {
            let whole = native(Mode::Annotate, &records);
            let mut left = whole.iter().flatten().cloned();
            for (number, part) in records.chunks(7).enumerate() {
                let body = form.body(part);
                let post = Post::new(&form.path("divided"), form.content_type(), body);
                // Another sender's report stands in between.
                let other = Form::Ndjson.body(&records[..records.len() / 2]);
                let path = Form::Ndjson.path(&format!("other-{number}"));
                let other = Post::new(&path, Form::Ndjson.content_type(), other);
                assert_eq!(other.send(address).await.expect("an answer").status, 200);
                let answer = post.send(address).await.expect("an answer");
                let expected: Vec<Vec<u8>> = left.by_ref().take(part.len()).collect();
                assert!(answer.body == form.body(&expected), "{form:?} {number}");
            }
        }
        Ok(())
    })
}

fn trailers_and_empty_bodies_go_on() -> Tested {
    runtime().block_on(async {
        let setting = setting("trailers", Behaviour::Echo).await?;
        let address = setting.address;
        let trailers = || {
            let mut trailers = hyper::HeaderMap::new();
            trailers.insert("x-checksum", "1".parse().expect("a value"));
            Piece::Trailers(trailers)
        };
        for form in Form::OF_RECORDS {
            let mut body = form.body(&records());
            let mut expected = expected(form);
            // Where nothing ends the last record, only the end of the body does.
            if form == Form::Ndjson || form == Form::Bulk {
                body.pop();
                expected.pop();
            }
            for cut in [0, body.len() / 2, body.len() - 10] {
                for (number, length) in [None, Some(body.len())].into_iter().enumerate() {
                    let path = form.path(&format!("trailers-{cut}-{number}"));
                    let pieces = [
                        Piece::Bytes(body[..cut].to_vec()),
                        Piece::Pause(Duration::from_millis(5)),
                        Piece::Bytes(body[cut..].to_vec()),
                        Piece::Pause(Duration::from_millis(5)),
                        trailers(),
                    ];
                    let mut post = Post::pieces(&path, form.content_type(), pieces).http2();
                    if let Some(length) = length {
                        post = post.header("content-length", &length.to_string());
                    }
                    let answer = post.send(address).await.expect("an answer");
                    assert_eq!(answer.status, 200, "{path}\n{}", setting.envoy.log());
                    assert!(answer.body == expected, "{path}");
                }
            }
        }
        for form in Form::ALL {
            for post in [
                Post::new(&form.path("empty"), form.content_type(), ""),
                Post::pieces(&form.path("empty"), form.content_type(), []),
                Post::pieces(&form.path("empty"), form.content_type(), []).http2(),
                Post::pieces(&form.path("empty"), form.content_type(), [trailers()]).http2(),
            ] {
                let answer = post.send(address).await.expect("an answer");
                assert_eq!((answer.status, answer.body.len()), (200, 0), "{form:?}");
            }
        }
        assert_eq!(setting.upstream.deliveries(), 4 * 3 * 2 + 9 * 4);
        Ok(())
    })
}

/// A proxy whose buffer is smaller than the body, and than what a sender writes at once.
fn the_buffer_of_the_proxy_is_not_the_limit() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped()
            .receiver(upstream.address)
            .module(&module)
            .replace("limit_bytes: 65536", "limit_bytes: 16384");
        let envoy = program.start("small-buffer", &config);
        let address = envoy.listener("logs");
        let line = |number: usize| format!("{{\"log\":\"usb {number}\"}}").into_bytes();
        let records: Vec<Vec<u8>> = (0..20_000).map(line).collect();
        for form in Form::ALL {
            let body = form.body(&records);
            let pieces = || {
                body.chunks(100_000)
                    .map(|piece| Piece::Bytes(piece.to_vec()))
            };
            let kind = form.content_type();
            for http2 in [false, true] {
                for (number, post) in [
                    Post::new(&form.path("length"), kind, body.clone()),
                    Post::pieces(&form.path("pieces"), kind, pieces()),
                    Post::new(&form.path("packed"), kind, Packing::Gzip.pack(&body))
                        .header("content-encoding", "gzip"),
                ]
                .into_iter()
                .enumerate()
                {
                    // It is packed by snappy alone.
                    if form == Form::LokiProtobuf && number == 2 {
                        continue;
                    }
                    let post = if http2 { post.http2() } else { post };
                    let answer = post.send(address).await.expect("an answer");
                    assert_eq!(answer.status, 200, "{form:?} {number} {http2}");
                    assert!(answer.body == body, "{form:?} {number} {http2}");
                }
            }
        }
    });
    Ok(())
}

/// Packed so tight that a piece of it is a thousand times as long.
fn what_unpacks_to_very_much_goes_on() -> Tested {
    runtime().block_on(async {
        let setting = setting("bomb", Behaviour::Count).await?;
        let line = b"{\"log\":\"usb 1-1: new\"}\n";
        let body = line.repeat((100 << 20) / line.len());
        for packing in Packing::ALL {
            let post = Post::new("/bomb", Form::Ndjson.content_type(), packing.pack(&body))
                .header("content-encoding", packing.encoding());
            let answer = post.send(setting.address).await.expect("an answer");
            assert_eq!(answer.status, 200, "{packing:?}");
            assert_eq!(answer.body, body.len().to_string().into_bytes());
        }
        // Of 4 bytes each of these makes 128 KiB.
        let block = [&(1_u32 << 1 | (128 << 10) << 3).to_le_bytes()[..3], b"x"].concat();
        let bomb = [&b"\x28\xb5\x2f\xfd\0\x38"[..], &block.repeat(10_000)].concat();
        let post = Post::new("/bomb", Form::Ndjson.content_type(), bomb)
            .header("content-encoding", "zstd");
        let answer = post.send(setting.address).await.expect("an answer");
        assert_eq!(answer.status, 413);
        let refused = r#"oom_bodies_refused_total{reason="too_large"}"#;
        assert_eq!(setting.envoy.counter(refused), 1);
        // The module is as it was.
        let body = Form::Ndjson.body(&records());
        let post = Post::new("/behind", Form::Ndjson.content_type(), body);
        assert_eq!(
            post.send(setting.address).await.expect("an answer").status,
            200
        );
        assert_eq!(
            setting
                .envoy
                .counter(r#"oom_kills_total{level="container"}"#),
            1
        );
        Ok(())
    })
}
