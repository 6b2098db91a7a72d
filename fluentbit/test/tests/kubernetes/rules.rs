//! The Prometheus rules, by promtool.

use oom_fluentbit_test::{Tool, top};
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![rules]
}

fn rules() -> Tested {
    let promtool = Tool::PROMTOOL.find()?;
    let rules = top().join("fluentbit/kubernetes/prometheus/rules.yaml");
    let rules = rules.to_str().expect("a path that is text");
    Tool::run(&promtool, &["check", "rules", rules]);

    let cases = include_str!("../../data/rules.yaml").replace("RULES", rules);
    let file = std::env::temp_dir().join(format!("oom-rules-{}.yaml", std::process::id()));
    std::fs::write(&file, cases).expect("it can be written");
    Tool::run(
        &promtool,
        &["test", "rules", file.to_str().expect("a path that is text")],
    );
    std::fs::remove_file(file).expect("it was written");
    Ok(())
}
