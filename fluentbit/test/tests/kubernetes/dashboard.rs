//! Every query of the dashboard, by promtool, against series that were recorded.

use std::collections::BTreeMap;
use std::fs;

use oom_fluentbit_test::{Tool, top};
use oom_suite::trial::{Tested, Trial};
use oom_suite::trials;
use serde_json::Value;

/// What Grafana puts in place of its variables, for an hour shown in steps of a minute.
const VARIABLES: [(&str, &str); 3] = [
    ("$__interval", "1m"),
    ("$__range", "1h"),
    ("$namespace", ".*"),
];

/// `Top pods A` and its query, for every query of the dashboard.
fn queries() -> BTreeMap<String, String> {
    let path = top().join("fluentbit/kubernetes/grafana/oom-kills.json");
    let text = fs::read_to_string(path).expect("the dashboard ships");
    let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
    let mut queries = BTreeMap::new();
    for panel in dashboard["panels"].as_array().expect("it has panels") {
        for target in panel["targets"].as_array().expect("a panel has queries") {
            let [title, name, query] = [&panel["title"], &target["refId"], &target["expr"]]
                .map(|value| value.as_str().expect("it is text"));
            let query = VARIABLES
                .iter()
                .fold(query.to_owned(), |query, (name, value)| {
                    query.replace(name, value)
                });
            assert!(!query.contains('$'), "{query}");
            queries.insert(format!("{title} {name}"), query);
        }
    }
    queries
}

/// The tests of this file.
pub fn tests() -> Vec<Trial> {
    trials![every_query_has_a_right_answer]
}

fn every_query_has_a_right_answer() -> Tested {
    let promtool = Tool::PROMTOOL.find()?;
    let rules = top().join("fluentbit/kubernetes/prometheus/rules.yaml");
    let mut cases = include_str!("../../data/dashboard.yaml")
        .replace("RULES", rules.to_str().expect("a path that is text"));
    for (name, query) in queries() {
        let place = format!("expr: QUERY {name}\n");
        assert!(cases.contains(&place), "no answer is known for {name}");
        let query = Value::from(query);
        cases = cases.replace(&place, &format!("expr: {query}\n"));
    }
    assert!(
        !cases.contains("expr: QUERY"),
        "an answer is to no query:\n{cases}"
    );
    let file = std::env::temp_dir().join(format!("oom-dashboard-{}.yaml", std::process::id()));
    fs::write(&file, cases).expect("it can be written");
    Tool::run(
        &promtool,
        &["test", "rules", file.to_str().expect("a path that is text")],
    );
    fs::remove_file(file).expect("it was written");
    Ok(())
}
