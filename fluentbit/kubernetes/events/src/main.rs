//! OOM kills as Events of Kubernetes, on the pod that was killed in.
//!
//! It takes records from Fluent Bit or Vector, which hand them over by HTTP on the loopback address, and writes
//! Events of `events.k8s.io/v1`. Everything about OOM kills stands in the records already.
//!
//! ```text
//! intake ──► Kill ──► Draft ──► Queue ──► writer ──► API server
//! ```
#![forbid(unsafe_code)]
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    allow(
        clippy::panic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "a test that fails panics"
    )
)]

mod api;
mod event;
mod http;
mod intake;
mod kill;
mod metrics;
mod queue;
mod settings;
mod writer;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::Api;
use crate::queue::Queue;
use crate::settings::{Request, Settings};
use crate::writer::Writer;

/// How long what waits may still be written once the program is asked to end. Kubernetes waits for ten seconds.
const LAST_WRITES: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let settings = match settings::parse(lexopt::Parser::from_env()) {
        Ok(Request::Run(settings)) => settings,
        Ok(Request::Help) => {
            print!("{}", settings::USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Request::Version) => {
            println!("oom-events {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("oom-events: {error}\n\n{}", settings::USAGE);
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, run(settings))
        });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oom-events: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is asked to end.
async fn run(settings: Settings) -> Result<(), String> {
    let api = Api::new(settings.api_server.as_deref(), settings.timeout).await?;
    let bind = async |address| {
        let listener = TcpListener::bind(address).await;
        listener.map_err(|error| format!("cannot listen on {address}: {error}"))
    };
    let (kills, figures) = (bind(settings.listen).await?, bind(settings.metrics).await?);
    let mut asked = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;

    let queue = Queue::new(settings.limits, settings.node.clone());
    let writer = Rc::new(Writer::new(queue, api));
    let intake = intake::Intake::new(writer.clone(), settings.takes_unproven);
    tokio::task::spawn_local(intake::serve(kills, intake));
    tokio::task::spawn_local(metrics::serve(figures, writer.clone()));
    let work = writer.clone();
    tokio::task::spawn_local(async move { work.work().await });

    asked.recv().await;
    let is_empty = tokio::time::timeout(LAST_WRITES, writer.finish()).await;
    if is_empty.is_err() {
        let left = writer.waiting();
        eprintln!("oom-events: {left} kills were still to be told when this ended");
    }
    Ok(())
}
