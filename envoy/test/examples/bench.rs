//! What the module costs: the same Envoy with it and without it, in turns.
//!
//! `cargo run --release -p oom-envoy-test --example bench`

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oom_envoy_test::{
    Behaviour, Config, Envoy, Form, Post, Program, Protocol, Sender, Upstream, module, runtime,
};

/// Bytes of a body.
const BODY: usize = 64 << 10;
/// Turns of each Envoy; the median of them counts.
const TURNS: usize = 5;
/// Deliveries of a turn, one after the other.
const ONE_BY_ONE: usize = 1000;
/// Connections of a turn that sends as fast as it can, and its length.
const CONNECTIONS: usize = 16;
const RUSH: Duration = Duration::from_secs(3);

fn main() {
    let found = Program::find().and_then(|program| Ok((program, module()?)));
    let (program, module) = match found {
        Ok(found) => found,
        Err(reason) => {
            eprintln!("bench: {reason}");
            return;
        }
    };
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Count).await;
        let with = Config::shipped().receiver(upstream.address).module(&module);
        let without = with.clone().without_filter();
        let envoys = [
            program.start("bench-without", &without),
            program.start("bench-with", &with),
        ];
        println!("form          p50 us          p99 us          deliveries/s     ratio");
        for form in Form::ALL {
            compare(form, &envoys).await;
        }
        memory(&envoys).await;
    });
}

async fn compare(form: Form, envoys: &[Envoy; 2]) {
    let post = Post::new(&form.path("bench"), form.content_type(), ordinary(form));
    let mut figures = [const { Vec::new() }; 2];
    for turn in 0..=TURNS {
        for (number, envoy) in envoys.iter().enumerate() {
            let address = envoy.listener("logs");
            let times = one_by_one(address, &post).await;
            let rate = rush(address, &post).await;
            // The first turn warms up.
            if turn > 0 {
                figures[number].push((at(&times, 50), at(&times, 99), rate));
            }
        }
    }
    let middle = |number: usize, pick: fn(&(f64, f64, f64)) -> f64| {
        let mut all: Vec<f64> = figures[number].iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let p50 = [0, 1].map(|number| middle(number, |figures| figures.0));
    let p99 = [0, 1].map(|number| middle(number, |figures| figures.1));
    let rate = [0, 1].map(|number| middle(number, |figures| figures.2));
    println!(
        "{:<12} {:>5.0} {:>5.0} {:>+5.0} {:>5.0} {:>5.0} {:>+5.0} {:>6.0} {:>6.0}   {:.2}",
        form.name(),
        p50[0],
        p50[1],
        p50[1] - p50[0],
        p99[0],
        p99[1],
        p99[1] - p99[0],
        rate[0],
        rate[1],
        rate[1] / rate[0]
    );
}

/// A body of ordinary lines.
fn ordinary(form: Form) -> Vec<u8> {
    let record = |number: usize| {
        format!(
            r#"{{"log":"2026-11-21T12:00:00.{number:06}Z node-1 kubelet[812]: I1121 12:00:00 pod_workers.go:1298 syncing pod default/web-{number} took 12ms","stream":"stderr"}}"#
        )
    };
    let body = |count: usize| {
        let records: Vec<Vec<u8>> = (0..count).map(|n| record(n).into_bytes()).collect();
        form.body(&records)
    };
    let count = (1..BODY).find(|count| body(*count).len() > BODY);
    body(count.expect("each record adds to it"))
}

/// Microseconds of each delivery, in order.
async fn one_by_one(address: SocketAddr, post: &Post) -> Vec<f64> {
    let mut sender = Sender::connect(address, Protocol::Http1)
        .await
        .expect("a connection");
    let mut times = Vec::with_capacity(ONE_BY_ONE);
    for _ in 0..ONE_BY_ONE {
        let begun = Instant::now();
        let answer = sender.send(post.clone()).await.expect("an answer");
        assert_eq!(answer.status, 200);
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn at(times: &[f64], percent: usize) -> f64 {
    times[times.len() * percent / 100]
}

/// Deliveries in a second, by several connections that never pause.
async fn rush(address: SocketAddr, post: &Post) -> f64 {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let post = post.clone();
        tasks.push(tokio::spawn(async move {
            let mut sender = Sender::connect(address, Protocol::Http1)
                .await
                .expect("a connection");
            let mut count = 0_u32;
            while begun.elapsed() < RUSH {
                sender.send(post.clone()).await.expect("an answer");
                count += 1;
            }
            count
        }));
    }
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("it ends");
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// Memory with many deliveries under way, half of each sent.
async fn memory(envoys: &[Envoy; 2]) {
    const OPEN: usize = 200;
    for (name, envoy) in ["without", "with"].iter().zip(envoys) {
        let address = envoy.listener("logs");
        let before = envoy.memory();
        for form in [Form::Ndjson, Form::Loki] {
            let body = ordinary(form);
            let half = body[..body.len() / 2].to_vec();
            let mut tasks = Vec::new();
            for number in 0..OPEN {
                let pieces = [
                    oom_envoy_test::Piece::Bytes(half.clone()),
                    oom_envoy_test::Piece::Pause(Duration::from_secs(3)),
                    oom_envoy_test::Piece::Bytes(body[body.len() / 2..].to_vec()),
                ];
                let path = form.path(&format!("memory-{number}"));
                let post = Post::pieces(&path, form.content_type(), pieces);
                tasks.push(tokio::spawn(post.send(address)));
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            let during = envoy.memory();
            for task in tasks {
                let answer = task.await.expect("it ends").expect("an answer");
                assert_eq!(answer.status, 200);
            }
            let each = during.saturating_sub(before) / OPEN as u64;
            println!(
                "{name}, {}: {} KiB before, {} KiB for each delivery under way",
                form.name(),
                before >> 10,
                each >> 10
            );
        }
    }
}
