//! What is not read, and what is read and holds nothing: no byte of it changes.

use oom_envoy_test::{Behaviour, Config, Form, Post, Program, Upstream, module, runtime};
use oom_suite::Suite;
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const KILL: &str =
    r#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;

/// Bodies without a line of the OOM killer.
fn corpus() -> Vec<Vec<Vec<u8>>> {
    let line = |n: usize| {
        format!(
            "{{ \"log\" : \"usb {n}-1: é😀 \\u00e9 \\\"q\\\" \\\\ \\/\\n\" , \"big\":123456789012345678901234567890,\
             \"f\":1.50E+03,\"neg\":-0,\"k\":{{}},\"k\":[ ],\"null\":null }}"
        )
        .into_bytes()
    };
    let no_oom = Suite::named("no-oom");
    vec![
        Vec::new(),
        vec![b"{}".to_vec()],
        vec![line(0)],
        (0..100).map(line).collect(),
        (0..3000).map(line).collect(),
        vec![format!(r#"{{"log":"{}"}}"#, "x".repeat(300_000)).into_bytes()],
        vec![
            format!(r#"{{"log":"{}"}}"#, "x".repeat(3_000_000)).into_bytes(),
            line(1),
        ],
        vec![
            [
                &b"{\"a\":"[..],
                &b"[".repeat(5000),
                &b"]".repeat(5000),
                b"}",
            ]
            .concat(),
        ],
        no_oom.records(),
    ]
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        no_byte_is_changed_where_nothing_is_told,
        what_is_not_read_is_counted_by_its_reason,
        headers_of_any_bytes_are_read
    ]
}

fn no_byte_is_changed_where_nothing_is_told() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        for mode in ["annotate", "rewrite"] {
            let plugin = format!(r#"{{"mode":"{mode}"}}"#);
            let config = Config::shipped().receiver(upstream.address).module(&module);
            let envoy = program.start(&format!("corpus-{mode}"), &config.plugin(&plugin));
            let address = envoy.listener("logs");
            for form in Form::ALL {
                for (number, records) in corpus().iter().enumerate() {
                    let body = form.body(&form.fitting(records));
                    for http2 in [false, true] {
                        let path = form.path(&format!("corpus-{number}"));
                        let mut post = Post::new(&path, form.content_type(), body.clone());
                        if http2 {
                            post = post.http2();
                        }
                        let answer = post.send(address).await.expect("an answer");
                        assert_eq!(answer.status, 200, "{path}");
                        assert!(answer.body == body, "{path} {mode}");
                    }
                }
            }
        }
    });
    Ok(())
}

fn what_is_not_read_is_counted_by_its_reason() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped()
            .receiver(upstream.address)
            .module(&module)
            .plugin(r#"{"max_body_bytes":4096,"formats":["ndjson","bulk","json_stream","loki"]}"#);
        let envoy = program.start("unread", &config);
        let address = envoy.listener("logs");
        let all_bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let long = format!("{{\"streams\":[{}]}}", " ".repeat(5000));
        let unread: [(&str, &str, &str, &[u8]); 9] = [
            ("content_type", "text/plain", "", KILL.as_bytes()),
            ("content_type", "application/octet-stream", "", &all_bytes),
            ("encoding", "application/json", "deflate", &all_bytes),
            ("encoding", "application/x-ndjson", "br", KILL.as_bytes()),
            ("protobuf", "application/x-protobuf", "", &all_bytes),
            ("disabled", "application/json", "", b"[1]"),
            ("unreadable", "application/json", "", b"\"text\""),
            ("unreadable", "application/json", "", &all_bytes),
            ("too_large", "application/json", "", long.as_bytes()),
        ];
        for (number, (reason, kind, encoding, body)) in unread.into_iter().enumerate() {
            let counter = format!("oom_bodies_passed_total{{reason=\"{reason}\"}}");
            let before = envoy.counter(&counter);
            let mut post = Post::new(&format!("/{number}"), kind, body);
            if !encoding.is_empty() {
                post = post.header("content-encoding", encoding);
            }
            let answer = post.send(address).await.expect("an answer");
            assert_eq!(answer.status, 200, "{reason}");
            assert!(answer.body == body, "{reason}");
            assert_eq!(envoy.counter(&counter), before + 1, "{reason}");
        }
        // What is not read keeps its length.
        let answer = Post::new("/l", "text/plain", "text")
            .send(address)
            .await
            .expect("an answer");
        assert_eq!(answer.headers["x-content-length"], "4");

        let path = "/kill";
        let body = format!("{KILL}\n{{\"log\":\"a\"}}\n");
        let answer = Post::new(path, "application/x-ndjson", body)
            .send(address)
            .await;
        assert_eq!(answer.expect("an answer").status, 200);
        // A text where it is not looked for tells nothing, and is counted for that.
        let elsewhere = KILL.replace("log", "detail");
        let post = Post::new("/elsewhere", "application/x-ndjson", elsewhere.clone());
        let answer = post.send(address).await.expect("an answer");
        assert_eq!(answer.body, elsewhere.as_bytes());
        for (counter, count) in [
            ("oom_records_silent_total{}", 1),
            (r#"oom_kills_total{level="node"}"#, 1),
            (r#"oom_kills_total{level="pod"}"#, 0),
            (r#"oom_records_total{outcome="rewritten"}"#, 1),
            (r#"oom_records_total{outcome="same"}"#, 2),
            (r#"oom_bodies_total{format="ndjson"}"#, 2),
        ] {
            assert_eq!(
                envoy.counter(counter),
                count,
                "{counter}\n{}",
                envoy.get("/stats/prometheus")
            );
        }
    });
    Ok(())
}

/// What a sender writes into its headers is any bytes, and the proxy lets some of them pass.
fn headers_of_any_bytes_are_read() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let envoy = program.start("headers", &config);
        let address = envoy.listener("logs");
        for (header, status) in [
            (&b"x: \xff\xfe\x80"[..], "200"),
            (b"x-scope-orgid: \xc3\x28", "200"),
            // Names are the proxy's to refuse; the module takes them for text.
            (b"\xff: 1", "400"),
            (b"x\xc3\x28: 1", "400"),
        ] {
            let length = KILL.len();
            let request = [
                b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-ndjson\r\n",
                header,
                format!("\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{KILL}")
                    .as_bytes(),
            ]
            .concat();
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.write_all(&request).await.expect("it is sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("an answer");
            let answer = String::from_utf8_lossy(&answer);
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
            assert_eq!(answer.contains("\"oom\""), status == "200", "{answer}");
        }
        assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
    });
    Ok(())
}
