//! The configurations that ship, and a change of them while deliveries are under way.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oom_envoy_test::{
    Behaviour, Config, Piece, Post, Program, Upstream, folder, module, runtime, top,
};
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

const NDJSON: &str = "application/x-ndjson";
const LINES: &str = "{\"log\":\"a\"}\n{\"log\":\"b\"}\n";

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![
        every_shipped_configuration_is_valid,
        what_ships_uses_nothing_deprecated,
        the_module_needs_no_more_than_it_may,
        envoy_takes_what_kuma_adds,
        a_configuration_changes_while_deliveries_are_under_way,
    ]
}

fn every_shipped_configuration_is_valid() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let text = fs::read_to_string(top().join("envoy/config/envoy.yaml")).expect("it ships");
    let file = std::env::temp_dir().join(format!("oom-envoy-{}.yaml", std::process::id()));
    let module = module.display().to_string();
    fs::write(&file, text.replace("dist/oom-envoy.wasm", &module)).expect("a file");
    let verdict = program.validate(&file);
    fs::remove_file(&file).expect("it was written");
    verdict.expect("Envoy finds nothing wrong");
    Ok(())
}

/// What Envoy calls deprecated is refused by a later release.
fn what_ships_uses_nothing_deprecated() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    let shipped = Config::shipped().module(&module);
    for (name, config, is_deprecated) in [
        ("shipped", shipped.clone(), false),
        ("with-capabilities", shipped.with_capabilities(), true),
    ] {
        let envoy = program.start(&format!("deprecated-{name}"), &config);
        let log = envoy.log().to_lowercase();
        assert_eq!(log.contains("deprecated"), is_deprecated, "{log}");
    }
    Ok(())
}

/// A name that is written wrong is no error to Envoy, and allows nothing.
fn the_module_needs_no_more_than_it_may() -> Tested {
    let (program, path) = (Program::find()?, module()?);
    let module = fs::read(&path).expect("it is there");
    let config = Config::shipped().with_capabilities();
    let names = config.text().lines().filter_map(|line| {
        let name = line.trim().strip_suffix(": {}")?;
        name.starts_with("proxy_").then_some(name)
    });
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        // A function's name stands in the module behind its length.
        let length = u8::try_from(name.len()).expect("a short name");
        let entry = [&[length], name.as_bytes()].concat();
        let mut places = module.windows(entry.len());
        assert!(places.any(|place| place == entry), "{name}");
    }
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = config.receiver(upstream.address).module(&path);
        let envoy = program.start("capabilities", &config);
        let kill = "{\"log\":\"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, \
                    file-rss:0kB\"}\n";
        let answer = Post::new("/x", NDJSON, kill)
            .send(envoy.listener("logs"))
            .await;
        assert!(answer.expect("an answer").body.len() > kill.len());
        assert_eq!(envoy.counter(r#"oom_kills_total{level="node"}"#), 1);
        assert!(!envoy.log().contains("Function:"), "{}", envoy.log());
    });
    Ok(())
}

/// The texts of a file that follow `value: |`, each indented by so many blanks.
fn values(text: &str, indent: usize) -> Vec<String> {
    let blanks = |line: &str| line.len() - line.trim_start().len();
    let mut values = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() != "value: |" {
            continue;
        }
        let mut value = String::new();
        let begin = lines.peek().map_or(0, |line| blanks(line));
        while let Some(line) = lines.next_if(|line| blanks(line) >= begin) {
            let mark = if value.is_empty() { "- " } else { "  " };
            value += &[&" ".repeat(indent), mark, &line[begin..], "\n"].concat();
        }
        values.push(value);
    }
    values
}

/// A web server that has one file.
async fn serve(file: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len());
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&[head.as_bytes(), &file].concat()).await;
        }
    });
    address
}

