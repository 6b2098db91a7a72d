//! What the sender of a `_bulk` request is told of which nothing is left.

use oom_envoy_test::{Answer, Behaviour, Config, Form, Post, Program, Upstream, module, runtime};
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![the_store_says_who_may_send_an_emptied_request]
}

const NOTHING_DONE: &[u8] = br#"{"took":0,"errors":false,"items":[]}"#;
const ORDINARY: &[u8] = br#"{"log":"usb 1-1: new device"}"#;
const KILL: &[u8] =
    br#"{"log":"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"}"#;

fn the_store_says_who_may_send_an_emptied_request() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        for (name, behaviour, status) in [
            // It refuses an empty request as Elasticsearch does, and that is no fault of the sender's.
            ("accepts", Behaviour::Keeps, 200),
            ("unknown", Behaviour::Refuses(401), 401),
            ("forbidden", Behaviour::Refuses(403), 403),
            ("busy", Behaviour::Refuses(429), 429),
            ("broken", Behaviour::Refuses(500), 500),
        ] {
            let upstream = Upstream::start(behaviour).await;
            let config = Config::shipped()
                .receiver(upstream.address)
                .module(&module)
                .plugin(r#"{"mode": "events"}"#);
            // As it ships, and with no more allowed than it needs.
            for config in [config.clone(), config.with_capabilities()] {
                let envoy = program.start(&format!("bulk-{name}"), &config);
                let address = envoy.listener("logs");
                let send = async |record: &[u8], http2: bool| -> Answer {
                    let body = Form::Bulk.body(&[record.to_vec()]);
                    let post = Post::new("/_bulk", Form::Bulk.content_type(), body);
                    let post = if http2 { post.http2() } else { post };
                    post.send(address).await.expect("an answer")
                };
                for http2 in [false, true] {
                    let answer = send(ORDINARY, http2).await;
                    assert_eq!(answer.status, status, "{name}");
                    assert!(upstream.take("/_bulk").is_empty(), "{name}");
                    if status == 200 {
                        assert_eq!(answer.body, NOTHING_DONE);
                        let header = |name: &str| answer.headers.get(name).cloned();
                        // The store's own.
                        assert!(
                            header("x-elastic-product").is_some_and(|it| it == "Elasticsearch")
                        );
                        assert!(header("content-type").is_some_and(|it| it == "application/json"));
                    }
                    // One with a kill goes on, and so does its answer.
                    let answer = send(KILL, http2).await;
                    assert_eq!(answer.status, status, "{name}");
                    assert_eq!(upstream.take("/_bulk").len(), usize::from(status == 200));
                }
                assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
            }
        }
        // A request that came with something and still has it is refused as the store says.
        let upstream = Upstream::start(Behaviour::Refuses(400)).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let envoy = program.start("bulk-refused", &config.plugin(r#"{"mode": "events"}"#));
        let body = Form::Bulk.body(&[KILL.to_vec()]);
        let post = Post::new("/_bulk", Form::Bulk.content_type(), body);
        let answer = post.send(envoy.listener("logs")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 400);
        assert!(answer.body.len() > KILL.len());
    });
    Ok(())
}
