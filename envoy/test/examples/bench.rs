//! What the module costs: the same Envoy without a module, with one that only takes each body and gives it back
//! (`identity.wat`), and with it, in turns. `cargo xtask bench` runs it.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oom_envoy_test::{
    Behaviour, Config, Envoy, Form, Post, Program, Protocol, Sender, Upstream, folder, module,
    runtime,
};

/// Bytes of a body.
const BODY: usize = 64 << 10;
/// Turns of each Envoy, and the fewer of `--quick`; the median of them counts.
const TURNS: usize = 7;
const QUICK_TURNS: usize = 3;
/// Deliveries of a turn, one after the other.
const ONE_BY_ONE: usize = 500;
/// Connections of a turn that sends as fast as it can, and its length.
const CONNECTIONS: usize = 16;
const RUSH: Duration = Duration::from_secs(1);

/// The Envoys, in the order of the columns.
const NAMES: [&str; 3] = ["alone", "a module that does nothing", "the filter"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut turns = TURNS;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("quick") => turns = QUICK_TURNS,
            other => return Err(other.unexpected().into()),
        }
    }
    let found = Program::find().and_then(|program| Ok((program, module()?)));
    let (program, module) = found.map_err(|skip| skip.to_string())?;
    runtime().block_on(async {
        let upstream = Upstream::start(Behaviour::Count).await;
        let with = Config::shipped().receiver(upstream.address).module(&module);
        let without = with.clone().without_filter();
        let path = folder("bench-identity").join("identity.wasm");
        let bytes = wat::parse_str(include_str!("identity.wat")).expect("a module");
        fs::write(&path, bytes).expect("a file");
        let identity = Config::shipped().receiver(upstream.address).module(&path);
        let envoys = [
            program.start("bench-without", &without),
            program.start("bench-identity", &identity),
            program.start("bench-with", &with),
        ];
        println!(
            "Bodies of {} KiB without a word of interest, one worker, the middle of {turns} turns: Envoy {}.\n",
            BODY >> 10,
            NAMES.join(", with "),
        );
        println!(
            "| form | p50, us | p99, us | processor time of a delivery, us | the same, times Envoy alone |"
        );
        println!("|---|---:|---:|---:|---:|");
        for form in Form::ALL {
            compare(form, &envoys, turns).await;
        }
        memory(&envoys).await;
    });
    Ok(())
}

/// Microseconds: of half of the deliveries, of 99 of 100, and of processors that Envoy takes for one.
type Figures = (f64, f64, f64);

async fn compare(form: Form, envoys: &[Envoy; 3], turns: usize) {
    let post = Post::new(&form.path("bench"), form.content_type(), ordinary(form));
    let mut figures = [const { Vec::new() }; 3];
    for turn in 0..=turns {
        for (number, envoy) in envoys.iter().enumerate() {
            let address = envoy.listener("logs");
            let times = one_by_one(address, &post).await;
            let before = envoy.processor_time();
            let count = rush(address, &post).await;
            let used = envoy.processor_time().saturating_sub(before);
            // The first turn warms up.
            if turn > 0 {
                let used = used.as_secs_f64() * 1e6 / f64::from(count);
                figures[number].push((at(&times, 50), at(&times, 99), used));
            }
        }
    }
    let middle = |number: usize, pick: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = figures[number].iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let of_all = |pick: fn(&Figures) -> f64| [0, 1, 2].map(|number| middle(number, pick));
    let shown = |figures: [f64; 3]| figures.map(|figure| format!("{figure:.0}")).join(", ");
    let used = of_all(|figures| figures.2);
    let [alone, identity, with] = used;
    println!(
        "| {form:?} | {} | {} | {} | {:.2}, {:.2} |",
        shown(of_all(|figures| figures.0)),
        shown(of_all(|figures| figures.1)),
        shown(used),
        identity / alone,
        with / alone,
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

/// How many deliveries several connections bring through that never pause.
async fn rush(address: SocketAddr, post: &Post) -> u32 {
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
    count
}

/// Memory with many deliveries under way, half of each sent.
async fn memory(envoys: &[Envoy; 3]) {
    const OPEN: usize = 200;
    println!("\n| memory with {OPEN} deliveries under way | before, KiB | for each, KiB |");
    println!("|---|---:|---:|");
    for (name, envoy) in NAMES.iter().zip(envoys) {
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
                "| {name}, {} | {} | {} |",
                form.name(),
                before >> 10,
                each >> 10
            );
        }
    }
}