/// A cluster and a filter, in the places at which Kuma puts them.
fn envoy_takes_what_kuma_adds() -> Tested {
    let (program, path) = (Program::find()?, module()?);
    let module = fs::read(&path).expect("it is there");
    let sum: String = Sha256::digest(&module)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect();
    runtime().block_on(async {
        let server = serve(module).await;
        let upstream = Upstream::start(Behaviour::Echo).await;
        let text = fs::read_to_string(top().join("envoy/config/kuma.yaml")).expect("it ships");
        let text = text
            .replace(
                "modules.logging.svc, portValue: 80",
                &format!("127.0.0.1, portValue: {}", server.port()),
            )
            .replace(&"0".repeat(64), &sum);
        let [cluster] = &values(&text, 4)[..1] else {
            panic!("a cluster")
        };
        let [filter] = &values(&text, 18)[1..] else {
            panic!("a filter")
        };
        let router = "                  - name: envoy.filters.http.router\n";
        let config = Config::shipped()
            .receiver(upstream.address)
            .without_filter()
            .replace(router, &format!("{filter}{router}"))
            .replace("  clusters:\n", &format!("  clusters:\n{cluster}"));
        let envoy = program.start("kuma", &config);
        let kill = "{\"log\":\"Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, \
                    file-rss:0kB\"}\n";
        let begun = Instant::now();
        loop {
            let post = Post::new("/x", NDJSON, kill);
            let answer = post.send(envoy.listener("logs")).await.expect("an answer");
            if answer.body.len() > kill.len() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", envoy.log());
            sleep(Duration::from_millis(50)).await;
        }
    });
    Ok(())
}

/// The listeners of a configuration, as a file that Envoy watches.
fn listeners(config: &Config) -> String {
    let text = config.text();
    let (_, listeners) = text.split_once("  listeners:\n").expect("listeners");
    let (listeners, _) = listeners.split_once("  clusters:\n").expect("clusters");
    let kind = "type.googleapis.com/envoy.config.listener.v3.Listener";
    let begin = "    - name: logs\n";
    assert!(listeners.starts_with(begin));
    let typed = format!("    - \"@type\": {kind}\n      name: logs\n");
    format!("resources:\n{}", listeners.replacen(begin, &typed, 1))
}

fn a_configuration_changes_while_deliveries_are_under_way() -> Tested {
    let (program, module) = (Program::find()?, module()?);
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Echo).await;
        let config = Config::shipped().receiver(upstream.address).module(&module);
        let events = config.clone().plugin(r#"{"mode":"events"}"#);
        let folder = folder("hot");
        let watched = folder.join("listeners.yaml");
        fs::write(&watched, listeners(&config)).expect("a file");
        let (before, rest) = config
            .text()
            .split_once("  listeners:\n")
            .expect("listeners");
        let (_, clusters) = rest.split_once("  clusters:\n").expect("clusters");
        let bootstrap = format!(
            "node: {{ id: test, cluster: test }}\ndynamic_resources:\n  lds_config:\n    \
             path_config_source: {{ path: {} }}\n{before}  clusters:\n{clusters}",
            watched.display()
        );
        let file = folder.join("bootstrap.yaml");
        fs::write(&file, bootstrap).expect("a file");
        let envoy = program.run(folder.clone(), &file, &[]).expect("it starts");
        let address = envoy.listener("logs");

        let answer = Post::new("/x", NDJSON, LINES)
            .send(address)
            .await
            .expect("an answer");
        assert_eq!(answer.body, LINES.as_bytes());
        // One that began before the change ends as it began.
        let early = Post::pieces(
            "/early",
            NDJSON,
            [
                Piece::Bytes(LINES.as_bytes()[..15].to_vec()),
                Piece::Pause(Duration::from_secs(2)),
                Piece::Bytes(LINES.as_bytes()[15..].to_vec()),
            ],
        );
        let early = tokio::spawn(early.send(address));
        sleep(Duration::from_millis(200)).await;
        let new = folder.join("new.yaml");
        fs::write(&new, listeners(&events)).expect("a file");
        fs::rename(&new, &watched).expect("the same folder");

        let begun = Instant::now();
        loop {
            let answer = Post::new("/x", NDJSON, LINES)
                .send(address)
                .await
                .expect("an answer");
            assert_eq!(answer.status, 200);
            if answer.body.is_empty() {
                break;
            }
            assert_eq!(answer.body, LINES.as_bytes());
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", envoy.log());
            sleep(Duration::from_millis(20)).await;
        }
        let early = early.await.expect("it ends").expect("an answer");
        assert_eq!(early.body, LINES.as_bytes());

        // One that cannot be used does not take the place of the one in use.
        let wrong = config.plugin(r#"{"mode":"drop"}"#);
        fs::write(&new, listeners(&wrong)).expect("a file");
        fs::rename(&new, &watched).expect("the same folder");
        while !envoy.log().contains("unknown variant `drop`") {
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", envoy.log());
            sleep(Duration::from_millis(20)).await;
        }
        let answer = Post::new("/x", NDJSON, LINES)
            .send(address)
            .await
            .expect("an answer");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    });
    Ok(())
}
