//! Kills in a real cluster, and whether the DaemonSet of `fluentbit/kubernetes` tells them rightly.
//!
//! Each scenario of the table runs as pods of a namespace of its own. The records that Fluent Bit prints are
//! held against what the API says of those pods. Called by `cargo xtask cluster`.

mod api;
mod follow;
mod judge;
mod kubectl;
mod run;
mod scenarios;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use follow::Follower;
use kubectl::Fallible;
use run::{Cluster, NAMESPACE};
use scenarios::SCENARIOS;

/// What the command line asks for.
struct Options {
    namespace: String,
    daemonset: String,
    static_pods: Option<PathBuf>,
    /// Names of scenarios, or parts of them; none for all.
    names: Vec<String>,
}

fn options() -> Result<Options, lexopt::Error> {
    use lexopt::prelude::{Long, Value, ValueExt as _};
    let mut options = Options {
        namespace: "oom".to_owned(),
        daemonset: "oom-fluent-bit".to_owned(),
        static_pods: None,
        names: Vec::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("namespace") => options.namespace = parser.value()?.string()?,
            Long("daemonset") => options.daemonset = parser.value()?.string()?,
            Long("static-pods") => options.static_pods = Some(parser.value()?.into()),
            Value(name) => options.names.push(name.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("oom-cluster: {error}");
            return ExitCode::from(2);
        }
    };
    match run_all(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("oom-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for, and prints the table. Whether all was as it shall be.
fn run_all(options: &Options) -> Fallible<bool> {
    let selector = format!("app.kubernetes.io/name={}", options.daemonset);
    let mut follower = Follower::new(&options.namespace, &selector);
    if follower.look()? == 0 {
        return Err(format!(
            "no pod of {} is ready in namespace {}: apply an overlay first",
            options.daemonset, options.namespace
        ));
    }
    // What the logs hold from before.
    thread::sleep(Duration::from_secs(3));
    forget()?;
    kubectl::ask(&["create", "namespace", NAMESPACE])?;
    let about = about(options)?;
    let cluster = Cluster {
        namespace: &options.namespace,
        daemonset: &options.daemonset,
        static_pods: options.static_pods.as_deref(),
        has_group_kills: has_group_kills()?,
    };
    println!("{about}\n");
    println!(
        "| scenario | killed | told | named rightly | Kubernetes' own reasons | the records say |"
    );
    println!("|---|---:|---:|---:|---|---|");
    let mut is_good = true;
    for scenario in SCENARIOS {
        let is_wanted = |name: &String| scenario.name.contains(name.as_str());
        if !options.names.is_empty() && !options.names.iter().any(is_wanted) {
            continue;
        }
        let name = scenario.name;
        if let Some(lack) = cluster.lacks(scenario) {
            println!("| {name} | | | | | SKIPPED: {lack} |");
            continue;
        }
        eprintln!("{name} ...");
        match cluster.run(scenario, &mut follower) {
            Ok(outcome) => {
                let (killed, told, named) = (outcome.killed, outcome.told, outcome.named);
                let reasons = match outcome.reasons.as_str() {
                    "" => "none",
                    reasons => reasons,
                };
                println!(
                    "| {name} | {killed} | {told} | {named} | {reasons} | {} |",
                    outcome.says
                );
                for fault in &outcome.faults {
                    eprintln!("  WRONG: {fault}");
                }
                is_good &= outcome.faults.is_empty();
            }
            Err(error) => {
                println!("| {name} | | | | | FAILED |");
                eprintln!("  FAILED: {error}");
                is_good = false;
                forget()?;
                kubectl::ask(&["create", "namespace", NAMESPACE])?;
            }
        }
    }
    forget()?;
    Ok(is_good)
}

/// Removes the namespace, if it is there.
fn forget() -> Fallible<()> {
    kubectl::ask(&["delete", "namespace", NAMESPACE, "--ignore-not-found"]).map(drop)
}

/// What runs here: the overlay, and the versions of each node.
fn about(options: &Options) -> Fallible<String> {
    let name = format!("daemonset/{}", options.daemonset);
    let daemonset = kubectl::get(&[&name, "--namespace", &options.namespace])?;
    let pod = &daemonset["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().into_iter().flatten();
    let mut volumes = volumes.filter_map(|volume| volume["name"].as_str());
    let overlay = volumes.find(|name| ["journal", "kmsg"].contains(name));
    let image = pod["containers"][0]["image"].as_str().unwrap_or_default();
    let mut lines = vec![format!(
        "Overlay `{}`, image `{image}`.",
        overlay.unwrap_or("unknown")
    )];
    let nodes = kubectl::get(&["nodes"])?;
    for node in nodes["items"].as_array().into_iter().flatten() {
        let info = &node["status"]["nodeInfo"];
        let keys = [
            "kubeletVersion",
            "containerRuntimeVersion",
            "kernelVersion",
            "osImage",
        ];
        let info: Vec<&str> = keys.iter().filter_map(|key| info[*key].as_str()).collect();
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        lines.push(format!("Node {name}: {}.", info.join(", ")));
    }
    Ok(lines.join(" "))
}

/// Whether containers are killed as groups: a pod says whether the nodes have cgroup v2, and the nodes, whether
/// their kubelet is of 1.28 or later.
fn has_group_kills() -> Fallible<bool> {
    let nodes = kubectl::get(&["nodes"])?;
    let is_new = |node: &serde_json::Value| {
        let version = node["status"]["nodeInfo"]["kubeletVersion"].as_str();
        let minor = version.and_then(|version| version.split('.').nth(1)?.parse::<u32>().ok());
        minor.is_some_and(|minor| minor >= 28)
    };
    if !nodes["items"].as_array().into_iter().flatten().all(is_new) {
        return Ok(false);
    }
    let look = "test -e /sys/fs/cgroup/cgroup.controllers && echo unified";
    let pod = [
        "run",
        "look",
        "--image=busybox:1.36",
        "--restart=Never",
        "--namespace",
        NAMESPACE,
    ];
    kubectl::ask(&[&pod[..], &["--command", "--", "sh", "-c", look]].concat())?;
    let mut said = String::new();
    for _ in 0..30 {
        thread::sleep(Duration::from_secs(1));
        let phase = kubectl::get(&["pod/look", "--namespace", NAMESPACE])?;
        if ["Succeeded", "Failed"]
            .map(Some)
            .contains(&phase["status"]["phase"].as_str())
        {
            said = kubectl::ask(&["logs", "look", "--namespace", NAMESPACE])?;
            break;
        }
    }
    kubectl::ask(&["delete", "pod", "look", "--namespace", NAMESPACE])?;
    Ok(said.contains("unified"))
}
